"""Paying by card, through the official client against the pretend world: once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.verify import verify
from payments.reversal import take_back
from portal.rounds import Rounds
from tests.factories import BY, a_payment
from tests.messaging.rounds import a_voice, same_code
from tests.payments.paying import a_payer, may_pay
from tests.portal.debtor.conftest import reckonings, words
from tests.portal.debtor.paying import Shop, a_shop
from tests.portal.doors import SetClock, an_app, sign_in, token_of
from tests.pretend.conftest import _hook, _running, hook, world
from tests.pretend.running import Hook, Pretend

__all__ = ["_hook", "_running", "hook", "world"]

DECLINED, THREE_D = "4000000000009995", "4000000000003220"


@pytest.fixture
def shop(db: Database, world: Pretend, hook: Hook, tmp_path: Path) -> Iterator[Shop]:
    with a_shop(db, world, hook, tmp_path) as made:
        yield made


def paid(shop: Shop, address: str, card: str = "4242424242424242") -> None:
    assert shop.world.pay(shop.session_of(address), card)["outcome"] == "paid"
    shop.waits_for("checkout.session.completed")


# ---------------------------------------------------------------------------- the whole way


def test_choose_look_pay_come_back_and_read_the_receipt(shop: Shop) -> None:
    shown = words(shop.look(what="other", amount="45", debts=[shop.payer.rent.id, shop.payer.card.id]).text)
    assert "£45.00" in shown and "Pay £45.00 by card" in shown
    address = shop.begin(what="other", amount="45", debts=[shop.payer.rent.id, shop.payer.card.id])
    assert "Nothing was taken" in words(shop.page(_mine(shop)))
    paid(shop, address)
    back = words(shop.page(_mine(shop)))
    assert "It is on its way" in back and "Receipt" not in back
    (sums,) = [rows for rows in reckonings(shop.page("/")) if any("on its way" in label for label, _ in rows)]
    assert [minor for _label, minor in sums[:4]] == [100_00, -30_00, -15_00, 55_00]
    assert shop.hear() > 0
    receipt = shop.page(_mine(shop))
    assert "Thank you. It has arrived." in words(receipt)
    assert [minor for _label, minor in reckonings(receipt)[0]] == [15_00, 30_00, 45_00]
    assert shop.owed() == [0, 10_00, 45_00]
    assert "On its way" not in words(shop.page("/"))
    with shop.db.acting() as session:
        assert verify(session).findings == []


def test_in_sweden_the_look_says_before_the_button_that_limitation_starts_anew(shop: Shop, superuser: Connection) -> None:
    """Preskriptionslagen (1981:130) 5 §."""
    asked = {"what": "other", "amount": "45", "debts": [shop.payer.rent.id, shop.payer.card.id]}
    assert "that time starts anew" not in shop.look(**asked).text
    superuser.execute(text("update creditor set country = 'SE'"))
    superuser.commit()
    page = shop.look(**asked).text
    assert page.index("that time starts anew") < page.index("by card</button>")


def test_the_event_before_the_way_back_gives_the_receipt_at_once(shop: Shop) -> None:
    paid(shop, shop.begin(what="overdue"))
    shop.hear()
    assert "Thank you. It has arrived." in words(shop.page(_mine(shop)))
    assert shop.owed() == [0, 0, 0]
    assert "You owe nothing here" in words(shop.page("/"))


def test_events_last_first_and_each_twice_book_once(shop: Shop) -> None:
    paid(shop, shop.begin(what="overdue"))
    again = list(shop.hook.told)
    shop.hear(last_first=True)
    shop.hook.told += again
    shop.hear()
    assert shop.owed() == [0, 0, 0]
    assert shop.attempts() == [("paid", 100_00)]


def test_the_processor_is_told_nothing_of_a_debt(shop: Shop) -> None:
    address = shop.begin(what="overdue")
    session = shop.world.stripe().v1.checkout.sessions.retrieve(shop.session_of(address))
    told = str(session).lower()
    for word in ("debt", "arrear", "overdue", "rent", "creditor", "tidewell", "ashmere", "lindqvist", "+4477"):
        assert word not in told


# ---------------------------------------------------------------------------- not twice


def test_a_double_click_and_the_back_button_lead_to_one_page(shop: Shop) -> None:
    button = shop.button(what="overdue")
    first, second = shop.begin(button), shop.begin(button)
    assert first == second
    paid(shop, first)
    shop.hear()
    assert shop.begin(button) == _mine(shop)
    assert shop.attempts() == [("paid", 100_00)]


def test_a_second_tab_closes_the_page_of_the_first(shop: Shop) -> None:
    first = shop.begin(what="overdue")
    second = shop.begin(what="other", amount="5", debts=[shop.payer.garage.id])
    assert first != second
    assert shop.world.pay(shop.session_of(first))["outcome"] == "expired"
    paid(shop, second)
    shop.hear()
    assert shop.attempts() == [("cancelled", 100_00), ("paid", 5_00)]
    assert shop.owed() == [30_00, 5_00, 60_00]


def test_two_tabs_of_which_the_first_is_paid_and_never_came_back(shop: Shop) -> None:
    first, second = shop.button(what="overdue"), shop.button(what="other", amount="5", debts=[shop.payer.garage.id])
    paid(shop, shop.begin(first))
    assert shop.begin(second) == _mine(shop)
    assert "You have paid already" in words(shop.page(_mine(shop)))
    shop.hear()
    assert shop.attempts() == [("paid", 100_00)]


def test_what_is_on_its_way_is_not_offered_again(shop: Shop) -> None:
    paid(shop, shop.begin(what="overdue"))
    shop.page(_mine(shop))
    assert "There is nothing to pay now" in words(shop.page("/pay"))


def test_if_what_is_owed_changes_between_look_and_pay_nothing_begins(shop: Shop) -> None:
    button = shop.button(what="overdue")
    with shop.db.acting() as session:
        a_payment(session, [(shop.payer.rent, 10_00)], shop.clock.now().date())
    answer = shop.browser.post("/pay/begin", data=button)
    assert answer.status_code == 422
    assert "has changed meanwhile" in words(answer.text) and "£90.00" in words(answer.text)
    assert shop.attempts() == []


# ---------------------------------------------------------------------------- nothing taken


def test_a_card_that_is_declined_says_why_and_another_may_be_tried(shop: Shop) -> None:
    address = shop.begin(what="overdue")
    assert shop.world.pay(shop.session_of(address), DECLINED)["outcome"] == "declined"
    shop.waits_for("payment_intent.payment_failed")
    shop.hear()
    page = words(shop.page(_mine(shop)))
    assert "Nothing was taken." in page and "there was not enough money" in page
    assert shop.owed() == [30_00, 10_00, 60_00]
    again = shop.browser.post(_mine(shop) + "/go", data={"csrf_token": token_of(shop.page(_mine(shop)))})
    assert again.location == address
    paid(shop, address)
    shop.hear()
    assert shop.owed() == [0, 0, 0]


def test_a_payment_that_is_stopped_can_be_paid_no_more(shop: Shop) -> None:
    address = shop.begin(what="overdue")
    assert "A payment is not finished" in words(shop.page("/"))
    shop.browser.post(_mine(shop) + "/stop", data={"csrf_token": token_of(shop.page(_mine(shop)))})
    page = words(shop.page(_mine(shop)))
    assert "Nothing was taken" in page and "You stopped this payment" in page
    assert shop.world.pay(shop.session_of(address))["outcome"] == "expired"
    assert "A payment is not finished" not in words(shop.page("/"))


def test_a_page_that_was_open_too_long_says_so(shop: Shop) -> None:
    address = shop.begin(what="overdue")
    shop.world.control(f"checkout/{shop.session_of(address)}/expire", {})
    shop.waits_for("checkout.session.expired")
    assert "open for a long time" in words(shop.page(_mine(shop)))
    shop.hear()
    assert "open for a long time" in words(shop.page(_mine(shop)))
    assert shop.attempts() == [("expired", 100_00)]


def test_stopping_what_is_paid_already_stops_nothing(shop: Shop) -> None:
    address = shop.begin(what="overdue")
    page = shop.page(_mine(shop))
    paid(shop, address)
    shop.browser.post(_mine(shop) + "/stop", data={"csrf_token": token_of(page)})
    shop.hear()
    assert shop.attempts() == [("paid", 100_00)]


# ---------------------------------------------------------------------------- a processor in trouble


@pytest.mark.parametrize("trouble", [{"refuse": 503}, {"answer": "lost"}, {"answer": "close"}, {"too_many": 3}])
def test_without_a_clear_answer_nothing_is_taken_and_trying_again_begins_one(trouble: dict, shop: Shop) -> None:
    button = shop.button(what="overdue")
    shop.world.control("stripe", trouble if "too_many" in trouble else trouble | {"times": 2})
    assert shop.begin(button) == _mine(shop)
    page = words(shop.page(_mine(shop)))
    assert "The card service does not answer" in page and "Nothing was taken." in page
    shop.world.control("stripe", {})
    paid(shop, shop.begin(button))
    shop.hear()
    assert shop.attempts() == [("paid", 100_00)]
    assert len(shop.world.control("log")["sessions"]) == 1


def test_a_mistake_that_the_processor_keeps_for_the_key_ends_the_attempt(shop: Shop) -> None:
    button = shop.button(what="overdue")
    shop.world.control("stripe", {"answer": "error", "times": 1})
    assert shop.begin(button) == _mine(shop)
    assert shop.attempts() == [("failed", 100_00)]
    assert "The card service did not begin this payment" in words(shop.page(_mine(shop)))
    paid(shop, shop.begin(what="overdue"))
    shop.hear()
    assert shop.attempts() == [("failed", 100_00), ("paid", 100_00)]
    assert shop.owed() == [0, 0, 0]


def test_a_payment_of_which_no_event_ever_comes_is_found_by_the_round(shop: Shop) -> None:
    shop.world.control("stripe", {"events": "drop"})
    address = shop.begin(what="overdue")
    assert shop.world.pay(shop.session_of(address))["outcome"] == "paid"
    rounds = Rounds(shop.db, shop.clock, carriers={}, voice=a_voice(), prepare=same_code, till=shop.till)
    assert rounds.payments() == 0  # it is not its time yet
    shop.clock.late = timedelta(minutes=6)
    assert rounds.payments() == 1
    assert shop.attempts() == [("paid", 100_00)]
    rounds.close()


def test_an_attempt_whose_answer_nobody_heard_is_cleared_by_the_round(shop: Shop) -> None:
    shop.world.control("stripe", {"answer": "close", "times": 2})
    shop.begin(what="overdue")
    shop.world.control("stripe", {})
    rounds = Rounds(shop.db, shop.clock, carriers={}, voice=a_voice(), prepare=same_code, till=shop.till)
    shop.clock.late = timedelta(minutes=6)
    rounds.payments()
    assert shop.attempts() == [("open", 100_00)]
    (session,) = shop.world.control("log")["sessions"]
    shop.world.control(f"checkout/{session['id']}/expire", {})
    shop.clock.late = timedelta(hours=3)
    rounds.payments()
    assert shop.attempts() == [("expired", 100_00)]
    rounds.close()


# ---------------------------------------------------------------------------- what is typed, and who asks


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose what you want to pay"),
        ({"what": "nonsense"}, "Choose"),
        ({"what": "plan:99"}, "Choose"),
        ({"what": "other", "debts": "mine"}, "Write how much you want to pay, like 62 or 62.50"),
        ({"what": "other", "amount": "5"}, "Choose at least one debt to pay."),
        ({"what": "other", "amount": "abc", "debts": "mine"}, "62.50"),
        ({"what": "other", "amount": "-5", "debts": "mine"}, ""),
        ({"what": "other", "amount": "100.01", "debts": "mine"}, "is more than is owed there"),
        ({"what": "other", "amount": "9" * 40, "debts": "mine"}, ""),
        ({"what": "other", "amount": "5", "debts": "foreign"}, "Choose"),
    ],
)
def test_what_cannot_be_paid_is_said_beside_its_field(fields: dict, said: str, shop: Shop) -> None:
    mine = [shop.payer.rent.id, shop.payer.garage.id, shop.payer.card.id]
    given = fields | {"debts": {"mine": mine, "foreign": [99_999_999]}.get(fields.get("debts", ""), [])}
    answer = shop.look(**given)
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert "Pay £" not in answer.text


def test_less_than_a_card_can_pay_is_refused_with_the_least(shop: Shop) -> None:
    answer = shop.browser.post("/pay/begin", data=shop.button(what="other", amount="0.20", debts=[shop.payer.garage.id]))
    assert answer.status_code == 422
    assert "£0.20 is too little for a card payment. Choose £0.30 or more." in words(answer.text)


def test_a_payment_of_somebody_else_is_not_found(shop: Shop) -> None:
    shop.begin(what="overdue")
    mine = _mine(shop)
    with shop.db.acting() as session:
        stranger = a_payer(session)
    browser = sign_in(shop.app, shop.db, stranger.person)
    token = token_of(browser.get("/").text)
    assert browser.get(mine).status_code == 404
    for act in ("go", "stop"):
        assert browser.post(f"{mine}/{act}", data={"csrf_token": token}).status_code == 404
    assert shop.app.test_client().get(mine).status_code == 303
    assert shop.attempts() == [("open", 100_00)]


def test_where_no_cards_are_taken_no_page_offers_it(db: Database, tmp_path: Path) -> None:
    app = an_app(db, SetClock(), tmp_path)
    app.extensions["wake"] = [].append
    with db.acting() as session:
        payer = a_payer(session)
        assert may_pay(session, payer).most == 100_00
    browser = sign_in(app, db, payer.person)
    assert "by card" not in browser.get("/").text
    assert browser.get("/pay").status_code == 404
    assert browser.get("/payments").status_code == 200


def test_the_receipts_stand_in_a_list(shop: Shop) -> None:
    paid(shop, shop.begin(what="other", amount="5", debts=[shop.payer.garage.id]))
    shop.hear()
    shop.begin(what="overdue")
    listed = words(shop.page("/payments"))
    assert listed.index("£95.00") < listed.index("£5.00")
    assert "Not finished" in listed and "See the receipt" in listed


def test_a_payment_that_was_taken_back_stands_in_the_list_and_on_its_page(shop: Shop) -> None:
    paid(shop, shop.begin(what="overdue"))
    shop.hear()
    with shop.db.acting() as session:
        number = session.scalar(text("select max(id) from payment_attempt"))
        today = shop.clock.now()
        take_back(session, number, reason="mistake", on=today.date(), by=BY, at=today)
    listed = words(shop.page("/payments"))
    assert "Taken back" in listed and "£100.00" in listed
    assert "This payment was taken back" in words(shop.page(_mine(shop)))


def _mine(shop: Shop) -> str:
    """The page of the newest attempt."""
    with shop.db.acting() as session:
        return f"/payments/{session.scalar(text('select max(id) from payment_attempt'))}"


def test_a_page_that_the_processor_does_not_know_is_unsure_and_keeps_another_from_beginning(shop: Shop) -> None:
    shop.begin(what="overdue")
    with shop.db.acting() as session:
        session.execute(text("update payment_attempt set session_id = 'cs_test_of_another_shop'"))
    assert "We cannot ask the card service just now." in words(shop.page(_mine(shop)))
    assert shop.begin(what="other", amount="5", debts=[shop.payer.garage.id]) == _mine(shop)
    page = shop.page(_mine(shop))
    assert shop.browser.post(_mine(shop) + "/stop", data={"csrf_token": token_of(page)}).status_code == 303
    assert shop.attempts() == [("open", 100_00)]
