"""Is a plan kept: the worked cases, who judges when, what is told, and what money does at once."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from cases.arrangements import monitoring, proposal
from cases.arrangements.arrangement import Arrangement, ArrangementAccount
from cases.arrangements.monitoring import judgement
from cases.arrangements.offer import Terms
from cases.arrangements.paid import InstalmentPaid, SharePaid, paid_to_plans
from cases.arrangements.schedule import Dates, Debt, Limits, Rhythm, Upfront, plan
from cases.db import Database
from cases.debts import announced, ledger
from cases.debts.creditor import add_creditor
from cases.history import Actor, Kind, Line
from cases.money import Money
from cases.work.queue import WorkItem
from tests.cases.arrangements.books import lines, refused
from tests.cases.facts import facts
from tests.factories import BY, a_charge, a_creditor, a_payment, a_person, a_user, an_account

RHYTHMS = {
    "weekly": Rhythm.WEEKLY, "fortnightly": Rhythm.TWO_WEEKLY, "4_weekly": Rhythm.FOUR_WEEKLY,
    "monthly": Rhythm.MONTHLY, "one_off": Rhythm.MONTHLY,
}  # fmt: skip
D = date(2026, 12, 1)
AGREED = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def minor(written: str) -> int:
    return Money.parse(written, "GBP").minor


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


# ------------------------------------------------------------------------- the worked cases


@pytest.mark.parametrize(("given_", "expected"), facts("arrangement_monitoring"))
def test_a_plan_stands_as_the_worked_case_says(given_: Any, expected: Any) -> None:
    upfront = given_.get("upfront")
    schedule = plan(
        [Debt("debt", minor(given_["total"]))], minor(given_["instalment"]),
        Dates(RHYTHMS[given_["frequency"]], date.fromisoformat(given_["first_due"])), Limits(date(2000, 1, 1), date(2100, 1, 1), 500), None,
        Upfront(minor(upfront["amount"]), date.fromisoformat(upfront["due"])) if upfront else None,
    )  # fmt: skip
    left, instalments = minor(given_["paid_to_plan"]), []
    for each in schedule.instalments:
        due = sum(share.minor for share in each.shares)
        instalments.append(_instalment(each.number, each.due_on, due, min(left, due)))
        left -= min(left, due)
    found = judgement(instalments, tolerance_days=given_["tolerance_days"], day=date.fromisoformat(given_["as_of"]))
    assert found.state == expected["state"]


@pytest.mark.parametrize(("given_", "expected"), facts("arrangement_monitoring"))
def test_a_plan_of_real_rows_stands_as_the_worked_case_says(
    db: Database, superuser: Connection, given_: Any, expected: Any
) -> None:
    first, as_of = date.fromisoformat(given_["first_due"]), date.fromisoformat(given_["as_of"])
    upfront = given_.get("upfront")
    agreed = noon(min(first, date.fromisoformat(upfront["due"]) if upfront else first) - timedelta(days=3))
    with db.acting() as session:
        creditor = add_creditor(session, ref="plain", name="Plain", country="DE", currency="GBP", by=BY, at=agreed)
        person = a_person(session, creditor)
        account = an_account(session, creditor, person, debt_type="care")
        a_charge(session, account, minor(given_["total"]), agreed.date() - timedelta(days=30), at=agreed)
        terms = Terms(
            minor(given_["instalment"]), first, RHYTHMS[given_["frequency"]],
            upfront=minor(upfront["amount"]) if upfront else 0,
            upfront_on=date.fromisoformat(upfront["due"]) if upfront else None,
            kind="promise" if given_["frequency"] == "one_off" else "plan",
        )  # fmt: skip
        number = proposal.enter(session, person=person.id, accounts=[account.id], terms=terms, key="k",
                                by=Actor("collector", a_user(session).id), at=agreed)  # fmt: skip
    superuser.execute(text("update arrangement set tolerance_days = :days"), {"days": given_["tolerance_days"]})
    superuser.commit()
    with db.acting() as session:
        charge = given_.get("new_charge_on_account")
        if charge:
            on = date.fromisoformat(charge["on"])
            a_charge(session, account, minor(charge["amount"]), on, at=noon(on))
        if paid := minor(given_["paid_to_plan"]):
            a_payment(session, [(account, paid)], as_of, at=noon(as_of))
    with db.acting() as session:
        monitoring.close(session, {number: as_of}, by=BY, at=noon(as_of + timedelta(days=1)))
        assert session.get_one(Arrangement, number).state == expected["state"]


def _instalment(n: int, due_on: date, due: int, paid: int, coming: int = 0) -> InstalmentPaid:
    return InstalmentPaid(n, 1, n, "regular", due_on, due_on, (SharePaid(1, 1, due, paid, coming),))


# --------------------------------------------------------------------------- the pure rule


plans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 50), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=6
).map(lambda rows: [
    _instalment(n, D + timedelta(days=ahead), due, min(paid, due), min(coming, due - min(paid, due)))
    for n, (ahead, due, paid, coming) in enumerate(sorted(rows), 1)
])  # fmt: skip


@given(plans, st.integers(0, 9), st.integers(-10, 90))
def test_nothing_changes_by_time_alone_before_the_next_change(instalments, tolerance, offset) -> None:
    day = D + timedelta(days=offset)
    found = judgement(instalments, tolerance_days=tolerance, day=day)
    assert found.next_change > day
    before = min(found.next_change - timedelta(days=1), D + timedelta(days=400))
    later = judgement(instalments, tolerance_days=tolerance, day=max(before, day))
    assert (later.state, later.missed) == (found.state, found.missed)


@given(plans, st.integers(0, 9), st.integers(-10, 90))
def test_announced_money_mutes_and_never_completes(instalments, tolerance, offset) -> None:
    found = judgement(instalments, tolerance_days=tolerance, day=D + timedelta(days=offset))
    assert all(each.left > 0 and each.due_on + timedelta(days=tolerance) <= D + timedelta(days=offset)
               for each in found.missed)  # fmt: skip
    assert (found.state == "completed") == all(each.paid == each.due for each in instalments)


# ------------------------------------------------------------------------------- the acts


class Kept:
    """A plan of 300 on 1 December and each month after, over a debt of 1,000 minor units of 24 November."""

    def __init__(self, session: Session, *, others: int = 0, amount: int = 300, **given: object) -> None:
        self.creditor = a_creditor(session, **given)
        self.person = a_person(session, self.creditor)
        self.others = [a_person(session, self.creditor, name=f"Other {n}") for n in range(others)]
        self.account = an_account(session, self.creditor, self.person, *self.others, debt_type="care")
        a_charge(session, self.account, 1_000, date(2026, 10, 1))
        self.by = Actor("collector", a_user(session).id)
        self.id = self.agree(session, Terms(amount, D))

    def agree(self, session: Session, terms: Terms, **given: object) -> int:
        values: dict[str, object] = {"accounts": [self.account.id], "key": f"k{terms.first_on}", "at": AGREED} | given
        return proposal.enter(session, person=self.person.id, terms=terms, by=self.by, **values)  # type: ignore[arg-type]

    def row(self, session: Session) -> Arrangement:
        return session.get_one(Arrangement, self.id, populate_existing=True)

    def close(self, session: Session, day: date) -> monitoring.Changes:
        return monitoring.close(session, {self.id: day}, by=Actor("day"), at=noon(day + timedelta(days=1)))

    def pays(self, session: Session, amount: int, on: date, **given: object) -> ledger.Payment:
        return a_payment(session, [(self.account, amount)], on, at=noon(on), **given)


def _items(session: Session, kind: str = "broken") -> list[tuple[str, bool]]:
    rows = session.scalars(select(WorkItem).where(WorkItem.kind == kind).order_by(WorkItem.id))
    return [(row.subject, row.done_at is None) for row in rows]


def test_a_plan_breaks_with_the_close_of_the_day_and_tells_the_desk(session) -> None:
    kept = Kept(session)
    kept.close(session, date(2026, 12, 5))
    assert kept.row(session).state == "live"
    kept.close(session, date(2026, 12, 6))
    assert (kept.row(session).state, kept.row(session).missed) == ("broken", 1)
    [line] = lines(session, Kind.ARRANGEMENT_BROKEN)
    assert line.facts == {"missed": 1, "left": 300, "currency": "GBP", "since": "2026-12-01", "on": "2026-12-06"}
    assert (line.person_id, line.subject) == (kept.person.id, f"arrangement:{kept.id}")
    assert _items(session) == [(f"arrangement:{kept.id}", True)]


def test_each_further_missed_instalment_is_told_once(session) -> None:
    kept = Kept(session)
    kept.close(session, date(2027, 1, 20))
    kept.close(session, date(2027, 1, 20))
    told = [
        (line.facts["missed"], line.facts["left"], line.facts["on"]) for line in lines(session, Kind.INSTALMENT_MISSED)
    ]
    assert len(lines(session, Kind.ARRANGEMENT_BROKEN)) == 1 and told == [(2, 600, "2027-01-09")]


def test_a_late_payment_cures_the_plan_at_once_and_the_item_is_done(session) -> None:
    kept = Kept(session)
    kept.close(session, date(2026, 12, 6))
    kept.pays(session, 299, date(2026, 12, 8))
    assert kept.row(session).state == "broken"
    kept.pays(session, 1, date(2026, 12, 8))
    assert kept.row(session).state == "live"
    assert [line.facts["left"] for line in lines(session, Kind.ARRANGEMENT_CURED)] == [700]
    assert _items(session) == [(f"arrangement:{kept.id}", False)]


def test_nothing_breaks_before_its_day_has_ended(session) -> None:
    kept = Kept(session)
    kept.pays(session, 1, date(2026, 12, 6))
    assert (kept.row(session).state, kept.row(session).judged_on) == ("live", date(2026, 12, 5))
    kept.pays(session, 1, date(2026, 12, 7))
    assert (kept.row(session).state, kept.row(session).judged_on) == ("broken", date(2026, 12, 6))


def test_a_close_for_an_earlier_day_than_judged_leaves_the_plan_alone(session) -> None:
    kept = Kept(session)
    kept.close(session, date(2026, 12, 6))
    kept.pays(session, 300, date(2026, 12, 8))
    before = {c.name: getattr(kept.row(session), c.name) for c in Arrangement.__table__.columns}
    kept.close(session, date(2026, 12, 6))
    assert {c.name: getattr(kept.row(session), c.name) for c in Arrangement.__table__.columns} == before


def test_a_payment_that_comes_back_opens_its_instalments_in_the_same_transaction(session) -> None:
    kept = Kept(session)
    payment = kept.pays(session, 300, date(2026, 12, 1))
    kept.close(session, date(2026, 12, 6))
    assert kept.row(session).state == "live"
    at = noon(date(2026, 12, 9))
    ledger.give_back(session, payment, on=date(2026, 12, 9), key="back", by=kept.by, at=at)
    assert (kept.row(session).state, kept.row(session).missed) == ("broken", 1)
    kinds = list(session.scalars(select(Line.kind).where(Line.at == at).order_by(Line.id)))
    assert kinds[0] == "payment.returned" and "arrangement.broken" in kinds


def test_all_paid_completes_the_plan_and_frees_its_account(session) -> None:
    kept = Kept(session)
    kept.pays(session, 1_000, date(2026, 12, 1))
    row = kept.row(session)
    assert (row.state, row.next_change) == ("completed", date.max) and row.ended_at is not None
    assert len(lines(session, Kind.ARRANGEMENT_COMPLETED)) == 1
    a_charge(session, kept.account, 500, date(2026, 12, 2), at=noon(date(2026, 12, 2)))
    other = kept.agree(session, Terms(100, date(2026, 12, 15)), at=noon(date(2026, 12, 3)))
    assert session.get_one(Arrangement, other).state == "live" and kept.row(session).state == "completed"


@pytest.mark.parametrize(("back", "state"), [(date(2026, 12, 3), "live"), (date(2026, 12, 20), "broken")])
def test_a_completed_plan_opens_again_when_its_money_goes_back(session, back, state) -> None:
    kept = Kept(session)
    payment = kept.pays(session, 1_000, date(2026, 12, 1))
    ledger.give_back(session, payment, on=back, key="back", by=kept.by, at=noon(back))
    row = kept.row(session)
    assert (row.state, row.ended_at) == (state, None)
    ended = session.scalars(select(ArrangementAccount.ended_at).where(ArrangementAccount.arrangement_id == kept.id))
    assert list(ended) == [None]
    kept.pays(session, 1_000, back)
    assert kept.row(session).state == "completed"


def test_money_that_came_after_completion_counts_once_the_plan_is_open_again(session) -> None:
    kept = Kept(session)
    payment = kept.pays(session, 1_000, date(2026, 12, 1))
    kept.pays(session, 1_000, date(2026, 12, 10))
    ledger.give_back(session, payment, on=date(2026, 12, 20), key="back", by=kept.by, at=noon(date(2026, 12, 20)))
    assert kept.row(session).state == "completed"
    assert _paid(session, kept, date(2026, 12, 20)) == [300, 300, 300, 100]


def test_a_completed_plan_stays_closed_once_another_has_its_account(session) -> None:
    kept = Kept(session)
    payment = kept.pays(session, 1_000, date(2026, 12, 1))
    a_charge(session, kept.account, 500, date(2026, 12, 2), at=noon(date(2026, 12, 2)))
    kept.agree(session, Terms(100, date(2026, 12, 15)), at=noon(date(2026, 12, 3)))
    ledger.give_back(session, payment, on=date(2026, 12, 9), key="back", by=kept.by, at=noon(date(2026, 12, 9)))
    assert kept.row(session).state == "completed"


def test_a_return_dated_ahead_opens_the_plan_with_the_close_of_that_day(session) -> None:
    kept = Kept(session)
    payment = kept.pays(session, 1_000, date(2026, 12, 1))
    ledger.give_back(session, payment, on=date(2026, 12, 9), key="back", by=kept.by, at=noon(date(2026, 12, 3)))
    assert (kept.row(session).state, kept.row(session).next_change) == ("completed", date(2026, 12, 9))
    kept.close(session, date(2026, 12, 9))
    assert kept.row(session).state == "broken"


def test_money_valued_ahead_counts_with_the_close_of_its_day(session) -> None:
    kept = Kept(session)
    a_payment(session, [(kept.account, 300)], date(2026, 12, 8), at=noon(date(2026, 12, 2)))
    kept.close(session, date(2026, 12, 7))
    assert (kept.row(session).state, kept.row(session).next_change) == ("broken", date(2026, 12, 8))
    kept.close(session, date(2026, 12, 8))
    assert kept.row(session).state == "live"


def test_announced_money_keeps_a_plan_from_breaking_until_it_fails(session) -> None:
    kept = Kept(session)
    on = date(2026, 12, 5)
    number = announced.announce(session, creditor=kept.creditor.id, account=kept.account.id, currency="GBP", amount=300,
                                channel="bank", on=on, expected_on=on, key="a", by=BY, at=noon(on))  # fmt: skip
    kept.close(session, date(2026, 12, 20))
    assert kept.row(session).state == "live"
    announced.end(session, number, ending="failed", on=date(2026, 12, 21), by=BY, at=noon(date(2026, 12, 21)))
    assert kept.row(session).state == "broken"


def test_announcing_what_is_missed_cures_and_does_not_complete(session) -> None:
    kept = Kept(session)
    kept.close(session, date(2026, 12, 6))
    announced.announce(session, creditor=kept.creditor.id, account=kept.account.id, currency="GBP", amount=1_000,
                       channel="bank", on=date(2026, 12, 8), expected_on=date(2026, 12, 8), key="a", by=BY,
                       at=noon(date(2026, 12, 8)))  # fmt: skip
    assert kept.row(session).state == "live"


def test_a_plan_that_is_replaced_closes_the_item_of_the_broken_one(session) -> None:
    kept = Kept(session)
    kept.close(session, date(2026, 12, 6))
    kept.agree(session, Terms(100, date(2026, 12, 20)), at=noon(date(2026, 12, 8)))
    assert kept.row(session).state == "superseded"
    assert _items(session) == [(f"arrangement:{kept.id}", False)]


def test_a_joint_debtor_is_told_the_sums_of_their_own_debts_alone(session) -> None:
    kept = Kept(session, others=1)
    own = an_account(session, kept.creditor, kept.person, debt_type="care")
    a_charge(session, own, 3_000, date(2026, 10, 1))
    kept.id = kept.agree(session, Terms(400, date(2026, 12, 2)), accounts=[kept.account.id, own.id])
    kept.close(session, date(2026, 12, 7))
    told = {line.person_id: line.facts["left"] for line in lines(session, Kind.ARRANGEMENT_BROKEN)}
    assert told == {kept.person.id: 400, kept.others[0].id: 100}
    a_payment(session, [(kept.account, 100)], date(2026, 12, 8), at=noon(date(2026, 12, 8)))
    kept.close(session, date(2027, 1, 9))
    told = {line.person_id: line.facts["missed"] for line in lines(session, Kind.INSTALMENT_MISSED)}
    assert told == {kept.person.id: 2, kept.others[0].id: 1}


def test_a_joint_debtor_whose_own_debt_misses_nothing_is_not_told(session) -> None:
    kept = Kept(session, others=1)
    own = an_account(session, kept.creditor, kept.person, debt_type="care")
    a_charge(session, own, 3_000, date(2026, 10, 1))
    kept.id = kept.agree(session, Terms(400, date(2026, 12, 2)), accounts=[kept.account.id, own.id])
    a_payment(session, [(kept.account, 100)], date(2026, 12, 2), at=noon(date(2026, 12, 2)))
    kept.close(session, date(2026, 12, 7))
    assert [line.person_id for line in lines(session, Kind.ARRANGEMENT_BROKEN)] == [kept.person.id]


# --------------------------------------------------------------------------- named money


def _paid(session: Session, kept: Kept, on: date) -> list[int]:
    return [each.paid for each in paid_to_plans(session, [kept.id], on)[kept.id]]


def test_named_money_meets_the_plan_before_anything_else_that_is_due(session) -> None:
    kept = Kept(session)
    a_charge(session, kept.account, 250, date(2026, 12, 2), at=noon(date(2026, 12, 2)))
    on = date(2026, 12, 3)
    ledger.pay(
        session, kept.creditor, [(kept.account, 500)], value_date=on, key="n", named_for=kept.id, by=BY, at=noon(on)
    )
    assert _paid(session, kept, on) == [300, 200, 0, 0]
    kept.pays(session, 300, date(2026, 12, 4))
    assert _paid(session, kept, date(2026, 12, 4)) == [300, 250, 0, 0]


def test_what_a_plan_does_not_take_of_named_money_is_like_any_other(session) -> None:
    kept = Kept(session)
    a_charge(session, kept.account, 250, date(2026, 12, 2), at=noon(date(2026, 12, 2)))
    on = date(2026, 12, 3)
    ledger.pay(session, kept.creditor, [(kept.account, 1_250)], value_date=on, key="n", named_for=kept.id, by=BY,
               at=noon(on))  # fmt: skip
    assert _paid(session, kept, on) == [300, 300, 300, 100]
    assert kept.row(session).state == "completed"


def test_money_named_for_a_plan_that_has_ended_meanwhile_takes_nothing_there(session) -> None:
    kept = Kept(session)
    new = kept.agree(session, Terms(500, date(2026, 12, 20)), at=noon(date(2026, 11, 26)))
    on = date(2026, 12, 3)
    ledger.pay(
        session, kept.creditor, [(kept.account, 300)], value_date=on, key="n", named_for=kept.id, by=BY, at=noon(on)
    )
    assert sum(_paid(session, kept, on)) == 0
    assert sum(each.paid for each in paid_to_plans(session, [new], on)[new]) == 300


def test_money_is_named_once_and_for_a_plan_that_covers_the_account(session) -> None:
    kept = Kept(session)
    other = an_account(session, kept.creditor, kept.person)
    on = date(2026, 12, 3)
    with pytest.raises(ValueError, match="covers"):
        ledger.pay(session, kept.creditor, [(other, 5)], value_date=on, key="o", named_for=kept.id, by=BY, at=noon(on))


def test_the_same_key_named_otherwise_is_refused(session) -> None:
    kept = Kept(session)
    on = date(2026, 12, 3)
    pay = {"value_date": on, "key": "n", "by": BY, "at": noon(on)}
    first = ledger.pay(session, kept.creditor, [(kept.account, 5)], named_for=kept.id, **pay)
    assert ledger.pay(session, kept.creditor, [(kept.account, 5)], named_for=kept.id, **pay).id == first.id
    assert refused(ledger.pay, session, kept.creditor, [(kept.account, 5)], **pay).code == "ledger.key_taken"
