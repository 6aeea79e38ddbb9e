"""The day-end run: what a night changes equals what the facts say, whatever came in which order."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, text

from cases.arrears import daily, position
from cases.arrears.day_run import DayRun, Stuck
from cases.arrears.position import KeptPosition
from cases.clock import moment_of
from cases.db import Database
from cases.debts import ledger
from cases.debts.creditor import add_creditor
from cases.history import Kind, Line
from cases.work.queue import WorkItem
from portal import day as day_end
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_payment, a_person, an_account

TODAY = AT.date()


def morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 6, tzinfo=UTC)


def run(db: Database, day: date, **given: object) -> day_end.Result:
    """Closes all days before the morning of `day`."""
    return day_end.run(db, morning(day), longest=5.0, **given)  # type: ignore[arg-type]


def kept(db: Database) -> dict[int, tuple[object, ...]]:
    with db.acting() as session:
        return {row[0]: tuple(row[1:]) for row in session.execute(text(
            "select account_id, as_of, fallen, met, overdue, since, rest, next_due, next_change from position"
        ))}  # fmt: skip


def derived(db: Database, positions: dict[int, tuple[object, ...]]) -> dict[int, tuple[object, ...]]:
    """The same columns, from all facts, as of each position's own day."""
    with db.acting() as session:
        found = {}
        for account, (as_of, *_) in positions.items():
            p = position.derived(session, [account], as_of)[account]  # type: ignore[arg-type]
            found[account] = (p.on, p.fallen, p.met, p.overdue, p.since, p.rest, p.next_due, p.next_change)
        return found


def told(db: Database, *kinds: Kind) -> list[tuple[str, int | None, dict[str, object]]]:
    with db.acting() as session:
        rows = session.scalars(select(Line).where(Line.kind.in_([str(kind) for kind in kinds])).order_by(Line.id))
        return [(row.kind, row.account_id, dict(row.facts or {})) for row in rows]


def rows_of(superuser: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every row that a run writes, without ids and transaction numbers."""
    superuser.rollback()
    asked = {
        "position": "select account_id, as_of, fallen, met, overdue, since, rest, next_due, next_change from position order by 1",
        "day_run": "select creditor_id, day, after, looked, changed, finished_at is null from day_run order by 1, 2",
        "history": "select at, kind, actor, creditor_id, person_id, account_id, subject, facts::text from history"
                   " where actor = 'day' order by kind, creditor_id, account_id, person_id, subject, facts::text",
        "arrangement": "select id, state, missed, judged_on, counted_on, next_change, ended_at from arrangement order by 1",
        "work_item": "select person_id, kind, subject, done_at from work_item order by 1, 2, 3",
        "stuck": "select account_id, arrangement_id, day, error, cleared_at from stuck order by 1, 2",
    }  # fmt: skip
    return {table: [tuple(row) for row in superuser.execute(text(sql))] for table, sql in asked.items()}


# ----------------------------------------------------------------- nights equal the derivation


facts_ = st.lists(
    st.tuples(
        st.sampled_from(["due", "charge", "charge_due", "payment", "raise", "lower", "night", "reverse", "interest"]),
        st.integers(0, 2), st.integers(1, 90), st.integers(-4, 9),
    ),
    min_size=4, max_size=24,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.booleans(), facts_)
def test_nights_one_by_one_equal_the_full_derivation_whatever_the_order(db: Database, scheduled: bool, acts) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor)
        accounts = [an_account(session, creditor, person) for _ in range(3)]
        if scheduled:
            for ahead in (1, 2, 2, 5, 8):
                a_due(session, accounts[0], TODAY + timedelta(days=ahead), 40)
    today, keys = TODAY, []
    for what, which, amount, offset in acts:
        account, on, at = accounts[which], today + timedelta(days=offset), morning(today) + timedelta(hours=3)
        if what == "night":
            today += timedelta(days=1)
            run(db, today)
            continue
        with db.acting() as session:
            if what == "due":
                a_due(session, account, on, amount, component="" if amount % 2 else "principal", at=at)
            elif what == "payment":
                a_payment(session, [(account, amount)], on, at=at)
            elif what == "charge_due":
                keys.append(a_charge(session, account, amount, min(on, today), due_on=on, at=at))
            elif what == "reverse" and keys:
                entry = ledger.entry_called(session, creditor.id, keys.pop())
                ledger.reverse(session, entry, on=max(on, entry.value_date), key=f"r{entry.id}", by=BY, at=at)
            elif what in ("raise", "lower"):
                ledger.post(session, account, "adjustment", amount if what == "raise" else -amount, value_date=on,
                            key=f"j{len(keys)}.{today}.{amount}.{which}.{offset}.{what}", by=BY, at=at)  # fmt: skip
            elif what in ("charge", "interest"):
                keys.append(a_charge(session, account, amount, on, kind=what, at=at))
    for _ in range(3):
        today += timedelta(days=1)
        run(db, today)
        found = kept(db)
        assert found == derived(db, found)
        with db.acting() as session:
            later = session.scalars(select(KeptPosition.account_id).where(
                KeptPosition.creditor_id == creditor.id, KeptPosition.next_change <= today)).all()  # fmt: skip
            assert not later
            flips = session.execute(text(
                "select p.account_id, p.overdue > 0, (select kind from history h where h.account_id = p.account_id"
                " and kind like 'arrears.%' order by id desc limit 1) from position p where p.creditor_id = :c"
            ), {"c": creditor.id}).all()  # fmt: skip
        assert all((kind == "arrears.entered") == overdue for _, overdue, kind in flips)


def test_missed_days_are_caught_up_in_order_and_each_is_told(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor, a_person(session, creditor))
        for ahead in (0, 2):
            a_due(session, account, TODAY + timedelta(days=ahead), 100)
    run(db, TODAY + timedelta(days=4))
    assert [facts["day"] for _, _, facts in told(db, Kind.DAY_CLOSED)] == [
        (TODAY + timedelta(days=n)).isoformat() for n in range(4)
    ]
    entered = {
        "overdue": 100,
        "currency": "GBP",
        "since": TODAY.isoformat(),
        "on": (TODAY + timedelta(days=1)).isoformat(),
    }
    assert told(db, Kind.ARREARS_ENTERED) == [("arrears.entered", account.id, entered)]
    assert kept(db)[account.id][3] == 200


def test_money_that_comes_leaves_arrears_and_says_so_in_its_own_transaction(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor, a_person(session, creditor))
        a_due(session, account, TODAY, 100)
    run(db, TODAY + timedelta(days=1))
    with db.acting() as session:
        payment = a_payment(session, [(account, 100)], TODAY + timedelta(days=1), at=morning(TODAY + timedelta(days=1)))
    [(_, _, facts)] = told(db, Kind.ARREARS_LEFT)
    assert (facts["overdue"], facts["since"]) == (0, None)
    with db.acting() as session:
        ledger.give_back(session, payment, on=TODAY + timedelta(days=1), key="b", by=BY,
                         at=morning(TODAY + timedelta(days=1)))  # fmt: skip
    assert len(told(db, Kind.ARREARS_ENTERED)) == 2


def test_twice_changes_nothing(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor, a_person(session, creditor))
        a_due(session, account, TODAY, 100)
    assert run(db, TODAY + timedelta(days=2)).changed
    before = rows_of(superuser)
    assert not run(db, TODAY + timedelta(days=2)).changed
    assert rows_of(superuser) == before


def test_a_run_in_small_batches_writes_the_same_rows(db: Database, superuser: Connection, monkeypatch) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        accounts = [an_account(session, creditor, a_person(session, creditor)) for _ in range(7)]
        for n, account in enumerate(accounts):
            a_due(session, account, TODAY, 10 + n)
    monkeypatch.setattr(daily.close_batch, "__kwdefaults__", {"most": 3})
    run(db, TODAY + timedelta(days=1))
    [(_, _, facts)] = told(db, Kind.DAY_CLOSED)
    assert (facts["looked"], facts["changed"]) == (7, 7)
    assert [account for _, account, _ in told(db, Kind.ARREARS_ENTERED)] == [each.id for each in accounts]


# --------------------------------------------------------------------- when a day can be closed


@pytest.mark.parametrize(("minutes", "closed"), [(4, 0), (5, 1)])
def test_a_day_is_closed_five_minutes_after_its_midnight(db: Database, minutes: int, closed: int) -> None:
    with db.acting() as session:
        a_creditor(session)
    at = moment_of(TODAY + timedelta(days=1), datetime.min.time(), "Europe/London") + timedelta(minutes=minutes)
    day_end.run(db, at)
    assert len(told(db, Kind.DAY_CLOSED)) == closed


@pytest.mark.parametrize("night", [date(2026, 3, 28), date(2026, 10, 24)])
def test_three_zones_close_their_days_each_at_its_own_midnight_through_both_clock_changes(
    db: Database, night: date
) -> None:
    zones = ["America/New_York", "Europe/London", "Pacific/Auckland"]
    begun = datetime(night.year, night.month, night.day, 12, tzinfo=UTC)
    with db.acting() as session:
        for zone in zones:
            add_creditor(session, ref=zone.lower(), name=zone, country="GB", currency="GBP", zone=zone, by=BY, at=begun)
    seen: dict[tuple[str, str], datetime] = {}
    with db.acting() as session:
        refs = {row.id: row.zone for row in session.execute(text("select id, zone from creditor"))}
    for quarter in range(4 * 72):
        at = begun + timedelta(minutes=15 * quarter)
        day_end.run(db, at)
        with db.acting() as session:
            for creditor, day in session.execute(
                select(DayRun.creditor_id, DayRun.day).where(DayRun.finished_at.is_not(None))
            ):
                seen.setdefault((refs[creditor], day.isoformat()), at)
    for (zone, day), at in seen.items():
        midnight = moment_of(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), zone)
        assert timedelta(minutes=5) <= at - midnight < timedelta(minutes=20)
    assert len(seen) >= 8


def test_a_day_waits_for_an_older_transaction(db: Database) -> None:
    with db.acting() as session:
        a_creditor(session)
    with db.acting() as open_one:
        open_one.execute(text("select history_tx()"))
        assert day_end.run(db, morning(TODAY + timedelta(days=1))).open == 1
        assert told(db, Kind.DAY_CLOSED) == []
    assert run(db, TODAY + timedelta(days=1)).open == 0
    assert len(told(db, Kind.DAY_CLOSED)) == 1


# ------------------------------------------------------------------------------------- poison


def test_one_bad_account_stands_alone_and_the_others_go_on(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        people = [a_person(session, creditor) for _ in range(5)]
        accounts = [an_account(session, creditor, person) for person in people]
        for account in accounts:
            a_due(session, account, TODAY, 100)
        bad = accounts[2]
        for _ in range(2):  # together more than a bigint holds
            a_due(session, bad, TODAY + timedelta(days=1), 9_000_000_000_000_000_000)
    run(db, TODAY + timedelta(days=2))
    positions = kept(db)
    assert {account.id: positions[account.id][3] for account in accounts} == dict.fromkeys(
        [a.id for a in accounts], 100
    )
    with db.acting() as session:
        [stuck] = session.scalars(select(Stuck)).all()
        assert (stuck.account_id, stuck.day, stuck.error, stuck.cleared_at) == (
            bad.id, TODAY + timedelta(days=1), "NumericValueOutOfRange", None)  # fmt: skip
        [item] = session.scalars(select(WorkItem)).all()
        assert (item.kind, item.subject, item.person_id) == ("stuck", f"account:{bad.id}", people[2].id)
    assert [facts["day"] for _, _, facts in told(db, Kind.DAY_CLOSED)] == [
        TODAY.isoformat(),
        (TODAY + timedelta(days=1)).isoformat(),
    ]
    run(db, TODAY + timedelta(days=3))
    assert len(told(db, Kind.DAY_STUCK)) == 1
    with db.acting() as session:
        session.execute(text("update due set replaced_at = :at where account_id = :a and amount > 1000"),
                        {"at": morning(TODAY + timedelta(days=3)), "a": bad.id})  # fmt: skip
    run(db, TODAY + timedelta(days=4))
    with db.acting() as session:
        assert session.scalar(select(func.count()).where(Stuck.cleared_at.is_(None))) == 0
        assert session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.done_at.is_(None))) == 0
    found = kept(db)
    assert found == derived(db, found)


def test_money_that_meets_the_first_of_two_dues_of_one_night_leaves_the_second(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor, a_person(session, creditor))
        for _ in range(2):
            a_due(session, account, TODAY, 100)
        a_payment(session, [(account, 100)], TODAY - timedelta(days=1))
        a_due(session, account, TODAY + timedelta(days=1), 50)
    run(db, TODAY + timedelta(days=1))
    found = kept(db)
    assert found[account.id][3:6] == (100, TODAY, 100)
    assert found == derived(db, found)
