"""What money and days' ends bring to the desk: each kind of work as a row and a card, and the history in words."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import text

from cases.debts.account import Account
from cases.history import Kind, record
from cases.work import queue
from payments.attempt import BY_HAND, STATES
from payments.processor import Standing
from payments.reversal import REASONS
from portal.collector import attempts, money
from portal.collector.waiting import TAGS
from tests.factories import BY, a_payment
from tests.portal.addresses import AT_DESK
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.collector.paying import by_card, by_cash, days_end, refused, reported, seen, the_plan
from tests.portal.doors import post, statements

BROKEN = "A payment is missing since 21 December: 500.00 zł."


def page_of(desk: Desk, name: str = "idris", more: str = "") -> str:
    return words_of(desk.browser("priya").get(desk.case(name, more)))


def open_kinds(desk: Desk, name: str = "idris") -> set[str]:
    with desk.db.acting() as session:
        return {item.kind for item in queue.open_items(session, [desk.ids[name]])}


def dealt_with(desk: Desk, kind: str) -> None:
    """Presses *Dealt with* on the card of this kind."""
    with desk.db.acting() as session:
        item = next(each.id for each in queue.open_items(session, [desk.ids["idris"]]) if each.kind == kind)
    page = desk.browser("priya").get(desk.case("idris")).get_data(as_text=True)
    where = desk.case("idris", f"/done/{item}")
    assert f'action="{where}"' in page
    assert post(desk.browser("priya"), where, on=desk.case("idris")).status_code == 303


def test_a_plan_that_breaks_says_since_when_and_what_is_missing(desk: Desk) -> None:
    days_end(desk, date(2026, 12, 25))
    page = page_of(desk)
    assert "Broken since" not in page and "Plan kept, 2 of 6" in page
    days_end(desk, date(2026, 12, 26))
    page = page_of(desk)
    assert "The plan that runs Broken since 21 December 2 of 6 payments made. 1 was missed." in page
    assert "Payment missed, 2 of 6" in page
    assert f"Plan broken {BROKEN} The plan of Thursday 15 October . 2 of 6 payments made." in page
    assert "Enter a payment Enter a plan Write Dealt with" in page
    assert f"Plan broken by rule {BROKEN}" in page_of(desk, more="?only=plans")
    whole = desk.browser("priya").get(desk.case("idris")).get_data(as_text=True)
    assert f'href="{desk.case("idris", "/payment?currency=PLN")}"' in whole
    assert f'href="{desk.case("idris", "/plan?currency=PLN")}"' in whole
    rows = words_of(desk.browser("priya").get(AT_DESK + "/?kind=broken"))
    assert "Broken plans 1" in rows and BROKEN in rows


def test_money_that_comes_late_cures_the_plan_and_its_card_goes(desk: Desk) -> None:
    days_end(desk, date(2026, 12, 27))
    assert open_kinds(desk) >= {"broken"}
    with desk.db.acting() as session:
        a_payment(session, [(session.get_one(Account, desk.ids["loan"]), 500_00)], date(2026, 12, 28), at=desk.clock.now())
    page = page_of(desk)
    assert "Broken since" not in page and "Plan kept again by rule 1,500.00 zł is still to come." in page
    assert "broken" not in open_kinds(desk)


def test_more_that_is_missing_and_the_end_of_a_plan_are_told(desk: Desk) -> None:
    days_end(desk, date(2027, 1, 26))
    page = page_of(desk)
    assert ("Another payment of the plan is missing by rule 2 payments are missing since 21 December 2026:"
            " 1,000.00 zł in all.") in page
    with desk.db.acting() as session:
        a_payment(session, [(session.get_one(Account, desk.ids["loan"]), 2_000_00)], date(2027, 1, 27), at=desk.clock.now())
    page = page_of(desk)
    assert "Plan paid in full by rule Every payment has come." in page
    assert "The plan that runs" not in page and "Plan kept," not in page


def test_a_broken_plan_can_be_dealt_with_once(desk: Desk) -> None:
    days_end(desk, date(2026, 12, 27))
    dealt_with(desk, "broken")
    assert "broken" not in open_kinds(desk)
    page = page_of(desk)
    assert "Dealt with Priya Nand A plan with a payment missing." in page
    assert "Broken since 21 December" in page  # the plan itself is what it is


@pytest.mark.parametrize(("what", "status", "reason", "said"), [
    ("refund", "pending", "duplicate", "The card service gives £40.00 back. It is on its way. Reason: paid twice."),
    ("dispute", "needs_response", "fraudulent",
     "The payer’s bank asks £40.00 back. The bank waits for our answer. Reason: the payer says it was not them."),
    ("dispute", "some_new_state", "bank_cannot_process",
     "The payer’s bank asks £40.00 back. It stands as: some new state. Reason: bank cannot process."),
])  # fmt: skip
def test_money_that_goes_back_is_told_with_its_state_and_reason(
    desk: Desk, what: str, status: str, reason: str, said: str
) -> None:
    with desk.db.acting() as session:
        row = by_card(session, desk, "idris", ["rent"], 40_00)
        seen(session, desk, row)
        reported(session, desk, row, what, status, reason)
        number = row.id
    page = page_of(desk)
    tag = {"refund": "Refund", "dispute": "Asked back by the bank"}[what]
    assert f"{tag} {said} Take the payment back Dealt with" in page
    assert f'href="{desk.case("idris", f"/payment/{number}/take-back")}"' in desk.browser("priya").get(
        desk.case("idris")).get_data(as_text=True)
    assert f"The card service told us the card service {said}" in page_of(desk, more="?only=money")
    assert said in words_of(desk.browser("priya").get(f"{AT_DESK}/?kind={what}"))
    dealt_with(desk, what)
    assert what not in open_kinds(desk)


def test_of_a_refund_the_last_that_was_told_counts(desk: Desk) -> None:
    with desk.db.acting() as session:
        row = by_card(session, desk, "idris", ["rent"], 40_00)
        seen(session, desk, row)
        reported(session, desk, row, "refund", "pending", "", amount=15_00)
        reported(session, desk, row, "refund", "succeeded", "", amount=15_00)
    rows = words_of(desk.browser("priya").get(AT_DESK + "/?kind=refund"))
    part = "The card service gives £15.00 back. It is a part of £40.00. Take all of it back, then enter the rest."
    assert f"{part} It has gone." in rows and "on its way." not in rows


def test_a_payment_with_another_sum_is_looked_at_by_a_person(desk: Desk) -> None:
    with desk.db.acting() as session:
        row = by_card(session, desk, "idris", ["rent"], 40_00)
        assert seen(session, desk, row, amount=41_00) == "differs"
    said = "£40.00 was begun, and the card service tells of another sum. Nothing is booked."
    page = page_of(desk)
    assert f"Another sum {said} Look it up at the card service, then enter it or give it back. Dealt with" in page
    assert said in words_of(desk.browser("priya").get(AT_DESK + "/?kind=payment"))
    dealt_with(desk, "payment")
    assert "payment" not in open_kinds(desk)


def test_what_the_days_run_could_not_do_goes_to_the_engineer(desk: Desk) -> None:
    with desk.db.acting() as session:
        rent = session.get_one(Account, desk.ids["rent"])
        stick(desk, session, f"account:{rent.id}", rent.creditor_id, "NumericValueOutOfRange")
    said = "The day’s run could not do account T4481. Tell the engineer: NumericValueOutOfRange."
    page = page_of(desk)
    assert f"Stuck in the day’s run {said} Dealt with" in page
    assert ("The day’s run stands still here by rule Tidewell Housing, rent. The error is NumericValueOutOfRange."
            " Tell the engineer.") in page
    assert said in words_of(desk.browser("priya").get(AT_DESK + "/?kind=stuck"))
    dealt_with(desk, "stuck")
    assert "stuck" not in open_kinds(desk)


def test_a_plan_that_the_days_run_could_not_do_says_so(desk: Desk) -> None:
    with desk.db.acting() as session:
        stick(desk, session, f"arrangement:{the_plan(session)}", None, "ZeroDivisionError")
    assert "The day’s run could not do this plan. Tell the engineer: ZeroDivisionError. Dealt with" in page_of(desk)


def stick(desk: Desk, session: object, subject: str, creditor: int | None, error: str) -> None:
    """What the day's run writes of an account or plan that it cannot do."""
    table, _colon, number = subject.partition(":")
    session.execute(
        text(f"insert into stuck (creditor_id, {table}_id, day, error, recorded_at) values (:c, :n, '2026-11-23', :e, :at)"),
        {"c": creditor, "n": int(number), "e": error, "at": desk.clock.now()},
    )
    record(session, Kind.DAY_STUCK, by=BY, at=desk.clock.now(), creditor=creditor,
           account=int(number) if table == "account" else None, subject=subject,
           facts={"day": "2026-11-23", "error": error})  # fmt: skip
    queue.open_item(session, person=desk.ids["idris"], kind="stuck", subject=subject, urgency=2, at=desk.clock.now())


def test_a_card_payment_is_told_from_its_beginning_to_its_end(desk: Desk) -> None:
    with desk.db.acting() as session:
        row = by_card(session, desk, "idris", ["rent", "alarm"], 600_00)
        refused(session, desk, row, "insufficient_funds")
        refused(session, desk, row, "do_not_honor")
        seen(session, desk, row, confirmed=False)
    page = page_of(desk, more="?only=money")
    assert "Payment begun £600.00 Idris By card. For 2 creditors." in page
    assert "The bank said no £600.00 the card service There was not enough money." in page
    assert "Its code is do_not_honor." in page
    assert "Friday" not in page and "£600.00 By card, Idris. On its way" in page
    assert "Owed now £718.20 £620.00 on its way" in page
    with desk.db.acting() as session:
        seen(session, desk, row)
    page = page_of(desk, more="?only=money")
    assert "Payment received £600.00 the card service By card. For 2 creditors." in page
    assert "At the card service pi_" in page and "By card, Idris. Booked" in page
    assert "No longer overdue the card service Tidewell Housing, rent." in page
    assert "Owed now £118.20 £20.00 on its way" in page


@pytest.mark.parametrize(("announced", "standing", "said", "tag"), [
    (False, Standing.OVER, "Payment not finished £40.00 the card service Its page closed by itself. Nothing was taken.",
     "By card, Idris. Not finished in time"),
    (True, Standing.FAILED, "Payment did not arrive £40.00 the card service The bank did not pay. Nothing was taken.",
     "By card, Idris. Failed, nothing taken"),
])  # fmt: skip
def test_a_payment_that_comes_to_nothing_says_why(
    desk: Desk, announced: bool, standing: Standing, said: str, tag: str
) -> None:
    with desk.db.acting() as session:
        row = by_card(session, desk, "idris", ["rent"], 40_00)
        if announced:
            seen(session, desk, row, Standing.PENDING)
        seen(session, desk, row, standing)
    page = page_of(desk)
    assert said in page and tag in page and "Take back" not in page


def test_a_joint_debtors_case_does_not_show_how_the_other_paid(desk: Desk) -> None:
    with desk.db.acting() as session:
        by_cash(session, desk, "idris", ["rent"], 40_00)
    assert "In cash, Priya Nand. Receipt 7" in page_of(desk)
    hers = page_of(desk, "lena")
    assert "Payment £40.00 Priya Nand Tidewell Housing, rent" in hers  # the account is hers too
    assert "Receipt 7" not in hers and "In cash" not in hers


def test_falling_overdue_is_told_with_its_sum(desk: Desk) -> None:
    assert "Overdue by rule Tidewell Housing, rent." in page_of(desk, more="?only=money")


def test_every_way_every_state_every_reason_and_every_kind_of_work_has_words() -> None:
    assert set(money.METHODS) == {"card", *BY_HAND}
    assert set(attempts.STATES) == set(STATES)
    assert set(money.TAKEN_BACK) == set(REASONS)
    assert set(queue.KINDS) <= set(TAGS)


def test_the_queue_asks_as_much_for_many_items_of_money_as_for_one(desk: Desk) -> None:
    with desk.db.acting() as session:
        row = by_card(session, desk, "idris", ["rent"], 40_00)
        seen(session, desk, row)
        reported(session, desk, row, "refund", "pending", "")
    priya = desk.browser("priya")
    with statements(desk.db) as one:
        priya.get(AT_DESK + "/?kind=refund")
    with desk.db.acting() as session:
        for amount in (41_00, 42_00, 43_00):
            row = by_card(session, desk, "idris", ["rent"], amount)
            seen(session, desk, row)
            reported(session, desk, row, "refund", "pending", "")
    with statements(desk.db) as many:
        priya.get(AT_DESK + "/?kind=refund")
    assert len(many) == len(one), "\n".join(many)
