"""Stripe's interface by its official client: sessions, payments, refunds, errors, idempotency."""

import base64
import http.client
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
import stripe

from pretend.stripe import LEAST
from tests.pretend.running import CARD, SHOP, STRIPE_KEY, Pretend

HALF_HOUR, DAY = 30 * 60, 24 * 3600


def ask(
    world: Pretend, path: str, form: dict[str, Any] | None = None, *, key: str = "", auth: str = f"Bearer {STRIPE_KEY}"
) -> tuple[int, Any, dict[str, str]]:
    """A request without the client: the status, the answer, the headers."""
    connection = http.client.HTTPConnection("127.0.0.1", world.port, timeout=20)
    headers = {"Authorization": auth, **({"Idempotency-Key": key} if key else {})}
    body = None if form is None else urlencode(form)
    connection.request("GET" if form is None else "POST", path, body, headers)
    answer = connection.getresponse()
    words = answer.read()
    connection.close()
    return answer.status, json.loads(words), dict(answer.getheaders())


def form(**more: Any) -> dict[str, Any]:
    """A session as the least form that is taken."""
    line = "line_items[0]"
    made = {
        "mode": "payment",
        f"{line}[quantity]": 1,
        f"{line}[price_data][currency]": "gbp",
        f"{line}[price_data][unit_amount]": 1200,
        f"{line}[price_data][product_data][name]": "Ref 7",
        "success_url": f"{SHOP}/paid",
        **more,
    }
    return {name: value for name, value in made.items() if value is not None}


SESSIONS = "/v1/checkout/sessions"


# Sessions ----------------------------------------------------------------------------------------


def test_a_session_is_open_and_unpaid_and_leads_to_its_page(world: Pretend) -> None:
    made = world.session(1250, reference="7", metadata={"case": "EV2"})
    assert (made.status, made.payment_status, made.amount_total, made.currency) == ("open", "unpaid", 1250, "gbp")
    assert made.payment_intent is None and made.metadata["case"] == "EV2" and made.client_reference_id == "7"
    assert made.url == f"{world.url}/checkout/{made.id}" and made.expires_at - made.created == DAY
    assert world.stripe().v1.checkout.sessions.retrieve(made.id) == made


def test_a_paid_session_names_its_payment_which_may_be_given_whole(world: Pretend) -> None:
    made = world.session(
        900, payment_intent_data={"metadata": {"attempt": "4"}, "statement_descriptor_suffix": "REF 7"}
    )
    world.pay(made.id)
    client = world.stripe().v1
    seen = client.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent.latest_charge"]})
    assert (seen.status, seen.payment_status, seen.url) == ("complete", "paid", None)
    intent: Any = seen.payment_intent
    assert (intent.status, intent.amount_received, intent.metadata["attempt"]) == ("succeeded", 900, "4")
    charge = intent.latest_charge
    assert charge.paid and charge.captured and charge.calculated_statement_descriptor == "EVENLY* REF 7"
    assert client.payment_intents.retrieve(intent.id).latest_charge == charge.id
    assert client.charges.retrieve(charge.id).payment_intent == intent.id


@pytest.mark.parametrize(
    "name",
    [
        "colour", "line_items[0][colour]", "line_items[0][price_data][colour]", "payment_intent_data[colour]",
        "line_items[0][price_data][product_data][colour]", "automatic_tax[enabled]", "customer",
    ],
)  # fmt: skip
def test_a_parameter_that_is_not_known_is_refused_by_its_name(world: Pretend, name: str) -> None:
    status, answer, headers = ask(world, SESSIONS, form(**{name: "x"}))
    error = answer["error"]
    assert (status, error["code"], error["type"]) == (400, "parameter_unknown", "invalid_request_error")
    assert name.startswith(error["param"]) and headers["Request-Id"].startswith("req_")


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"mode": None}, "parameter_missing", "mode"),
        ({"mode": "subscription"}, None, "mode"),
        ({"success_url": None}, "parameter_missing", "success_url"),
        ({"success_url": "/paid"}, "url_invalid", "success_url"),
        ({"success_url": "shop.example/paid"}, "url_invalid", "success_url"),
        ({"cancel_url": "https://"}, "url_invalid", "cancel_url"),
        ({"cancel_url": ""}, "url_invalid", "cancel_url"),
        ({"line_items[0][quantity]": None}, "parameter_missing", "line_items[0][quantity]"),
        ({"line_items[0][quantity]": 0}, "parameter_invalid_integer", "line_items[0][quantity]"),
        ({"line_items[0][price_data][unit_amount]": "12.50"}, "parameter_invalid_integer",
         "line_items[0][price_data][unit_amount]"),
        ({"line_items[0][price_data][currency]": "xyz"}, None, "line_items[0][price_data][currency]"),
        ({"payment_method_types[0]": "klarna"}, None, "payment_method_types[0]"),
        ({"customer_email": "nobody"}, "email_invalid", "customer_email"),
        ({"locale": "xx"}, None, "locale"),
        ({"submit_type": "buy"}, None, "submit_type"),
        ({"client_reference_id": "x" * 201}, "parameter_invalid_string", "client_reference_id"),
        ({"metadata[k]": "x" * 501}, "parameter_invalid_string", "metadata[k]"),
        ({"metadata": "x"}, "parameter_invalid_hash", "metadata"),
        ({"payment_intent_data[statement_descriptor_suffix]": "x" * 23}, "invalid_characters",
         "payment_intent_data[statement_descriptor_suffix]"),
        ({"expires_at": 1}, None, "expires_at"),
        ({"expand[]": "colour"}, None, "expand"),
    ],
)  # fmt: skip
def test_a_parameter_that_does_not_fit_is_named(
    world: Pretend, change: dict[str, Any], code: str | None, param: str
) -> None:
    status, answer, _ = ask(world, SESSIONS, form(**change))
    assert status == 400 and answer["error"].get("code") == code and answer["error"]["param"] == param
    assert world.control("log")["sessions"] == []


@pytest.mark.parametrize(("currency", "least"), sorted(LEAST.items()))
def test_less_than_the_least_of_a_currency_is_refused(world: Pretend, currency: str, least: int) -> None:
    price = {"line_items[0][price_data][currency]": currency}
    status, answer, _ = ask(world, SESSIONS, form(**price, **{"line_items[0][price_data][unit_amount]": least - 1}))
    assert status == 400 and answer["error"]["code"] == "amount_too_small"
    assert ask(world, SESSIONS, form(**price, **{"line_items[0][price_data][unit_amount]": least}))[0] == 200


def test_the_least_amounts_that_stripe_publishes_hold_for_our_currencies() -> None:
    """https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts"""
    assert {name: LEAST[name] for name in ("gbp", "sek", "pln", "eur", "usd")} == {
        "gbp": 30, "sek": 300, "pln": 200, "eur": 50, "usd": 50,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ahead", "taken"), [(HALF_HOUR - 60, False), (HALF_HOUR + 60, True), (DAY - 60, True), (DAY + 60, False)]
)
def test_a_session_lasts_half_an_hour_to_a_day(world: Pretend, ahead: int, taken: bool) -> None:
    status, answer, _ = ask(world, SESSIONS, form(expires_at=int(time.time()) + ahead))
    assert (status == 200) is taken and (taken or answer["error"]["param"] == "expires_at")


def test_only_an_open_session_can_be_expired(world: Pretend) -> None:
    sessions = world.stripe().v1.checkout.sessions
    left, paid = world.session(), world.session()
    world.pay(paid.id)
    assert sessions.expire(left.id).status == "expired"
    for over in (left, paid):
        with pytest.raises(stripe.InvalidRequestError):
            sessions.expire(over.id)
    assert world.pay(left.id)["outcome"] == "expired" and len(world.control("log")["payments"]) == 1


def test_sessions_are_listed_latest_first_and_by_filter(world: Pretend) -> None:
    sessions = world.stripe().v1.checkout.sessions
    made = [world.session(500 + n).id for n in range(5)]
    intent = world.pay(made[2])["payment_intent"]
    page = sessions.list({"limit": 2})
    assert [s.id for s in page.data] == made[:2:-1] and page.has_more
    assert [s.id for s in page.auto_paging_iter()] == made[::-1]
    assert [s.id for s in sessions.list({"payment_intent": intent}).data] == [made[2]]
    assert [s.id for s in sessions.list({"status": "complete"}).data] == [made[2]]
    with pytest.raises(stripe.InvalidRequestError):
        sessions.list({"starting_after": "cs_test_none"})


# Refunds -----------------------------------------------------------------------------------------


def test_a_payment_is_given_back_in_parts_and_never_more_than_it_took(world: Pretend) -> None:
    client = world.stripe().v1
    paid = world.pay(world.session(1000).id)
    first = client.refunds.create({"payment_intent": paid["payment_intent"], "amount": 300})
    assert (first.amount, first.status, first.charge) == (300, "succeeded", paid["charge"])
    assert client.refunds.retrieve(first.id).id == first.id
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.refunds.create({"charge": paid["charge"], "amount": 701})
    assert refused.value.param == "amount"
    assert client.refunds.create({"charge": paid["charge"]}).amount == 700
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.refunds.create({"payment_intent": paid["payment_intent"]})
    assert refused.value.code == "charge_already_refunded"
    charge = client.charges.retrieve(paid["charge"])
    assert charge.refunded and charge.amount_refunded == 1000


def test_what_was_not_taken_or_is_disputed_is_not_given_back(world: Pretend) -> None:
    refunds = world.stripe().v1.refunds
    declined = world.pay(world.session().id, "4000000000000002")
    disputed = world.pay(world.session().id, "4000000000000259")
    for params in (
        {"payment_intent": declined["payment_intent"]}, {"charge": declined["charge"]},
        {"payment_intent": disputed["payment_intent"]}, {"payment_intent": "pi_none"}, {},
    ):  # fmt: skip
        with pytest.raises(stripe.InvalidRequestError):
            refunds.create(params)  # type: ignore[arg-type]


# Who may ask -------------------------------------------------------------------------------------


def test_a_wrong_key_is_refused_as_stripe_does(world: Pretend) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        world.stripe(key="sk_test_wrong").v1.checkout.sessions.list()
    assert refused.value.http_status == 401 and refused.value.error is not None


@pytest.mark.parametrize(
    ("auth", "status"),
    [
        (f"Bearer {STRIPE_KEY}", 200),
        ("Basic " + base64.b64encode(f"{STRIPE_KEY}:".encode()).decode(), 200),
        ("Basic " + base64.b64encode(b"other:").decode(), 401),
        ("Basic ???", 401),
        (f"Digest {STRIPE_KEY}", 401),
        ("", 401),
        ("Bearer ", 401),
    ],
)
def test_the_key_may_come_either_way(world: Pretend, auth: str, status: int) -> None:
    assert ask(world, SESSIONS, auth=auth)[0] == status


def test_without_a_key_of_its_own_it_lets_nobody_in_and_all_else_works(another: Callable[..., Pretend]) -> None:
    world = another(environ={"STRIPE_API_KEY": "", "STRIPE_WEBHOOK_SECRET": ""}).start()
    for auth in ("Bearer ", f"Bearer {STRIPE_KEY}", "Basic Og=="):
        assert ask(world, SESSIONS, auth=auth)[0] == 401
    assert world.send().sid


def test_what_does_not_exist_is_said_as_stripe_does(world: Pretend) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        world.stripe().v1.checkout.sessions.retrieve("cs_test_none")
    assert missing.value.http_status == 404 and missing.value.code == "resource_missing"
    status, answer, _ = ask(world, "/v1/customers", {"name": "x"})
    assert status == 404 and answer["error"]["type"] == "invalid_request_error"


# Idempotency -------------------------------------------------------------------------------------


def test_the_same_key_gets_the_same_answer_and_makes_one_session(world: Pretend) -> None:
    first = ask(world, SESSIONS, form(), key="k1")
    again = ask(world, SESSIONS, form(), key="k1")
    assert again[:2] == first[:2] and again[2]["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first[2] and len(world.control("log")["sessions"]) == 1


def test_the_same_key_for_something_else_is_refused(world: Pretend) -> None:
    intent = world.pay(ask(world, SESSIONS, form(), key="k1")[1]["id"])["payment_intent"]
    for path, other in ((SESSIONS, form(locale="sv")), ("/v1/refunds", {"payment_intent": intent})):
        status, answer, _ = ask(world, path, other, key="k1")
        assert status == 400 and answer["error"]["type"] == "idempotency_error"
    with pytest.raises(stripe.IdempotencyError):
        world.stripe().v1.refunds.create({"payment_intent": intent}, {"idempotency_key": "k1"})


def test_a_refusal_for_bad_parameters_is_not_kept(world: Pretend) -> None:
    assert ask(world, SESSIONS, form(locale="xx"), key="k1")[0] == 400
    assert ask(world, SESSIONS, form(locale="sv"), key="k1")[0] == 200


def test_a_mistake_of_the_provider_is_kept_and_the_session_stands(world: Pretend) -> None:
    world.control("stripe/7", {"answer": "error", "times": 1})
    asked = form(client_reference_id="7")
    assert ask(world, SESSIONS, asked, key="k1")[0] == 500
    status, _, headers = ask(world, SESSIONS, asked, key="k1")
    assert status == 500 and headers["Idempotent-Replayed"] == "true"
    assert len(world.control("log")["sessions"]) == 1
    assert ask(world, SESSIONS, asked, key="k2")[0] == 200


def test_keys_are_kept_over_a_restart(another: Callable[..., Pretend]) -> None:
    world = another().start()
    first = ask(world, SESSIONS, form(), key="k1")[1]
    world.stop(9)
    world.start()
    status, again, headers = ask(world, SESSIONS, form(), key="k1")
    assert (status, again["id"], headers["Idempotent-Replayed"]) == (200, first["id"], "true")


def test_a_key_is_free_again_after_a_day(another: Callable[..., Pretend]) -> None:
    world = another().start()
    first = ask(world, SESSIONS, form(), key="k1")[1]
    world.stop()
    log = world.state / "pretend.jsonl"
    kind, line = json.loads(log.read_text())
    line["kept"]["at"] -= DAY
    log.write_text(json.dumps([kind, line]) + "\n")
    world.start()
    status, second, _ = ask(world, SESSIONS, form(locale="sv"), key="k1")
    assert status == 200 and second["id"] != first["id"]


def test_while_the_first_is_being_answered_the_second_conflicts(world: Pretend) -> None:
    world.control("stripe", {"delay_ms": 1500})
    answers: list[int] = []
    asking = [
        threading.Thread(target=lambda: answers.append(ask(world, SESSIONS, form(), key="k1")[0])) for _ in range(2)
    ]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert sorted(answers) == [200, 409]
    world.control("stripe", method="DELETE")
    assert ask(world, SESSIONS, form(), key="k1")[0] == 200 and len(world.control("log")["sessions"]) == 1


# Behaviours --------------------------------------------------------------------------------------


def test_an_answer_that_was_cut_is_found_again_by_its_key(world: Pretend) -> None:
    world.control("stripe/7", {"answer": "close", "times": 1})
    line = {"quantity": 1, "price_data": {"currency": "gbp", "unit_amount": 500, "product_data": {"name": "x"}}}
    params: Any = {"mode": "payment", "line_items": [line], "success_url": SHOP, "client_reference_id": "7"}
    with pytest.raises(stripe.APIConnectionError):
        world.stripe().v1.checkout.sessions.create(params, {"idempotency_key": "k"})
    made = world.control("log")["sessions"]
    again = world.stripe().v1.checkout.sessions.create(params, {"idempotency_key": "k"})
    assert [s["id"] for s in made] == [again.id] and len(world.control("log")["sessions"]) == 1


def test_a_request_that_was_lost_took_nothing(world: Pretend) -> None:
    world.control("stripe/7", {"answer": "lost", "times": 1})
    with pytest.raises(stripe.APIConnectionError):
        world.session(reference="7")
    log = world.control("log?to=7")
    assert log["sessions"] == [] and log["refused"][0]["code"] is None
    assert world.session(reference="7").id


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"too_many": 1}, stripe.RateLimitError),
        ({"refuse": 503, "times": 1}, stripe.APIError),
        ({"refuse": 402, "times": 1}, stripe.CardError),
        ({"refuse": 403, "times": 1}, stripe.PermissionError),
    ],
)
def test_it_refuses_as_it_was_told_and_then_no_more(
    world: Pretend, told: dict[str, Any], error: type[Exception]
) -> None:
    world.control("stripe/7", told)
    assert world.session(reference="8").id
    with pytest.raises(error):
        world.session(reference="7")
    made = world.session(reference="7")
    world.control("stripe/7", method="DELETE")
    world.control("stripe", told)
    with pytest.raises(error):
        world.stripe().v1.checkout.sessions.retrieve(made.id)
    assert world.stripe().v1.checkout.sessions.retrieve(made.id).id == made.id


def test_a_phone_is_treated_as_told_in_every_request_about_its_payment(world: Pretend) -> None:
    paid = world.pay(world.session(reference="7", metadata={"phone": "+447700900123"}).id)
    world.control("stripe/+447700900123", {"refuse": 500})
    client = world.stripe().v1
    for asked in (
        lambda: client.payment_intents.retrieve(paid["payment_intent"]),
        lambda: client.charges.retrieve(paid["charge"]),
        lambda: client.refunds.create({"charge": paid["charge"]}),
        lambda: world.session(metadata={"phone": "+447700900123"}),
    ):
        with pytest.raises(stripe.APIError):
            asked()  # type: ignore[no-untyped-call]


def test_a_behaviour_that_cannot_be_is_refused(world: Pretend) -> None:
    for path in ("stripe", "stripe/7", f"cards/{CARD}"):
        for told in (b'{"colour": 1}', b'{"events": "later"}', b'{"repeat": 21}', b"[]", b"x"):
            assert world.call("POST", f"/control/{path}", told)[0] == 400
    assert world.call("POST", f"/control/cards/{CARD[:-1]}1", b"{}")[0] == 404
