"""The queue: what waits for a person to decide, and who has it.

A work item names a subject (`proposal:5`, `said:9`, `message:7`) about a person's
case. One subject is open at most once. A collector is served the next case,
takes it for a while, postpones it, passes it on, or it is done with the act that
answers it. A case is worked together: taking, postponing and passing on move all
open items of the person.

Order: urgency, then the day by which an answer is due (none comes last), then
the longest waiting. Not served: what another collector has taken and still
holds, what is postponed to a later day, what was passed on to another.

What stands in the list, with names and filters, is `worklist.py`.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Date,
    Index,
    Integer,
    Select,
    Text,
    and_,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from cases.db import Base, Id, Moment, refers
from cases.history import Actor, Kind, record
from cases.people.person import Joined, Person, all_ids
from cases.people.staff import User
from cases.refusal import refusal_code

NOTHING_OPEN = refusal_code("work.nothing_open")
TAKEN = refusal_code("work.taken", "by", "until")
CANNOT_WAIT = refusal_code("work.cannot_wait")
POSTPONE_DAY = refusal_code("work.postpone_day", "earliest", "latest")
REASON_UNKNOWN = refusal_code("work.reason_unknown", "reason")
PASS_TO = refusal_code("work.pass_to", "user")

KINDS: Final = (
    "proposal", "message", "uncertain", "undelivered", "stop", "broken", "stuck", "refund", "dispute", "payment",
    "document", "statement", "disputed", "hold", "support", "identity", "unreachable", "offer",
)  # fmt: skip
"""What an item is about. `broken`: a plan; `stuck`: an account or plan that the day-end run could not do;
`refund`, `dispute`: of a card payment; `payment`: one that came otherwise than it was begun;
`document`: one that could not be made; `statement`: one that is owed by law; `disputed`: a debt;
`hold`: one whose review has come, or that has ended; `support`: what a person needs, after six months;
`identity`: somebody says that they are not this person; `unreachable`: no way to reach them is left;
`offer`: one of ours that the person said no to, or did not answer in time."""
HELD_FOR: Final = timedelta(minutes=20)
"""How long a case stays with the collector who opened it, unless they finish or give it back."""
POSTPONE_REASONS: Final = ("waiting_person", "waiting_creditor", "call_back", "other")
LONGEST_WAIT: Final = timedelta(days=14)
"""How far a case can be postponed when no answer is due."""
DESK: Final = ("collector", "supervisor")
"""Who can be given a case."""


class WorkItem(Base):
    """One thing to do. `urgency`: 0 distress, 1 a person waits for an answer, 2 the rest."""

    __tablename__ = "work_item"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    urgency: Mapped[int] = mapped_column(Integer)
    opened_at: Mapped[Moment]
    answer_by: Mapped[date | None] = mapped_column(Date)
    not_before: Mapped[date | None] = mapped_column(Date)
    taken_by: Mapped[int | None] = mapped_column(BigInteger)
    taken_until: Mapped[Moment | None]
    given_to: Mapped[int | None] = mapped_column(BigInteger)
    done_at: Mapped[Moment | None]
    done_by: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(f"kind in {KINDS}", "kind"),
        CheckConstraint("subject ~ '^[a-z_]+:[0-9]+$'", "subject"),
        CheckConstraint("urgency between 0 and 2", "urgency"),
        CheckConstraint("(done_at is null) = (done_by is null)", "done"),
        Index("work_item_subject", "subject", unique=True, postgresql_where=text("done_at is null")),
        Index("work_item_open", "urgency", "opened_at", "id", postgresql_where=text("done_at is null")),
        Index("work_item_person", "person_id", postgresql_where=text("done_at is null")),
    )


ORDER: Final = (WorkItem.urgency, WorkItem.answer_by.asc().nulls_last(), WorkItem.opened_at, WorkItem.id)
"""The order in which cases are served."""


def for_user(user: int, on: date) -> ColumnElement[bool]:
    """What stands in a collector's queue on a day: open, not postponed further, not given to another."""
    return and_(
        WorkItem.done_at.is_(None),
        or_(WorkItem.not_before.is_(None), WorkItem.not_before <= on),
        or_(WorkItem.given_to.is_(None), WorkItem.given_to == user),
    )


def open_item(
    session: Session,
    *,
    person: int,
    kind: str,
    subject: str,
    urgency: int,
    at: datetime,
    answer_by: date | None = None,
) -> int:
    """Puts something to do into the queue, once for each subject while it is open. Returns its id."""
    made: int | None = session.scalar(
        insert(WorkItem)
        .values(person_id=person, kind=kind, subject=subject, urgency=urgency, opened_at=at, answer_by=answer_by)
        .on_conflict_do_nothing(index_elements=["subject"], index_where=text("done_at is null"))
        .returning(WorkItem.id)
    )
    if made is not None:
        return made
    return session.scalars(select(WorkItem.id).where(WorkItem.subject == subject, WorkItem.done_at.is_(None))).one()


def next_case(session: Session, *, user: int, at: datetime, on: date) -> WorkItem | None:
    """Takes the next case for this collector and gives its first item; None when nothing waits.

    `on` is the collector's day. Two at once are served two
    cases: a person whose case is being served to another is passed over.
    """
    passed: list[int] = []
    while True:
        query = _served(user, at, on).where(Person.id.not_in(passed))
        found = session.scalar(query.with_for_update(of=Person, key_share=True, skip_locked=True).limit(1))
        if found is None:
            return None
        items = _locked(session, found.person_id)
        if items and held_by_other(items, user, at) is None:
            _hold(items, user, at)
            session.flush()
            return min(items, key=_rank)
        # taken or done by a colleague between the look and the lock
        passed.append(all_ids(session, found.person_id)[0])


def peek(session: Session, *, user: int, at: datetime, on: date) -> WorkItem | None:
    """The case that `next_case` would give, without taking it."""
    return session.scalar(_served(user, at, on).limit(1))


def take(session: Session, *, person: int, user: int, at: datetime) -> None:
    """Takes a person's case for `HELD_FOR`; again: holds it on.

    Refuses `work.taken` when a colleague holds it, `work.nothing_open` when nothing waits there.
    """
    items = _of(session, person)
    for item in items:
        if _held(item, user, at):
            raise TAKEN(by=item.taken_by, until=item.taken_until)
    _hold(items, user, at)
    session.flush()


def release(session: Session, *, person: int, user: int) -> None:
    """Gives a case back that this collector holds; one that they do not hold stays as it is."""
    session.execute(
        update(WorkItem)
        .where(WorkItem.person_id.in_(all_ids(session, person)), WorkItem.done_at.is_(None), WorkItem.taken_by == user)
        .values(taken_by=None, taken_until=None)
    )


def postpone(
    session: Session, *, person: int, until: date, reason: str, user: int, by: Actor, at: datetime, on: date
) -> None:
    """Leaves a case until a later day, with a reason of `POSTPONE_REASONS`; it is given back.

    No later than the day an answer is due, and no later than `LONGEST_WAIT`. Refuses
    `work.cannot_wait` (distress), `work.postpone_day`, `work.reason_unknown`, `work.taken`,
    `work.nothing_open`.
    """
    if reason not in POSTPONE_REASONS:
        raise REASON_UNKNOWN(reason=reason)
    items = _mine(session, person, user, at)
    if any(item.urgency == 0 for item in items):
        raise CANNOT_WAIT()
    first, last = postpone_days(items, on)
    if not first <= until <= last:
        raise POSTPONE_DAY(earliest=first, latest=last)
    for item in items:
        item.not_before, item.taken_by, item.taken_until = until, None, None
    session.flush()
    record(session, Kind.WORK_POSTPONED, by=by, at=at, person=person,
           facts={"until": until.isoformat(), "reason": reason, "items": len(items)})  # fmt: skip


def postpone_days(items: Sequence[WorkItem], on: date) -> tuple[date, date]:
    """The first and last day a case can be postponed to on the day `on`."""
    first = on + timedelta(days=1)
    due = min((item.answer_by for item in items if item.answer_by), default=on + LONGEST_WAIT)
    return first, max(first, min(due, on + LONGEST_WAIT))


def pass_on(session: Session, *, person: int, to: int, user: int, by: Actor, at: datetime) -> None:
    """Gives a case to a colleague, who alone is served it from now on.

    Refuses `work.pass_to` (nobody who works cases, or oneself), `work.taken`, `work.nothing_open`.
    """
    colleague = session.execute(select(User.role, User.disabled_at).where(User.id == to)).one_or_none()
    if colleague is None or colleague.disabled_at is not None or colleague.role not in DESK or to == user:
        raise PASS_TO(user=to)
    items = _mine(session, person, user, at)
    for item in items:
        item.given_to, item.not_before, item.taken_by, item.taken_until = to, None, None, None
    session.flush()
    record(session, Kind.WORK_PASSED, by=by, at=at, person=person, facts={"to": to, "items": len(items)})


def done(session: Session, *, subject: str, by: Actor, at: datetime, kind: str | None = None) -> bool:
    """Closes what is open about a subject (of one kind, if said), by the act that answers it. Was anything open?"""
    which = WorkItem.subject == subject
    return _close(session, which if kind is None else and_(which, WorkItem.kind == kind), by, at) > 0


def done_for(session: Session, *, person: int, kind: str, by: Actor, at: datetime) -> int:
    """Closes all open items of one kind about a person, as an answer does to all messages. Returns how many."""
    return _close(session, and_(WorkItem.person_id.in_(all_ids(session, person)), WorkItem.kind == kind), by, at)


def seen(session: Session, item: int, *, by: Actor, at: datetime) -> None:
    """A collector has dealt with an item that no other act answers; told in the history.

    Refuses `work.nothing_open` when a colleague was quicker.
    """
    row = session.scalar(
        select(WorkItem)
        .where(WorkItem.id == item, WorkItem.done_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NOTHING_OPEN()
    row.done_at, row.done_by = at, str(by)
    session.flush()
    record(session, Kind.WORK_DONE, by=by, at=at, person=row.person_id, subject=row.subject,
           facts={"kind": row.kind})  # fmt: skip


def open_items(session: Session, people: Sequence[int]) -> list[WorkItem]:
    """What is open about these ids, in the order of serving."""
    return list(
        session.scalars(
            select(WorkItem).where(WorkItem.person_id.in_(people), WorkItem.done_at.is_(None)).order_by(*ORDER)
        )
    )


def held_by_other(items: Sequence[WorkItem], user: int, at: datetime) -> tuple[int, datetime] | None:
    """The colleague who holds one of these items now, and until when."""
    for item in items:
        if _held(item, user, at) and item.taken_by is not None and item.taken_until is not None:
            return item.taken_by, item.taken_until
    return None


def _served(user: int, at: datetime, on: date) -> Select[WorkItem]:
    """The items that may be served, in order, each with its person: the elder, when joined."""
    other = aliased(WorkItem)
    whose = aliased(Joined)
    head = func.coalesce(Joined.into_id, WorkItem.person_id)
    return (
        select(WorkItem)
        .outerjoin(Joined, and_(Joined.person_id == WorkItem.person_id, Joined.replaced_at.is_(None), ~Joined.parted))
        .join(Person, Person.id == head)
        .where(
            for_user(user, on),
            ~select(other.id)
            .outerjoin(whose, and_(whose.person_id == other.person_id, whose.replaced_at.is_(None), ~whose.parted))
            .where(func.coalesce(whose.into_id, other.person_id) == Person.id, other.done_at.is_(None),
                   other.taken_by.is_not(None), other.taken_by != user, other.taken_until > at)
            .exists(),
        )
        .order_by(*ORDER)
    )  # fmt: skip


def _rank(item: WorkItem) -> tuple[int, date, datetime, int]:
    return item.urgency, item.answer_by or date.max, item.opened_at, item.id


def _held(item: WorkItem, user: int, at: datetime) -> bool:
    return item.taken_by not in (None, user) and item.taken_until is not None and item.taken_until > at


def _hold(items: Sequence[WorkItem], user: int, at: datetime) -> None:
    for item in items:
        item.taken_by, item.taken_until = user, at + HELD_FOR


def _of(session: Session, person: int) -> list[WorkItem]:
    """The open items of a person, locked. Refuses `work.nothing_open`."""
    items = _locked(session, person)
    if not items:
        raise NOTHING_OPEN()
    return items


def _locked(session: Session, person: int) -> list[WorkItem]:
    """The open items of a person, locked in order of id; none where all are done by now."""
    return list(
        session.scalars(
            select(WorkItem)
            .where(WorkItem.person_id.in_(all_ids(session, person)), WorkItem.done_at.is_(None))
            .order_by(WorkItem.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


def _mine(session: Session, person: int, user: int, at: datetime) -> list[WorkItem]:
    """The same, unless a colleague holds one. Refuses `work.taken` too."""
    items = _of(session, person)
    held = held_by_other(items, user, at)
    if held is not None:
        raise TAKEN(by=held[0], until=held[1])
    return items


def _close(session: Session, which: ColumnElement[bool], by: Actor, at: datetime) -> int:
    closed = session.execute(
        update(WorkItem).where(which, WorkItem.done_at.is_(None)).values(done_at=at, done_by=str(by))
        .returning(WorkItem.id)
    )  # fmt: skip
    return len(closed.all())
