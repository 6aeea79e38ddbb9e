"""Which debt, which part and which due a sum of money meets."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.debts.allocation import (
    Claim,
    DueAmount,
    Fees,
    Parts,
    Received,
    Table,
    between_debts,
    over_dues,
    within_debt,
)
from cases.money import Money
from tests.cases.facts import facts

minor_units = st.integers(0, 10**9)
some_parts = st.builds(Parts, minor_units, minor_units, minor_units, minor_units)
some_days = st.dates(date(2025, 1, 1), date(2026, 12, 31))
some_dues = st.lists(st.builds(DueAmount, some_days, st.integers(0, 10**5)), max_size=10)
some_money = st.lists(st.builds(Received, some_days, st.integers(0, 10**5)), max_size=10)


def _minor(text: str) -> int:
    return Money.parse(text, "GBP").minor


def _text(minor: int) -> str:
    return Money(minor, "GBP").decimal_string()


@pytest.mark.parametrize(("given_", "expected"), facts("allocation", lambda row: "balances" in row["input"]))
def test_within_one_debt_costs_then_interest_then_principal(given_: Any, expected: Any) -> None:
    balances = given_["balances"]
    owed = Parts(
        cost=_minor(balances["costs"]), interest=_minor(balances["interest"]), principal=_minor(balances["principal"])
    )
    found = within_debt(_minor(given_["payment"]), owed)
    left = {"costs": found.remaining.cost, "interest": found.remaining.interest, "principal": found.remaining.principal}
    assert {"remaining": {k: _text(v) for k, v in left.items()}, "credit": _text(found.credit)} == expected


@pytest.mark.parametrize(("given_", "expected"), facts("allocation", lambda row: "fee_balance" in row["input"]))
def test_fees_are_met_before_the_instalment_and_do_not_move_the_count(given_: Any, expected: Any) -> None:
    instalment = given_["instalment"]
    due = DueAmount(date.fromisoformat(instalment["due"]), _minor(instalment["amount"]))
    found = within_debt(_minor(given_["payment"]), Parts(fee=_minor(given_["fee_balance"]), principal=due.minor))
    paid_on = date(2026, 1, 20)
    before, after = over_dues([due], []), over_dues([due], [Received(paid_on, found.met.principal)])
    assert {
        "fee_balance": _text(found.remaining.fee),
        "instalment_unmet": _text(after.outstanding),
        "days_in_arrears_change": before.rows[0].outstanding != after.rows[0].outstanding,
    } == expected


@pytest.mark.parametrize(("given_", "expected"), facts("allocation", lambda row: row["id"] == "HM-14"))
def test_money_meets_the_oldest_debt_first_and_runs_on(given_: Any, expected: Any) -> None:
    claims = [Claim(debt["id"], _minor(debt["owed"]), date.fromisoformat(debt["due"])) for debt in given_["debts"]]
    found = between_debts(_minor(given_["payment"]), list(reversed(claims)))
    assert {claim.key: _text(claim.owed - found.parts.get(claim.key, 0)) for claim in claims} == expected
    assert found.credit == 0


@pytest.mark.parametrize(("given_", "expected"), facts("allocation", lambda row: row["id"].startswith("ALL-07")))
def test_nothing_goes_to_a_disputed_debt_that_the_payer_did_not_name(given_: Any, expected: Any) -> None:
    # The disputed one is the oldest, of the first class, and large enough for all of it.
    claims = [
        Claim(debt["id"], _minor(given_["payment"]), date(2020 + n, 1, 1), priority=n, held=debt["disputed"])
        for n, debt in enumerate(given_["debts"])
    ]
    found = between_debts(_minor(given_["payment"]), claims)
    assert set(found.parts) == {expected["to"]} and found.credit == 0


def _table(table: Table) -> dict[str, Any]:
    return {
        "rows": [
            {
                "paid": _text(row.paid),
                "in_advance": _text(row.in_advance),
                "late": _text(row.late),
                "outstanding": _text(row.outstanding),
                "met_on": row.met_on and row.met_on.isoformat(),
            }
            for row in table.rows
        ],
        "total": {
            "due": _text(table.minor),
            "paid": _text(table.paid),
            "in_advance": _text(table.in_advance),
            "late": _text(table.late),
            "outstanding": _text(table.outstanding),
        },
    }


@pytest.mark.parametrize(("given_", "expected"), facts("allocation_tables"))
def test_money_over_a_schedule_oldest_first(given_: Any, expected: Any) -> None:
    dues = [DueAmount(date.fromisoformat(row["due"]), _minor(row["amount"])) for row in given_["instalments"]]
    money = [Received(date.fromisoformat(row["on"]), _minor(row["amount"])) for row in given_["payments"]]
    for table in expected["tables"]:
        counted = table["after_payments"]
        assert {"after_payments": counted} | _table(over_dues(dues, money[:counted])) == table


@given(some_dues, some_money)
def test_a_table_loses_and_invents_no_money(dues: list[DueAmount], money: list[Received]) -> None:
    table = over_dues(dues, money)
    assert table.paid + table.credit == sum(each.minor for each in money)
    assert table.paid + table.outstanding == sum(each.minor for each in dues)
    assert table.credit == 0 or table.outstanding == 0
    assert [row.due_on for row in table.rows] == sorted(each.due_on for each in dues)
    for row in table.rows:
        assert 0 <= row.paid <= row.minor
        assert 0 <= row.in_advance + row.late <= row.paid
        assert (row.met_on is not None) == (row.minor > 0 and row.outstanding == 0)
    # Nothing meets a later due while an earlier one is open.
    open_rows = [i for i, row in enumerate(table.rows) if row.outstanding]
    if open_rows:
        assert all(row.paid == 0 for row in table.rows[open_rows[0] + 1 :])


@given(some_dues, some_money, st.randoms())
def test_the_order_in_which_facts_arrive_does_not_matter(dues: list[DueAmount], money: list[Received], by: Any) -> None:
    shuffled_dues, shuffled_money = list(dues), list(money)
    by.shuffle(shuffled_dues)
    by.shuffle(shuffled_money)
    known = over_dues(dues, money)
    found = over_dues(shuffled_dues, shuffled_money)
    assert (found.paid, found.outstanding, found.credit) == (known.paid, known.outstanding, known.credit)


def test_surplus_money_goes_to_the_next_dues_and_then_becomes_credit() -> None:
    dues = [DueAmount(date(2026, 3, 1), 6000), DueAmount(date(2026, 4, 1), 6000)]
    table = over_dues(dues, [Received(date(2026, 3, 1), 13_000)])
    assert [row.paid for row in table.rows] == [6000, 6000]
    assert table.rows[1].in_advance == 6000
    assert table.credit == 1000


def test_a_payment_taken_back_opens_its_due_again() -> None:
    due = DueAmount(date(2026, 3, 1), 6000)
    assert over_dues([due], [Received(date(2026, 3, 1), 6000)]).outstanding == 0
    assert over_dues([due], []).outstanding == 6000


@pytest.mark.parametrize(
    ("fees", "met", "credit"),
    [
        (Fees.FIRST, Parts(cost=10, fee=20, interest=30, principal=40), 0),
        (Fees.LAST, Parts(cost=0, fee=0, interest=30, principal=70), 0),
        (Fees.APART, Parts(cost=0, fee=0, interest=30, principal=70), 0),
    ],
)
def test_fees_meet_money_first_last_or_apart(fees: Fees, met: Parts, credit: int) -> None:
    owed = Parts(cost=10, fee=20, interest=30, principal=1000)
    found = within_debt(100, owed, fees)
    assert (found.met, found.credit) == (met, credit)


def test_fees_apart_are_never_met_by_other_money() -> None:
    owed = Parts(cost=10, fee=20, interest=30, principal=40)
    assert within_debt(100, owed, Fees.APART).remaining == Parts(cost=10, fee=20)
    assert within_debt(100, owed, Fees.APART).credit == 30
    assert within_debt(100, owed, Fees.LAST).remaining == Parts()


@given(minor_units, some_parts, st.sampled_from(Fees))
def test_within_one_debt_no_money_is_lost(minor: int, owed: Parts, fees: Fees) -> None:
    found = within_debt(minor, owed, fees)
    assert found.met.total + found.credit == minor
    assert found.met.total + found.remaining.total == owed.total


def test_the_payers_word_goes_first_then_priority_then_the_oldest_due() -> None:
    claims = [
        Claim("card", 500, date(2026, 1, 1), priority=2),
        Claim("rent", 300, date(2026, 5, 1), priority=1),
        Claim("tax", 300, date(2026, 3, 1), priority=1),
    ]
    assert between_debts(400, claims).parts == {"tax": 300, "rent": 100}
    assert between_debts(400, claims, {"card": 350}).parts == {"card": 350, "tax": 50}
    assert between_debts(2000, claims, {"card": 900}).credit == 900


def test_a_held_debt_gets_nothing_without_the_payers_word() -> None:
    claims = [Claim("held", 500, date(2020, 1, 1), held=True), Claim("other", 100, date(2026, 1, 1))]
    found = between_debts(300, claims)
    assert (found.parts, found.credit) == ({"other": 100}, 200)
    assert between_debts(300, claims, {"held": 300}).parts == {"held": 300}


@given(minor_units, st.lists(st.tuples(minor_units, st.none() | some_days, st.integers(0, 2)), max_size=8))
def test_between_debts_no_money_is_lost(minor: int, rows: list[tuple[int, date | None, int]]) -> None:
    claims = [Claim(n, owed, due, priority) for n, (owed, due, priority) in enumerate(rows)]
    found = between_debts(minor, claims)
    assert sum(found.parts.values()) + found.credit == minor
    assert all(0 < part <= claims[key].owed for key, part in found.parts.items())
    assert found.credit == max(0, minor - sum(claim.owed for claim in claims))


def test_negative_money_is_a_mistake() -> None:
    for wrong in (
        lambda: within_debt(-1, Parts()),
        lambda: over_dues([], [Received(date(2026, 1, 1), -1)]),
        lambda: between_debts(-1, []),
        lambda: Parts(cost=-1),
        lambda: Claim("A", -1),
    ):
        with pytest.raises(ValueError, match=r"never negative|not negative"):
            wrong()
