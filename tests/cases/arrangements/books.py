"""A person with two debts and a user who decides, for the tests of plans."""

from datetime import date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.arrangements.version import Proposal
from cases.history import Actor, Kind, Line
from cases.refusal import Refusal
from tests.factories import a_charge, a_creditor, a_due, a_payment, a_person, a_user, an_account

TODAY = date(2026, 11, 24)
FIRST = date(2026, 12, 1)


class Book:
    """One person with rent that is overdue by schedule and a rolling council debt; a user who decides."""

    def __init__(self, session: Session) -> None:
        self.housing = a_creditor(session)
        self.council = a_creditor(session, name="Ashmere Council")
        self.person = a_person(session, self.housing, name="Idris Farrow", mobile="+447700900318")
        self.rent = an_account(session, self.housing, self.person, ref="R1")
        self.alarm = an_account(session, self.council, self.person, ref="C1", debt_type="care")
        for day in (date(2026, 10, 5), date(2026, 11, 5), date(2026, 12, 5)):
            a_due(session, self.rent, day, 52_000)
            a_charge(session, self.rent, 52_000, day)
        a_payment(session, [(self.rent, 47_000)], date(2026, 10, 9))
        a_charge(session, self.alarm, 14_820, date(2026, 9, 13))
        self.user = a_user(session)
        self.by = Actor("collector", self.user.id)
        self.own = Actor("debtor", self.person.id)
        session.flush()

    @property
    def both(self) -> list[int]:
        return [self.rent.id, self.alarm.id]

    def propose(self, session: Session, at: datetime, terms: Terms | None = None, **given: object) -> Proposal:
        values: dict[str, object] = {"accounts": self.both, "key": "k1", "by": self.own} | given
        return proposal.propose(session, person=self.person.id, terms=terms or Terms(6_000, FIRST), at=at, **values)


def refused(act: object, *args: object, **kwargs: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act(*args, **kwargs)
    return caught.value


def lines(session: Session, kind: Kind) -> list[Line]:
    return list(session.scalars(select(Line).where(Line.kind == str(kind)).order_by(Line.id)))
