"""The press: the worker's hands for documents. Writes their papers, sets them, and keeps what was set.

A paper is written in one transaction and kept in another; while it is set none is open. One document that
breaks stops no other.
"""

import time
from typing import Final

import structlog
from sqlalchemy.orm import undefer

from cases.clock import Clock
from cases.db import Database
from cases.history import Actor
from cases.refusal import Refusal
from messaging import documents, typeset
from messaging.documents import Claimed, Document
from messaging.paper import Letterhead
from messaging.papers.recipient import recipient_of
from messaging.papers.statement import statement_letter

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
        """The paper of a document that was asked for with many others."""
        assert claimed.kind == "statement" and claimed.first is not None and claimed.last is not None
        with self.db.acting() as session:
            letter = statement_letter(
                session, recipient_of(session, claimed.person), self.us, claimed.first, claimed.last,
                language=claimed.language, large=claimed.large, at=claimed.asked_at,
            )  # fmt: skip
            return documents.write(session, claimed.id, letter.json)
