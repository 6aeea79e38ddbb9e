"""The press: the worker's hands for documents. Writes their papers, sets them, and keeps what was set.

A paper is written in one transaction and kept in another; while it is set none is open. One document that
breaks stops no other.
"""

import time
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session, undefer

from cases.clock import Clock
from cases.db import Database
from cases.history import Actor
from cases.refusal import Refusal
from messaging import documents, issuing, typeset
from messaging.documents import Claimed, Document
from messaging.paper import Letterhead, Paper
from messaging.papers.agreement import agreement_of, agreement_paper
from messaging.papers.closing import closing_paper, paid_off
from messaging.papers.receipt import Paid, receipt_paper
from messaging.papers.recipient import Recipient, recipient_of
from messaging.papers.statement import statement_letter
from messaging.tongue import Tongue
from payments.attempt import PaymentAttempt, parts_of

log = structlog.get_logger()
BY: Final = Actor("press")

LONGEST: Final = 30.0
"""Seconds after which no more are claimed, so that a process can end in time."""


class Press:
    """Makes documents, for one installation."""

    def __init__(self, db: Database, clock: Clock, us: Letterhead) -> None:
        self.db, self.clock, self.us = db, clock, us

    def run(self, longest: float = LONGEST) -> tuple[int, bool]:
        """Makes what was asked for. Returns how many documents ended, and whether more may wait."""
        ended, until = 0, time.monotonic() + longest
        with self.db.acting() as session:
            self.follow(session)
            ended += documents.give_up(session, real=self.clock.real(), by=BY, at=self.clock.now())
        while time.monotonic() < until:
            with self.db.acting() as session:
                claimed = documents.claim(session, real=self.clock.real())
            if not claimed:
                return ended, False
            for each in claimed:
                try:
                    ended += self._make(each)
                except Exception:
                    # Its claim runs out, and it is tried again; after TRIES it goes to a person.
                    log.error("document_broke", document_id=each.id, exc_info=True)
        return ended, True

    def begin(self, session: Session) -> None:
        """Begins to follow what happens from now on with letters."""
        issuing.begin(session, at=self.clock.now())

    def follow(self, session: Session) -> int:
        """Asks for the letters of what has happened since the last time. Returns how many."""
        return issuing.follow(session, at=self.clock.now())

    def make(self, document: int) -> Document | None:
        """Makes one document now, and returns it with its bytes; None where it cannot be made."""
        with self.db.acting() as session:
            claimed = documents.claim(session, real=self.clock.real(), only=document)
        for each in claimed:
            self._make(each)
        with self.db.acting() as session:
            made = session.get_one(Document, document, options=[undefer(Document.pdf)])
        return made if made.state == "issued" else None

    def _make(self, claimed: Claimed) -> bool:
        try:
            paper = claimed.paper or self._written(claimed)
            pdf = typeset.typesetter().pdf(paper)
        except (typeset.NotSet, Refusal) as wrong:
            why = wrong.why if isinstance(wrong, typeset.NotSet) else wrong.code
            log.warning("document_failed", document_id=claimed.id, reason=why)
            with self.db.acting() as session:
                documents.fail(session, claimed.id, why, by=BY, at=self.clock.now())
            return True
        with self.db.acting() as session:
            return documents.issue(session, claimed.id, pdf, set_by=typeset.version(), by=BY, at=self.clock.now())

    def _written(self, claimed: Claimed) -> str:
        """The paper of a document that was asked for without one."""
        with self.db.acting() as session:
            to = recipient_of(session, claimed.person)
            number = int(claimed.subject.partition(":")[2])
            letter = self._letter(session, claimed, to, Tongue(claimed.language), number)
            return documents.write(session, claimed.id, letter.json)

    def _letter(self, session: Session, claimed: Claimed, to: Recipient, tongue: Tongue, number: int) -> Paper:
        """What it says; `number` is that of what it is about."""
        how: Any = {"to": to, "made_on": to.today(claimed.asked_at), "large": claimed.large}
        if claimed.kind == "receipt":
            return receipt_paper(_paid(session, number), tongue, self.us, **how)
        if claimed.kind == "agreement":
            return agreement_paper(agreement_of(session, number, to.people), tongue, self.us, **how)
        if claimed.kind == "closing":
            return closing_paper(paid_off(session, number, claimed.asked_at), tongue, self.us, **how)
        assert claimed.kind == "statement" and claimed.first is not None and claimed.last is not None
        return statement_letter(session, to, self.us, claimed.first, claimed.last, language=claimed.language,
                                large=claimed.large, at=claimed.asked_at)  # fmt: skip


def _paid(session: Session, attempt: int) -> Paid:
    """A payment as its receipt needs it: messaging knows nothing of payments, and the other way round."""
    row = session.get_one(PaymentAttempt, attempt)
    assert row.paid_at is not None and row.booked_at is not None
    return Paid(row.id, row.method, row.currency, row.amount, row.paid_at, row.booked_at, row.value_date, row.reference,
                [(part.creditor, part.kind, part.ref, part.amount) for part in parts_of(session, attempt)])  # fmt: skip
