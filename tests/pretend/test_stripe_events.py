"""Stripe's events: which come, signed, again until they are taken, and as badly as they were told to."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from pretend.event import Event, Posted
from tests.pretend.running import CARD, STRIPE_SECRET, Hook, Pretend, until

PAID = [
    "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed",
    "charge.updated",
]  # fmt: skip


@pytest.fixture
def alone(another: Callable[..., Pretend], hook: Hook) -> Iterator[Pretend]:
    """A world of one's own that posts to the hook, to be stopped and started."""
    yield another(environ={"PRETEND_STRIPE_HOOK_URL": f"{hook.url}/hooks/stripe"}).start()


def posts(world: Pretend) -> dict[str, list[int | None]]:
    """What each kind of event was answered."""
    return {event["type"]: [post["http"] for post in event["posts"]] for event in world.control("log")["events"]}


# What is told ------------------------------------------------------------------------------------


def test_a_payment_is_told_in_order_and_signed_as_stripes_client_checks_it(world: Pretend, hook: Hook) -> None:
    before = int(time.time())
    made = world.session(reference="7")
    paid = world.pay(made.id)
    told = hook.wait_told(5)
    assert hook.kinds() == PAID
    events = [one.read() for one in told]
    assert all(before <= event.created <= time.time() and event.pending_webhooks == 1 for event in events)
    thing: Any = events[3].data.object
    assert (thing.id, thing.payment_status, thing.payment_intent) == (made.id, "paid", paid["payment_intent"])
    assert told[0].headers["Content-Type"] == "application/json; charset=utf-8"
    with pytest.raises(stripe.SignatureVerificationError):
        told[0].read("whsec_other")


def test_a_declined_card_is_told_and_then_the_payment(world: Pretend, hook: Hook) -> None:
    made = world.session().id
    world.pay(made, "4000000000009995")
    hook.wait_told(3)
    assert hook.kinds() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    assert hook.told[2].event["data"]["object"]["last_payment_error"]["decline_code"] == "insufficient_funds"
    world.pay(made)
    hook.wait_told(7)
    assert hook.kinds()[3:] == PAID[1:]


def test_an_expiry_names_the_request_that_asked_for_it_if_one_did(world: Pretend, hook: Hook) -> None:
    asked, late = world.session().id, world.session().id
    world.stripe().v1.checkout.sessions.expire(asked, options={"idempotency_key": "k"})
    hook.wait_told(1)
    world.control(f"checkout/{late}/expire", {})
    first, second = (told.event for told in hook.wait_told(2))
    assert first["type"] == second["type"] == "checkout.session.expired"
    assert first["request"]["id"].startswith("req_") and first["request"]["idempotency_key"] == "k"
    assert second["request"] == {"id": None, "idempotency_key": None}


def test_a_payment_begun_on_an_expired_session_is_canceled(world: Pretend, hook: Hook) -> None:
    made = world.session().id
    intent = world.pay(made, "4000000000000002")["payment_intent"]
    hook.wait_told(3)
    world.control(f"checkout/{made}/expire", {})
    hook.wait_told(5)
    assert hook.kinds()[3:] == ["checkout.session.expired", "payment_intent.canceled"]
    assert world.stripe().v1.payment_intents.retrieve(intent).status == "canceled"


def test_giving_back_is_told(world: Pretend, hook: Hook) -> None:
    paid = world.pay(world.session(1000).id)
    hook.wait_told(5)
    world.refund(paid["payment_intent"], 400)
    hook.wait_told(8)
    assert hook.kinds()[5:] == ["refund.created", "charge.refunded", "refund.updated"]
    assert hook.told[6].event["data"]["object"]["amount_refunded"] == 400


@pytest.mark.parametrize(
    ("decided", "kinds"),
    [
        ("lost", ["charge.dispute.updated", "charge.dispute.closed"]),
        ("won", ["charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated"]),
    ],
)
def test_a_dispute_is_told_from_its_opening_to_its_end(
    world: Pretend, hook: Hook, decided: str, kinds: list[str]
) -> None:
    intent = world.pay(world.session(1000).id)["payment_intent"]
    hook.wait_told(5)
    world.dispute(intent, reason="unrecognized", amount=600)
    hook.wait_told(8)
    world.dispute(intent, status="under_review")
    hook.wait_told(9)
    world.dispute(intent, status=decided)
    hook.wait_told(9 + len(kinds))
    assert hook.kinds()[5:8] == ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.updated"]
    assert hook.kinds()[8:] == ["charge.dispute.updated", *kinds]
    thing = hook.told[9].event["data"]["object"]
    assert (thing["status"], thing["amount"], thing["reason"]) == (decided, 600, "unrecognized")
    for told in ({"status": "won"}, {"reason": "general"}, {"status": "x"}):
        assert world.call("POST", f"/control/charges/{intent}/dispute", json.dumps(told).encode())[0] == 400


def test_a_card_that_disputes_or_gives_back_is_told_after_it_paid(world: Pretend, hook: Hook) -> None:
    world.pay(world.session().id, "4000000000000259")
    hook.wait_told(8)
    assert hook.kinds() == [*PAID, "charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.updated"]
    hook.clear()
    world.pay(world.session().id, "4000000000009078")
    hook.wait_told(8)
    assert hook.kinds() == [*PAID, "refund.created", "charge.refunded", "refund.updated"]


def test_an_event_keeps_the_thing_as_it_then_stood(world: Pretend, hook: Hook) -> None:
    paid = world.pay(world.session(1000).id)
    world.refund(paid["payment_intent"], 1000)
    hook.wait_told(8)
    told = {one.event["type"]: one.event for one in hook.told}
    assert told["charge.succeeded"]["data"]["object"]["amount_refunded"] == 0
    assert told["charge.succeeded"]["data"]["object"]["balance_transaction"] is None
    seen = world.stripe().v1.events.retrieve(told["charge.succeeded"]["id"])
    assert seen.data.object["amount_refunded"] == 0


# Again until it is taken -------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_not_taken_is_posted_again_with_the_same_id_and_signed_anew(world: Pretend, hook: Hook) -> None:
    hook.answers[:] = [(500, "", ""), (303, "", "")]
    made = world.session().id
    world.control(f"checkout/{made}/expire", {})
    first, second, third = hook.wait_told(3)
    assert first.event["id"] == second.event["id"] == third.event["id"]
    assert len({told.signature for told in (first, second, third)}) == 3
    assert third.read().id == first.event["id"]
    until(lambda: world.control("owed")["events_owed"] == 0)
    assert posts(world) == {"checkout.session.expired": [500, 303, 204]}


def test_the_waits_grow_from_a_second_to_a_minute_for_an_hour() -> None:
    event = Event(id="evt_1", type="x", created=0, session="cs_1", thing={}, due=0.0, until=3600.0)
    waits = []
    while event.is_owed(event.next_at()):
        at = event.next_at()
        waits.append(at - (event.posts[-1].at if event.posts else 0.0))
        event.posts.append(Posted(at, 500))
    assert waits[:9] == [0, 1, 2, 4, 8, 16, 32, 60, 60] and set(waits[7:]) == {60}
    assert 3540 <= event.posts[-1].at < 3600


def test_one_that_is_refused_does_not_keep_the_others_waiting(world: Pretend, hook: Hook) -> None:
    hook.answers[:] = [(500, "", "")]
    world.pay(world.session().id)
    hook.wait_told(5)
    assert hook.kinds()[:5] == PAID
    hook.wait_told(6)
    assert hook.kinds()[5] == PAID[0]


def test_what_is_owed_is_posted_after_a_restart_and_the_rest_not_again(alone: Pretend, hook: Hook) -> None:
    hook.usual = (503, "", "")
    alone.pay(alone.session().id)
    hook.wait_told(5)
    hook.usual = (204, "", "")
    alone.stop(9)
    hook.told.clear()
    alone.start()
    until(lambda: alone.control("owed")["events_owed"] == 0)
    alone.stop()
    alone.start()
    assert alone.control("owed")["events_owed"] == 0 and alone.ready["owing"] == 0
    assert sorted(hook.kinds()) == sorted(PAID)


def test_no_payment_is_taken_twice_or_left_untold_when_it_is_killed_in_the_middle(alone: Pretend, hook: Hook) -> None:
    made = [alone.session(reference=str(n)).id for n in range(10)]
    for id in made[:5]:
        alone.pay(id)
    alone.stop(9)
    alone.start()
    outcomes = [alone.pay(id)["outcome"] for id in made]
    assert outcomes == ["complete"] * 5 + ["paid"] * 5
    until(lambda: alone.control("owed")["events_owed"] == 0)
    completed = {told.event["id"] for told in hook.told if told.event["type"] == "checkout.session.completed"}
    assert len(completed) == 10 and len(alone.control("log")["payments"]) == 10


def test_many_payments_are_all_told(world: Pretend, hook: Hook) -> None:
    ids = [world.session(500, reference=str(n)).id for n in range(60)]
    assert {world.pay(id)["outcome"] for id in ids} == {"paid"}
    hook.wait_told(60 * 5)
    assert hook.kinds().count("checkout.session.completed") == 60


def test_at_most_sixteen_posts_are_out_at_once(another: Callable[..., Pretend]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/hooks/stripe"
        world = another(environ={"PRETEND_STRIPE_HOOK_URL": url}).start()
        for _ in range(20):
            world.pay(world.session().id)
        silent.settimeout(10)
        out = [silent.accept()[0] for _ in range(16)]
        silent.settimeout(0.5)
        with pytest.raises(TimeoutError):
            out.append(silent.accept()[0])
        out.pop().close()
        silent.settimeout(10)
        out.append(silent.accept()[0])
        assert world.stop() == 0
        for connection in out:
            connection.close()


# As badly as told --------------------------------------------------------------------------------


def test_events_may_be_told_three_times(world: Pretend, hook: Hook) -> None:
    world.pay(world.session().id, "4000000000009029")
    hook.wait_told(1 + 3 * 4)
    ids = [told.event["id"] for told in hook.told if told.event["type"] == "charge.succeeded"]
    assert len(ids) == 3 and len(set(ids)) == 1


def test_events_may_come_last_first(world: Pretend, hook: Hook) -> None:
    world.pay(world.session().id, "4000000000009037")
    hook.wait_told(5)
    assert hook.kinds() == PAID[::-1]


def test_events_may_never_come_and_are_listed_all_the_same(world: Pretend, hook: Hook) -> None:
    made = world.session().id
    world.pay(made, "4000000000009052")
    listed = world.stripe().v1.events.list({"types": ["checkout.session.completed"]}).data
    assert [event.data.object["id"] for event in listed] == [made] and listed[0].pending_webhooks == 0
    assert world.control("owed")["events_owed"] <= 1  # the payment was begun before the card was known
    world.control(f"events/{listed[0].id}/send", {})
    until(lambda: "checkout.session.completed" in hook.kinds())
    assert "payment_intent.succeeded" not in hook.kinds()


def test_events_may_come_late(world: Pretend, hook: Hook) -> None:
    world.control("stripe/7", {"events_delay_ms": 1500})
    world.pay(world.session(reference="7").id)
    assert world.control("owed")["events_owed"] == 5 and hook.told == []
    hook.wait_told(5)
    events = world.control("log")["events"]
    assert all(event["posts"][0]["at"] >= event["created"] + 1.5 for event in events) and hook.kinds() == PAID


@pytest.mark.parametrize("key", ["7", "+447700900123"])
def test_events_may_be_held_until_released(alone: Pretend, hook: Hook, key: str) -> None:
    alone.control(f"stripe/{key}", {"events": "hold"})
    alone.pay(alone.session(reference="7", metadata={"phone": "+447700900123"}).id)
    alone.pay(alone.session(reference="8").id)
    until(lambda: alone.control("owed")["events_owed"] == 5, "the others to be told")
    alone.stop(9)
    alone.start()
    assert alone.control("owed")["events_held"] == 5 and len(hook.told) == 5
    assert alone.control("stripe/other/release", {})["released"] == 0
    assert alone.control(f"stripe/{key}/release", {})["released"] == 5
    hook.wait_told(10)
    assert hook.kinds()[5:] == PAID


def test_all_that_is_held_may_be_released_at_once(world: Pretend, hook: Hook) -> None:
    world.control("stripe", {"events": "hold", "reorder": True})
    world.pay(world.session(reference="7").id)
    assert hook.told == []
    assert world.control("stripe/release", {})["released"] == 5
    hook.wait_told(5)


def test_an_event_is_posted_again_when_asked_even_while_it_waits(world: Pretend, hook: Hook) -> None:
    made = world.session().id
    world.control(f"checkout/{made}/expire", {})
    hook.wait_told(1)
    event = world.control("log")["events"][0]["id"]
    for _ in range(2):
        world.control(f"events/{event}/send", {})
    told = hook.wait_told(3)
    assert {one.event["id"] for one in told} == {event}
    until(lambda: world.control("owed")["events_owed"] == 0)
    assert world.call("POST", "/control/events/evt_none/send", b"{}")[0] == 404


def test_an_event_that_waits_a_minute_is_posted_at_once_when_asked(alone: Pretend, hook: Hook) -> None:
    hook.usual = (500, "", "")
    alone.control(f"checkout/{alone.session().id}/expire", {})
    hook.wait_told(1)
    alone.stop()
    event = hook.told[0].event["id"]
    failures = [json.dumps(["posted", {"id": event, "at": time.time(), "http": 500, "why": ""}]) for _ in range(8)]
    with (alone.state / "pretend.jsonl").open("a") as log:
        log.write("\n".join(failures) + "\n")
    hook.told.clear()
    alone.start()
    alone.control(f"events/{event}/send", {})
    hook.wait_told(1)
    until(lambda: len(alone.control("log")["events"][0]["posts"]) == 10, "the answer to be kept")
    alone.control(f"events/{event}/send", {})
    assert {told.event["id"] for told in hook.wait_told(2)} == {event}


def test_without_a_hook_nothing_is_posted_and_nothing_owed(another: Callable[..., Pretend]) -> None:
    world = another().start()
    world.pay(world.session().id)
    assert world.control("owed")["events_owed"] == 0 and len(world.control("log")["events"]) == 5
    event = world.control("log")["events"][0]["id"]
    assert world.call("POST", f"/control/events/{event}/send", b"{}")[0] == 400


def test_a_hook_without_a_secret_is_refused_at_the_start(tmp_path: Path) -> None:
    world = Pretend(tmp_path / "s", {"PRETEND_STRIPE_HOOK_URL": "http://127.0.0.1:9/", "STRIPE_WEBHOOK_SECRET": ""})
    with pytest.raises(AssertionError, match="STRIPE_WEBHOOK_SECRET"):
        world.start()
    assert world.process is not None and world.process.wait() == 1


# Lists -------------------------------------------------------------------------------------------


def test_events_are_listed_by_kind_and_moment_latest_first(world: Pretend) -> None:
    world.pay(world.session().id)
    events = world.stripe().v1.events
    assert [event.type for event in events.list({"limit": 3}).auto_paging_iter()] == PAID[::-1]
    assert [event.type for event in events.list({"type": "charge.updated"}).data] == ["charge.updated"]
    assert len(events.list({"types": ["charge.updated", "charge.succeeded"]}).data) == 2
    now = int(time.time())
    assert len(events.list({"created": {"gte": now - 60, "lte": now}}).data) == 5
    assert events.list({"created": {"gt": now + 1}}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        events.list({"type": "x", "types": ["y"]})
    with pytest.raises(stripe.InvalidRequestError):
        events.list({"created": {"since": 1}})  # type: ignore[typeddict-unknown-key]


def test_reset_forgets_payments_and_events(alone: Pretend, hook: Hook) -> None:
    hook.usual = (500, "", "")
    alone.pay(alone.session(reference="7").id, CARD)
    hook.wait_told(5)
    alone.control("reset", {})
    alone.stop()
    hook.clear()
    alone.start()
    log = alone.control("log")
    assert log["sessions"] == log["payments"] == log["events"] == [] and hook.told == []
    assert alone.browse("/bank/7")[0] == 404 and STRIPE_SECRET not in alone.browse("/")[2]
