"""Limits: which proposals of a creditor, and of one kind of its debts, are agreed without a person looking.

They are a creditor's settings, never law. A kind of debt without limits of its own has those of its creditor;
where there are none, a person looks at everything. A row is a fact with corrections: what is set anew replaces
what was set, and the history keeps the old values and the new ones.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Boolean, CheckConstraint, Index, Integer, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.arrangements import affordability
from cases.db import Base, Id, Minor, Moment, refers
from cases.debts.creditor import Creditor
from cases.history import Actor, Kind, record
from cases.refusal import refusal_code

CREDITOR_UNKNOWN = refusal_code("limits.creditor_unknown")
BOTH_OLD = refusal_code("limits.both_old")
CHANGED = refusal_code("limits.changed")

FIELDS: Final = (
    "least_instalment", "most_months", "start_within_days", "least_debt", "most_debt", "old_days", "most_old",
    "years_since_plan", "share_percent", "statement_above", "round_to",
)  # fmt: skip


class PlanLimits(Base):
    """The limits of a creditor, or of one `debt_type` of it. None: no limit of that kind.

    Sums in minor units of the creditor's currency; of debts in another currency limits say nothing.
    `most_debt`, `most_old`, `statement_above`: of all such debts of a person together; `least_debt`: of each.
    `share_percent`: the most of what is left each month that a plan may take. `statement_above`: up to this debt
    no statement of affairs is needed. `round_to`: the step of sums that we suggest, and of ranges.
    `withdrawn`: there are none now.
    """

    __tablename__ = "plan_limits"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    debt_type: Mapped[str | None] = mapped_column(Text)
    least_instalment: Mapped[Minor | None]
    most_months: Mapped[int | None] = mapped_column(Integer)
    start_within_days: Mapped[int | None] = mapped_column(Integer)
    least_debt: Mapped[Minor | None]
    most_debt: Mapped[Minor | None]
    old_days: Mapped[int | None] = mapped_column(Integer)
    most_old: Mapped[Minor | None]
    years_since_plan: Mapped[int | None] = mapped_column(Integer)
    share_percent: Mapped[int | None] = mapped_column(Integer)
    statement_above: Mapped[Minor | None]
    round_to: Mapped[Minor | None]
    withdrawn: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    made_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("plan_limits.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("(old_days is null) = (most_old is null)", "old"),
        CheckConstraint("share_percent between 1 and 100", "share"),
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("plan_limits_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index("plan_limits_live", "creditor_id", func.coalesce(debt_type, ""), unique=True,
              postgresql_where=text("replaced_at is null")),
    )  # fmt: skip

    @property
    def values(self) -> dict[str, int | None] | None:
        """What limits by field; None where they were taken away."""
        return None if self.withdrawn else {name: getattr(self, name) for name in FIELDS}

    @property
    def of_the_debt(self) -> affordability.Limits:
        """The limits that look at the debt alone."""
        return affordability.Limits(
            self.least_debt, self.most_debt, self.old_days, self.most_old, self.years_since_plan
        )


def set_limits(
    session: Session,
    *,
    creditor: int,
    debt_type: str | None,
    values: Mapping[str, int | None] | None,
    by: Actor,
    at: datetime,
    seen: int | None = None,
) -> bool:
    """Sets the limits of a creditor or of one kind of its debts; `values` None takes them away.

    `seen`: the newest row that whoever sets them saw, 0 where there was none; of two at once the second is refused.
    None: nobody looked. Returns whether that changed anything. Refuses `limits.creditor_unknown`,
    `limits.both_old`, `limits.changed`.
    """
    if session.scalar(select(Creditor.id).where(Creditor.id == creditor).with_for_update(key_share=True)) is None:
        raise CREDITOR_UNKNOWN()
    wanted = {name: (values or {}).get(name) for name in FIELDS}
    if (wanted["old_days"] is None) != (wanted["most_old"] is None):
        raise BOTH_OLD()
    was = session.scalar(
        select(PlanLimits).where(
            PlanLimits.creditor_id == creditor, PlanLimits.debt_type.is_not_distinct_from(debt_type),
            PlanLimits.replaced_at.is_(None),
        )
    )  # fmt: skip
    before = None if was is None else was.values
    after = None if values is None else wanted
    if before == after:
        return False
    if seen is not None and seen != (was.id if was else 0):
        raise CHANGED()
    made = PlanLimits(creditor_id=creditor, debt_type=debt_type, withdrawn=values is None, made_by=str(by),
                      recorded_at=at, replaces=was.id if was else None, **wanted)  # fmt: skip
    session.add(made)
    session.flush()
    facts: dict[str, Any] = {"debt_type": debt_type, "was": before, "now": after}
    record(session, Kind.LIMITS_SET, by=by, at=at, creditor=creditor, subject=f"plan_limits:{made.id}", facts=facts)
    return True


def limits_of(
    session: Session, creditors: Sequence[int], currency: str | None = None
) -> dict[tuple[int, str | None], PlanLimits]:
    """The limits that these creditors have now, by creditor and kind of debt (None: any other kind).

    `currency`: only of those whose limits are sums in it.
    """
    query = select(PlanLimits).where(
        PlanLimits.creditor_id.in_(creditors), PlanLimits.replaced_at.is_(None), ~PlanLimits.withdrawn
    )
    if currency is not None:
        query = query.where(PlanLimits.creditor_id.in_(select(Creditor.id).where(Creditor.currency == currency)))
    rows = session.scalars(query)
    return {(row.creditor_id, row.debt_type): row for row in rows}


def versions_of(session: Session, creditor: int, debt_type: str | None, *, most: int) -> list[PlanLimits]:
    """What was set for a creditor, or for one kind of its debts, newest first; at most so many."""
    query = select(PlanLimits).where(
        PlanLimits.creditor_id == creditor, PlanLimits.debt_type.is_not_distinct_from(debt_type)
    )
    return list(session.scalars(query.order_by(PlanLimits.id.desc()).limit(most)))
