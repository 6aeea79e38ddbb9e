"""What a carrier can be told to do to a number, each seen by the official client."""

import time
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.pretend.running import OURS, PHONE, Hook, Pretend, until

OTHER = "+447700900124"


def test_a_number_may_be_slow_and_the_text_is_taken_all_the_same(world: Pretend) -> None:
    world.behave(delay_ms=600)
    with pytest.raises(requests.exceptions.Timeout):
        world.twilio(timeout=0.2).messages.create(to=PHONE, from_=OURS, body="x")
    assert [text["body"] for text in world.log()["texts"]] == ["x"]
    assert world.send(body="y").status == "queued"


def test_others_are_answered_while_one_waits(world: Pretend) -> None:
    world.behave(delay_ms=600_000)
    with pytest.raises(requests.exceptions.Timeout):
        world.twilio(timeout=0.1).messages.create(to=PHONE, from_=OURS, body="x")
    assert world.send(to=OTHER).status == "queued"


@pytest.mark.parametrize(("code", "status"), [(21211, 400), (21614, 400), (20429, 429), (20503, 503), (63038, 400)])
def test_a_number_may_be_refused_with_a_code(world: Pretend, code: int, status: int) -> None:
    world.behave(refuse=code)
    with pytest.raises(TwilioRestException) as refused:
        world.send()
    assert (refused.value.code, refused.value.status) == (code, status)
    log = world.log()
    assert log["texts"] == [] and [r["code"] for r in log["refused"]] == [code]
    assert world.twilio().messages.list(to=PHONE) == []


def test_too_many_requests_are_answered_429_so_many_times(world: Pretend) -> None:
    world.behave(too_many=2)
    codes = []
    for _ in range(3):
        try:
            world.send()
            codes.append(201)
        except TwilioRestException as refused:
            codes.append(refused.status)
    assert codes == [429, 429, 201]


@pytest.mark.parametrize("answer", ["hold", "close", "error"])
def test_a_text_may_be_taken_and_never_answered(world: Pretend, hook: Hook, answer: str) -> None:
    world.behave(answer=answer, times=1)
    with pytest.raises((requests.exceptions.RequestException, TwilioRestException)):
        world.twilio(timeout=0.3).messages.create(to=PHONE, from_=OURS, body="x", status_callback=f"{hook.url}/s?id=7")
    assert [post.url for post in hook.wait(3)] == [f"{hook.url}/s?id=7"] * 3
    (found,) = world.twilio().messages.list(to=PHONE, from_=OURS)
    (seen,) = world.log()["texts"]
    assert (seen["sid"], seen["callback"], seen["unanswered"]) == (found.sid, f"{hook.url}/s?id=7", True)
    assert world.send().status == "queued", "one time only"


def test_a_connection_may_be_cut_with_nothing_taken(world: Pretend, hook: Hook) -> None:
    world.behave(answer="lost", times=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        world.send(status_callback=f"{hook.url}/s")
    log = world.log()
    assert log["texts"] == [] and [r["code"] for r in log["refused"]] == [None]
    assert world.twilio().messages.list(to=PHONE) == [] and hook.posts == []


@pytest.mark.parametrize(
    ("behaviour", "statuses", "code"),
    [
        ({"outcome": "undelivered"}, ["sending", "sent", "undelivered"], 30003),
        ({"outcome": "undelivered", "error_code": 30005}, ["sending", "sent", "undelivered"], 30005),
        ({"outcome": "failed", "error_code": 30007}, ["sending", "failed"], 30007),
        ({"outcome": "failed"}, ["sending", "failed"], 30008),
    ],
)
def test_a_text_may_not_arrive(
    world: Pretend, hook: Hook, behaviour: dict[str, Any], statuses: list[str], code: int
) -> None:
    world.behave(**behaviour)
    message = world.send(status_callback=f"{hook.url}/s")
    last = hook.wait(len(statuses))[-1]
    assert hook.statuses() == statuses and last["ErrorCode"] == str(code) and last.is_signed()
    found = world.wait_for(message.sid, statuses[-1])
    assert found.error_code == code and found.error_message


def test_word_of_delivery_may_never_come(world: Pretend, hook: Hook) -> None:
    world.behave(outcome="sent")
    message = world.send(status_callback=f"{hook.url}/s")
    world.wait_for(message.sid, "sent")
    until(lambda: world.control("owed")["owed"] == 0)
    assert hook.statuses() == ["sending", "sent"]


def test_callbacks_may_be_repeated(world: Pretend, hook: Hook) -> None:
    world.behave(repeat=1)
    world.send(status_callback=f"{hook.url}/s")
    hook.wait(6)
    assert hook.statuses() == ["sending", "sending", "sent", "sent", "delivered", "delivered"]


def test_callbacks_may_come_the_last_first(world: Pretend, hook: Hook) -> None:
    world.behave(reorder=True)
    world.send(status_callback=f"{hook.url}/s")
    hook.wait(3)
    assert hook.statuses() == ["delivered", "sent", "sending"]


def test_callbacks_may_be_held_until_released(world: Pretend, hook: Hook) -> None:
    world.behave(callbacks="hold")
    world.wait_for(world.send(status_callback=f"{hook.url}/s").sid, "delivered")
    owed = world.control("owed")
    assert (owed["owed"], owed["held"]) == (3, 3) and hook.posts == []
    assert world.control(f"numbers/{PHONE}/release", {}) == {"released": 1}
    hook.wait(3)
    assert hook.statuses() == ["sending", "sent", "delivered"]
    until(lambda: set(world.control("owed").values()) == {0})


def test_callbacks_may_be_dropped(world: Pretend, hook: Hook) -> None:
    world.behave(callbacks="drop")
    world.wait_for(world.send(status_callback=f"{hook.url}/s").sid, "delivered")
    assert world.control("owed")["owed"] == 0 and hook.posts == []


def test_the_default_holds_for_every_number_that_was_told_nothing(world: Pretend) -> None:
    world.control("numbers/default", {"refuse": 21612})
    world.behave(OTHER)
    assert world.send(to=OTHER).status == "queued"
    with pytest.raises(TwilioRestException):
        world.send()
    world.control("numbers/default", method="DELETE", value={})
    assert world.send().status == "queued"


def test_a_behaviour_that_cannot_be_is_refused_with_every_reason(world: Pretend) -> None:
    wrong = b'{"slow": 1, "answer": "maybe", "repeat": -1, "reorder": 1, "times": 0}'
    status, answer = world.call("POST", f"/control/numbers/{PHONE}", wrong)
    assert status == 400 and len(answer["refused"]) == 5
    assert world.call("POST", "/control/numbers/0770", b"{}")[0] == 400
    assert world.call("POST", f"/control/numbers/{PHONE}", b"{")[0] == 400


def test_the_log_counts_what_each_callback_address_was_sent_for(world: Pretend, hook: Hook) -> None:
    start = time.time()
    for number in (1, 2, 2):
        world.send(status_callback=f"{hook.url}/s?id={number}")
    seen = world.control(f"log?since={start}")["texts"]
    assert [text["callback"].rpartition("=")[2] for text in seen] == ["1", "2", "2"]
    assert all(text["at"] >= start and text["sid"] and text["to"] == PHONE and text["body"] for text in seen)
    assert world.control(f"log?since={time.time() + 60}")["texts"] == []
