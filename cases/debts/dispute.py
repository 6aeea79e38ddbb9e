"""Dispute: a person says that a debt is not theirs, is paid, or is wrong in its sum.

The debt is held at once, and someone looks into it: 8 § inkassolagen and CONC 7.14 ask that nothing
is collected meanwhile. The answer is one of `ANSWERS`: the debt stands, or its sum was put right, and
the hold ends; or the person is right, and the hold goes on until the creditor has taken the debt back,
with a review. Whoever disputed may take it back. Words are erasable; the history keeps their proof.

What was answered is not asked anew: somebody who says of a debt what we found not to be so, or put right, tells us
what is new in a message (`docs/decisions`), and whoever reads it may hold the debt again.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, Uuid, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.arrangements import monitoring
from cases.clock import add_working_days, calendar_for, local
from cases.db import Base, Id, Moment, refers
from cases.debts import hold
from cases.debts.account import Account
from cases.debts.creditor import Creditor
from cases.history import Actor, Kind, proof, record
from cases.people.joint import accounts_of
from cases.people.person import all_ids
from cases.refusal import refusal_code
from cases.work import queue

UNKNOWN = refusal_code("dispute.unknown")
UNKNOWN_ACCOUNT = refusal_code("dispute.unknown_account")
GROUND_UNKNOWN = refusal_code("dispute.ground_unknown", "ground")
OPEN_ALREADY = refusal_code("dispute.open_already", "at")
ANSWERED = refusal_code("dispute.answered", "at")
ANSWERED_BEFORE = refusal_code("dispute.answered_before", "at")
ANSWER_UNKNOWN = refusal_code("dispute.answer_unknown", "answer")

GROUNDS: Final = ("not_mine", "paid", "wrong_amount")
ANSWERS: Final = ("stands", "corrected", "agreed")
SETTLED: Final = ("stands", "corrected")
"""Answers after which the same is not said anew without something new."""
ANSWER_IN: Final = 10
"""Working days within which we answer."""
LOOK_AGAIN: Final = timedelta(days=30)
"""After which time it is looked whether the creditor has taken back a debt that the person does not owe."""


class Dispute(Base):
    """One dispute of one debt by one person. `answer`: of `ANSWERS`, or taken_back."""

    __tablename__ = "dispute"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    account_id: Mapped[int] = refers("account.id")
    creditor_id: Mapped[int] = refers("creditor.id")
    hold_id: Mapped[int] = refers("hold.id")
    ground: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    note_salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    key: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[Moment]
    answer: Mapped[str | None] = mapped_column(Text)
    words: Mapped[str | None] = mapped_column(Text)
    words_salt: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    answered_by: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint(f"ground in {GROUNDS}", "ground"),
        CheckConstraint(f"answer in {(*ANSWERS, 'taken_back')}", "answer"),
        CheckConstraint("(answer is null) = (answered_at is null) and (answer is null) = (answered_by is null)",
                        "answered"),
        UniqueConstraint("person_id", "key"),
        UniqueConstraint("hold_id"),
        Index("dispute_open", "person_id", "account_id", unique=True, postgresql_where=text("answered_at is null")),
    )  # fmt: skip


def begin(
    session: Session, *, person: int, account: int, ground: str, note: str | None, key: str, by: Actor, at: datetime
) -> Dispute:
    """Disputes a debt: it is held from today, and a work item asks for an answer. The same key disputes once.

    Refuses `dispute.ground_unknown`, `dispute.unknown_account`, `dispute.open_already`, and to the person
    `dispute.answered_before`: then only one of us places the hold.
    """
    if ground not in GROUNDS:
        raise GROUND_UNKNOWN(ground=ground)
    people = all_ids(session, person)
    if account not in accounts_of(session, people):
        raise UNKNOWN_ACCOUNT()
    monitoring.hold(session, [account])
    was = session.scalar(select(Dispute).where(Dispute.person_id == person, Dispute.key == key))
    if was is not None:
        return was
    already = session.scalar(
        select(Dispute.made_at).where(
            Dispute.person_id.in_(people), Dispute.account_id == account, Dispute.answered_at.is_(None)
        )
    )
    if already is not None:
        raise OPEN_ALREADY(at=already)
    if by.role == "debtor" and (before := answered_grounds(session, people, account).get(ground)):
        raise ANSWERED_BEFORE(at=before)
    today, answer_by = _days(session, account, at)
    placed = hold.place(
        session, person=person, basis="dispute", accounts=[account], stops=hold.RULES["dispute"].usual,
        starts_on=today, last_on=None, review_on=answer_by, key=f"dispute-{key}", by=by, at=at, told=False,
    )  # fmt: skip
    creditor = session.get_one(Account, account).creditor_id
    made = Dispute(
        person_id=person, account_id=account, creditor_id=creditor, hold_id=placed.id, ground=ground, note=note,
        note_salt=uuid.uuid4() if note else None, key=key, made_by=str(by), made_at=at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    facts: dict[str, object] = {"ground": ground, "review_on": answer_by.isoformat()}
    if note and made.note_salt:
        facts["note"] = proof(made.note_salt, note)
    record(session, Kind.DEBT_DISPUTED, by=by, at=at, person=person, creditor=creditor, account=account,
           subject=f"dispute:{made.id}", facts=facts)  # fmt: skip
    queue.open_item(session, person=person, kind="disputed", subject=f"hold:{placed.id}", urgency=1, at=at,
                    answer_by=answer_by)  # fmt: skip
    return made


def answer(session: Session, dispute: int, *, answer: str, words: str | None, by: Actor, at: datetime) -> None:
    """Answers a dispute, in words that the person reads. Refuses `dispute.answer_unknown`, `dispute.answered`."""
    if answer not in ANSWERS:
        raise ANSWER_UNKNOWN(answer=answer)
    row = _open(session, dispute)
    facts: dict[str, object] = {"answer": answer}
    if words:
        row.words, row.words_salt = words, uuid.uuid4()
        facts["words"] = proof(row.words_salt, words)
    if answer == "agreed":
        review_on = _days(session, row.account_id, at)[0] + LOOK_AGAIN
        hold.prolong(session, row.hold_id, last_on=None, review_on=review_on, by=by, at=at, told=False)
        facts["review_on"] = review_on.isoformat()
    _close(session, row, answer, by, at)
    if answer != "agreed":
        hold.end(session, row.hold_id, why="answered", by=by, at=at, told=False)
    record(session, Kind.DISPUTE_ANSWERED, by=by, at=at, person=row.person_id, creditor=row.creditor_id,
           account=row.account_id, subject=f"dispute:{row.id}", facts=facts)  # fmt: skip


def take_back(session: Session, dispute: int, *, by: Actor, at: datetime) -> None:
    """The person takes a dispute back; the hold ends. Refuses `dispute.answered`."""
    row = _open(session, dispute)
    _close(session, row, "taken_back", by, at)
    hold.end(session, row.hold_id, why="taken_back", by=by, at=at, told=False)
    record(session, Kind.DISPUTE_TAKEN_BACK, by=by, at=at, person=row.person_id, creditor=row.creditor_id,
           account=row.account_id, subject=f"dispute:{row.id}")  # fmt: skip


def answered_grounds(session: Session, people: Sequence[int], account: int) -> dict[str, datetime]:
    """What these ids (one person's, all joined) said of a debt that we found not to be so, or put right; and when."""
    rows = session.scalars(
        select(Dispute)
        .where(Dispute.person_id.in_(people), Dispute.account_id == account, Dispute.answer.in_(SETTLED))
        .order_by(Dispute.answered_at)
    )
    return {each.ground: each.answered_at for each in rows if each.answered_at}


def _open(session: Session, dispute: int) -> Dispute:
    """A dispute that waits for its answer; its debt and it are locked."""
    account = session.scalar(select(Dispute.account_id).where(Dispute.id == dispute))
    if account is None:
        raise UNKNOWN()
    monitoring.hold(session, [account])
    row = session.scalars(
        select(Dispute)
        .where(Dispute.id == dispute)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    if row.answered_at is not None:
        raise ANSWERED(at=row.answered_at)
    return row


def _close(session: Session, row: Dispute, answer: str, by: Actor, at: datetime) -> None:
    row.answer, row.answered_by, row.answered_at = answer, str(by), at
    session.flush()
    queue.done(session, subject=f"hold:{row.hold_id}", kind="disputed", by=by, at=at)


def _days(session: Session, account: int, at: datetime) -> tuple[date, date]:
    """The creditor's day, and the one by which we answer."""
    zone, country = session.execute(
        select(Creditor.zone, Creditor.country)
        .join(Account, Account.creditor_id == Creditor.id)
        .where(Account.id == account)
    ).one()
    today = local(at, zone).date()
    calendar = calendar_for(country)
    soon = add_working_days(calendar, today, ANSWER_IN) if calendar else today + timedelta(days=2 * ANSWER_IN)
    return today, soon
