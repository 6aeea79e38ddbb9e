"""Plans through the day-end run: with the last of their creditors' days, in any order of acts and closes, and stuck."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from cases import verify
from cases.arrangements import monitoring, proposal
from cases.arrangements.arrangement import Arrangement
from cases.arrangements.offer import Terms
from cases.arrangements.paid import paid_to_plans
from cases.arrears.day_run import Stuck
from cases.db import Database
from cases.debts import announced, ledger
from cases.debts.creditor import Creditor
from cases.history import Actor, Kind
from cases.intake.load import load
from cases.work.queue import WorkItem
from portal import day as day_end
from tests.cases.arrangements.books import lines
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, a_person, a_user, an_account

TODAY = AT.date()
D = date(2026, 12, 1)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def run(db: Database, at: datetime) -> day_end.Result:
    return day_end.run(db, at, longest=5.0)


def over(session: Session, *zones: str, amount: int = 300) -> tuple[int, list[Creditor], list[object]]:
    """A plan of `amount` a month from 1 December over one debt of 1,000 of a creditor in each zone."""
    creditors = [a_creditor(session, zone=zone) for zone in zones]
    person = a_person(session, creditors[0])
    accounts = [an_account(session, creditor, person, debt_type="care") for creditor in creditors]
    for account in accounts:
        a_charge(session, account, 1_000, date(2026, 10, 1))
    number = proposal.enter(session, person=person.id, accounts=[each.id for each in accounts], terms=Terms(amount, D),
                            key="k", by=Actor("collector", a_user(session).id), at=AT)  # fmt: skip
    return number, creditors, accounts  # type: ignore[return-value]


def state(db: Database, number: int) -> str:
    with db.acting() as session:
        return session.get_one(Arrangement, number).state


def test_a_plan_over_two_creditors_is_judged_when_the_last_of_their_days_has_closed(db: Database) -> None:
    with db.acting() as session:
        number, _, _ = over(session, "Pacific/Auckland", "America/New_York")
    ended = datetime(2026, 12, 7, 5, 4, tzinfo=UTC)  # 00:04 in New York; long past midnight in Auckland
    run(db, ended)
    assert state(db, number) == "live"
    run(db, ended + timedelta(minutes=1))
    assert state(db, number) == "broken"


def test_a_plan_is_not_judged_beyond_the_day_that_all_its_creditors_have_closed(db: Database) -> None:
    with db.acting() as session:
        number, _, [account, _] = over(session, "Pacific/Auckland", "America/New_York")
        # A day ahead for which only the first creditor's day has ended.
        for day in (date(2026, 12, 6), date(2026, 12, 7)):
            a_payment(session, [(account, 1)], day, at=noon(date(2026, 12, 1)))
    run(db, datetime(2026, 12, 7, 12, 0, tzinfo=UTC))  # 6 December has ended in New York, 7 December in Auckland
    with db.acting() as session:
        row = session.get_one(Arrangement, number)
        assert (row.state, row.judged_on, row.next_change) == ("broken", date(2026, 12, 6), date(2026, 12, 7))


def test_an_act_breaks_no_plan_whose_day_has_not_ended_for_all_its_creditors(db: Database) -> None:
    with db.acting() as session:
        number, _, accounts = over(session, "Pacific/Auckland", "America/New_York")
        a_payment(session, [(accounts[0], 1)], date(2026, 12, 7), at=datetime(2026, 12, 7, 4, 59, tzinfo=UTC))
        assert session.get_one(Arrangement, number, populate_existing=True).state == "live"
        a_payment(session, [(accounts[0], 1)], date(2026, 12, 7), at=datetime(2026, 12, 7, 5, 1, tzinfo=UTC))
        assert session.get_one(Arrangement, number, populate_existing=True).state == "broken"


acts_ = st.lists(
    st.tuples(st.sampled_from(["night", "night", "pay", "named", "back", "announce", "end", "charge"]),
              st.integers(1, 700), st.integers(-3, 6)),
    min_size=3, max_size=16,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(acts_, st.booleans())
def test_acts_and_closes_in_any_order_leave_a_plan_as_its_facts_say(db: Database, acts, often: bool) -> None:
    with db.acting() as session:
        number, creditors, accounts = over(session, "Europe/London", "Europe/Warsaw")
    today, payments, coming, keys = TODAY + timedelta(days=5), [], [], 0
    for what, amount, offset in acts:
        keys += 1
        at, on, which = noon(today), max(today + timedelta(days=offset), TODAY), amount % 2
        if what == "night":
            today += timedelta(days=1 + amount % 9)
            if often:
                run(db, noon(today))
            continue
        with db.acting() as session:
            creditor = session.get_one(Creditor, creditors[which].id)
            if what in ("pay", "named"):
                payments.append(ledger.pay(session, creditor, [(accounts[which], amount)], value_date=on,
                                           key=f"{number}.{keys}", by=BY, at=at,
                                           named_for=number if what == "named" else None).id)  # fmt: skip
            elif what == "back" and payments:
                payment = session.get_one(ledger.Payment, payments.pop())
                ledger.give_back(
                    session, payment, on=max(on, payment.value_date), key=f"{number}.b{keys}", by=BY, at=at
                )
            elif what == "announce":
                coming.append(announced.announce(session, creditor=creditor.id, account=accounts[which].id, currency="GBP",
                                                 amount=amount, channel="card", on=today, expected_on=max(on, today),
                                                 key=f"{number}.a{keys}", by=BY, at=at))  # fmt: skip
            elif what == "end" and coming:
                announced.end(session, coming.pop(), ending="failed", on=today, by=BY, at=at)
            elif what == "charge":
                a_charge(session, accounts[which], amount, on, at=at)
    run(db, noon(today))
    with db.acting() as session:
        row = session.get_one(Arrangement, number)
        day = today - timedelta(days=1)
        counted = max(row.counted_on or day, day)
        found = monitoring.judgement(paid_to_plans(session, [number], counted)[number], tolerance_days=5, day=day)
        assert (row.state, row.missed) == (found.state, len(found.missed))
        assert (row.ended_at is None) == (row.state in ("live", "broken"))
        waits = session.scalars(select(WorkItem.subject).where(WorkItem.done_at.is_(None), WorkItem.kind == "broken"))
        assert (f"arrangement:{number}" in set(waits)) == (row.state == "broken")
        assert verify.verify(session).findings == []


def test_a_load_that_brings_late_money_cures_the_plan_in_its_own_transaction(db: Database, tmp_path) -> None:
    with db.acting() as session:
        number, [creditor], [account] = over(session, "Europe/London")
    run(db, noon(date(2026, 12, 8)))
    assert state(db, number) == "broken"
    (tmp_path / "entries.csv").write_text(
        f"account_ref,entry_ref,value_date,kind,amount\n{account.ref},E1,2026-12-08,payment,3.00\n"
    )
    with db.acting() as session:
        load(session, {"entries": tmp_path / "entries.csv"}, creditor=creditor.ref, system="test", by=BY,
             at=noon(date(2026, 12, 8)))  # fmt: skip
    assert state(db, number) == "live"
    with db.acting() as session:
        assert len(lines(session, Kind.ARRANGEMENT_CURED)) == 1


def test_a_plan_that_cannot_be_judged_stands_alone_until_it_can(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        number, creditors, accounts = over(session, "Europe/London")
        other, _, _ = over(session, "Europe/London")
    # Stands for a defect that only this plan meets.
    superuser.execute(text("alter table arrangement add constraint bad check (id <> :n or state <> 'broken') not valid"
                           .replace(":n", str(number))))  # fmt: skip
    superuser.commit()
    try:
        run(db, noon(date(2026, 12, 8)))
        run(db, noon(date(2026, 12, 8)))
        with db.acting() as session:
            [stuck] = session.scalars(select(Stuck)).all()
            assert (stuck.arrangement_id, stuck.error, stuck.cleared_at) == (number, "CheckViolation", None)
            assert len(lines(session, Kind.DAY_STUCK)) == 1
            items = session.scalars(select(WorkItem).where(WorkItem.kind == "stuck")).all()
            assert [item.subject for item in items] == [f"arrangement:{number}"]
        assert (state(db, number), state(db, other)) == ("live", "broken")
    finally:
        superuser.execute(text("alter table arrangement drop constraint bad"))
        superuser.commit()
    run(db, noon(date(2026, 12, 9)))
    assert state(db, number) == "broken"
    with db.acting() as session:
        assert session.scalars(select(Stuck.cleared_at)).one() is not None
        assert session.scalars(select(WorkItem.done_at).where(WorkItem.kind == "stuck")).one() is not None
        assert session.scalars(select(WorkItem.subject).where(WorkItem.kind == "broken", WorkItem.done_at.is_(None),
                                                              WorkItem.subject == f"arrangement:{number}")).one()  # fmt: skip


@pytest.mark.parametrize("change", ["state = 'broken', missed = 1", "missed = 1"])
def test_verify_names_a_plan_whose_state_is_not_what_its_facts_say(
    db: Database, superuser: Connection, change: str
) -> None:
    with db.acting() as session:
        number, _, _ = over(session, "Europe/London")
    run(db, noon(date(2026, 12, 3)))
    superuser.execute(text(f"update arrangement set {change} where id = {number}"))
    superuser.commit()
    with db.acting() as session:
        assert [(f.where, f.row, f.what) for f in verify.verify(session).findings] == [
            ("arrangement", number, "differs_from_facts")
        ]
