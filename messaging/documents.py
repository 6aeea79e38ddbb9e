"""Documents: statements, agreements, receipts and other letters, made once and kept as they were made.

A document is *asked* for with its paper (what it says, `paper.py`), or without one where many are asked for
at once; a worker writes the paper, sets it with no transaction open, and *issues* it: its bytes, their hash,
and what set them are kept, and the history tells the hash. From then on it never changes: a template, a
ledger or an address that changes later makes a new version, asked for anew. A paper that cannot be set has
*failed*, and goes to a person.

Any number of workers may make documents: a row is claimed for a while (`WAITS.paper`), and if its worker dies
another claims it. Both would make the same bytes; the first is kept.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, LargeBinary, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, deferred, mapped_column

from cases.db import Base, Id, Moment, refers
from cases.history import Actor, Kind, record
from cases.people.support import LARGE_PRINT
from cases.refusal import refusal_code
from cases.seal import Finding
from cases.waits import WAITS
from cases.work import queue
from messaging.paper import written
from messaging.tongue import LANGUAGES

KINDS: Final = ("statement", "agreement", "receipt", "closing")
AT_ONCE: Final = 16
"""So many documents are claimed together."""
A_DAY: Final = 30
"""So many letters a person may have made within a day: each is kept for years."""
TRIES: Final = 3
"""After so many claims that came to nothing a document goes to a person."""


TooMany = refusal_code("document.too_many", "most")


class Document(Base):
    """One letter to one person. `paper` and `pdf` are erasable; their hashes stay."""

    __tablename__ = "document"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    creditor_id: Mapped[int | None] = refers("creditor.id", nullable=True)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    first: Mapped[date | None] = mapped_column(Date)
    last: Mapped[date | None] = mapped_column(Date)
    language: Mapped[str] = mapped_column(Text)
    large: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    batch_id: Mapped[int | None] = refers("document_batch.id", nullable=True)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[Moment]
    state: Mapped[str] = mapped_column(Text, server_default=text("'asked'"))
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    lease_until: Mapped[Moment | None]
    paper: Mapped[str | None] = deferred(mapped_column(Text))
    paper_sha: Mapped[bytes | None] = mapped_column(LargeBinary)
    set_by: Mapped[str | None] = mapped_column(Text)
    issued_at: Mapped[Moment | None]
    pdf: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    pdf_sha: Mapped[bytes | None] = mapped_column(LargeBinary)
    size: Mapped[int | None] = mapped_column(Integer)
    why: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(f"kind in {KINDS}", "kind"),
        CheckConstraint("subject ~ '^[a-z_]+:[0-9]+$'", "subject"),
        CheckConstraint("(kind = 'statement') = (first is not null and last is not null)", "period"),
        CheckConstraint("state in ('asked', 'issued', 'failed')", "state"),
        CheckConstraint("(state = 'issued') = (pdf_sha is not null)", "issued"),
        CheckConstraint("(state = 'issued') = (issued_at is not null)", "issued_at"),
        CheckConstraint("(state = 'failed') = (why is not null)", "why"),
        CheckConstraint("version > 0", "version"),
        Index("document_once", "person_id", "kind", "subject", "first", "last", "large", "language", "version",
              unique=True, postgresql_nulls_not_distinct=True),
        Index("document_asked", "lease_until", "id", postgresql_where=text("state = 'asked'")),
        Index("document_of_batch", "batch_id", "state", postgresql_where=text("batch_id is not null")),
    )


class Batch(Base):
    """Statements of all people of a creditor, asked for together."""

    __tablename__ = "document_batch"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    first: Mapped[date] = mapped_column(Date)
    last: Mapped[date] = mapped_column(Date)
    large: Mapped[bool] = mapped_column(Boolean)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[Moment]

    __table_args__ = (Index("document_batch_once", "creditor_id", "first", "last", "large", unique=True),)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A document that this worker makes. `paper` is None where it is still to be written."""

    id: int
    person: int
    kind: str
    subject: str
    first: date | None
    last: date | None
    language: str
    large: bool
    asked_at: datetime
    paper: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is."""

    asked: int
    issued: int
    failed: int

    @property
    def done(self) -> int:
        """How many need nothing more."""
        return self.issued + self.failed

    @property
    def all(self) -> int:
        """How many there are."""
        return self.asked + self.done


def ask(
    session: Session,
    *,
    person: int,
    kind: str,
    subject: str,
    language: str,
    paper: dict[str, Any],
    by: Actor,
    at: datetime,
    creditor: int | None = None,
    first: date | None = None,
    last: date | None = None,
    large: bool = False,
) -> Document:
    """Asks for a document. The same words as in its newest version are that version; others are a new one.

    The person's row is locked, so that two at once ask for one. Raises TooMany where a person asks for very many.
    """
    session.execute(text("select from person where id = :person for update"), {"person": person})
    words = written(paper)
    sha = hashlib.sha256(words.encode()).digest()
    newest = session.scalar(
        select(Document)
        .where(
            Document.person_id == person, Document.kind == kind, Document.subject == subject,
            Document.first.is_not_distinct_from(first), Document.last.is_not_distinct_from(last),
            Document.large == large, Document.language == language,
        )
        .order_by(Document.version.desc())
        .limit(1)
    )  # fmt: skip
    # What our fonts could not show once they will not show now: a person was told, and need not be told again.
    if newest is not None and newest.paper_sha == sha and (newest.state != "failed" or by.role == "debtor"):
        return newest
    today = session.scalar(
        select(func.count()).where(
            Document.person_id == person, Document.asked_by == str(by), Document.asked_at > at - timedelta(days=1)
        )
    )
    if by.role == "debtor" and (today or 0) >= A_DAY:
        raise TooMany(most=A_DAY)
    made = Document(
        person_id=person, creditor_id=creditor, kind=kind, subject=subject, version=newest.version + 1 if newest else 1,
        first=first, last=last, language=language, large=large, asked_by=str(by), asked_at=at,
        paper=words, paper_sha=sha,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def ask_statements(
    session: Session, creditor: int, first: date, last: date, *, by: Actor, at: datetime, large: bool = False
) -> Batch:
    """Asks for the statements of all people who owe a creditor. Asked for again it is the same batch."""
    session.execute(
        text(
            "insert into document_batch (creditor_id, first, last, large, asked_by, asked_at)"
            " values (:creditor, :first, :last, :large, :by, :at) on conflict do nothing"
        ),
        {"creditor": creditor, "first": first, "last": last, "large": large, "by": str(by), "at": at},
    )
    batch = session.scalars(
        select(Batch)
        .where(Batch.creditor_id == creditor, Batch.first == first, Batch.last == last, Batch.large == large)
        .with_for_update()
    ).one()
    session.execute(_ASK_EACH, {"batch": batch.id, "creditor": creditor, "first": first, "last": last, "large": large,
                                "by": str(by), "at": at, "shipped": list(LANGUAGES)})  # fmt: skip
    return batch


def progress(session: Session, batch: int) -> Progress:
    """How far a batch is."""
    states = select(Document.state, func.count()).where(Document.batch_id == batch).group_by(Document.state)
    counted = {state: int(count) for state, count in session.execute(states)}
    return Progress(counted.get("asked", 0), counted.get("issued", 0), counted.get("failed", 0))


def claim(session: Session, *, real: datetime, limit: int = AT_ONCE, only: int | None = None) -> list[Claimed]:
    """Claims documents for a while, oldest first; those of a person who waits before those of a batch.

    `only`: this one, also while another worker is at it.
    """
    rows = session.execute(_CLAIM, {"real": real, "until": real + WAITS.paper, "limit": limit, "only": only,
                                    "tries": TRIES})  # fmt: skip
    return [Claimed(*row) for row in rows]


def give_up(session: Session, *, real: datetime, by: Actor, at: datetime) -> int:
    """Ends the documents whose worker died each time. Returns how many."""
    spent = session.scalars(
        select(Document.id).where(Document.state == "asked", Document.tries >= TRIES, Document.lease_until < real)
    ).all()
    for each in spent:
        fail(session, each, "tries", by=by, at=at)
    return len(spent)


def write(session: Session, document: int, paper: dict[str, Any]) -> str:
    """Keeps the paper of a document that was asked for without one; returns the one that is kept."""
    words = written(paper)
    session.execute(
        text("update document set paper = :words, paper_sha = :sha where id = :id and paper is null"),
        {"id": document, "words": words, "sha": hashlib.sha256(words.encode()).digest()},
    )
    kept: str = session.scalar(text("select paper from document where id = :id"), {"id": document})
    return kept


def issue(session: Session, document: int, pdf: bytes, *, set_by: str, by: Actor, at: datetime) -> bool:
    """Keeps the bytes of a document, and tells it. False where another worker was first."""
    sha = hashlib.sha256(pdf).digest()
    row = session.execute(
        text(
            "update document set state = 'issued', pdf = :pdf, pdf_sha = :sha, size = :size, set_by = :set_by,"
            " issued_at = :at, lease_until = null where id = :id and state = 'asked'"
            " returning person_id, creditor_id, kind, version"
        ),
        {"id": document, "pdf": pdf, "sha": sha, "size": len(pdf), "set_by": set_by, "at": at},
    ).one_or_none()
    if row is None:
        return False
    record(session, Kind.DOCUMENT_ISSUED, by=by, at=at, person=row.person_id, creditor=row.creditor_id,
           subject=f"document:{document}",
           facts={"kind": row.kind, "version": row.version, "sha256": sha.hex()})  # fmt: skip
    if row.kind == "statement":
        queue.done(session, subject=f"person:{row.person_id}", kind="statement", by=by, at=at)
    return True


def fail(session: Session, document: int, why: str, *, by: Actor, at: datetime) -> None:
    """Ends a document that cannot be set: `glyph`, `template`, or `tries`."""
    row = session.execute(
        text(
            "update document set state = 'failed', why = :why, lease_until = null where id = :id and state = 'asked'"
            " returning person_id, creditor_id, kind"
        ),
        {"id": document, "why": why},
    ).one_or_none()
    if row is not None:
        record(session, Kind.DOCUMENT_FAILED, by=by, at=at, person=row.person_id, creditor=row.creditor_id,
               subject=f"document:{document}", facts={"kind": row.kind, "why": why})  # fmt: skip
        queue.open_item(session, person=row.person_id, kind="document", subject=f"document:{document}", urgency=2,
                        at=at)  # fmt: skip


def documents_of(session: Session, people: Sequence[int], *, most: int) -> list[Document]:
    """The last letters of these ids (one person's, all joined), the newest first; without what they say."""
    return list(
        session.scalars(
            select(Document)
            .where(Document.person_id.in_(people))
            .order_by(Document.asked_at.desc(), Document.id.desc())
            .limit(most)
        )
    )


def paper_of(document: Document) -> dict[str, Any] | None:
    """What a document says; None while it is not written, or once it was erased."""
    return json.loads(document.paper) if document.paper else None


def check(session: Session) -> tuple[int, list[Finding]]:
    """How many letters were issued, and the first whose bytes, or hash in the history, are not those of its issue."""
    count: int = session.scalar(select(func.count()).where(Document.state == "issued")) or 0
    found = []
    for what, question in _OFF.items():
        row = session.scalar(text(question))
        if row is not None:
            found.append(Finding("document", row, what))
    return count, found


_OFF: Final = {
    "bytes_differ": "select id from document where pdf is not null and sha256(pdf) <> pdf_sha order by id limit 1",
    "words_differ": "select id from document where paper is not null and sha256(convert_to(paper, 'UTF8')) <> paper_sha"
    " order by id limit 1",
    "not_as_told": "select d.id from document d left join history h on h.kind = 'document.issued'"
    " and h.subject = 'document:' || d.id where d.state = 'issued'"
    " and (h.id is null or h.facts is not null and h.facts->>'sha256' <> encode(d.pdf_sha, 'hex'))"
    " order by d.id limit 1",
}

_ASK_EACH: Final = text(f"""
with owing as (
  select distinct coalesce(j.into_id, l.person_id) as id
  from liability l left join joined j on j.person_id = l.person_id and j.replaced_at is null and not j.parted
  where l.creditor_id = :creditor and l.replaced_at is null and not l.withdrawn),
asked as (
  select o.id, case when p.language = any(:shipped) then p.language when c.language = any(:shipped) then c.language
    else 'en' end as language, :large or {LARGE_PRINT.format(person="o.id")} as large
  from owing o join person p on p.id = o.id join creditor c on c.id = :creditor)
insert into document (person_id, kind, subject, version, first, last, language, large, batch_id, asked_by, asked_at)
select a.id, 'statement', 'person:' || a.id, 1 + coalesce((
    select max(d.version) from document d where d.person_id = a.id and d.kind = 'statement' and d.first = :first
      and d.last = :last and d.large = a.large and d.language = a.language), 0),
  :first, :last, a.language, a.large, :batch, :by, :at
from asked a
where not exists (select from document d where d.batch_id = :batch and d.person_id = a.id)
order by a.id
""")

_CLAIM: Final = text("""
with found as (
  select id from document where state = 'asked' and tries < :tries
    and case when cast(:only as bigint) is null then lease_until is null or lease_until < :real else id = :only end
  order by batch_id nulls first, id limit :limit for update skip locked)
update document d set lease_until = :until, tries = d.tries + 1 from found where d.id = found.id
returning d.id, d.person_id, d.kind, d.subject, d.first, d.last, d.language, d.large, d.asked_at, d.paper
""")
