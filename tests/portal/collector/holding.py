"""Holds and disputes in Idris's case."""

from datetime import date

from sqlalchemy.orm import Session

from cases.debts import dispute, hold
from cases.history import Actor
from tests.factories import AT
from tests.portal.collector.conftest import Desk


def a_hold(session: Session, desk: Desk, **given: object) -> int:
    """His loan is on hold until New Year's Eve, for he is ill."""
    values: dict[str, object] = {"basis": "vulnerability", "stops": ["reminders", "judging"], "starts_on": AT.date(),
                                 "last_on": date(2026, 12, 31), "review_on": None, "reason": "He is ill."}  # fmt: skip
    return hold.place(session, person=desk.ids["idris"], accounts=[desk.ids["loan"]], key="held",
                      by=Actor("collector", desk.ids["priya"]), at=AT, **(values | given)).id  # type: ignore[arg-type]  # fmt: skip


def a_dispute(session: Session, desk: Desk) -> int:
    """He says that he has paid for his care alarm."""
    return dispute.begin(session, person=desk.ids["idris"], account=desk.ids["alarm"], ground="paid", key="paid",
                         note="I paid it at the post office in May.", by=Actor("debtor", desk.ids["idris"]), at=AT).id  # fmt: skip
