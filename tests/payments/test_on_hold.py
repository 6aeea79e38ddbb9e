"""Paying while debts are on hold: nothing is asked of them, and they get only what is meant for them."""

from __future__ import annotations

from datetime import date

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.arrangements.paid import paid_to_plans
from cases.db import Database
from cases.debts import dispute, hold
from cases.history import Actor
from payments.payable import other, towards
from tests.factories import AT, BY
from tests.payments.paying import Payer, a_payer, may_pay


def sums(choice) -> dict[int, int]:
    return {share.account: share.amount for share in choice.shares}


def disputes_the_rent(session, payer: Payer) -> None:
    dispute.begin(session, person=payer.person.id, account=payer.rent.id, ground="paid", note=None, key="k",
                  by=Actor("debtor", payer.person.id), at=AT)  # fmt: skip


def test_a_disputed_debt_is_in_no_sum_that_suggests_itself(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)  # rent 30.00, garage 10.00, card 60.00
        disputes_the_rent(session, payer)
        found = may_pay(session, payer)
        assert {each.purpose: sums(each) for each in found.choices} == {
            purpose: {payer.card.id: 60_00, payer.garage.id: 10_00} for purpose in ("overdue", "all")
        }


def test_it_gets_what_is_named_for_it_and_of_a_sum_for_several_what_the_others_cannot_take(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        disputes_the_rent(session, payer)
        found = may_pay(session, payer)
        assert sums(other(found, [payer.rent.id], 20_00)) == {payer.rent.id: 20_00}
        both = [payer.rent.id, payer.card.id]
        assert sums(other(found, both, 60_00)) == {payer.card.id: 60_00}
        assert sums(other(found, both, 75_00)) == {payer.card.id: 60_00, payer.rent.id: 15_00}


def test_a_plan_asks_nothing_for_it_and_its_share_can_still_be_paid(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        plan = proposal.enter(session, person=payer.person.id, accounts=[payer.rent.id, payer.card.id],
                              terms=Terms(30_00, date(2026, 11, 24)), key="plan", by=BY, at=AT)  # fmt: skip
        disputes_the_rent(session, payer)
        found = may_pay(session, payer)
        assert sums(found.choice("plan", plan)) == {payer.card.id: 20_00}
        instalments = paid_to_plans(session, [plan], AT.date())[plan]
        assert sums(towards(found, plan, instalments, 30_00)) == {payer.rent.id: 10_00, payer.card.id: 20_00}


def test_a_hold_that_stops_no_money_changes_no_sum(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        before = may_pay(session, payer).choices
        hold.place(session, person=payer.person.id, basis="vulnerability", accounts=[payer.rent.id], stops=["reminders"],
                   starts_on=AT.date(), last_on=None, review_on=date(2026, 12, 20), key="k", by=BY, at=AT)  # fmt: skip
        assert may_pay(session, payer).choices == before


def test_a_person_whose_only_debt_is_disputed_may_still_pay_it(db: Database) -> None:
    with db.acting() as session:
        payer = a_payer(session)
        for account in (payer.rent, payer.card, payer.garage):
            dispute.begin(session, person=payer.person.id, account=account.id, ground="not_mine", note=None,
                          key=f"k{account.id}", by=Actor("debtor", payer.person.id), at=AT)  # fmt: skip
        found = may_pay(session, payer)
        assert found.choices == () and sums(other(found, [payer.card.id], 5_00)) == {payer.card.id: 5_00}
