"""The pace: how many calls a second may begin, over all workers on all machines together.

A carrier permits a rate for the account, not for a process. So the moment at which the next call may begin
stands in a row, and whoever claims messages takes as many moments from it as it has claimed, in the same
transaction. Moments are the database's own, which is one clock for all machines. No more is claimed than
can begin within `patience`, which is far less than a lease.
"""

from sqlalchemy import Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Moment


class Pace(Base):
    """When the next call of a kind may begin, in true time."""

    __tablename__ = "pace"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    next_at: Mapped[Moment]


def room(session: Session, name: str, rate: float, patience: float) -> int:
    """How many calls can still begin within `patience` seconds; the row is held until the transaction ends."""
    made = text("insert into pace (name, next_at) values (:name, clock_timestamp()) on conflict do nothing")
    session.execute(made, {"name": name})
    taken = session.execute(
        text(
            "select greatest(extract(epoch from next_at - clock_timestamp()), 0)::float8 from pace"
            " where name = :name for no key update"
        ),
        {"name": name},
    ).scalar_one()
    return max(int((patience - float(taken)) * rate), 0)


def take(session: Session, name: str, count: int, rate: float) -> list[float]:
    """Takes the next moments for so many calls: in how many seconds from now each may begin."""
    if not count:
        return []
    first: float = session.execute(
        text(
            "update pace set next_at = greatest(next_at, clock_timestamp()) + make_interval(secs => :long)"
            " where name = :name returning extract(epoch from next_at - clock_timestamp())::float8 - :long"
        ),
        {"name": name, "long": count / rate},
    ).scalar_one()
    return [max(first + n / rate, 0.0) for n in range(count)]
