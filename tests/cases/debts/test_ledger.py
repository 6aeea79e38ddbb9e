"""The ledger: posted once, taken back by mirrors, never edited; sums that always add up."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from cases.db import Database
from cases.debts import ledger
from tests.cases.debts.ledgers import DAY, LATER, clean, owed_of, refused, reverse, rows_of
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, an_account

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
        assert len(rows_of(session, account)) == 4
        assert owed_of(session, account) == {"credit": -8000}


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
        with refused("ledger.key_taken"):
            a_charge(session, account, **({"amount": 10000, "on": DAY, "key": "rent"} | other))
        assert rows_of(session, account) == [("charge", "principal", 10000)]


def test_a_key_that_only_begins_like_another_is_another_key(db: Database) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        a_charge(session, account, 10000, DAY, key="INV/1")
        a_charge(session, account, 10000, DAY, key="INV")
        assert owed_of(session, account) == {"principal": 20000}


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
            with refused("ledger.key_taken"):
                a_payment(session, shares, on, key="money")


def test_keys_of_two_creditors_do_not_meet(db: Database) -> None:
    with db.acting() as session:
        for _ in range(2):
            account = an_account(session, a_creditor(session))
            a_charge(session, account, 100, DAY, key="same")
            assert owed_of(session, account) == {"principal": 100}


@pytest.mark.parametrize(("kind", "amount"), [("charge", 0), ("charge", -1), ("fee", -1), ("adjustment", 0)])
def test_an_amount_that_its_kind_does_not_take_is_refused(db: Database, kind: str, amount: int) -> None:
    with db.acting() as session:
        account = an_account(session, a_creditor(session))
        with refused("ledger.amount"):
            a_charge(session, account, amount, DAY, kind=kind)


def test_a_payment_of_nothing_or_with_a_negative_share_is_refused(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        one, two = an_account(session, creditor), an_account(session, creditor)
        for shares in ([(one, 0)], [(one, -5)], [(one, 10), (two, -5)]):
            with refused("ledger.amount"):
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
        assert owed_of(session, account) == {"credit": -3000}
        assert clean(session)


def test_an_adjustment_is_taken_back_whole(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        account = an_account(session, creditor)
        a_charge(session, account, 5000, DAY)
        key = a_charge(session, account, -8000, DAY, kind="adjustment")
        entry = ledger.entry_called(session, creditor.id, key)
        ledger.reverse(session, entry, on=LATER, key="back", by=BY, at=AT)
        ledger.reverse(session, entry, on=LATER, key="back", by=BY, at=AT)
        assert owed_of(session, account) == {"principal": 5000}
        assert clean(session)


# ---------------------------------------------------------------- taking back


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
        reverse(session, creditor, key)
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
