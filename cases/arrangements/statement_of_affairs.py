"""The statement of affairs (glossary: I&E): what comes in and goes out in a household, dated and in versions.

Words:
- *draft*: answers as they were typed, saved page by page; any device goes on with it. One a person.
- *version*: a finished draft; it never changes. A later one begins from what the newest said.
- *answer*: of one line, as `said`: `none` (left empty), `known` (an amount with its rhythm, a count, a choice),
  `not_sure`, `rather_not`, or `unread` (typed, and no clear amount; it must be put right before the end).
- *gap*: a line not known; a verdict over gaps is for a person to give.

Answers are the person's life: they themself and our staff see them, nobody who owes with them does. The
history keeps no amount of them, only the SHA-256 of a salt and all answers; those of a version may be erased,
the salt with them. A draft that was not touched for
90 days is forgotten: its answers are erased (rules 7).
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, Index, Integer, Text, Uuid, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.arrangements.affordability import A_MONTH, UNKNOWN_FREQUENCY, Month, monthly
from cases.arrangements.standard_statement import GROUPS, SECTIONS, SIDE_OF, lines_of, section_of
from cases.db import Base, Currency, Id, Minor, Moment, refers
from cases.history import Actor, Kind, proof, record
from cases.people.person import all_ids
from cases.refusal import refusal_code

UNKNOWN = refusal_code("affairs.unknown")
FINISHED = refusal_code("affairs.finished", "at")
NOT_WHOLE = refusal_code("affairs.not_whole", "section")
UNREAD = refusal_code("affairs.unread", "section")
LINE_UNKNOWN = refusal_code("affairs.line_unknown", "line")

SAID: Final = ("none", "known", "not_sure", "rather_not", "unread")
GAPS: Final = ("not_sure", "rather_not")
KEPT: Final = timedelta(days=90)
"""How long a draft that nobody touches is kept."""


class StatementOfAffairs(Base):
    """A draft, or a version once `finished_at` is set. `salt`: of the proof in the history."""

    __tablename__ = "statement_of_affairs"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    currency: Mapped[Currency]
    version: Mapped[int | None] = mapped_column(Integer)
    begun_by: Mapped[str] = mapped_column(Text)
    begun_at: Mapped[Moment]
    saved_at: Mapped[Moment]
    finished_by: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[Moment | None]
    salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    forgotten_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("num_nulls(version, finished_by, finished_at) in (0, 3)", "finished"),
        CheckConstraint("salt is null or finished_at is not null", "salt"),
        Index("statement_of_affairs_draft", "person_id", unique=True,
              postgresql_where=text("finished_at is null and forgotten_at is null")),
        Index("statement_of_affairs_version", "person_id", "version", unique=True,
              postgresql_where=text("version is not null")),
        Index("statement_of_affairs_idle", "saved_at",
              postgresql_where=text("finished_at is null and forgotten_at is null")),
    )  # fmt: skip


class AffairsAnswer(Base):
    """The answer to one line. `typed` as it was typed; `amount` in minor units, each `rhythm`; `named`: what a
    free line is for."""

    __tablename__ = "affairs_answer"

    statement_id: Mapped[int] = refers("statement_of_affairs.id", primary_key=True)
    line: Mapped[str] = mapped_column(Text, primary_key=True)
    said: Mapped[str] = mapped_column(Text)
    typed: Mapped[str] = mapped_column(Text)
    amount: Mapped[Minor | None]
    rhythm: Mapped[str | None] = mapped_column(Text)
    named: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(f"said in {SAID}", "said"),
        CheckConstraint(f"rhythm in {tuple(A_MONTH)}", "rhythm"),
        CheckConstraint("amount >= 0 and (amount is null or (rhythm is not null and said = 'known'))", "amount"),
        CheckConstraint("length(typed) <= 200 and length(named) <= 200", "length"),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one line. `amount` in minor units; a count or a choice stands in `typed` alone."""

    said: str = "none"
    typed: str = ""
    amount: int | None = None
    rhythm: str | None = None
    named: str | None = None


NOTHING: Final = Answer()


@dataclass(frozen=True, slots=True)
class Totals:
    """What answers come to in a month, minor units: by group, and as the month of the household."""

    groups: Mapping[str, int]
    month: Month
    other_repayments: int
    """What goes to non-priority creditors who are not ours."""
    gaps: tuple[str, ...]
    """The lines of money that are not known."""


# ------------------------------------------------------------------------------ pure rules


def totals(answers: Mapping[str, Answer]) -> Totals:
    """What these answers come to. A line that is not known counts as nothing and is named as a gap."""
    by_line = {
        line: monthly(each.amount, each.rhythm)
        for line, each in answers.items()
        if line in SIDE_OF and each.amount is not None and each.rhythm is not None
    }
    groups = {name: sum(by_line.get(line, 0) for line in group.lines) for name, group in GROUPS.items()}
    sides = {side: sum(groups[name] for name, group in GROUPS.items() if group.side == side) for side in _SIDES}
    month = Month(
        income=sides["income"], outgoings=sides["fixed"] + sides["flexible"],
        admin_fee=by_line.get("debt-admin-fee", 0), priority_offers=by_line.get("priority-repayments", 0),
    )  # fmt: skip
    gaps = tuple(line for line in SIDE_OF if line in answers and answers[line].said in GAPS)
    return Totals(groups, month, by_line.get("non-priority-repayments", 0), gaps)


def answered(answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """The sections of which every line has its answer, in order; an empty line is an answer too."""
    return tuple(section for section in SECTIONS if all(line in answers for line in lines_of(section)))


def to_put_right(answers: Mapping[str, Answer]) -> tuple[str, ...]:
    """The sections that hold something typed that could not be read."""
    found = {section_of(line) for line, each in answers.items() if each.said == "unread"}
    return tuple(section for section in SECTIONS if section in found)


def proof_of(salt: uuid.UUID, currency: str, answers: Mapping[str, Answer]) -> str:
    """What the history keeps of a version: the SHA-256 of a salt and all its answers."""
    written = {line: asdict(each) for line, each in sorted(answers.items())}
    return proof(salt, json.dumps([currency, written], sort_keys=True, separators=(",", ":")))


_SIDES: Final = ("income", "fixed", "flexible", "debts")


# ------------------------------------------------------------------------------ acts


def begin(session: Session, *, person: int, currency: str, by: Actor, at: datetime) -> StatementOfAffairs:
    """The draft of this person: the one that waits, or a new one that begins from the newest version."""
    session.execute(text("select from person where id = :id for no key update"), {"id": person})
    people = all_ids(session, person)
    was = draft_of(session, people)
    if was is not None:
        return was
    made = StatementOfAffairs(person_id=person, currency=currency, begun_by=str(by), begun_at=at, saved_at=at)
    session.add(made)
    session.flush()
    before = newest(session, people, currency)
    if before is not None:
        _put(session, made.id, answers_of(session, before.id))
    record(session, Kind.AFFAIRS_BEGUN, by=by, at=at, person=person, subject=f"statement_of_affairs:{made.id}")
    return made


def save(
    session: Session, statement: int, section: str, answers: Mapping[str, Answer], *, by: Actor, at: datetime
) -> None:
    """Keeps the answers of one page as they were typed; a line of it that is not among them was left empty.

    Refuses `affairs.unknown`, `affairs.finished`, `affairs.line_unknown`, `income.frequency`.
    """
    row = _draft(session, statement)
    lines = lines_of(section) if section in SECTIONS else ()
    for line in [section] * (not lines) + [line for line in answers if line not in lines]:
        raise LINE_UNKNOWN(line=line)
    for each in answers.values():
        if each.rhythm is not None and each.rhythm not in A_MONTH:
            raise UNKNOWN_FREQUENCY(frequency=each.rhythm)
    session.execute(
        text("delete from affairs_answer where statement_id = :id and line = any(:lines)"),
        {"id": row.id, "lines": list(lines)},
    )
    _put(session, row.id, {line: answers.get(line, NOTHING) for line in lines})
    row.saved_at = at
    session.flush()


def finish(session: Session, statement: int, *, by: Actor, at: datetime) -> StatementOfAffairs:
    """Makes a version of a draft; finished twice (a double click), it is finished once.

    Refuses `affairs.unknown`, `affairs.not_whole`, `affairs.unread`.
    """
    row = _locked(session, statement)
    if row.finished_at is not None:
        return row
    answers = answers_of(session, row.id)
    for section in SECTIONS:
        if section not in answered(answers):
            raise NOT_WHOLE(section=section)
    for section in to_put_right(answers):
        raise UNREAD(section=section)
    people = all_ids(session, row.person_id)
    last = session.scalar(select(func.max(StatementOfAffairs.version)).where(StatementOfAffairs.person_id.in_(people)))
    row.version, row.finished_by, row.finished_at, row.salt = (last or 0) + 1, str(by), at, uuid.uuid4()
    session.flush()
    record(session, Kind.AFFAIRS_FINISHED, by=by, at=at, person=row.person_id, subject=f"statement_of_affairs:{row.id}",
           facts={"version": row.version, "answers": proof_of(row.salt, row.currency, answers)})  # fmt: skip
    return row


def forget(session: Session, now: datetime, most: int) -> int:
    """Erases drafts that nobody has touched for `KEPT`, at most so many. Returns how many."""
    gone = session.execute(_FORGET, {"before": now - KEPT, "now": now, "most": most}).scalars().all()
    session.execute(text("delete from affairs_answer where statement_id = any(:ids)"), {"ids": list(gone)})
    return len(gone)


# ------------------------------------------------------------------------------ questions


def draft_of(session: Session, people: Sequence[int]) -> StatementOfAffairs | None:
    """The draft of these ids (one person's, all joined); of two that were joined, the one touched last."""
    return session.scalar(
        select(StatementOfAffairs)
        .where(StatementOfAffairs.person_id.in_(people), StatementOfAffairs.finished_at.is_(None),
               StatementOfAffairs.forgotten_at.is_(None))
        .order_by(StatementOfAffairs.saved_at.desc(), StatementOfAffairs.id.desc())
        .limit(1)
    )  # fmt: skip


def versions_of(session: Session, people: Sequence[int]) -> list[StatementOfAffairs]:
    """The versions of these ids, newest first."""
    query = select(StatementOfAffairs).where(
        StatementOfAffairs.person_id.in_(people), StatementOfAffairs.finished_at.is_not(None)
    )
    return list(session.scalars(query.order_by(StatementOfAffairs.finished_at.desc(), StatementOfAffairs.id.desc())))


def newest(session: Session, people: Sequence[int], currency: str | None = None) -> StatementOfAffairs | None:
    """The newest version of these ids, in this currency if one is said."""
    found = (each for each in versions_of(session, people) if currency in (None, each.currency))
    return next(found, None)


def answers_of(session: Session, statement: int) -> dict[str, Answer]:
    """The answers of a draft or a version, by line."""
    rows = session.scalars(select(AffairsAnswer).where(AffairsAnswer.statement_id == statement))
    return {row.line: Answer(row.said, row.typed, row.amount, row.rhythm, row.named) for row in rows}


def told_last(
    session: Session, people: Sequence[int], currency: str
) -> tuple[StatementOfAffairs, dict[str, Answer]] | None:
    """The newest version of these ids in a currency with its answers. One statement."""
    last = (
        select(StatementOfAffairs.id)
        .where(StatementOfAffairs.person_id.in_(people), StatementOfAffairs.currency == currency,
               StatementOfAffairs.finished_at.is_not(None))
        .order_by(StatementOfAffairs.finished_at.desc(), StatementOfAffairs.id.desc())
        .limit(1)
    )  # fmt: skip
    rows = session.execute(
        select(StatementOfAffairs, AffairsAnswer)
        .join(AffairsAnswer, AffairsAnswer.statement_id == StatementOfAffairs.id)
        .where(StatementOfAffairs.id == last.scalar_subquery())
    ).all()
    if not rows:
        return None
    return rows[0][0], {a.line: Answer(a.said, a.typed, a.amount, a.rhythm, a.named) for _row, a in rows}


def _draft(session: Session, statement: int) -> StatementOfAffairs:
    row = _locked(session, statement)
    if row.finished_at is not None:
        raise FINISHED(at=row.finished_at)
    return row


def _locked(session: Session, statement: int) -> StatementOfAffairs:
    row = session.scalar(
        select(StatementOfAffairs)
        .where(StatementOfAffairs.id == statement, StatementOfAffairs.forgotten_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UNKNOWN()
    return row


def _put(session: Session, statement: int, answers: Mapping[str, Answer]) -> None:
    session.execute(_PUT, [{"statement": statement, "line": line, **asdict(each)} for line, each in answers.items()])


_PUT: Final = text("""
insert into affairs_answer (statement_id, line, said, typed, amount, rhythm, named)
values (:statement, :line, :said, :typed, :amount, :rhythm, :named)
""")

_FORGET: Final = text("""
update statement_of_affairs s set forgotten_at = :now
from (select id from statement_of_affairs
      where finished_at is null and forgotten_at is null and saved_at < :before
      order by id limit :most for update skip locked) d
where d.id = s.id returning s.id
""")
