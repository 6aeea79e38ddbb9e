"""The creditor: who is owed; our client.

A creditor has its own country (law, calendar), zone (when its day closes, what
"today" is for a due date), language and default currency, and a few choices:
how fees meet money, and whether we remind people of contractual instalments.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import CHAR, Boolean, CheckConstraint, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Currency, Id, Moment
from cases.history import Actor, Kind, record
from cases.refusal import refusal_code

CreditorUnknown = refusal_code("creditor.unknown", "creditor")
CreditorExists = refusal_code("creditor.exists", "creditor")

FEES: Final = ("first", "last", "apart")
ZONES: Final = {
    "GB": "Europe/London",
    "IE": "Europe/Dublin",
    "SE": "Europe/Stockholm",
    "PL": "Europe/Warsaw",
    "CZ": "Europe/Prague",
    "US": "America/New_York",
}


class Creditor(Base):
    """One client. `ref` is how files and commands name it."""

    __tablename__ = "creditor"

    id: Mapped[Id]
    ref: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(CHAR(2))
    currency: Mapped[Currency]
    zone: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text, server_default=text("'en'"))
    fees: Mapped[str] = mapped_column(Text, server_default=text("'first'"))
    reminds_contractual: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    recorded_at: Mapped[Moment]

    __table_args__ = (CheckConstraint("fees in ('first', 'last', 'apart')", "fees"),)


def add_creditor(
    session: Session,
    *,
    ref: str,
    name: str,
    country: str,
    currency: str,
    by: Actor,
    at: datetime,
    zone: str | None = None,
    language: str = "en",
    fees: str = "first",
    reminds_contractual: bool = False,
) -> Creditor:
    """Takes on a creditor. Without a zone its country's main one is taken, else UTC.

    Raises CreditorExists when `ref` is taken.
    """
    if session.scalar(select(Creditor.id).where(Creditor.ref == ref)):
        raise CreditorExists(creditor=ref)
    creditor = Creditor(
        ref=ref,
        name=name,
        country=country,
        currency=currency,
        zone=zone or ZONES.get(country, "UTC"),
        language=language,
        fees=fees,
        reminds_contractual=reminds_contractual,
        recorded_at=at,
    )
    session.add(creditor)
    session.flush()
    record(session, Kind.CREDITOR_ADDED, by=by, at=at, creditor=creditor.id, facts={"ref": ref})
    return creditor


def switch_contractual_reminders(session: Session, creditor: Creditor, on: bool, *, by: Actor, at: datetime) -> None:
    """Whether people are reminded of this creditor's contractual instalments. Told only when it changes."""
    if creditor.reminds_contractual == on:
        return
    creditor.reminds_contractual = on
    record(
        session,
        Kind.CREDITOR_CHANGED,
        by=by,
        at=at,
        creditor=creditor.id,
        facts={"what": "reminds_contractual", "was": not on, "now": on},
    )


def creditor_called(session: Session, ref: str) -> Creditor:
    """The creditor with this ref. Raises CreditorUnknown."""
    found = session.scalar(select(Creditor).where(Creditor.ref == ref))
    if found is None:
        raise CreditorUnknown(creditor=ref)
    return found
