"""What becomes of an attempt: announced at once, booked once, in whatever order the news comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.db import Database
from cases.debts.announced import on_its_way
from cases.refusal import Refusal
from cases.verify import verify
from payments import attempt as attempts
from payments import outcome
from payments.outcome import declined
from payments.payable import other, payables
from payments.processor import Declined, Standing
from tests.factories import AT, BY, a_charge, a_creditor, a_person, an_account
from tests.payments.paying import REAL, a_payer, begun, later, lines, may_pay, owed, seen, state_of, told


def test_the_person_comes_back_first_and_the_event_confirms(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        assert told(session, row, confirmed=False) == "announced"
        assert owed(session, payer) == [30_00, 10_00, 60_00]
        way = on_its_way(session, {payer.rent.id: AT.date(), payer.card.id: AT.date()})
        assert sorted(each.amount for each in way) == [15_00, 30_00]
        assert told(session, row) == "booked"
        assert owed(session, payer) == [0, 10_00, 45_00]
        assert on_its_way(session, {payer.rent.id: AT.date(), payer.card.id: AT.date()}) == []
        assert lines(session, payer) == ["payment.begun", "payment.received"]


def test_the_event_comes_first_and_the_person_later(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        assert told(session, row) == "booked"
        assert told(session, row, confirmed=False) == "booked_already"
        assert owed(session, payer) == [0, 10_00, 45_00]
        assert lines(session, payer) == ["payment.begun", "payment.received"]


def test_twice_or_a_day_late_is_the_same(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        told(session, row, confirmed=False)
        tomorrow = AT + timedelta(days=1)
        assert told(session, row, at=tomorrow, real=later(days=1)) == "booked"
        assert told(session, row, at=tomorrow, real=later(days=1)) == "booked_already"
        assert owed(session, payer) == [0, 10_00, 45_00]
        assert session.scalars(text("select distinct value_date from payment")).all() == [date(2026, 11, 24)]
        assert verify(session).findings == []


def test_an_event_whose_worker_read_the_clock_before_the_look_is_booked_all_the_same(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        told(session, row, confirmed=False, at=AT + timedelta(seconds=3))
        assert told(session, row) == "booked"
        assert owed(session, payer) == [0, 10_00, 45_00]
        known = session.scalars(text("select distinct recorded_at from announced")).all()
        assert known == [AT + timedelta(seconds=3)], "a correction is known no earlier than what it corrects"
        assert verify(session).findings == []


def test_its_value_date_is_the_day_on_which_the_bank_took_it_where_each_creditor_is(db: Database) -> None:
    """At half past eleven at night in London it is tomorrow in Stockholm; the event comes ten hours later."""
    with db.acting() as session:
        british, swedish = a_creditor(session, currency="SEK"), a_creditor(session, country="SE", currency="SEK")
        person = a_person(session, british)
        for creditor in (british, swedish):
            a_charge(session, an_account(session, creditor, person), 100_00, date(2026, 9, 1))
        night = datetime(2026, 11, 24, 23, 25, tzinfo=UTC)
        (found,) = payables(session, [person.id], night)
        row = attempts.start(session, person=person.id, people=[person.id], choice=found.choice("all", None), key="k", least=30,
                             provider="stripe", by=BY, at=night, real=night)  # fmt: skip
        told(session, row, taken=night + timedelta(minutes=5), at=night + timedelta(hours=10))
        days = dict(session.execute(text("select creditor_id, value_date from payment")).all())
        assert days == {british.id: date(2026, 11, 24), swedish.id: date(2026, 11, 25)}


def test_nothing_is_booked_of_a_page_that_is_open_closed_or_over(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        assert told(session, row, Standing.OPEN) == "open"
        assert told(session, row, Standing.OVER) == "expired"
        assert told(session, row, Standing.OVER) == "over_already"
        assert owed(session, payer) == [30_00, 10_00, 60_00]
        assert lines(session, payer) == ["payment.begun", "payment.abandoned"]


def test_paid_is_believed_over_everything_else(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        told(session, row, Standing.OVER)
        assert told(session, row) == "booked"
        assert told(session, row, Standing.OVER) == "booked_already"
        assert state_of(session, row.id) == "paid"


def test_a_bank_that_says_no_in_the_end_takes_the_announcement_back(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        assert told(session, row, Standing.PENDING) == "announced"
        assert told(session, row, Standing.FAILED) == "failed"
        assert on_its_way(session, {payer.rent.id: AT.date(), payer.card.id: AT.date()}) == []
        assert lines(session, payer) == ["payment.begun", "payment.failed"]


def test_another_sum_than_the_one_begun_is_not_booked_by_itself(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        assert told(session, row, amount=44_00) == "differs"
        assert told(session, row, currency="EUR") == "differs"
        assert owed(session, payer) == [30_00, 10_00, 60_00]
        assert session.scalars(text("select kind from work_item where done_at is null")).all() == ["payment"]


def test_an_attempt_whose_answer_was_lost_is_found_by_our_number_on_the_page(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        choice = other(may_pay(session, payer), [payer.rent.id], 30_00)
        row = attempts.start(session, person=payer.person.id, people=[payer.person.id], choice=choice, key="k", least=30,
                             provider="stripe", by=payer.by, at=AT, real=REAL)  # fmt: skip
        assert told(session, row) == "booked"
        assert row.session_id == f"cs_test_{row.id}"


def test_a_page_that_names_no_attempt_of_ours_is_nobodys(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        foreign = replace(seen(row), session="cs_other")
        for provider, page in (("stripe", replace(foreign, attempt=None)), ("stripe", foreign), ("another", seen(row))):
            did = outcome.take(session, provider, page, confirmed=True, at=AT, real=REAL)
            assert did == "no_such_attempt"


def test_a_no_of_the_bank_is_told_and_the_page_stands(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        for n, code in ((2, "expired_card"), (1, "insufficient_funds")):
            declined(session, "stripe", Declined(row.id, "pi_1", code, later(minutes=n)), at=AT)
        assert (row.state, row.declined) == ("open", "expired_card")  # the last one, whichever came first
        assert told(session, row) == "booked"


def test_one_payment_to_each_creditor_shared_over_its_accounts(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        told(session, begun(session, payer, 95_00))
        rows = session.execute(text("select creditor_id, amount from payment order by 1")).all()
        assert rows == [(payer.rent.creditor_id, 35_00), (payer.card.creditor_id, 60_00)]


def test_money_for_a_plan_meets_its_instalments(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        plan = proposal.enter(session, person=payer.person.id, accounts=[payer.rent.id, payer.card.id],
                              terms=Terms(amount=9_00, first_on=date(2026, 12, 1)), key="p", by=BY, at=AT)  # fmt: skip
        choice = may_pay(session, payer).choice("plan", plan)
        told(session, begun(session, payer, choice))
        assert session.execute(text("select count(*), min(arrangement_id) from payment_named")).one() == (2, plan)
        assert may_pay(session, payer).choice("plan", plan).on == date(2027, 1, 4)


# ---------------------------------------------------------------------------- beginning


def test_a_double_click_begins_one(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        assert begun(session, payer, 45_00, key="same").id == begun(session, payer, 45_00, key="same").id


def test_a_second_attempt_waits_until_the_first_is_closed(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        first = begun(session, payer, 45_00)
        with pytest.raises(Refusal) as refused:
            begun(session, payer, 20_00)
        assert refused.value.code == "payment.another_open"
        assert refused.value.facts["attempt"] == first.id
        told(session, first, Standing.OVER)
        assert begun(session, payer, 20_00).state == "open"


def test_money_on_its_way_cannot_be_paid_a_second_time(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        choice = other(may_pay(session, payer), [payer.rent.id], 30_00)
        told(session, begun(session, payer, choice), confirmed=False)
        with pytest.raises(Refusal, match="too_much"):
            begun(session, payer, choice)


def test_less_than_the_processor_takes_is_refused(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        with pytest.raises(Refusal, match="too_little"):
            begun(session, payer, 29)


def test_looks_are_further_and_further_apart_and_end_with_the_attempt(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        row = begun(session, payer, 45_00)
        waits, real = [], REAL
        for _ in range(6):
            assert row.look_real is not None
            waits.append(row.look_real - real)
            real = row.look_real
            assert attempts.to_look_at(session, real=real) == [row.id]
            told(session, row, Standing.OPEN, real=real)
        assert waits == [timedelta(minutes=m) for m in (5, 10, 20, 40, 60, 60)]
        told(session, row, real=real)
        assert attempts.to_look_at(session, real=real + timedelta(days=9)) == []
