"""A sum for a plan, shared by what the plan still asks: in the order of its instalments and of their shares."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.arrangements.offer import Coverable
from cases.arrangements.paid import InstalmentPaid, SharePaid
from cases.refusal import Refusal
from payments.payable import Choice, Payable, Share, towards
from tests.factories import AT

PLAN = 5
RENT, CARD = 1, 2


def a_debt(account: int, balance: int, *, announced: int = 0, plan: int | None = PLAN, debt_type: str = "rent") -> Coverable:
    return Coverable(
        account=account, ref=f"A{account}", creditor=10 + account, creditor_name="Tidewell", country="GB", currency="GBP",
        debt_type=debt_type, scheduled=False, balance=balance, overdue=balance, since=date(2026, 9, account),
        announced=announced, plan=plan, today=AT.date(),
    )  # fmt: skip


def an_instalment(n: int, *shares: tuple[int, int, int]) -> InstalmentPaid:
    """Shares as account, due and paid."""
    return InstalmentPaid(n, PLAN, n, "regular", date(2026, 12, n), date(2026, 12, n),
                          tuple(SharePaid(account, 10 + account, due, paid, 0) for account, due, paid in shares))  # fmt: skip


def owing(*debts: Coverable) -> Payable:
    return Payable("GBP", debts, ())


TWO = [an_instalment(1, (RENT, 30, 30), (CARD, 60, 10)), an_instalment(2, (RENT, 30, 0), (CARD, 60, 0))]
"""Of the first instalment 50 of the card is left; the second is whole."""


@pytest.mark.parametrize(("amount", "shares"), [
    (20, {CARD: 20}),
    (50, {CARD: 50}),
    (60, {CARD: 50, RENT: 10}),
    (100, {CARD: 70, RENT: 30}),
    (140, {CARD: 110, RENT: 30}),
])  # fmt: skip
def test_instalments_are_filled_in_their_order_and_shares_in_theirs(amount: int, shares: dict[int, int]) -> None:
    choice = towards(owing(a_debt(RENT, 500), a_debt(CARD, 500)), PLAN, TWO, amount)
    assert {share.account: share.amount for share in choice.shares} == shares
    assert (choice.purpose, choice.plan, choice.on) == ("plan", PLAN, date(2026, 12, 1))


def test_what_the_plan_asks_no_more_goes_to_its_priority_debts_first() -> None:
    debts = (a_debt(CARD, 200, debt_type="credit_card"), a_debt(RENT, 100))
    choice = towards(owing(*debts), PLAN, TWO, 190)
    assert {share.account: share.amount for share in choice.shares} == {RENT: 30 + 50, CARD: 110}


def test_no_share_is_more_than_what_is_free_on_its_account() -> None:
    choice = towards(owing(a_debt(RENT, 500), a_debt(CARD, 60, announced=35)), PLAN, TWO, 40)
    assert choice.shares == (Share(CARD, 12, 25), Share(RENT, 11, 15))


@pytest.mark.parametrize(("plan", "amount", "code"), [
    (PLAN, 91, "payment.too_much"), (PLAN, 0, "payment.nothing_chosen"), (6, 10, "payment.nothing_free"),
])  # fmt: skip
def test_more_than_is_free_nothing_and_another_plan_are_refused(plan: int, amount: int, code: str) -> None:
    debts = owing(a_debt(RENT, 30), a_debt(CARD, 60), a_debt(3, 1_000, plan=None))
    with pytest.raises(Refusal) as refused:
        towards(debts, plan, TWO, amount)
    assert refused.value.code == code


@given(
    owed=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    dues=st.lists(st.tuples(st.integers(1, 90), st.integers(1, 90)), min_size=1, max_size=4),
    data=st.data(),
)
def test_shares_add_up_to_the_penny_and_a_penny_more_takes_nothing_away(
    owed: tuple[int, int], dues: list[tuple[int, int]], data: st.DataObject
) -> None:
    debts = owing(a_debt(RENT, owed[0]), a_debt(CARD, owed[1]))
    instalments = [an_instalment(n, (RENT, rent, 0), (CARD, card, 0)) for n, (rent, card) in enumerate(dues, 1)]
    amount = data.draw(st.integers(1, sum(owed)))

    def shares(of: int) -> dict[int, int]:
        made: Choice = towards(debts, PLAN, instalments, of)
        assert made.amount == of and all(share.amount > 0 for share in made.shares)
        return {share.account: share.amount for share in made.shares}

    got = shares(amount)
    assert got.get(RENT, 0) <= owed[0] and got.get(CARD, 0) <= owed[1]
    if amount < sum(owed):
        more = shares(amount + 1)
        assert all(more.get(account, 0) >= minor for account, minor in got.items())
