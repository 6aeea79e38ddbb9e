"""The ledger: posted once, taken back by mirrors, never edited; sums that always add up."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from cases import verify
from cases.db import Database
from cases.debts import ledger
from cases.debts.account import Account
from cases.debts.creditor import Creditor
from cases.debts.ledger import Entry, Part, Payment
from cases.refusal import Refusal
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, an_account

DAY = date(2026, 5, 10)
LATER = date(2026, 6, 1)


def _rows(session: Session, account: Account) -> list[tuple[str, str, int]]:
    query = select(Entry.kind, Entry.component, Entry.amount).where(Entry.account_id == account.id).order_by(Entry.id)
    return [tuple(row) for row in session.execute(query)]


def _owed(session: Session, account: Account) -> dict[str, int]:
    found = ledger.balance(session, [account.id]).get(account.id, {})
    return {component: amount for component, amount in found.items() if amount}


def _never_below(session: Session, account: Account) -> bool:
    """Whether each component is nought or above at the end of every day; credit nought or below."""
    days = set(session.scalars(select(Entry.value_date).where(Entry.account_id == account.id)))
    owed = [ledger.balance(session, [account.id], day)[account.id] for day in days]
    return all((minor <= 0 if part == "credit" else minor >= 0) for each in owed for part, minor in each.items())


def _clean(session: Session) -> bool:
    proof = verify.verify(session)
    assert proof.findings == []
    return proof.clean


def _refused(code: str) -> Any:
    return pytest.raises(Refusal, match=f"^{code}$")


# ---------------------------------------------------------------- which component money meets


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        ("first", [("cost", 100), ("fee", 250), ("interest", 300), ("principal", 350)]),
        ("last", [("interest", 300), ("principal", 700)]),
        ("apart", [("interest", 300), ("principal", 700)]),
    ],
)
def test_fees_meet_money_first_last_or_not_at_all(fees: str, expected: list[tuple[str, int]]) -> None:
    owed = {"cost": 100, "fee": 250, "interest": 300, "principal": 900}
    assert ledger.split(1000, owed, fees) == [Part(*part) for part in expected]


def test_what_nothing_asks_for_becomes_credit() -> None:
    assert ledger.split(1000, {"principal": 400, "credit": -50}, "first") == [
        Part("principal", 400),
        Part("credit", 600),
    ]
    assert ledger.split(1000, {"fee": 400}, "apart") == [Part("credit", 1000)]
    assert ledger.split(1000, {"interest": 100, "fee": 50}, "last") == [
        Part("interest", 100),
        Part("fee", 50),
        Part("credit", 850),
    ]


def test_a_component_that_is_over_paid_takes_nothing() -> None:
    assert ledger.split(100, {"fee": -30, "principal": 100}, "first") == [Part("principal", 100)]


def test_a_later_fee_claws_no_money_back(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 10000, DAY)
        a_payment(session, [(account, 6000)], DAY)
        a_charge(session, account, 2500, DAY, kind="fee")
        assert _owed(session, account) == {"principal": 4000, "fee": 2500}
        a_payment(session, [(account, 3000)], LATER)
        assert _owed(session, account) == {"principal": 3500}
        assert _clean(session)


def test_money_meets_what_is_owed_on_its_day_and_no_fee_of_a_later_day(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 10000, DAY)
        a_charge(session, account, 2500, LATER, kind="fee")
        a_payment(session, [(account, 10000)], DAY)
        assert _owed(session, account) == {"fee": 2500}
        a_charge(session, account, 3000, LATER)
        a_charge(session, account, -1000, DAY, kind="adjustment")
        assert _owed(session, account) == {"fee": 2500, "principal": 3000, "credit": -1000}
        assert _never_below(session, account)


def test_money_that_comes_to_light_late_meets_nothing_that_was_paid_since(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 1000, DAY, kind="fee")
        a_payment(session, [(account, 1000)], LATER)
        a_charge(session, account, 1000, date(2026, 7, 1), kind="fee")
        # the first fee was paid on a later day, and the second was not yet there
        a_payment(session, [(account, 1000)], date(2026, 5, 20))
        assert _owed(session, account) == {"fee": 1000, "credit": -1000}
        assert _never_below(session, account)


def test_what_had_met_a_charge_moves_on_the_day_it_is_taken_back_whatever_is_charged_later(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        first = a_charge(session, account, 1000, DAY)
        a_payment(session, [(account, 1000)], DAY)
        a_charge(session, account, 1000, date(2026, 7, 1))
        ledger.reverse(session, ledger.entry_called(session, creditor.id, first), on=LATER, key="r", by=BY, at=AT)
        assert _owed(session, account) == {"principal": 1000, "credit": -1000}
        assert ledger.balance(session, [account.id], LATER)[account.id] == {"principal": 0, "credit": -1000}
        assert _never_below(session, account) and _clean(session)


@pytest.mark.parametrize("fees", ["first", "last", "apart"])
def test_no_component_is_below_nought_on_any_day_in_whatever_order_things_come(db: Database, fees: str) -> None:
    days = st.dates(DAY, LATER)
    charges = st.tuples(st.sampled_from(["charge", "interest", "fee", "cost"]), days, st.integers(1, 40))
    lowers = st.tuples(st.sampled_from(["payment", "adjustment"]), days, st.integers(1, 60))

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(charges | lowers | st.tuples(st.just("reversal"), days, st.integers(0, 9)), max_size=10))
    def holds(acts: list[tuple[str, date, int]]) -> None:
        with db.acting() as session:
            creditor = a_creditor(session, fees=fees)
            account = an_account(session, creditor)
            charged: list[str] = []
            for kind, on, number in acts:
                if kind == "payment":
                    a_payment(session, [(account, number)], on)
                elif kind == "adjustment":
                    a_charge(session, account, -number, on, kind=kind)
                elif kind != "reversal":
                    charged.append(a_charge(session, account, number, on, kind=kind))
                elif charged:
                    entry = ledger.entry_called(session, creditor.id, charged.pop(number % len(charged)))
                    ledger.reverse(session, entry, on=max(on, entry.value_date), key=f"{entry.key} back", by=BY, at=AT)
                assert _never_below(session, account)

    holds()


# ---------------------------------------------------------------- a key posts once


def test_the_same_key_with_the_same_figures_posts_once(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        for _ in range(2):
            a_charge(session, account, 10000, DAY, key="rent")
            a_charge(session, account, -12000, DAY, key="down", kind="adjustment")
        first = a_payment(session, [(account, 6000)], DAY, key="money")
        assert a_payment(session, [(account, 6000)], DAY, key="money").id == first.id
        assert len(_rows(session, account)) == 4
        assert _owed(session, account) == {"credit": -8000}


@pytest.mark.parametrize(
    "other",
    [
        {"amount": 10001},
        {"on": LATER},
        {"kind": "fee"},
        {"due_on": LATER},
        {"kind": "adjustment"},
    ],
)
def test_the_same_key_with_other_figures_is_refused(db: Database, other: dict[str, Any]) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 10000, DAY, key="rent")
        with _refused("ledger.key_taken"):
            a_charge(session, account, **({"amount": 10000, "on": DAY, "key": "rent"} | other))
        assert _rows(session, account) == [("charge", "principal", 10000)]


def test_a_key_that_only_begins_like_another_is_another_key(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 10000, DAY, key="INV/1")
        a_charge(session, account, 10000, DAY, key="INV")
        assert _owed(session, account) == {"principal": 20000}


def test_the_key_of_a_payment_with_other_figures_or_other_accounts_is_refused(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two = an_account(session, creditor), an_account(session, creditor)
        a_payment(session, [(one, 600), (two, 400)], DAY, key="money")
        for shares, on in (
            ([(one, 601), (two, 400)], DAY),
            ([(one, 400), (two, 600)], DAY),
            ([(one, 600), (two, 400)], LATER),
        ):
            with _refused("ledger.key_taken"):
                a_payment(session, shares, on, key="money")


def test_keys_of_two_creditors_do_not_meet(db: Database) -> None:
    with db.acting() as session:
        for _ in range(2):
            account = an_account(session, a_creditor(session))
            a_charge(session, account, 100, DAY, key="same")
            assert _owed(session, account) == {"principal": 100}


@pytest.mark.parametrize(("kind", "amount"), [("charge", 0), ("charge", -1), ("fee", -1), ("adjustment", 0)])
def test_an_amount_that_its_kind_does_not_take_is_refused(db: Database, kind: str, amount: int) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        with _refused("ledger.amount"):
            a_charge(session, account, amount, DAY, kind=kind)


def test_a_payment_of_nothing_or_with_a_negative_share_is_refused(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two = an_account(session, creditor), an_account(session, creditor)
        for shares in ([(one, 0)], [(one, -5)], [(one, 10), (two, -5)]):
            with _refused("ledger.amount"):
                a_payment(session, shares, DAY)


def test_a_payment_never_spans_two_creditors_or_two_currencies(db: Database) -> None:
    with db.acting() as session:
        one, two = a_creditor(session), a_creditor(session)
        mine, theirs = an_account(session, one), an_account(session, two)
        foreign = an_account(session, one, currency="SEK")
        for shares in ([(mine, 5), (theirs, 5)], [(mine, 5), (foreign, 5)], [(mine, 5), (mine, 5)]):
            with pytest.raises(ValueError):
                a_payment(session, shares, DAY)
        with pytest.raises(ValueError):
            ledger.pay(session, one, [(theirs, 5)], value_date=DAY, key="k", by=BY, at=AT)
        assert session.scalar(text("select count(*) from payment")) == 0


# ---------------------------------------------------------------- adjustments


def test_an_adjustment_lowers_principal_and_the_rest_is_credit(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 5000, DAY)
        a_charge(session, account, -8000, DAY, kind="adjustment")
        assert _owed(session, account) == {"credit": -3000}
        assert _clean(session)


def test_an_adjustment_is_taken_back_whole(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 5000, DAY)
        key = a_charge(session, account, -8000, DAY, kind="adjustment")
        entry = ledger.entry_called(session, creditor.id, key)
        ledger.reverse(session, entry, on=LATER, key="back", by=BY, at=AT)
        ledger.reverse(session, entry, on=LATER, key="back", by=BY, at=AT)
        assert _owed(session, account) == {"principal": 5000}
        assert _clean(session)


# ---------------------------------------------------------------- taking back


def _reverse(session: Session, creditor: Creditor, key: str, on: date = LATER, back: str = "back") -> None:
    ledger.reverse(session, ledger.entry_called(session, creditor.id, key), on=on, key=back, by=BY, at=AT)


def test_money_that_met_a_fee_taken_back_moves_on_within_its_payment(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 3000, DAY)
        fee = a_charge(session, account, 2500, DAY, kind="fee")
        payment = a_payment(session, [(account, 4000)], DAY)
        assert _owed(session, account) == {"principal": 1500}
        _reverse(session, creditor, fee)
        assert _owed(session, account) == {"credit": -1000}
        parts = session.scalar(text("select sum(amount) from entry where payment_id = :p"), {"p": payment.id})
        assert parts == -payment.amount
        assert _clean(session)


def test_money_moves_on_by_the_creditors_order(db: Database) -> None:
    """With fees apart a fee is never met by money that did not name it, not even by money set free."""
    with db.acting() as session:
        creditor = a_creditor(session, fees="apart")
        account = an_account(session, creditor)
        charge = a_charge(session, account, 3000, DAY)
        a_charge(session, account, 2500, DAY, kind="fee")
        a_payment(session, [(account, 3000)], DAY)
        _reverse(session, creditor, charge)
        assert _owed(session, account) == {"fee": 2500, "credit": -3000}
        assert _clean(session)


def test_the_newest_money_moves_first_and_only_as_much_as_is_over(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 3000, DAY)
        second = a_charge(session, account, 1000, DAY)
        a_payment(session, [(account, 2000)], DAY, key="old")
        a_payment(session, [(account, 1700)], DAY, key="new")
        _reverse(session, creditor, second)
        assert _owed(session, account) == {"credit": -700}
        moved = session.scalars(select(Entry).where(Entry.key.like("back/to/%"))).all()
        new = session.scalars(select(Payment).where(Payment.key == "new")).one()
        assert {e.payment_id for e in moved} == {new.id}
        assert sorted((e.component, e.amount) for e in moved) == [("credit", -700), ("principal", -1000)]
        assert _clean(session)


def test_taking_back_a_charge_that_an_adjustment_had_met_leaves_credit(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        charge = a_charge(session, account, 5000, DAY)
        a_charge(session, account, -2000, DAY, kind="adjustment")
        a_payment(session, [(account, 1000)], DAY)
        _reverse(session, creditor, charge)
        assert _owed(session, account) == {"credit": -3000}
        assert _clean(session)


def test_money_moved_is_dated_no_earlier_than_it_came(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        fee = a_charge(session, account, 2500, DAY, kind="fee")
        a_payment(session, [(account, 2500)], LATER)
        _reverse(session, creditor, fee, on=DAY)
        moved = session.scalars(select(Entry).where(Entry.kind == "payment", Entry.component == "credit")).one()
        assert moved.value_date == LATER
        assert _clean(session)


def test_returned_money_opens_what_it_had_met(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two = an_account(session, creditor), an_account(session, creditor)
        for account in (one, two):
            a_charge(session, account, 3000, DAY)
        a_charge(session, one, 500, DAY, kind="cost")
        payment = a_payment(session, [(one, 4000), (two, 1000)], DAY)
        back = ledger.give_back(session, payment, on=LATER, key="dishonoured", by=BY, at=AT)
        assert (back.amount, back.returns) == (-5000, payment.id)
        assert ledger.give_back(session, payment, on=LATER, key="dishonoured", by=BY, at=AT).id == back.id
        assert _owed(session, one) == {"principal": 3000, "cost": 500}
        assert _owed(session, two) == {"principal": 3000}
        assert _clean(session)


def test_returned_money_that_had_moved_is_returned_from_where_it_stands(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 3000, DAY)
        fee = a_charge(session, account, 2500, DAY, kind="fee")
        payment = a_payment(session, [(account, 4000)], DAY)
        _reverse(session, creditor, fee)
        ledger.give_back(session, payment, on=LATER, key="dishonoured", by=BY, at=AT)
        assert _owed(session, account) == {"principal": 3000}
        assert _clean(session)


def test_what_cannot_be_taken_back_is_refused(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        charge = a_charge(session, account, 3000, DAY)
        other = a_charge(session, account, 100, DAY)
        payment = a_payment(session, [(account, 1000)], DAY)
        with _refused("ledger.nothing_to_reverse"):
            _reverse(session, creditor, "never posted")
        part = session.scalars(select(Entry).where(Entry.payment_id == payment.id)).one()
        with _refused("ledger.nothing_to_reverse"):
            ledger.reverse(session, part, on=LATER, key="x", by=BY, at=AT)
        with _refused("ledger.reversed_too_early"):
            _reverse(session, creditor, charge, on=date(2026, 5, 9))
        with _refused("ledger.reversed_too_early"):
            ledger.give_back(session, payment, on=date(2026, 5, 9), key="x", by=BY, at=AT)
        with _refused("ledger.key_taken"):
            _reverse(session, creditor, charge, back=other)
        _reverse(session, creditor, charge)
        with _refused("ledger.reversed_already"):
            _reverse(session, creditor, charge, back="again")
        with _refused("ledger.nothing_to_reverse"):
            _reverse(session, creditor, "back", back="again")  # a mirror has no mirror
        second = a_payment(session, [(account, 10)], DAY, key="second")
        with _refused("ledger.key_taken"):
            ledger.give_back(session, second, on=LATER, key=payment.key, by=BY, at=AT)
        back = ledger.give_back(session, payment, on=LATER, key="y", by=BY, at=AT)
        with _refused("ledger.reversed_already"):
            ledger.give_back(session, payment, on=LATER, key="z", by=BY, at=AT)
        with _refused("ledger.nothing_to_reverse"):
            ledger.give_back(session, back, on=LATER, key="z", by=BY, at=AT)


def test_of_eight_who_take_one_payment_back_at_once_one_does(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 3000, DAY)
        payment = a_payment(session, [(account, 1000)], DAY)

    def take(n: int) -> str:
        try:
            with db.acting() as session:
                ledger.give_back(session, session.get_one(Payment, payment.id), on=LATER, key=f"b{n}", by=BY, at=AT)
            return "done"
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(take, range(8))) == ["done"] + ["ledger.reversed_already"] * 7
    assert superuser.scalar(text("select count(*) from payment where returns is not null")) == 1
    with db.acting() as session:
        assert _clean(session)


def test_of_eight_who_post_one_key_at_once_one_does(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))

    def pay(_: int) -> None:
        with db.acting() as session:
            a_payment(session, [(account, 1000)], DAY, key="card")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(pay, range(8)))
    assert superuser.scalar(text("select count(*) from payment")) == 1
    assert superuser.scalar(text("select sum(amount) from entry")) == -1000


# ---------------------------------------------------------------- what the database itself refuses

ENTRY = (
    "insert into entry (creditor_id, account_id, currency, kind, component, book, amount, value_date, recorded_at, key, reverses)"
    " select e.creditor_id, {account}, currency, {kind}, component, book, {amount}, {on}, recorded_at, 'forged', {reverses}"
    " from entry e where e.id = :id"
)
GOOD = {"account": "account_id", "kind": "kind", "amount": "-amount", "on": "value_date", "reverses": "id"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "-amount - 1"},
        {"account": ":other"},
        {"account": ":foreign"},
        {"on": "value_date - 1"},
        {"kind": "'fee'"},
        {"reverses": "null"},
        {"kind": "'payment'", "reverses": "null", "amount": "amount"},
    ],
    ids=[
        "amount",
        "account",
        "another creditor's account",
        "earlier",
        "kind",
        "a charge below nought",
        "a payment above nought",
    ],
)
def test_a_false_mirror_or_direction_is_refused_by_the_database(
    db: Database, superuser: Connection, wrong: dict[str, str]
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account, other = an_account(session, creditor), an_account(session, creditor)
        foreign = an_account(session, a_creditor(session))
        a_charge(session, account, 3000, DAY)
    given = {"id": superuser.scalar(text("select id from entry")), "other": other.id, "foreign": foreign.id}
    with superuser.begin_nested() as good:
        superuser.execute(text(ENTRY.format(**GOOD)), given)
        good.rollback()
    with pytest.raises(IntegrityError):
        superuser.execute(text(ENTRY.format(**(GOOD | wrong))), given)


def test_a_mirror_is_mirrored_by_nobody(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        key = a_charge(session, an_account(session, creditor), 3000, DAY)
        _reverse(session, creditor, key)
    for reverses in ("< 0", "> 0"):  # the mirror itself; the entry a second time
        with pytest.raises(IntegrityError), superuser.begin_nested():
            superuser.execute(
                text(ENTRY.format(**GOOD)),
                {"id": superuser.scalar(text(f"select id from entry where amount {reverses}"))},
            )


@pytest.mark.parametrize(
    "statement",
    ["update {t} set amount = 1", "update {t} set recorded_at = now()", "delete from {t}", "truncate {t} cascade"],
)
@pytest.mark.parametrize("table", ["entry", "payment"])
def test_nobody_edits_the_ledger_not_even_its_owner(
    db: Database, superuser: Connection, statement: str, table: str
) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_payment(session, [(account, 1000)], DAY)
    with pytest.raises(DBAPIError, match="append-only"):
        superuser.execute(text(statement.format(t=table)))


def test_an_adjustment_that_moved_is_taken_back_from_where_it_stands(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        first, second = (a_charge(session, account, 1000, DAY) for _ in range(2))
        down = a_charge(session, account, -1500, DAY, kind="adjustment")
        _reverse(session, creditor, first, back="one")
        assert _owed(session, account) == {"credit": -500}
        _reverse(session, creditor, second, back="two")
        assert _owed(session, account) == {"credit": -1500}
        for _ in range(2):
            _reverse(session, creditor, down, back="down")
        assert _owed(session, account) == {}
        with _refused("ledger.reversed_already"):
            _reverse(session, creditor, down, back="again")
        assert _clean(session)
