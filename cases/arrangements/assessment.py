"""The assessment: a proposal judged by rule against the newest statement of affairs and its creditors' limits.

What is *available* for a proposal is what the statement leaves for its class of debts (`means.py`). A sum upfront is
no matter of a month: it is not in the verdict, but more than a month leaves is looked at.

Debts of one creditor and kind count together before its limits, all that are owed and not those of one plan alone:
many small ones, or one after the other, pass no limit that one large debt would not.

Without any *reason* for a person to look, a proposal is accepted at once. The rule never refuses: what it would
not accept goes to a person with its reasons, and whoever proposed may always ask for one. What is entered on the
telephone is judged as well, and the user decides: above what is left only once it was talked over with the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.arrangements import monitoring
from cases.arrangements import proposal as proposals
from cases.arrangements.affordability import A_MONTH, Verdict, monthly, outside, verdict
from cases.arrangements.limits import PlanLimits, limits_of
from cases.arrangements.means import Range, means_of, of_debt, range_of
from cases.arrangements.offer import Coverable, Draft, Terms, draft, offer
from cases.arrangements.version import Proposal, covered_by, debts_shown, schedule_shown, sent_with, terms_of
from cases.arrears.explain import explain, gather
from cases.clock import add_months
from cases.db import Base, Minor, Moment, refers
from cases.debts.allocation import priority_of
from cases.history import Actor, Kind, record
from cases.people.person import all_ids
from cases.refusal import refusal_code

NOT_TALKED_OVER = refusal_code("assessment.not_talked_over")

BY: Final = Actor("limits")
"""The job that accepts by rule."""
REASONS: Final = (
    "asked", "no_statement", "old_statement", "gaps", "counter_offer", "token_or_hold", "priority_first", "promise",
    "no_limits", "too_small", "too_large", "too_old", "plan_before", "instalment_too_small", "too_long", "too_late",
    "share_above", "upfront", "plan_runs",
)  # fmt: skip
"""Why a person looks at a proposal."""


class Assessment(Base):
    """How a proposal was judged when it was sent or entered. `proposed` and `available` in minor units a month.
    `accepted`: by the rule.

    What it tells of somebody's means (`statement_id`, `verdict`, `available`, `reasons`) stands here alone and may
    be erased; the history keeps whether it was accepted.
    """

    __tablename__ = "assessment"

    proposal_id: Mapped[int] = refers("proposal.id", primary_key=True)
    person_id: Mapped[int] = refers("person.id")
    statement_id: Mapped[int | None] = refers("statement_of_affairs.id", nullable=True)
    verdict: Mapped[str | None] = mapped_column(Text)
    proposed: Mapped[Minor]
    available: Mapped[Minor | None]
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text))
    accepted: Mapped[bool] = mapped_column(Boolean)
    made_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("verdict in ('affordable', 'counter_offer', 'token_or_hold')", "verdict"),
        CheckConstraint("num_nulls(statement_id, verdict, available) in (0, 3)", "judged"),
        CheckConstraint("not accepted or cardinality(reasons) = 0", "accepted"),
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rule says of a proposal. Sums in minor units a month; `step`: of sums that we suggest.

    `fits`: which payments over the same debts fit, at its own rhythm.
    """

    statement: int | None
    verdict: Verdict | None
    proposed: int
    available: int | None
    reasons: tuple[str, ...]
    step: int = 1
    fits: Range | None = None

    @property
    def to_talk_over(self) -> bool:
        """Whether it asks for more than is left."""
        return self.verdict not in (None, Verdict.AFFORDABLE)

    @property
    def at_once(self) -> bool:
        """Whether it is accepted when it is sent."""
        return not self.reasons

    def suggestion(self, rhythm: str) -> int | None:
        """What we offer instead at this rhythm: what is available, rounded down; None where nothing is."""
        if self.verdict is not Verdict.COUNTER_OFFER or self.available is None:
            return None
        each = int(Fraction(self.available) / A_MONTH[rhythm])
        return each - each % self.step if each >= self.step else each


def judge(session: Session, people: Sequence[int], draft: Draft, owed: Sequence[Coverable], at: datetime) -> Judged:
    """What the rule says of a draft of these ids. `owed`: all that they owe in its currency."""
    covered = [each for each, _minor in draft.covered]
    terms = draft.terms
    regular = draft.schedule.regular[0].minor
    once = terms.kind == "promise" or len(draft.schedule.regular) == 1
    proposed = regular if once else monthly(regular, terms.rhythm)
    means = means_of(session, people, covered, draft.currency, at)
    left = means.left if means else None
    reasons, said = [], None
    if means is not None:
        said = verdict(means.left, proposed)
        reasons += [str(said)] * (said is not Verdict.AFFORDABLE) + ["gaps"] * means.gaps
        reasons += ["old_statement"] * means.old
        first_of_all = draft.schedule.upfront
        if first_of_all is not None and first_of_all.minor > means.left:
            reasons.append("upfront")
    if terms.kind == "promise":
        reasons.append("promise")
    if any(each.plan for each in covered):
        reasons.append("plan_runs")  # it would end a plan that others may rely on: a joint tenant, a creditor
    first = [each for each in owed if priority_of(each.debt_type) == 0 and each.overdue and not each.plan]
    if first and all(priority_of(each.debt_type) for each in covered):
        reasons.append("priority_first")
    limits = limits_of(session, sorted({each.creditor for each in covered}), draft.currency)
    step = 1
    needs_none = True
    for (creditor, kind), one in sorted({(each.creditor, each.debt_type): each for each in covered}.items()):
        of = of_debt(limits, one)
        if of is None:
            reasons.append("no_limits")
            needs_none = False
            continue
        step = max(step, of.round_to or 1)
        alike = [each for each in owed if (each.creditor, each.debt_type) == (creditor, kind)]
        together = sum(each.owed for each in alike)
        needs_none = needs_none and of.statement_above is not None and together <= of.statement_above
        reasons += _outside(session, of, alike, draft, left, proposed)
    if said is None and not needs_none:
        reasons.append("no_statement")
    order = tuple(code for code in REASONS if code in reasons)
    fits = None if terms.kind == "promise" else range_of(means, covered, limits, terms.rhythm)
    return Judged(means.statement if means else None, said, proposed, left, order, step, fits)


def settle(session: Session, proposal: int, *, asked: bool = False, at: datetime) -> bool:
    """Judges a proposal, keeps how, and accepts it at once where nothing speaks for a person to look.

    It is judged with its person and its debts held: of two sent at once the second is judged beside what the first
    became. `asked`: whoever proposed wants a person to look. Settled twice (a double click), the first stands.
    Returns whether it was accepted. Refuses as `proposal.approve` does.
    """
    row = proposals.held(session, proposal)
    was = session.get(Assessment, proposal)
    if was is not None:
        return was.accepted
    judged = _judged(session, row, at)
    reasons = ["asked"] * asked + list(judged.reasons)
    _keep(session, row, judged, reasons, {"accepted": not reasons}, by=BY, at=at)
    if not reasons:
        proposals.approve(session, row.id, by=BY, at=at)
    return not reasons


def enter(
    session: Session,
    *,
    person: int,
    accounts: Sequence[int],
    terms: Terms,
    key: str,
    talked_over: bool = False,
    by: Actor,
    at: datetime,
) -> int:
    """A plan or a promise agreed on the telephone, judged with its person and its debts held, before it begins.

    `talked_over`: the user has said to the person that it is more than is left; kept where it is. Returns the
    arrangement's id; the same key enters once. Refuses `assessment.not_talked_over`, and as `proposal.enter` does.
    """
    people = proposals.hold_person(session, person)
    judged = None
    if sent_with(session, person, key) is None:
        monitoring.hold(session, accounts)
        made = draft(session, people, accounts, terms, at)
        judged = judge(session, people, made, offer(session, people, made.currency, at).accounts, at)
        if judged.to_talk_over and not talked_over:
            raise NOT_TALKED_OVER()
    plan = proposals.enter(session, person=person, accounts=accounts, terms=terms, key=key, by=by, at=at)
    row = sent_with(session, person, key)
    if judged is not None and row is not None:
        facts = {"accepted": False} | ({"talked_over": True} if judged.to_talk_over else {})
        _keep(session, row, judged, judged.reasons, facts, by=by, at=at)
    return plan


def assessments_of(session: Session, proposals_: Sequence[int]) -> dict[int, Assessment]:
    """How these proposals were judged, by proposal; those from before the rule are not among them."""
    found = session.scalars(select(Assessment).where(Assessment.proposal_id.in_(proposals_)))
    return {row.proposal_id: row for row in found}


def _keep(
    session: Session, row: Proposal, judged: Judged, reasons: Sequence[str], facts: dict[str, bool], *,
    by: Actor, at: datetime,
) -> None:  # fmt: skip
    session.add(Assessment(
        proposal_id=row.id, person_id=row.person_id, statement_id=judged.statement, verdict=judged.verdict,
        proposed=judged.proposed, available=judged.available, reasons=list(reasons), accepted=facts["accepted"],
        made_at=at,
    ))  # fmt: skip
    session.flush()
    record(session, Kind.PROPOSAL_JUDGED, by=by, at=at, person=row.person_id, subject=f"proposal:{row.id}",
           facts=facts)  # fmt: skip


def _judged(session: Session, row: Proposal, at: datetime) -> Judged:
    """What the rule says of a version as it will be agreed, beside what its debts, held from here on, owe now."""
    covered = covered_by(session, row.id)
    monitoring.hold(session, [each.account_id for each in covered])
    people = all_ids(session, row.person_id)
    owed = offer(session, people, row.currency, at).accounts
    known = {each.account: each for each in owed}
    theirs = tuple((known[each.account_id], each.amount) for each in covered if each.account_id in known)
    today = max((each.today for each, _minor in theirs), default=at.date())
    shown = schedule_shown(row, covered)
    debts = debts_shown(covered)
    made = Draft(terms_of(row), row.currency, theirs, debts, row.calendar, today, shown)
    return judge(session, people, made, owed, at)


def _outside(
    session: Session, of: PlanLimits, alike: Sequence[Coverable], draft: Draft, left: int | None, proposed: int
) -> list[str]:
    """Which limits a draft is outside of with its debts of one creditor and kind; `alike`: all such that they owe."""
    covered = {each.account: minor for each, minor in draft.covered if each in alike}
    years = []
    if of.years_since_plan is not None:
        begun = session.scalars(_BEGUN, {"accounts": list(covered)}).all()
        years = [_whole_years(day, draft.today) for day in begun]
    ages = _ages(session, alike) if of.old_days is not None else {}
    found = outside(of.of_the_debt, sum(each.owed for each in alike), ages=ages, plan_years_ago=years)
    shared = {share.key: share.minor for share in draft.schedule.regular[0].shares}
    for account, minor in covered.items():
        if of.least_debt is not None and minor < of.least_debt:
            found.append("too_small")
        if of.least_instalment is not None and shared.get(account, 0) < min(of.least_instalment, minor):
            found.append("instalment_too_small")
    last = draft.schedule.instalments[-1].nominal_on
    if of.most_months is not None and last > add_months(draft.today, of.most_months):
        found.append("too_long")
    first = draft.schedule.instalments[0].nominal_on
    if of.start_within_days is not None and (first - draft.today).days > of.start_within_days:
        found.append("too_late")
    if of.share_percent is not None and left is not None and proposed * 100 > max(left, 0) * of.share_percent:
        found.append("share_above")
    return found


def _ages(session: Session, debts: Sequence[Coverable]) -> dict[int, int]:
    """By age in days, minor units: what fell due and is not met, by its due date; interest and fees by their day.

    Money is taken to have met the oldest interest and fees first, so the newest are open.
    """
    found: dict[int, int] = {}
    for account, facts in gather(session, [each.account for each in debts]).items():
        debt = next(each for each in debts if each.account == account)
        parts = [(demand.due_on, demand.open) for demand in explain(facts, debt.today).unmet]
        rest = debt.owed - sum(minor for _day, minor in parts)
        raised = (
            each for each in facts.entries
            if each.amount > 0 and each.component not in ("principal", "credit") and each.value_date <= debt.today
            and each.reverses is None and (each.mirrored_on is None or each.mirrored_on > debt.today)
        )  # fmt: skip
        for entry in sorted(raised, key=lambda each: each.value_date, reverse=True):
            parts.append((entry.value_date, min(entry.amount, max(rest, 0))))
            rest -= entry.amount
        for day, minor in parts:
            age = (debt.today - day).days
            found[age] = found.get(age, 0) + minor
    return found


def _whole_years(day: date, today: date) -> int:
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


_BEGUN: Final = text("""
select a.agreed_on from arrangement a
join arrangement_account c on c.arrangement_id = a.id where c.account_id = any(:accounts)
""")
