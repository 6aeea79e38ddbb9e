"""What may be paid, and how a sum is shared over the debts."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.arrangements.paid import paid_to_plans
from cases.db import Database
from cases.debts.announced import announce
from cases.refusal import Refusal
from payments.payable import other, payables, towards
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_person, an_account
from tests.payments.paying import a_payer, may_pay


def sums(choice) -> dict[int, int]:
    return {share.account: share.amount for share in choice.shares}


def test_a_sum_goes_to_priority_debts_first_then_to_the_oldest(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)  # rent 30.00 since 3 September; garage 10.00 since the 4th; card 60.00 since the 2nd
        everything = [payer.garage.id, payer.card.id, payer.rent.id]
        found = may_pay(session, payer)
        assert sums(other(found, everything, 20_00)) == {payer.rent.id: 20_00}
        assert sums(other(found, everything, 45_00)) == {payer.rent.id: 30_00, payer.card.id: 15_00}
        assert sums(other(found, everything, 95_00)) == {payer.rent.id: 30_00, payer.card.id: 60_00, payer.garage.id: 5_00}


def test_what_the_payer_chooses_gets_all_of_it(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        assert sums(other(may_pay(session, payer), [payer.garage.id], 7_50)) == {payer.garage.id: 7_50}


@pytest.mark.parametrize(("amount", "code"), [(40_01, "payment.too_much"), (0, "payment.nothing_chosen")])
def test_a_sum_above_what_is_owed_there_or_of_nothing_is_refused(db: Database, amount: int, code: str) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        with pytest.raises(Refusal) as refused:
            other(may_pay(session, payer), [payer.rent.id, payer.garage.id], amount)
        assert refused.value.code == code


def test_somebody_elses_debt_cannot_be_chosen(db: Database) -> None:
    with db.acting() as session:
        payer, stranger = a_payer(session), a_payer(session)
        with pytest.raises(Refusal, match="unknown_account"):
            other(may_pay(session, payer), [stranger.rent.id], 1_00)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amount=st.integers(1, 100_00))
def test_shares_add_up_to_the_penny_and_none_is_more_than_its_debt(amount: int, db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        owed = {payer.rent.id: 30_00, payer.garage.id: 10_00, payer.card.id: 60_00}
        shares = sums(other(may_pay(session, payer), list(owed), amount))
    assert sum(shares.values()) == amount
    assert all(0 < share <= owed[account] for account, share in shares.items())


def test_what_is_on_its_way_can_not_be_paid_again(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        announce(session, creditor=payer.rent.creditor_id, account=payer.rent.id, currency="GBP", amount=30_00, channel="bank",
                 on=AT.date(), expected_on=AT.date(), key="n", by=BY, at=AT)  # fmt: skip
        found = may_pay(session, payer)
        assert found.most == 70_00
        assert {debt.account for debt in found.debts} == {payer.garage.id, payer.card.id}


def test_each_currency_is_its_own(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        energy = a_creditor(session, country="SE", currency="SEK")
        power = an_account(session, energy, payer.person)
        a_charge(session, power, 500_00, date(2026, 10, 1))
        assert {each.currency: each.most for each in payables(session, [payer.person.id], AT)} == {"GBP": 100_00, "SEK": 500_00}


# ---------------------------------------------------------------------------- what suggests itself


def planned(session: Session, payer, *accounts, first: date = date(2026, 12, 1), amount: int = 9_00) -> int:
    return proposal.enter(session, person=payer.person.id, accounts=[each.id for each in accounts],
                          terms=Terms(amount=amount, first_on=first), key="plan", by=BY, at=AT)  # fmt: skip


def test_a_plans_next_instalment_comes_first_with_its_own_shares(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        plan = planned(session, payer, payer.rent, payer.card)
        first = may_pay(session, payer).choices[0]
        assert (first.purpose, first.plan, first.on) == ("plan", plan, date(2026, 12, 1))
        assert sums(first) == {payer.rent.id: 3_00, payer.card.id: 6_00}


def test_what_a_plan_misses_is_asked_together(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        planned(session, payer, payer.rent, payer.card, first=AT.date())
        later = AT.replace(year=2027, month=1, day=26)
        first = may_pay(session, payer, at=later).choices[0]
        assert first.amount == 27_00  # of 24 November, December and January
        assert first.on == date(2026, 11, 24)


def test_what_is_overdue_is_offered_less_what_a_plan_takes_care_of(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        assert [each.purpose for each in may_pay(session, payer).choices] == ["overdue", "all"]
        assert may_pay(session, payer).choice("overdue", None).amount == 100_00
        planned(session, payer, payer.rent, payer.card)
        overdue = may_pay(session, payer).choice("overdue", None)
        assert sums(overdue) == {payer.garage.id: 10_00}


def test_of_a_scheduled_account_what_is_not_due_yet_is_owed_but_not_overdue(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor)
        loan = an_account(session, creditor, person, debt_type="loan")
        a_charge(session, loan, 300_00, date(2026, 9, 1))
        for month in (10, 11, 12):
            a_due(session, loan, date(2026, month, 1), 100_00)
        (found,) = payables(session, [person.id], AT)
        assert (found.choice("overdue", None).amount, found.choice("all", None).amount) == (200_00, 300_00)


def test_who_owes_nothing_has_nothing_to_pay(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session, rent=0, garage=0, card=0)
        assert payables(session, [payer.person.id], AT) == []


def test_a_sum_that_is_a_plans_choice_gives_that_choice(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        plan = planned(session, payer, payer.rent, payer.card, first=AT.date())
        for at in (AT, AT.replace(year=2027, month=1, day=26)):
            found = may_pay(session, payer, at=at)
            asked = found.choice("plan", plan)
            instalments = paid_to_plans(session, [plan], at.date())[plan]
            assert towards(found, plan, instalments, asked.amount) == asked
