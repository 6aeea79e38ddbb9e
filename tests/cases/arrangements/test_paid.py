"""Paid to a plan: due instalments first, then what else is due, then later ones; no sum counts twice."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.arrangements.paid import Dated, meet, next_instalment, paid_to_plans
from cases.db import Database
from cases.debts import announced, ledger
from cases.history import Actor
from tests.factories import BY, a_charge, a_creditor, a_due, a_payment, a_person, a_user, an_account

TODAY = date(2026, 11, 24)
D = date(2026, 12, 1)


def day(n: int) -> date:
    return D + timedelta(days=n)


class Plan:
    """Three accounts' worth of a plan: 300 a month from 1 December on a rolling debt of 1,000 (minor units)."""

    def __init__(self, session: Session, at, *, scheduled: bool = False, **given: object) -> None:
        self.creditor = a_creditor(session, **given)
        self.person = a_person(session, self.creditor)
        self.account = an_account(session, self.creditor, self.person)
        if scheduled:
            for due_on, minor in ((date(2026, 11, 1), 1_000), (date(2026, 12, 10), 500), (date(2027, 1, 10), 500)):
                a_due(session, self.account, due_on, minor)
        else:
            a_charge(session, self.account, 1_000, date(2026, 10, 1))
        self.by = Actor("collector", a_user(session).id)
        self.id = self.agree(session, at)

    def agree(self, session: Session, at, **given: object) -> int:
        values: dict[str, object] = {"accounts": [self.account.id], "terms": Terms(300, D), "key": "k"} | given
        return proposal.enter(session, person=self.person.id, by=self.by, at=at, **values)

    def paid(self, session: Session, on: date) -> list[tuple[int, int]]:
        return [(each.paid, each.announced) for each in paid_to_plans(session, [self.id], on)[self.id]]


@pytest.mark.parametrize(("money", "others", "paid"), [
    ([(0, 300)], [], [300, 0, 0]),
    ([(-3, 300)], [], [300, 0, 0]),
    ([(0, 200), (3, 200)], [], [300, 100, 0]),
    ([(0, 500)], [(0, 150)], [300, 50, 0]),
    ([(0, 500)], [(1, 150)], [300, 200, 0]),
    ([(31, 700)], [(5, 150)], [300, 300, 0]),
    ([(31, 800)], [(5, 150)], [300, 300, 50]),
    ([(-1, 400)], [(-5, 150)], [250, 0, 0]),
    ([(0, 2_000)], [(0, 150)], [300, 300, 300]),
])
def test_money_meets_what_is_due_then_what_else_is_due_then_later_payments(money, others, paid) -> None:
    shares = [Dated(day(0), 300), Dated(day(31), 300), Dated(day(62), 300)]
    met = meet(shares, [Dated(day(n), minor) for n, minor in others], [Dated(day(n), minor) for n, minor in money])
    assert [each[0] for each in met] == paid


sums = st.lists(st.builds(Dated, st.dates(day(-40), day(120)), st.integers(1, 500)), max_size=6)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=6), sums, sums, sums)
def test_no_sum_counts_twice_and_no_share_takes_more_than_it_is(parts, others, money, coming) -> None:
    shares = [Dated(day(30 * n), minor) for n, minor in enumerate(parts)]
    met = meet(shares, others, money, coming)
    assert all(paid + announced <= share.minor for (paid, announced), share in zip(met, shares, strict=True))
    assert sum(paid for paid, _ in met) <= sum(each.minor for each in money)
    assert sum(announced for _, announced in met) <= sum(each.minor for each in coming)
    # without anything else that is due, every unit reaches the plan until it is full
    alone = meet(shares, [], money, coming)
    assert sum(paid for paid, _ in alone) == min(sum(parts), sum(each.minor for each in money))


@given(st.lists(st.integers(1, 400), min_size=1, max_size=5), sums, sums)
def test_more_money_never_pays_less(parts, others, money) -> None:
    shares = [Dated(day(30 * n), minor) for n, minor in enumerate(parts)]
    less = sum(paid for paid, _ in meet(shares, others, money[:-1]))
    assert less <= sum(paid for paid, _ in meet(shares, others, money))


def test_money_from_the_day_of_the_agreement_counts_and_earlier_money_does_not(session, at) -> None:
    plan = Plan(session, at)
    assert plan.paid(session, TODAY) == [(0, 0)] * 4
    a_payment(session, [(plan.account, 100)], TODAY, at=at + timedelta(hours=1))
    a_payment(session, [(plan.account, 250)], day(0), at=at + timedelta(days=7))
    assert plan.paid(session, day(-1)) == [(100, 0), (0, 0), (0, 0), (0, 0)]
    assert plan.paid(session, day(0)) == [(300, 0), (50, 0), (0, 0), (0, 0)]


def test_money_that_the_covered_sum_knew_never_counts_again(session, at) -> None:
    plan = Plan(session, at)
    a_payment(session, [(plan.account, 100)], TODAY, at=at + timedelta(hours=1))
    plan.id = plan.agree(session, at + timedelta(hours=2), key="k2")
    assert sum(each.due for each in paid_to_plans(session, [plan.id], TODAY)[plan.id]) == 900
    assert plan.paid(session, day(40)) == [(0, 0), (0, 0), (0, 0)]


def test_money_of_an_earlier_day_that_came_to_light_later_counts(session, at) -> None:
    plan = Plan(session, at)
    a_payment(session, [(plan.account, 300)], TODAY - timedelta(days=1), at=at + timedelta(days=1))
    assert plan.paid(session, TODAY)[0] == (300, 0)


def test_a_payment_given_back_counts_until_its_return(session, at) -> None:
    plan = Plan(session, at)
    payment = a_payment(session, [(plan.account, 300)], day(0), at=at + timedelta(days=7))
    ledger.give_back(session, payment, on=day(4), key="back", by=BY, at=at + timedelta(days=11))
    assert plan.paid(session, day(3))[0] == (300, 0)
    assert plan.paid(session, day(4))[0] == (0, 0)


def test_an_older_payment_given_back_takes_nothing_from_the_plan(session, at) -> None:
    creditor = a_creditor(session)
    person = a_person(session, creditor)
    account = an_account(session, creditor, person)
    a_charge(session, account, 1_500, date(2026, 10, 1))
    old = a_payment(session, [(account, 500)], date(2026, 10, 20))
    by = Actor("collector", a_user(session).id)
    plan = proposal.enter(session, person=person.id, accounts=[account.id], terms=Terms(300, D), key="k", by=by, at=at)
    a_payment(session, [(account, 300)], day(0), at=at + timedelta(days=7))
    ledger.give_back(session, old, on=day(2), key="back", by=BY, at=at + timedelta(days=9))
    assert paid_to_plans(session, [plan], day(5))[plan][0].paid == 300


def test_money_moved_inside_its_payment_is_not_money_again(session, at) -> None:
    creditor = a_creditor(session)
    person = a_person(session, creditor)
    account = an_account(session, creditor, person)
    a_charge(session, account, 1_000, date(2026, 10, 1))
    fee = a_charge(session, account, 200, date(2026, 10, 2), kind="fee")
    a_payment(session, [(account, 200)], date(2026, 10, 20))
    by = Actor("collector", a_user(session).id)
    plan = proposal.enter(session, person=person.id, accounts=[account.id], terms=Terms(300, D), key="k", by=by, at=at)
    ledger.reverse(session, ledger.entry_called(session, creditor.id, fee), on=day(0), key="rev", by=BY,
                   at=at + timedelta(days=7))
    # the fee of 200 was taken back: 200 less is owed, once
    assert sum(each.paid for each in paid_to_plans(session, [plan], day(1))[plan]) == 200


def test_a_debt_that_was_lowered_asks_for_no_payment_of_the_lowered_part(session, at) -> None:
    plan = Plan(session, at)
    a_charge(session, plan.account, -1_000, day(-2), kind="adjustment", at=at + timedelta(days=5))
    assert next_instalment(paid_to_plans(session, [plan.id], day(-1))[plan.id]) is None


def test_a_new_charge_is_met_after_the_payments_that_are_due_and_before_later_ones(session, at) -> None:
    plan = Plan(session, at)
    a_charge(session, plan.account, 150, day(-2), at=at + timedelta(days=5))
    a_payment(session, [(plan.account, 500)], day(0), at=at + timedelta(days=7))
    assert plan.paid(session, day(0)) == [(300, 0), (50, 0), (0, 0), (0, 0)]


def test_rent_that_falls_due_beside_the_plan_is_met_before_later_payments(session, at) -> None:
    plan = Plan(session, at, scheduled=True)
    assert sum(each.due for each in paid_to_plans(session, [plan.id], TODAY)[plan.id]) == 1_000
    a_payment(session, [(plan.account, 900)], day(10), at=at + timedelta(days=17))
    assert plan.paid(session, day(10)) == [(300, 0), (100, 0), (0, 0), (0, 0)]


def test_announced_money_is_told_apart_and_leaves_nothing_to_remind_of(session, at) -> None:
    plan = Plan(session, at)
    a_payment(session, [(plan.account, 100)], day(-1), at=at + timedelta(days=6))
    sent = announced.announce(session, creditor=plan.creditor.id, account=plan.account.id, currency="GBP", amount=200,
                              channel="bank", on=day(-1), expected_on=day(1), key="a", by=BY, at=at)
    found = paid_to_plans(session, [plan.id], day(-1))[plan.id]
    assert (found[0].paid, found[0].announced, found[0].left) == (100, 200, 0)
    nxt = next_instalment(found)
    assert nxt is not None and nxt.n == 2
    booked = a_payment(session, [(plan.account, 200)], day(1), at=at + timedelta(days=9))
    announced.end(session, sent, ending="booked", payment=booked.id, by=BY, at=at + timedelta(days=9))
    assert plan.paid(session, day(1))[0] == (300, 0)


def test_each_account_of_a_plan_is_met_by_its_own_money(session, at) -> None:
    creditor = a_creditor(session)
    person = a_person(session, creditor)
    lena = a_person(session, creditor, name="Lena")
    own, joint = an_account(session, creditor, person), an_account(session, creditor, person, lena)
    a_charge(session, own, 600, date(2026, 10, 1))
    a_charge(session, joint, 300, date(2026, 10, 2))
    by = Actor("collector", a_user(session).id)
    plan = proposal.enter(session, person=person.id, accounts=[own.id, joint.id], terms=Terms(300, D), key="k", by=by,
                          at=at)
    a_payment(session, [(joint, 150)], day(0), at=at + timedelta(days=7))
    first = paid_to_plans(session, [plan], day(0))[plan][0]
    assert {share.account: (share.due, share.paid) for share in first.shares} == {own.id: (200, 0), joint.id: (100, 100)}


def test_a_joint_debtor_sees_what_was_paid_on_the_joint_account(db, at) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person, lena = a_person(session, creditor), a_person(session, creditor, name="Lena")
        own, joint = an_account(session, creditor, person), an_account(session, creditor, person, lena)
        a_charge(session, own, 600, date(2026, 10, 1))
        a_charge(session, joint, 300, date(2026, 10, 2))
        by = Actor("collector", a_user(session).id)
        plan = proposal.enter(session, person=person.id, accounts=[own.id, joint.id], terms=Terms(300, D), key="k",
                              by=by, at=at)
        payment = a_payment(session, [(joint, 50), (own, 100)], day(0), at=at + timedelta(days=7))
        hers, account = lena.id, joint.id
        ledger.give_back(session, payment, on=day(9), key="b", by=BY, at=at + timedelta(days=16))
    with db.asking("debtor", people=[hers]) as session:
        found = paid_to_plans(session, [plan], day(1))[plan]
        assert {share.account for each in found for share in each.shares} == {account}
        assert [(each.due, each.paid) for each in found] == [(100, 50), (100, 0), (100, 0)]
        assert paid_to_plans(session, [plan], day(9))[plan][0].paid == 0


def test_money_counts_in_the_plan_that_was_live_and_not_in_the_next_one_too(session, at) -> None:
    plan = Plan(session, at)
    a_payment(session, [(plan.account, 100)], day(-3), at=at + timedelta(days=4))
    later = at + timedelta(days=5)
    new = plan.agree(session, later, key="k2")
    a_payment(session, [(plan.account, 50)], day(0), at=at + timedelta(days=7))
    both = paid_to_plans(session, [plan.id, new], day(10))
    assert [sum(each.paid for each in both[one]) for one in (plan.id, new)] == [100, 50]


def test_a_plan_whose_share_nobody_may_see_has_no_instalments(db, at) -> None:
    with db.acting() as session:
        plan = Plan(session, at)
        stranger = a_person(session, plan.creditor, name="Stranger").id
        number = plan.id
    with db.asking("debtor", people=[stranger]) as session:
        assert paid_to_plans(session, [number], TODAY) == {number: []}


def _committed(db: Database, at) -> Plan:
    with db.acting() as session:
        return Plan(session, at)


def test_what_was_booked_before_the_agreement_was_made_is_known_to_it_whatever_the_clocks_say(db, at) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor)
        account = an_account(session, creditor, person)
        a_due(session, account, date(2026, 10, 1), 1_500)
        a_charge(session, account, 1_500, date(2026, 10, 1))
        a_payment(session, [(account, 500)], date(2026, 10, 20))
        by = Actor("collector", a_user(session).id)
    with db.acting() as session:
        # agreed on an earlier day than the one on which the book was loaded
        early = at - timedelta(days=10)
        plan = proposal.enter(session, person=person.id, accounts=[account.id], terms=Terms(300, date(2026, 11, 20)),
                              key="k", by=by, at=early)
        assert sum(each.paid for each in paid_to_plans(session, [plan], TODAY)[plan]) == 0


def test_a_payment_corrected_by_its_return_and_a_new_one_is_not_money_again(db, at) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor)
        account = an_account(session, creditor, person)
        a_charge(session, account, 1_500, date(2026, 10, 1))
        old = a_payment(session, [(account, 500)], date(2026, 10, 20))
        by = Actor("collector", a_user(session).id)
        plan = proposal.enter(session, person=person.id, accounts=[account.id], terms=Terms(300, D), key="k", by=by,
                              at=at)
    with db.acting() as session:
        ledger.give_back(session, old, on=date(2026, 10, 20), key="back", by=BY, at=at + timedelta(days=1))
        a_payment(session, [(account, 500)], date(2026, 10, 20), at=at + timedelta(days=1))
        assert sum(each.paid for each in paid_to_plans(session, [plan], day(5))[plan]) == 0


def test_money_booked_later_with_an_earlier_day_counts_even_on_a_clock_set_back(db, at) -> None:
    plan = _committed(db, at)
    with db.acting() as session:
        a_payment(session, [(plan.account, 300)], TODAY - timedelta(days=1), at=at)
        assert plan.paid(session, TODAY)[0] == (300, 0)


def _adjusted(db: Database, at, *raised: tuple[str, int], lowered: int, total: int) -> tuple[Plan, list[str]]:
    """A plan over an account that a lowering adjustment had met before; the keys of what was charged."""
    with db.acting() as session:
        plan = object.__new__(Plan)
        plan.creditor = a_creditor(session)
        plan.person = a_person(session, plan.creditor)
        plan.account = an_account(session, plan.creditor, plan.person)
        keys = [a_charge(session, plan.account, minor, date(2026, 10, 1), kind=kind) for kind, minor in raised]
        a_charge(session, plan.account, -lowered, date(2026, 10, 2), kind="adjustment", key="lowered")
        plan.by = Actor("collector", a_user(session).id)
    with db.acting() as session:
        plan.id = plan.agree(session, at, terms=Terms(total, D))
    return plan, keys


def _take_back(session: Session, plan: Plan, key: str, on: date, at) -> None:
    ledger.reverse(session, ledger.entry_called(session, plan.creditor.id, key), on=on, key=f"{key} back", by=BY, at=at)


def _owed_and_left(session: Session, plan: Plan, on: date) -> tuple[int, int]:
    owed = sum(ledger.balance(session, [plan.account.id], on)[plan.account.id].values())
    return owed, sum(each.left for each in paid_to_plans(session, [plan.id], on)[plan.id])


@pytest.mark.parametrize(
    "raised",
    [
        [("charge", 10_000), ("interest", 50_000)],  # it moves whole
        [("charge", 10_000), ("charge", 5_000), ("cost", 9_000)],  # it moves in part
    ],
)
def test_a_lowering_that_the_covered_sum_knew_and_that_had_to_move_is_not_paid_again(db, at, raised) -> None:
    plan, keys = _adjusted(db, at, *raised, lowered=6_000, total=10_000)
    with db.acting() as session:
        _take_back(session, plan, keys[0], day(-6), at + timedelta(days=1))
        owed, left = _owed_and_left(session, plan, day(25))
        assert owed == left > 0


@pytest.mark.parametrize(("moved", "money"), [(False, 36_000), (True, 26_000)])
def test_a_known_lowering_that_is_taken_back_is_due_again_even_where_it_had_moved(db, at, moved, money) -> None:
    plan, keys = _adjusted(db, at, ("charge", 10_000), ("interest", 50_000), lowered=6_000, total=30_000)
    with db.acting() as session:
        if moved:
            _take_back(session, plan, keys[0], day(-6), at + timedelta(days=1))
        _take_back(session, plan, "lowered", day(-5), at + timedelta(days=2))
        a_payment(session, [(plan.account, money)], day(0), at=at + timedelta(days=7))
        assert plan.paid(session, day(5)) == [(30_000, 0), (0, 0)]
        assert _owed_and_left(session, plan, day(5)) == (24_000, 24_000)


def test_a_lowering_of_the_plans_own_time_counts_once_wherever_it_moves_until_it_is_taken_back(db, at) -> None:
    plan, keys = _adjusted(db, at, ("charge", 10_000), ("interest", 50_000), lowered=1, total=10_000)
    with db.acting() as session:
        a_charge(session, plan.account, -6_000, day(-7), kind="adjustment", key="later", at=at + timedelta(hours=1))
        before = sum(paid for paid, _ in plan.paid(session, day(-7)))
        _take_back(session, plan, keys[0], day(-6), at + timedelta(days=1))
        moved = _owed_and_left(session, plan, day(-6))
        _take_back(session, plan, "later", day(-5), at + timedelta(days=2))
        after = _owed_and_left(session, plan, day(-5))
    assert before == 6_000
    assert moved == (43_999, 43_999)
    assert after == (49_999, 49_999)
