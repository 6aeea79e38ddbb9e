"""The interest of a plan is posted part by part by closed days; never more than agreed, never under a hold."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from cases import verify
from cases.arrangements import charging, proposal
from cases.arrangements.arrangement import Arrangement, ArrangementAccount
from cases.arrangements.charging import PlanInterest
from cases.arrangements.offer import Terms, draft
from cases.arrangements.paid import paid_to_plans
from cases.arrears import daily
from cases.db import Database
from cases.debts import hold, ledger
from cases.debts.account import AccountTerms
from cases.debts.entry import Entry, balance
from cases.history import Actor
from portal import day as day_end
from tests.factories import BY, a_charge, a_creditor, a_payment, a_person, a_user, an_account

D = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAYS = [date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31), date(2027, 2, 28)]
LATE = datetime(2027, 3, 3, 9, tzinfo=UTC)


class Book:
    """1,000.00 owed at 5.5 per cent, agreed on 24 November, in payments of 250.00 from 1 December on."""

    def __init__(self, db: Database) -> None:
        self.db = db
        with db.acting() as session:
            self.creditor = a_creditor(session)
            self.person = a_person(session, self.creditor)
            self.account = an_account(session, self.creditor, self.person, debt_type="care", at=AT, rate=Decimal("5.5"))
            a_charge(session, self.account, 1_000_00, date(2026, 9, 1), at=AT)
            self.by = Actor("collector", a_user(session).id)
            session.flush()
        with db.acting() as session:
            self.plan = proposal.enter(
                session, person=self.person.id, accounts=[self.account.id], key="k", by=self.by, at=AT,
                terms=Terms(250_00, date(2026, 12, 1), interest=True),
            )  # fmt: skip

    def pay(self, minor: int, on: date) -> None:
        with self.db.acting() as session:
            a_payment(session, [(self.account, minor)], on, at=datetime(on.year, on.month, on.day, 12, tzinfo=UTC))

    def close(self, at: datetime = LATE) -> int:
        return day_end.run(self.db, at).interest

    def parts(self) -> list[tuple[date, int, int]]:
        with self.db.acting() as session:
            rows = session.scalars(select(PlanInterest).order_by(PlanInterest.until))
            return [(row.until, row.expected, row.charged) for row in rows]

    def state(self) -> str:
        with self.db.acting() as session:
            return session.get_one(Arrangement, self.plan).state

    def agreed(self) -> int:
        with self.db.acting() as session:
            return session.scalars(select(ArrangementAccount.interest)).one() or 0

    def owed(self) -> int:
        with self.db.acting() as session:
            return sum(balance(session, [self.account.id])[self.account.id].values())

    def last(self, on: date) -> int:
        with self.db.acting() as session:
            return paid_to_plans(session, [self.plan], on)[self.plan][-1].due

    def clean(self) -> bool:
        with self.db.acting() as session:
            return verify.verify(session).clean


@pytest.fixture
def book(db: Database) -> Iterator[Book]:
    yield Book(db)


def test_paid_on_the_day_all_parts_together_are_what_was_agreed(book: Book) -> None:
    for day in (date(2026, 12, 1), date(2027, 1, 4), date(2027, 2, 1)):
        book.close(datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
        book.pay(250_00, day)
    book.close(datetime(2027, 3, 1, 9, tzinfo=UTC))
    assert [day for day, *_ in book.parts()] == DAYS
    assert all(expected == charged for _, expected, charged in book.parts())
    assert sum(charged for *_, charged in book.parts()) == book.agreed() > 0
    assert book.owed() == book.last(date(2027, 3, 1)) == 250_00 + book.agreed()
    book.pay(book.owed(), date(2027, 3, 1))
    assert (book.state(), book.owed(), book.clean()) == ("completed", 0, True)


def test_late_money_never_charges_more_and_twice_posts_once(book: Book) -> None:
    assert book.close() == 4
    assert book.close() == 0
    assert sum(charged for *_, charged in book.parts()) == book.agreed()
    assert book.owed() == 1_000_00 + book.agreed() and book.clean()


def test_days_on_hold_from_interest_are_charged_nothing_and_the_last_payment_shrinks(book: Book) -> None:
    with book.db.acting() as session:
        hold.place(
            session, person=book.person.id, basis="vulnerability", accounts=[book.account.id], stops=["interest"],
            starts_on=D, last_on=date(2026, 12, 31), review_on=None, key="h", by=book.by, at=AT,
        )  # fmt: skip
    book.close()
    parts = book.parts()
    assert [charged for *_, charged in parts[:2]] == [0, 0]
    assert [charged for *_, charged in parts[2:]] == [expected for _, expected, _ in parts[2:]]
    waived = sum(expected - charged for _, expected, charged in parts)
    assert book.last(date(2027, 3, 1)) == 250_00 + book.agreed() - waived
    assert book.owed() == 1_000_00 + book.agreed() - waived and book.clean()


def test_a_hold_told_after_its_days_were_charged_lowers_the_next_parts(book: Book) -> None:
    book.close(datetime(2026, 12, 1, 9, tzinfo=UTC))
    (first,) = book.parts()
    assert first[1] == first[2] > 0
    with book.db.acting() as session:
        hold.place(
            session, person=book.person.id, basis="vulnerability", accounts=[book.account.id], stops=["interest"],
            starts_on=D, last_on=date(2026, 12, 2), review_on=None, key="h", by=book.by,
            at=datetime(2026, 12, 2, 9, tzinfo=UTC),
        )  # fmt: skip
    book.close()
    assert sum(charged for *_, charged in book.parts()) < book.agreed() - first[2]


def test_whoever_pays_early_pays_no_interest_of_parts_to_come(book: Book) -> None:
    book.close(datetime(2026, 12, 1, 9, tzinfo=UTC))
    charged = book.parts()[0][2]
    book.pay(1_000_00 + charged, date(2026, 12, 1))
    assert (book.state(), book.owed()) == ("completed", 0)
    assert book.close() == 0 and len(book.parts()) == 1 and book.clean()


def test_capital_paid_down_sooner_bears_less(book: Book) -> None:
    book.close(datetime(2026, 12, 1, 9, tzinfo=UTC))
    book.pay(600_00, date(2026, 12, 1))
    book.close()
    parts = book.parts()
    assert parts[0][1] == parts[0][2]
    assert 0 < parts[1][2] < parts[1][1]
    assert all(charged <= expected for _, expected, charged in parts) and book.clean()


def test_a_plan_that_another_took_the_place_of_is_charged_no_more(book: Book) -> None:
    with book.db.acting() as session:
        proposal.enter(session, person=book.person.id, accounts=[book.account.id], key="new", by=book.by, at=AT,
                       terms=Terms(250_00, date(2026, 12, 1)))  # fmt: skip
    assert book.close() == 0 and book.parts() == []


def test_a_part_that_was_taken_back_lowers_the_last_payment(book: Book) -> None:
    book.close(datetime(2026, 12, 1, 9, tzinfo=UTC))
    taken = book.parts()[0][2]
    with book.db.acting() as session:
        entry = session.scalars(select(Entry).where(Entry.kind == "interest")).one()
        ledger.reverse(session, entry, on=date(2026, 12, 1), key="back", by=BY, at=datetime(2026, 12, 1, 10, tzinfo=UTC))
    assert book.last(date(2026, 12, 1)) == 250_00 + book.agreed() - taken
    assert book.clean()


def test_a_run_that_died_after_a_part_goes_on_with_the_next(book: Book) -> None:
    book.close(datetime(2026, 12, 2, 9, tzinfo=UTC))
    with book.db.acting() as session:
        daily.open_days(session, at=LATE)
    day_end._judge(book.db, LATE, day_end.Result())
    try:
        with book.db.acting() as session:
            assert charging.post(session, [book.plan], by=BY, at=LATE) == 0  # nothing is closed yet
            raise RuntimeError("killed")
    except RuntimeError:
        pass
    assert book.close() == 3
    assert sum(charged for *_, charged in book.parts()) == book.agreed()


def test_costs_and_a_rate_that_begins_later_bear_nothing(book: Book) -> None:
    with book.db.acting() as session:
        other = an_account(session, book.creditor, book.person, debt_type="care", at=AT, rate=Decimal(9))
        a_charge(session, other, 50_00, D - timedelta(days=9), kind="fee", at=AT)
        later = an_account(session, book.creditor, book.person, debt_type="care", at=AT, rate=Decimal(9))
        a_charge(session, later, 50_00, D - timedelta(days=9), at=AT)
        session.flush()
        ids = [other.id, later.id]
    with book.db.acting() as session:
        shown = draft(session, [book.person.id], ids[:1], Terms(10_00, date(2026, 12, 1), interest=True), AT).schedule
        assert shown.interest == ()
        assert draft(session, [book.person.id], ids, Terms(10_00, date(2026, 12, 1)), AT).schedule.interest == ()
        both = draft(session, [book.person.id], ids, Terms(10_00, date(2026, 12, 1), interest=True), AT).schedule
        assert both.interest_of(ids[1]) > 0
        assert session.scalar(select(AccountTerms.interest_rate).where(AccountTerms.account_id == ids[1])) == 9
