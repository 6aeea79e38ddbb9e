"""Means: what a household's newest statement leaves each month for some of its debts, and which payments fit that.

What is left is reckoned for a class of debts: for priority debts alone what is left before the others, less what
goes to priority creditors already, here and elsewhere; for any other debts what is left after all that is paid
already. Plans of the same person over debts that are covered anew do not count.

The *range* goes from the least that the limits ask to the most that is left. It says what fits, not what to pay:
nobody is pressed towards its end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrangements import statement_of_affairs as affairs
from cases.arrangements.affordability import A_MONTH, monthly, most_a_month, range_inside
from cases.arrangements.limits import PlanLimits, limits_of
from cases.arrangements.offer import MOST_INSTALMENTS, Coverable, least
from cases.arrangements.schedule import Rhythm
from cases.clock import add_months
from cases.debts.allocation import priority_of

STATEMENT_MONTHS: Final = 12
"""How long a statement is judged by; then it is asked anew. (rules 8)"""

Known = Mapping[tuple[int, str | None], PlanLimits]
"""Limits by creditor and kind of debt."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the newest statement leaves each month, minor units; below nought where nothing is left.

    `gaps`: some of it is not known. `old`: it was told more than `STATEMENT_MONTHS` ago.
    """

    statement: int
    left: int
    gaps: bool
    old: bool


@dataclass(frozen=True, slots=True)
class Range:
    """Payments that fit, in round figures, minor units each time. `low` None: the least that is asked is more."""

    low: int | None
    high: int


# ------------------------------------------------------------------------------ pure rules


def of_debt(known: Known, debt: Coverable) -> PlanLimits | None:
    """The limits of a debt: those of its kind, else of its creditor."""
    return known.get((debt.creditor, debt.debt_type)) or known.get((debt.creditor, None))


def range_of(means: Means | None, debts: Sequence[Coverable], known: Known, rhythm: str) -> Range | None:
    """Which payments over all of these debts fit at this rhythm.

    None where nothing can be said: no statement or one of long ago, a gap in it, nothing left, or too little left
    for any plan.
    """
    if means is None or means.gaps or means.old or means.left <= 0 or not debts:
        return None
    found = [(each, of_debt(known, each)) for each in debts]
    total, most_often = sum(each.owed for each in debts), MOST_INSTALMENTS[Rhythm(rhythm)]
    share = min((of.share_percent for _each, of in found if of and of.share_percent), default=100)
    most = most_a_month(total, means.left, share=Fraction(share, 100), least_months=1, most_months=MOST_MONTHS)
    if most is None:
        return None
    low = max(-(-total // most_often), min(least(debts[0].currency), total))
    for each, of in found:
        if of and of.least_instalment:
            low = max(low, -(-min(of.least_instalment, each.owed) * total // each.owed))
        if of and of.most_months:
            # the first payment may be a month away, and the others follow
            low = max(low, -(-total // min(int((of.most_months - 1) * A_MONTH[rhythm]) + 1, most_often)))
    high, left = (int(minor / A_MONTH[rhythm]) for minor in (most, means.left))
    step = max((of.round_to for _each, of in found if of and of.round_to), default=0)
    unit = max(step // 10, 1) if step else least(debts[0].currency)
    shown = range_inside(low if low <= high else 0, high, left, unit)
    return Range(shown[0] or None, shown[1])


MOST_MONTHS: Final = MOST_INSTALMENTS[Rhythm.MONTHLY]
"""How long any plan may take."""


# ------------------------------------------------------------------------------ questions


def means_of(
    session: Session, people: Sequence[int], debts: Iterable[Coverable], currency: str, at: datetime
) -> Means | None:
    """What is left for these debts of these ids; None where nothing is told in their currency. Two statements."""
    told = affairs.told_last(session, people, currency)
    if told is None or told[0].finished_at is None:
        return None
    covered = list(debts)
    made = affairs.totals(told[1])
    plans = session.execute(_PLANS, {"people": list(people), "currency": currency,
                                     "covered": [each.account for each in covered]}).all()  # fmt: skip
    taken = [(monthly(each.minor, each.rhythm), priority_of(each.debt_type)) for each in plans]
    left = made.month.available_priority - made.month.priority_offers - sum(m for m, p in taken if p == 0)
    if any(priority_of(each.debt_type) for each in covered):
        left -= made.other_repayments + sum(m for m, p in taken if p != 0)
    old = add_months(told[0].finished_at.date(), STATEMENT_MONTHS) <= at.date()
    return Means(told[0].id, left, bool(made.gaps), old)


def fitting(
    session: Session, people: Sequence[int], debts: Sequence[Coverable], rhythm: str, at: datetime
) -> Range | None:
    """Which payments over these debts, all in one currency, fit at this rhythm. At most three statements."""
    if not debts:
        return None
    means = means_of(session, people, debts, debts[0].currency, at)
    if means is None:
        return None
    known = limits_of(session, sorted({each.creditor for each in debts}), debts[0].currency)
    return range_of(means, debts, known, rhythm)


_PLANS: Final = text("""
select a.rhythm, coalesce(t.debt_type, '') as debt_type, s.amount as minor
from arrangement a
join lateral (select i.id from instalment i
              where i.arrangement_id = a.id and i.part = 'regular' order by i.n limit 1) f on true
join instalment_share s on s.instalment_id = f.id
left join account_terms t on t.account_id = s.account_id and t.replaced_at is null
where a.person_id = any(:people) and a.ended_at is null and a.kind = 'plan' and a.currency = :currency
  and not exists (select from arrangement_account x where x.arrangement_id = a.id and x.account_id = any(:covered))
""")
"""What each live plan of these people pays each time to each debt, but for plans over debts that are covered anew."""
