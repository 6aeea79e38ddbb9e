"""The account: one debt or agreement of one creditor, in one currency.

An account is known by creditor, source system and reference. Who and what it is
never changes; its *terms* (kind of debt, product, dates, rates) are facts with
two times: a correction is a new row that replaces the old one.
"""

import re
import unicodedata
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Numeric, Text, UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Currency, Id, Minor, Moment, refers
from cases.refusal import refusal_code

AccountUnknown = refusal_code("account.unknown", "account")
AccountAmbiguous = refusal_code("account.ambiguous", "account", "systems")


class Account(Base):
    """What never changes about a debt."""

    __tablename__ = "account"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    system: Mapped[str] = mapped_column(Text)
    ref: Mapped[str] = mapped_column(Text)
    ref_norm: Mapped[str] = mapped_column(Text)
    currency: Mapped[Currency]
    recorded_at: Mapped[Moment]

    __table_args__ = (
        UniqueConstraint("creditor_id", "system", "ref"),
        UniqueConstraint("id", "creditor_id", "currency"),
        Index("account_ref_norm", "ref_norm"),
    )


class AccountTerms(Base):
    """What is known about a debt, as of a moment. The live row is the one not replaced."""

    __tablename__ = "account_terms"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    account_id: Mapped[int] = refers("account.id")
    debt_type: Mapped[str] = mapped_column(Text)
    product: Mapped[str | None] = mapped_column(Text)
    opened_on: Mapped[date] = mapped_column(Date)
    original_amount: Mapped[Minor | None]
    interest_rate: Mapped[Any | None] = mapped_column(Numeric(9, 6))
    interest_from: Mapped[date | None] = mapped_column(Date)
    agreed_fees: Mapped[str | None] = mapped_column(Text)
    branch: Mapped[str | None] = mapped_column(Text)
    extra: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("account_terms.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("account_terms_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index("account_terms_live", "account_id", unique=True, postgresql_where=text("replaced_at is null")),
    )


def normal_reference(written: str) -> str:
    """A reference as people type it: letters and digits only, capital (the same rule stands in SQL)."""
    return re.sub(r"[^0-9A-Za-z]", "", unicodedata.normalize("NFKC", written)).upper()


def account_called(session: Session, creditor: int, ref: str, system: str | None = None) -> Account:
    """The account of a creditor with this reference.

    Raises AccountUnknown, or AccountAmbiguous when several source systems use it and none is named.
    """
    query = select(Account).where(Account.creditor_id == creditor, Account.ref == ref)
    if system is not None:
        query = query.where(Account.system == system)
    found = session.scalars(query.limit(10)).all()
    if not found:
        raise AccountUnknown(account=ref)
    if len(found) > 1:
        raise AccountAmbiguous(account=ref, systems=[a.system for a in found])
    return found[0]


def terms_of(session: Session, account: int, believed: datetime | None = None) -> AccountTerms | None:
    """The terms of an account, as recorded by now, or as believed before the moment `believed`."""
    query = select(AccountTerms).where(AccountTerms.account_id == account)
    if believed is None:
        query = query.where(AccountTerms.replaced_at.is_(None))
    else:
        query = query.where(
            AccountTerms.recorded_at < believed,
            (AccountTerms.replaced_at.is_(None)) | (AccountTerms.replaced_at >= believed),
        )
    return session.scalar(query)
