"""The checkout page and the bank's second step, by plain HTTP: each card's story, and one payment only."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pretend.cards import CARDS
from tests.pretend.running import CARD, SHOP, Pretend, until

DECLINED = {
    "4000000000000002": ("generic_decline", "card_declined"),
    "4000000000009995": ("insufficient_funds", "card_declined"),
    "4000000000000069": ("expired_card", "expired_card"),
    "4000000000000127": ("incorrect_cvc", "incorrect_cvc"),
}
SECOND_STEP = "4000000000003220"
WITHHELD = "4000000000009060"


def page_of(world: Pretend, **more: Any) -> str:
    return f"/checkout/{world.session(**more).id}"


def payments(world: Pretend) -> list[Any]:
    found: list[Any] = world.control("log")["payments"]
    return found


def test_the_page_says_how_much_and_what_for_and_offers_the_cards(world: Pretend) -> None:
    status, headers, words = world.browse(page_of(world, amount=123456))
    assert status == 200 and "GBP 1,234.56" in words and "Ref 7" in words and f'href="{SHOP}/back"' in words
    assert all(f'value="{number}"' in words for number in CARDS) and "<script" not in words
    assert headers["Cache-Control"] == "no-store"


def test_a_form_may_lead_to_this_sessions_shop_and_nowhere_else(world: Pretend) -> None:
    here = page_of(world, success_url="http://127.0.0.1:5000/a?b", cancel_url="https://other.example/c")
    policy = world.browse(here)[1]["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:5000 https://other.example;" in policy
    assert "default-src 'none'" in policy and "script-src" not in policy


def led_on(world: Pretend, answer: tuple[int, dict[str, str], str]) -> tuple[int, str]:
    """The page to which a form leads: never its own answer, which going back would send again."""
    assert answer[0] == 303
    status, _, words = world.browse(answer[1]["Location"])
    return status, words


def test_paying_leads_back_to_the_shop_with_the_sessions_id(world: Pretend) -> None:
    made = world.session(success_url=f"{SHOP}/paid?session={{CHECKOUT_SESSION_ID}}&x={{CHECKOUT_SESSION_ID}}")
    status, headers, _ = world.browse(f"/checkout/{made.id}", {"card": CARD})
    assert (status, headers["Location"]) == (303, f"{SHOP}/paid?session={made.id}&x={made.id}")
    assert [payment["status"] for payment in payments(world)] == ["succeeded"]


def test_a_number_may_be_typed_with_gaps_and_goes_before_the_choice(world: Pretend) -> None:
    world.browse(page_of(world), {"card": CARD, "number": "4000 0000 0000 0002"})
    assert [payment["decline"] for payment in payments(world)] == ["generic_decline"]


@pytest.mark.parametrize("form", [{}, {"number": "4111 1111 1111 1111"}, {"card": "x"}])
def test_any_other_number_is_not_taken_and_not_kept(world: Pretend, form: dict[str, str]) -> None:
    status, words = led_on(world, world.browse(page_of(world), form))
    assert status == 200 and 'role="alert"' in words and "4111 1111" not in words and payments(world) == []


@pytest.mark.parametrize("card", DECLINED)
def test_a_declined_card_says_why_and_another_may_be_tried(world: Pretend, card: str) -> None:
    here = page_of(world)
    status, words = led_on(world, world.browse(here, {"card": card}))
    assert status == 200 and 'role="alert"' in words and "Pay GBP 12.00" in words
    assert 'role="alert"' not in world.browse(f"{here}?said=nothing+like+it")[2]
    sessions = world.stripe().v1.checkout.sessions
    assert sessions.retrieve(here.rpartition("/")[2]).payment_intent is None
    assert sessions.list({"payment_intent": payments(world)[0]["payment_intent"]}).data == []
    failed = world.stripe().v1.payment_intents.retrieve(payments(world)[0]["payment_intent"])
    error: Any = failed.last_payment_error
    assert (error.decline_code, error.code) == DECLINED[card] and failed.status == "requires_payment_method"
    assert world.browse(here, {"card": CARD})[0] == 303
    assert [payment["status"] for payment in payments(world)] == ["failed", "succeeded"]
    intent = world.stripe().v1.payment_intents.retrieve(failed.id)
    assert intent.status == "succeeded" and intent.last_payment_error is None


def test_the_bank_asks_and_yes_pays(world: Pretend) -> None:
    here = page_of(world)
    status, headers, _ = world.browse(here, {"card": SECOND_STEP})
    assert (status, headers["Location"]) == (303, f"{here}/confirm") and payments(world) == []
    status, headers, words = world.browse(f"{here}/confirm")
    assert (
        status == 200 and "GBP 12.00" in words and f"form-action 'self' {SHOP};" in headers["Content-Security-Policy"]
    )
    status, headers, _ = world.browse(f"{here}/confirm", {"answer": "approve"})
    assert status == 303 and headers["Location"].startswith(f"{SHOP}/paid") and len(payments(world)) == 1
    assert world.browse(f"{here}/confirm", {"answer": "refuse"})[1]["Location"].startswith(f"{SHOP}/paid")
    assert [payment["status"] for payment in payments(world)] == ["succeeded"]


def test_the_bank_asks_and_no_pays_nothing_and_another_card_may_be_tried(world: Pretend) -> None:
    here = page_of(world)
    world.browse(here, {"card": SECOND_STEP})
    status, words = led_on(world, world.browse(f"{here}/confirm", {"answer": "refuse"}))
    assert status == 200 and 'role="alert"' in words and payments(world) == []
    assert world.browse(f"{here}/confirm", {"answer": "approve"})[1]["Location"] == here and payments(world) == []
    assert world.browse(here, {"card": CARD})[0] == 303


def test_the_banks_page_is_there_only_while_it_asks(world: Pretend) -> None:
    here = page_of(world)
    assert world.browse(f"{here}/confirm")[1]["Location"] == here
    world.browse(here, {"card": SECOND_STEP})
    assert world.browse(f"{here}/confirm", {"answer": "perhaps"})[0] == 200 and payments(world) == []


@pytest.mark.parametrize("second", [CARD, "4000000000000002", SECOND_STEP, "", WITHHELD])
def test_a_session_is_paid_once_whatever_is_clicked_next(world: Pretend, second: str) -> None:
    here = page_of(world)
    first = world.browse(here, {"card": CARD})
    again = world.browse(here, {"card": second})
    assert again[0] == 303 and again[1]["Location"] == first[1]["Location"] and len(payments(world)) == 1
    status, _, words = world.browse(here)
    assert status == 200 and first[1]["Location"].replace("&", "&amp;") in words and "<form" not in words


def test_two_who_press_pay_at_once_pay_once(world: Pretend) -> None:
    here = page_of(world)
    answers: list[int] = []
    pressing = [
        threading.Thread(target=lambda: answers.append(world.browse(here, {"card": CARD})[0])) for _ in range(8)
    ]
    for one in pressing:
        one.start()
    for one in pressing:
        one.join()
    assert answers == [303] * 8 and len(payments(world)) == 1


def test_an_expired_session_takes_nothing_and_shows_the_way_back(world: Pretend) -> None:
    made = world.session()
    here = f"/checkout/{made.id}"
    world.browse(here, {"card": SECOND_STEP})
    world.stripe().v1.checkout.sessions.expire(made.id)
    for page in (
        world.browse(f"{here}/confirm", {"answer": "approve"}), world.browse(here, {"card": CARD})
    ):  # fmt: skip
        status, words = led_on(world, page)
        assert status == 200 and f'href="{SHOP}/back"' in words and "<form" not in words
    assert payments(world) == []


def test_the_time_of_a_session_runs_out(world: Pretend) -> None:
    made = world.session()
    world.control(f"checkout/{made.id}/expire", {})
    assert world.stripe().v1.checkout.sessions.retrieve(made.id).status == "expired"
    assert world.call("POST", f"/control/checkout/{made.id}/expire", b"{}")[0] == 400


def test_the_time_of_a_session_runs_out_while_the_program_was_stopped(another: Callable[..., Pretend]) -> None:
    world = another().start()
    made, kept = world.session(), world.session()
    world.stop()
    log = world.state / "pretend.jsonl"
    first, rest = log.read_text().split("\n", 1)
    log.write_text(first.replace(str(made.expires_at), str(made.created)) + "\n" + rest)
    world.start()

    def statuses() -> dict[str, str]:
        return {session["id"]: session["status"] for session in world.control("log")["sessions"]}

    until(lambda: statuses() == {made.id: "expired", kept.id: "open"}, "the time to run out")
    assert led_on(world, world.browse(f"/checkout/{made.id}", {"card": CARD}))[0] == 200 and payments(world) == []
    assert [e["type"] for e in world.control("log")["events"]] == ["checkout.session.expired"]


def test_a_browser_that_is_not_sent_back_has_paid_all_the_same(world: Pretend) -> None:
    here = page_of(world)
    for form in ({"card": WITHHELD}, {"card": CARD}):
        status, headers, words = world.browse(here, form)
        assert status == 200 and "Location" not in headers and SHOP not in words
    assert [payment["status"] for payment in payments(world)] == ["succeeded"]


def test_a_slow_answer_comes_after_the_payment_was_taken(world: Pretend) -> None:
    here = page_of(world)
    world.control(f"cards/{CARD}", {"delay_ms": 1000})
    answers: list[int] = []
    paying = threading.Thread(target=lambda: answers.append(world.browse(here, {"card": CARD})[0]))
    paying.start()
    while not payments(world):
        assert paying.is_alive()
    assert answers == []
    paying.join()
    assert answers == [303]


def test_a_card_does_what_it_is_told_until_told_otherwise(world: Pretend) -> None:
    world.control(f"cards/{CARD}", {"outcome": "lost_card"})
    assert world.pay(world.session().id)["code"] == "lost_card"
    assert world.control(f"cards/{CARD}")["told"]
    world.control(f"cards/{CARD}", method="DELETE")
    assert world.pay(world.session().id)["outcome"] == "paid"


def test_paying_without_a_browser_tells_what_became_of_it(world: Pretend) -> None:
    made = world.session().id
    assert world.pay(made, SECOND_STEP, confirm=None)["outcome"] == "confirm"
    assert world.pay(made, SECOND_STEP, confirm=False)["code"] == "authentication_required"
    assert world.pay(made, "4000 0000 0000 0002")["outcome"] == "declined"
    paid = world.pay(made, SECOND_STEP)
    assert paid["outcome"] == "paid" and paid["charge"].startswith("ch_")
    assert world.pay(made) == {**paid, "outcome": "complete"}
    assert world.call("POST", "/control/checkout/cs_none/pay", b'{"card": "x"}')[0] == 404


def test_a_card_that_gives_back_at_once_and_one_that_disputes(world: Pretend) -> None:
    world.pay(world.session(700).id, "4000000000009078")
    world.pay(world.session(800).id, "4000000000000259")
    refunded, disputed = payments(world)
    assert refunded["refunded"] == 700 and disputed["dispute"][1:] == ["needs_response", 800]


def test_a_page_of_another_site_cannot_pay(world: Pretend) -> None:
    here = page_of(world)
    status, _ = world.call("POST", here, f"card={CARD}".encode(), {"Origin": "https://evil.example"})
    assert status == 403 and payments(world) == []


def test_there_is_no_page_of_a_session_that_is_not(world: Pretend) -> None:
    assert world.browse("/checkout/cs_test_none")[0] == 404
    assert world.browse("/checkout/cs_test_none/confirm", {"answer": "approve"})[0] == 404
