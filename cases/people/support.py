"""Support: what a person needs so that dealing with us works for them, and, apart from it, why.

A *need* is one of `NEEDS`. It is told once, by the person in the portal or by one of us who noted it
with their consent, and stands on the case for everyone who works it; messages and papers obey. The
*reason* is special-category data (art. 9 GDPR; FG21/1): it comes here encrypted, nobody's role may read
its table, and each look at it is told in the history. Both may be withdrawn at any time.

Rows are facts with two times: what is told anew replaces what was told. What is noted is looked at again
after six months (rules 7).
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Text, Uuid, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.clock import add_months
from cases.db import Base, Id, Moment, refers
from cases.history import Actor, Kind, record
from cases.people.person import all_ids
from cases.refusal import refusal_code
from cases.work import queue

NEED_UNKNOWN = refusal_code("support.need_unknown", "need")
NO_CONSENT = refusal_code("support.no_consent")

NEEDS: Final = ("large_print", "no_calls", "extra_time", "someone_helps", "interpreter")
REVIEW_MONTHS: Final = 6


class SupportNeed(Base):
    """One need of a person. `source`: who told it; a row that is withdrawn ends it."""

    __tablename__ = "support_need"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    need: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    withdrawn: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    review_on: Mapped[date] = mapped_column(Date)
    made_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("support_need.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint(f"need in {NEEDS}", "need"),
        CheckConstraint("source in ('person', 'staff')", "source"),
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("support_need_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index("support_need_live", "person_id", "need", unique=True, postgresql_where=text("replaced_at is null")),
        Index("support_need_review", "review_on", postgresql_where=text("replaced_at is null and not withdrawn")),
    )


class SupportReason(Base):
    """Why, in somebody's words, encrypted. Erasable: then `sealed` and `salt` are gone."""

    __tablename__ = "support_reason"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    sealed: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    source: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("source in ('person', 'staff')", "source"),
        CheckConstraint("(sealed is null) = (salt is null)", "erased"),
        Index("support_reason_person", "person_id", "id"),
    )


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason as a door gives it: encrypted, with the proof of its words that the history keeps."""

    sealed: str
    salt: uuid.UUID
    proof: str


def tell(
    session: Session,
    *,
    person: int,
    needs: Iterable[str],
    reason: Reason | None = None,
    consent: bool = True,
    by: Actor,
    at: datetime,
) -> bool:
    """Sets what a person needs; what is not among `needs` is withdrawn. Returns whether that changed anything.

    What stays is looked at again later. What was told under an id that is joined to this one is theirs too. One of us
    notes needs, and why, with the person's `consent` alone. A new reason takes the place of the old one, which is
    erased. Refuses `support.need_unknown`, `support.no_consent`.
    """
    wanted = set(needs)
    for need in wanted - set(NEEDS):
        raise NEED_UNKNOWN(need=need)
    source = "person" if by.role == "debtor" else "staff"
    if source == "staff" and (wanted or reason) and not consent:
        raise NO_CONSENT()
    people = all_ids(session, person)
    session.execute(text("select from person where id = any(:ids) order by id for no key update"), {"ids": people})
    live = {(row.person_id, row.need): row for row in _live(session, people)}
    review_on = add_months(at.date(), REVIEW_MONTHS)
    added: list[str] = []
    ended: list[str] = []
    for need in NEEDS:
        stands = [who for who in people if (row := live.get((who, need))) and not row.withdrawn]
        for who in stands or ([person] if need in wanted else []):
            was = live.get((who, need))
            session.add(SupportNeed(
                person_id=who, need=need, source=source, withdrawn=need not in wanted, review_on=review_on,
                made_by=str(by), recorded_at=at, replaces=was.id if was else None,
            ))  # fmt: skip
            session.flush()
        if (need in wanted) != bool(stands):
            (added if need in wanted else ended).append(need)
    if reason is not None:
        _forget_reasons(session, people)
        session.add(SupportReason(person_id=person, sealed=reason.sealed, salt=reason.salt, source=source,
                                  made_by=str(by), recorded_at=at))  # fmt: skip
        session.flush()
    elif not wanted:
        _forget_reasons(session, people)
    queue.done_for(session, person=person, kind="support", by=by, at=at)
    if not added and not ended and reason is None:
        return False
    facts: dict[str, object] = {"needs": [need for need in NEEDS if need in wanted], "added": added, "ended": ended}
    if reason is not None:
        facts["reason"] = reason.proof
    record(session, Kind.SUPPORT_TOLD, by=by, at=at, person=person, facts=facts)
    return True


def look(session: Session, person: int, *, by: Actor, at: datetime) -> str | None:
    """The newest reason of a person, still encrypted, for one who may see it; the history tells who looked."""
    row = session.scalar(
        select(SupportReason)
        .where(SupportReason.person_id.in_(all_ids(session, person)), SupportReason.sealed.is_not(None))
        .order_by(SupportReason.id.desc())
        .limit(1)
    )
    if row is None:
        return None
    record(session, Kind.SUPPORT_READ, by=by, at=at, person=person, subject=f"support_reason:{row.id}")
    return row.sealed


def needs_of(session: Session, people: Sequence[int]) -> tuple[SupportNeed, ...]:
    """What these ids (one person's, all joined) need now; of one need told twice, the newest."""
    found: dict[str, SupportNeed] = {}
    for row in _live(session, people):
        if row.need not in found or row.id > found[row.need].id:
            found[row.need] = row
    return tuple(found[need] for need in NEEDS if need in found and not found[need].withdrawn)


def needs(session: Session, people: Sequence[int], need: str) -> bool:
    """Whether these ids (one person's, all joined) need this now."""
    return any(row.need == need for row in needs_of(session, people))


def review(session: Session, *, at: datetime, most: int) -> int:
    """Puts needs that have stood for six months before a person, once for each time they were told."""
    rows = session.execute(_REVIEW, {"on": at.date(), "most": most}).all()
    for row in rows:
        subject = f"support_need:{row.id}"
        queue.open_item(session, person=row.person_id, kind="support", subject=subject, urgency=2, at=at)
    return len(rows)


def _live(session: Session, people: Sequence[int]) -> list[SupportNeed]:
    query = select(SupportNeed).where(SupportNeed.person_id.in_(people), SupportNeed.replaced_at.is_(None))
    return list(session.scalars(query.order_by(SupportNeed.id).execution_options(populate_existing=True)))


def _forget_reasons(session: Session, people: Sequence[int]) -> None:
    session.execute(
        text(
            "update support_reason set sealed = null, salt = null where person_id = any(:people) and sealed is not null"
        ),
        {"people": list(people)},
    )


LARGE_PRINT: Final = """exists (
  select from support_need n
  where n.need = 'large_print' and n.replaced_at is null and not n.withdrawn
    and (n.person_id = {person} or n.person_id in (
      select k.person_id from joined k where k.into_id = {person} and k.replaced_at is null and not k.parted)))"""
"""Whether a person (the elder) needs large print, as a column of another question."""

_REVIEW: Final = text("""
select n.person_id, min(n.id) as id from support_need n
where n.replaced_at is null and not n.withdrawn and n.review_on <= :on
group by n.person_id
having not exists (select from work_item w where w.subject = 'support_need:' || min(n.id))
order by 2 limit :most
""")
