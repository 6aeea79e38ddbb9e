"""Why: the steps come from the facts, end in the figure, and agree with what is derived set-based."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session

from cases import verify
from cases.arrears import explain, position
from cases.db import Database
from cases.debts import ledger
from cases.debts.account import Account
from cases.debts.creditor import Creditor
from cases.debts.due import Due
from cases.refusal import Refusal
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_payment, an_account

START = date(2026, 1, 1)
DAYS = st.integers(0, 120)
AMOUNTS = st.integers(1, 5000)


def _acts(kinds: list[str]) -> Any:
    return st.one_of(
        st.tuples(st.sampled_from(kinds), AMOUNTS, DAYS, st.none()),
        st.tuples(st.just("charge"), AMOUNTS, DAYS, DAYS),
        st.tuples(st.just("adjustment"), AMOUNTS.map(lambda a: -a), DAYS, st.none()),
        st.tuples(st.just("payment"), AMOUNTS, DAYS, st.none()),
        st.tuples(st.just("take back"), st.integers(0, 20), DAYS, st.none()),
    )


BOOKS = st.fixed_dictionaries(
    {
        "fees": st.sampled_from(["first", "last", "apart"]),
        "dues": st.one_of(
            st.just([]),
            st.lists(
                st.tuples(DAYS, st.integers(0, 3000), st.sampled_from(["principal", "principal", "interest", ""])),
                max_size=5,
            ),
        ),
        "acts": st.lists(_acts(["charge", "interest", "fee", "cost", "adjustment", "payment"]), max_size=12),
    }
)


def _take_back(session: Session, creditor: Creditor, keys: list[Any], which: int, on: date, key: str) -> None:
    if not keys:
        return
    chosen = keys[which % len(keys)]
    try:
        if isinstance(chosen, ledger.Payment):
            ledger.give_back(session, chosen, on=on, key=key, by=BY, at=AT)
        else:
            ledger.reverse(session, ledger.entry_called(session, creditor.id, chosen), on=on, key=key, by=BY, at=AT)
    except Refusal as refusal:
        assert refusal.code in ("ledger.reversed_already", "ledger.reversed_too_early")


def _make(session: Session, book: dict[str, Any]) -> Account:
    creditor = a_creditor(session, fees=book["fees"])
    account = an_account(session, creditor)
    for due_in, amount, component in book["dues"]:
        a_due(session, account, START + timedelta(days=due_in), amount, component)
    keys: list[Any] = []
    for n, (what, amount, number, due_in) in enumerate(book["acts"]):
        on = START + timedelta(days=number)
        if what == "payment":
            keys.append(a_payment(session, [(account, amount)], on))
        elif what == "take back":
            _take_back(session, creditor, keys, amount, on, f"back {n}")
        else:
            due_on = START + timedelta(days=due_in) if due_in is not None else None
            keys.append(a_charge(session, account, amount, on, kind=what, due_on=due_on, key=f"k{n}"))
    return account


def test_explained_by_hand_equals_derived_set_based_in_any_book(db: Database) -> None:
    """Reversals, adjustments, returned money, what lies in the future, schedules and none; every fee order."""

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(BOOKS, st.lists(st.integers(-1, 125), min_size=3, max_size=6))
    def check(book: dict[str, Any], days: list[int]) -> None:
        account = _make(session, book)
        facts = explain.gather(session, [account.id])[account.id]
        for number in days:
            on = START + timedelta(days=number)
            told, found = explain.explain(facts, on), position.derived(session, [account.id], on)[account.id]
            assert (told.fallen, told.met, told.overdue, told.since, told.next_due, told.days) == (
                found.fallen, found.met, found.overdue, found.since, found.next_due, found.days,
            )  # fmt: skip
            assert sum(d.open for d in told.unmet) == told.overdue == told.steps[-1]["amount"]
            assert (told.since is None) == (told.overdue == 0)
            owed = ledger.balance(session, [account.id], on).get(account.id, {})
            assert explain.by_component(facts.entries, on) == owed
            assert explain.reckon(facts.entries, on).balance == sum(owed.values())

    with db.acting() as session:
        check()
        assert verify.verify(session).findings == []


def _explained(session: Session, account: Account, on: date, believed: datetime | None = None) -> explain.Explained:
    return explain.explain(explain.gather(session, [account.id], believed)[account.id], on)


def test_the_steps_of_the_worked_example(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 18000, date(2026, 2, 1))
        for month in (3, 4, 5):
            a_due(session, account, date(2026, month, 1), 6000)
        a_payment(session, [(account, 6000)], date(2026, 3, 1))
        a_payment(session, [(account, 4000)], date(2026, 4, 3))
        told = _explained(session, account, date(2026, 4, 10))
    assert told.steps == [
        {"step": "fallen_due", "count": 2, "amount": 12000},
        {"step": "met", "amount": 10000},
        {"step": "oldest_unmet", "due_on": "2026-04-01", "amount": 6000, "met": 4000, "open": 2000},
        {"step": "counted", "from": "2026-04-01", "to": "2026-04-10", "days": 9},
        {"step": "next_due", "due_on": "2026-05-01"},
        {"step": "overdue", "amount": 2000, "days": 9},
    ]


def test_with_nothing_overdue_the_last_step_is_nought(db: Database) -> None:
    with db.acting() as session:
        told = _explained(session, an_account(session, a_creditor(session)), START)
    assert told.steps[-1] == {"step": "overdue", "amount": 0, "days": 0}
    assert [step["step"] for step in told.steps] == ["fallen_due", "met", "overdue"]


def test_believed_then_knows_only_what_was_recorded_by_the_end_of_that_day(db: Database) -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        due = a_due(session, account, date(2026, 3, 1), 6000, at=noon)
        charge = a_charge(session, account, 900, date(2026, 3, 2), due_on=date(2026, 3, 3), at=noon)
        # three days later: money of the 5th, the charge taken back from the 8th on, the instalment corrected
        later = noon + timedelta(days=3)
        a_payment(session, [(account, 1000)], date(2026, 3, 5), at=later)
        ledger.reverse(
            session, ledger.entry_called(session, creditor.id, charge), on=date(2026, 3, 8), key="r", by=BY, at=later
        )
        session.add(Due(creditor_id=creditor.id, account_id=account.id, due_on=date(2026, 3, 4), amount=5000,
                        component="principal", recorded_at=later, replaces=due.id))  # fmt: skip
        session.flush()
        on = date(2026, 3, 10)
        end = explain.end_of_day(session, creditor.id, on)
        believed, true = _explained(session, account, on, end), _explained(session, account, on)
        first = _explained(session, account, on, explain.end_of_day(session, creditor.id, on - timedelta(days=1)))
    assert (believed.overdue, believed.since) == (6900, date(2026, 3, 1))
    # the charge gone, its money is on credit and meets the instalment of the 4th
    assert (true.overdue, true.since) == (4000, date(2026, 3, 4))
    assert (first.overdue, first.demands) == (0, ())


def test_a_day_ends_in_the_creditors_zone(db: Database) -> None:
    with db.acting() as session:
        stockholm = a_creditor(session, country="SE", currency="SEK")
        assert explain.end_of_day(session, stockholm.id, date(2026, 7, 1)) == datetime(2026, 7, 1, 22, tzinfo=UTC)
        assert explain.end_of_day(session, stockholm.id, date(2026, 1, 1)) == datetime(2026, 1, 1, 23, tzinfo=UTC)


def test_a_reckoning_names_each_line_net_of_what_was_taken_back(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 10000, START)
        fee = a_charge(session, account, 2500, START, kind="fee")
        a_charge(session, account, 40, START, kind="interest")
        a_charge(session, account, 300, START, kind="adjustment")
        a_charge(session, account, -500, START, kind="adjustment")
        a_payment(session, [(account, 4000)], START)
        ledger.reverse(session, ledger.entry_called(session, creditor.id, fee), on=START, key="r", by=BY, at=AT)
        found = explain.reckon(explain.gather(session, [account.id])[account.id].entries, START)
    assert found.lines == [("charged", 10000), ("interest", 40), ("raised", 300), ("paid", -4000), ("lowered", -500)]
    assert found.balance == 5840


def test_facts_of_many_accounts_come_in_two_statements(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        accounts = [an_account(session, creditor) for _ in range(3)]
        for account in accounts[:2]:
            a_due(session, account, START, 100)
        asked: list[str] = []
        event.listen(session.connection(), "before_cursor_execute", lambda *given: asked.append(given[2]))
        found = explain.gather(session, [a.id for a in accounts])
    assert len(asked) == 2
    assert [len(found[a.id].dues) for a in accounts] == [1, 1, 0]
