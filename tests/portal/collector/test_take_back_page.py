"""Taking a payment back: what it opens is shown first; once, with a reason and a day; the work about it is done."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from cases.work import queue
from tests.factories import AT
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.collector.paying import an_attempt, by_card, by_cash, reported, seen, the_plan
from tests.portal.doors import post, statements

TODAY = {"on-day": "24", "on-month": "11", "on-year": "2026"}


@pytest.fixture
def paid(desk: Desk) -> int:
    """£600.00 in cash on 20 November: all of the rent, and a part of the care alarm."""
    with desk.db.acting() as session:
        return by_cash(session, desk, "idris", ["rent", "alarm"], 600_00, on=AT.date() - timedelta(days=4))


def overdue(desk: Desk) -> str:
    page = words_of(desk.browser("priya").get(desk.case("idris")))
    return page[page.index("Tidewell Housing £") :][:70]


def test_the_page_shows_what_is_owed_again_and_changes_nothing(desk: Desk, paid: int) -> None:
    page = words_of(desk.browser("priya").get(desk.case("idris", f"/payment/{paid}/take-back")))
    assert "£600.00, Friday 20 November. In cash. Receipt 7" in page
    assert "Tidewell Housing, rent £570.00 £0.00 is owed now, £570.00 then" in page
    assert "Ashmere Council, care alarm £30.00 £118.20 is owed now, £148.20 then In all £600.00" in page
    assert "the plan may count as broken" not in page and "Take £600.00 back" in page
    with desk.db.acting() as session:
        assert an_attempt(session, paid).state == "paid"


def test_taken_back_its_dues_are_open_again(desk: Desk, paid: int) -> None:
    rung: list[str] = []
    desk.app.extensions["wake"] = rung.append
    priya = desk.browser("priya")
    assert overdue(desk).startswith("Tidewell Housing £0.00 Rent, T4481. Nothing overdue")
    where = desk.case("idris", f"/payment/{paid}/take-back")
    answer = post(priya, where, reason="bounced", words="Returned by the bank.", **TODAY)
    desk.app.extensions.pop("wake")
    assert answer.location == desk.case("idris") + "#payments" and rung == ["answers"]
    page = words_of(priya.get(desk.case("idris")))
    assert "The payment is taken back £600.00 is owed again. Idris is told that a payment has changed." in page
    assert overdue(desk).startswith("Tidewell Housing £570.00 Rent, T4481. Overdue £570.00 50 days")
    assert "In cash, Priya Nand. Receipt 7 Taken back" in page and "Why Its bank sent it back unpaid" in page
    assert ("Payment taken back £600.00 Priya Nand Its bank sent it back unpaid. It counts no more from"
            " Tuesday 24 November on. “Returned by the bank.”") in page
    with desk.db.acting() as session:
        row = an_attempt(session, paid)
        assert (row.state, row.reason, row.words) == ("taken_back", "bounced", "Returned by the bank.")
        assert session.scalar(text("select max(value_date) from payment where returns is not null")) == AT.date()


def test_the_second_of_two_collectors_is_told_and_nothing_is_taken_back_twice(desk: Desk, paid: int) -> None:
    priya, tom = desk.browser("priya"), desk.browser("tom")
    where = desk.case("idris", f"/payment/{paid}/take-back")
    tom.get(where)
    post(priya, where, reason="mistake", **TODAY)
    late = post(tom, where, on=desk.case("idris"), reason="other", **TODAY)
    assert late.status_code == 303
    assert "This payment was taken back already That was on Tuesday 24 November, 09:30." in words_of(
        tom.get(desk.case("idris")))
    with desk.db.acting() as session:
        assert an_attempt(session, paid).reason == "mistake"
        assert session.scalar(text("select sum(amount) from entry where account_id = :a"), {"a": desk.ids["rent"]}) == 57_000
    assert "Take back" not in words_of(priya.get(desk.case("idris")))


@pytest.mark.parametrize(("changed", "said"), [
    ({"reason": ""}, "Choose why"), ({"reason": "because"}, "Choose"),
    ({"on-day": "19"}, "Choose a day from 20 November to 24 November 2026"),
    ({"on-day": "25"}, "Choose a day from 20 November to 24 November 2026"),
    ({"on-day": ""}, "Add the day to the date"),
])  # fmt: skip
def test_without_a_reason_or_on_a_wrong_day_nothing_is_taken_back(
    desk: Desk, paid: int, changed: dict[str, str], said: str
) -> None:
    answer = post(desk.browser("priya"), desk.case("idris", f"/payment/{paid}/take-back"),
                  **{"reason": "mistake", **TODAY} | changed)  # fmt: skip
    assert answer.status_code == 422 and said in words_of(answer)
    with desk.db.acting() as session:
        assert an_attempt(session, paid).state == "paid"


def test_what_is_not_booked_cannot_be_taken_back(desk: Desk) -> None:
    with desk.db.acting() as session:
        number = by_card(session, desk, "idris", ["rent"], 40_00).id
    priya = desk.browser("priya")
    assert priya.get(desk.case("idris", f"/payment/{number}/take-back")).status_code == 303
    page = words_of(priya.get(desk.case("idris")))
    assert "This payment is not booked, so there is nothing to take back." in page
    assert "£40.00 By card, Idris. Not finished" in page and "Take back" not in page


def test_a_payment_of_another_case_is_not_found(desk: Desk, paid: int) -> None:
    priya = desk.browser("priya")
    for name in ("rosalind", "lena"):
        where = desk.case(name, f"/payment/{paid}/take-back")
        assert priya.get(where).status_code == 404
        assert post(priya, where, on=desk.case("idris"), reason="mistake", **TODAY).status_code == 404
    assert priya.get(desk.case("idris", "/payment/999999999/take-back")).status_code == 404
    assert desk.browser("ops").get(desk.case("idris", f"/payment/{paid}/take-back")).status_code == 404
    with desk.db.acting() as session:
        assert an_attempt(session, paid).state == "paid"


def test_a_refunded_card_payment_is_taken_back_and_its_work_is_done(desk: Desk) -> None:
    with desk.db.acting() as session:
        row = by_card(session, desk, "idris", ["rent"], 40_00)
        seen(session, desk, row)
        reported(session, desk, row, "refund", "succeeded", "requested_by_customer")
        number = row.id
    priya = desk.browser("priya")
    assert "The card service gives £40.00 back. It has gone. Reason: the payer asked for it." in words_of(
        priya.get(desk.case("idris")))
    post(priya, desk.case("idris", f"/payment/{number}/take-back"), reason="refunded", **TODAY)
    with desk.db.acting() as session:
        assert [item.kind for item in queue.open_items(session, [desk.ids["idris"]]) if item.kind == "refund"] == []
    assert "Take the payment back" not in words_of(priya.get(desk.case("idris")))


def test_a_payment_that_a_plan_took_says_that_the_plan_may_break(desk: Desk) -> None:
    priya = desk.browser("priya")
    with desk.db.acting() as session:
        plan = the_plan(session)
    shown = post(priya, desk.case("idris", "/payment?currency=PLN"), method="transfer", amount="500", what=f"plan:{plan}",
                 do="show", **TODAY)  # fmt: skip
    from_page = shown.get_data(as_text=True)
    key, mark = (from_page.rpartition(f'name="{name}" value="')[2].partition('"')[0] for name in ("key", "mark"))
    post(priya, desk.case("idris", "/payment?currency=PLN"), method="transfer", amount="500", what=f"plan:{plan}", do="save",
         key=key, mark=mark, **TODAY)  # fmt: skip
    with desk.db.acting() as session:
        number = session.scalars(text("select id from payment_attempt")).one()
    page = words_of(priya.get(desk.case("idris", f"/payment/{number}/take-back")))
    assert "What it had met of the plan too, so the plan may count as broken." in page
    assert "3 of 6 payments made" in words_of(priya.get(desk.case("idris")))
    post(priya, desk.case("idris", f"/payment/{number}/take-back"), reason="bounced", **TODAY)
    assert "2 of 6 payments made" in words_of(priya.get(desk.case("idris")))


def test_the_page_asks_as_much_whatever_the_payment_was_for(desk: Desk, paid: int) -> None:
    priya = desk.browser("priya")
    with desk.db.acting() as session:
        small = by_cash(session, desk, "idris", ["alarm"], 1_00)
    with statements(desk.db) as of_one:
        priya.get(desk.case("idris", f"/payment/{small}/take-back"))
    with statements(desk.db) as of_two:
        priya.get(desk.case("idris", f"/payment/{paid}/take-back"))
    assert len(of_one) == len(of_two) <= 12, "\n".join(of_two)


def test_a_value_date_of_long_ago_is_the_first_day(desk: Desk) -> None:
    with desk.db.acting() as session:
        number = by_cash(session, desk, "idris", ["alarm"], 1_00, on=date(2026, 9, 20))
    early = post(desk.browser("priya"), desk.case("idris", f"/payment/{number}/take-back"), reason="mistake",
                 **{"on-day": "20", "on-month": "9", "on-year": "2026"})  # fmt: skip
    assert early.status_code == 303
