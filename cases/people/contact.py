"""Contacts: how a person may be reached, with source and date, and masked for strangers.

A contact comes from a creditor's file, from the person or from a collector; it
is a fact with two times. Which one is used: the newest `as_of` of its kind, one
given by the person before one given by a creditor on the same day. A number
that replaced another less than a day ago receives no code.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import phonenumbers
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, Text, any_, cast, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, refers
from cases.history import Actor, Kind, record
from cases.people.person import all_ids
from cases.refusal import refusal_code
from cases.work import queue

PhoneUnreadable = refusal_code("contact.phone", "value")
MailUnreadable = refusal_code("contact.mail", "value")
AddressUnreadable = refusal_code("contact.address")
NotTextable = refusal_code("contact.not_textable")
Ended = refusal_code("contact.ended")
There = refusal_code("contact.there")

KINDS: Final = ("mobile", "phone", "email", "address")
LONGEST_ADDRESS: Final = 300
"""Characters of a postal address, in one line."""

_ONE_MAIL: Final = re.compile(r"""[^\s@,;:<>()\[\]"\\]+@[^\s@,;:<>()\[\]"\\]+""")

FRESH: Final = timedelta(hours=24)
"""How long a number that replaced another receives no code (rules, ASVS 7.5.1 and product choice)."""


class Contact(Base):
    """One way to reach a person. `value` as given, `value_norm` as compared (E.164, lower case).

    `origin`: where the creditor has it from, in its own words.
    """

    __tablename__ = "contact"

    id: Mapped[Id]
    person_id: Mapped[int] = refers("person.id")
    creditor_id: Mapped[int | None] = refers("creditor.id", nullable=True)
    source: Mapped[str] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    value_norm: Mapped[str] = mapped_column(Text)
    as_of: Mapped[date] = mapped_column(Date)
    withdrawn: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    recorded_at: Mapped[Moment]
    replaces: Mapped[int | None] = refers("contact.id", nullable=True)
    replaced_at: Mapped[Moment | None]

    __table_args__ = (
        CheckConstraint("kind in ('mobile', 'phone', 'email', 'address')", "kind"),
        CheckConstraint("source in ('creditor', 'person', 'staff')", "source"),
        CheckConstraint("(source = 'creditor') = (creditor_id is not null)", "creditor"),
        CheckConstraint("replaced_at >= recorded_at", "stamp"),
        Index("contact_replaced_once", "replaces", unique=True, postgresql_where=text("replaces is not null")),
        Index("contact_person", "person_id", postgresql_where=text("replaced_at is null")),
        Index("contact_value", "value_norm", postgresql_where=text("replaced_at is null")),
    )


@dataclass(frozen=True, slots=True)
class Way:
    """The contact to use for a channel: its row's id, kind and normal form."""

    id: int
    kind: str
    value: str


def normal_phone(written: str, country: str | None) -> tuple[str, bool]:
    """E.164 of a telephone number and whether a text can reach it. Raises PhoneUnreadable.

    `country` is the two-letter country for numbers written without a prefix.
    """
    try:
        number = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        raise PhoneUnreadable(value=written) from None
    if not phonenumbers.is_possible_number(number):
        raise PhoneUnreadable(value=written)
    kind = phonenumbers.number_type(number)
    fixed = kind in (
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
    )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), not fixed


def normal_mail(written: str) -> str:
    """A mail address in lower case. Raises MailUnreadable when it cannot be one, or is several."""
    mail = written.strip().lower()
    host = mail.rpartition("@")[2]
    if not _ONE_MAIL.fullmatch(mail) or "." not in host.strip(".") or not mail.isprintable() or len(mail) > 254:
        raise MailUnreadable(value=written)
    return mail


def normal_address(written: str) -> str:
    """A postal address as compared: small letters, and one space between words. Raises AddressUnreadable."""
    address = " ".join(written.replace(",", " ").split()).lower()
    if not 5 <= len(address) <= LONGEST_ADDRESS or not any(c.isalpha() for c in address):
        raise AddressUnreadable()
    return address


def normal(kind: str, written: str, country: str | None) -> str:
    """A contact of this kind as it is compared.

    Raises PhoneUnreadable, MailUnreadable, AddressUnreadable, and NotTextable for a mobile that no text can reach.
    """
    if kind == "email":
        return normal_mail(written)
    if kind == "address":
        return normal_address(written)
    number, textable = normal_phone(written, country)
    if kind == "mobile" and not textable:
        raise NotTextable()
    return number


def masked(kind: str, value_norm: str) -> str:
    """What may be shown before sign-in: the last two digits, or the first letter and the host's end."""
    if kind == "email":
        name, _, host = value_norm.rpartition("@")
        return f"{name[:1]}•••@•••.{host.rpartition('.')[2]}"
    return f"••••• •••{value_norm[-2:]}"


def live_contacts(session: Session, people: Sequence[int]) -> list[Contact]:
    """The contacts of a person, best first within each kind."""
    return list(
        session.scalars(
            select(Contact)
            .where(Contact.person_id.in_(people), Contact.replaced_at.is_(None), ~Contact.withdrawn)
            .order_by(Contact.kind, Contact.as_of.desc(), Contact.source != "person", Contact.id.desc())
        )
    )


def best(contacts: Sequence[Contact], kind: str) -> Contact | None:
    """The contact of this kind to use: the first of `live_contacts`."""
    return next((c for c in contacts if c.kind == kind), None)


def receives_codes(contact: Contact, now: datetime) -> bool:
    """Whether a one-time code may go there: not when it replaced another within 24 hours (real time).

    One that somebody told us of waits as long, whether it replaced another or not.
    """
    old = contact.replaces is None and contact.source != "staff"
    return old or now - contact.recorded_at >= FRESH


def receiving(session: Session, contacts: Sequence[Contact], now: datetime) -> list[Contact]:
    """Those of these contacts to which a one-time code may go. One statement, whatever they are.

    What was only dated anew counts as the row with which it came.
    """
    asked = cast([each.id for each in contacts], ARRAY(BigInteger))
    columns = (Contact.id, Contact.replaces, Contact.kind, Contact.value_norm)
    chain = select(Contact.id.label("live"), *columns).where(Contact.id == any_(asked)).cte(recursive=True)
    same = (Contact.id == chain.c.replaces, Contact.kind == chain.c.kind, Contact.value_norm == chain.c.value_norm)
    chain = chain.union_all(select(chain.c.live, *columns).where(*same))
    rows = select(chain.c.live, Contact).join(Contact, Contact.id == chain.c.id).order_by(Contact.id.desc())
    came = {row.live: row.Contact for row in session.execute(rows)}
    return [each for each in contacts if receives_codes(came[each.id], now)]


def add_contact(
    session: Session,
    *,
    person: int,
    kind: str,
    value: str,
    value_norm: str,
    source: str,
    as_of: date,
    by: Actor,
    at: datetime,
    creditor: int | None = None,
    replaces: int | None = None,
) -> Contact:
    """Notes a contact, or corrects one (`replaces`). The history line holds its id, never its value.

    Work that asked for another way to reach the person is done by it.
    """
    row = Contact(
        person_id=person,
        creditor_id=creditor,
        source=source,
        kind=kind,
        value=value,
        value_norm=value_norm,
        as_of=as_of,
        recorded_at=at,
        replaces=replaces,
    )
    session.add(row)
    session.flush()
    record(
        session,
        Kind.CONTACT_ADDED if replaces is None else Kind.CONTACT_CORRECTED,
        by=by,
        at=at,
        creditor=creditor,
        person=person,
        subject=f"contact:{row.id}",
        facts={"kind": kind, "source": source},
    )
    if replaces is not None:
        queue.done(session, subject=f"contact:{replaces}", kind="undelivered", by=by, at=at)
    if kind != "address":
        queue.done_for(session, person=person, kind="unreachable", by=by, at=at)
    return row


def end_contact(session: Session, contact: Contact, *, by: Actor, at: datetime, any_kind: bool = False) -> None:
    """Ends a contact: it is used no more, and stands in the case with its source. Refuses `contact.ended`.

    What asked whether it still works is done.

    Whoever else gave the same of its kind, it ends there, too; with `any_kind` also where it is of another kind.
    """
    head = all_ids(session, contact.person_id)[0]
    session.execute(text("select from person where id = :id for no key update"), {"id": head})
    live = _live(session, contact)
    for each in [live, *_twins(session, live, any_kind=any_kind)]:
        _end(session, each, by, at)


def change_contact(
    session: Session,
    *,
    people: Sequence[int],
    kind: str,
    value: str,
    country: str | None,
    on: date,
    by: Actor,
    at: datetime,
    instead: Contact | None = None,
) -> Contact:
    """What a person told one of us: another way to reach them, or one `instead` of another of its kind.

    The other one ends wherever it stands among theirs.
    Refuses what `normal` refuses, `contact.there` where it is known already, and `contact.ended`.
    """
    norm = normal(kind, value, country)
    session.execute(text("select from person where id = :id for no key update"), {"id": people[0]})
    if any(each.kind == kind and each.value_norm == norm for each in live_contacts(session, people)):
        raise There()
    live = _live(session, instead) if instead is not None else None
    for twin in _twins(session, live) if live else ():
        _end(session, twin, by, at)
    return add_contact(
        session, person=live.person_id if live else people[0], kind=kind, value=value, value_norm=norm,
        source="staff", as_of=on, by=by, at=at, replaces=live.id if live else None,
    )  # fmt: skip


def past_contacts(session: Session, people: Sequence[int]) -> list[Contact]:
    """What was replaced or ended, the newest first: each as it was when it counted."""
    query = select(Contact).where(Contact.person_id.in_(people), Contact.replaced_at.is_not(None), ~Contact.withdrawn)
    return list(session.scalars(query.order_by(Contact.replaced_at.desc(), Contact.id.desc())))


def _end(session: Session, live: Contact, by: Actor, at: datetime) -> None:
    row = Contact(
        person_id=live.person_id, source="staff", kind=live.kind, value=live.value, value_norm=live.value_norm,
        as_of=at.date(), withdrawn=True, recorded_at=at, replaces=live.id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    record(session, Kind.CONTACT_ENDED, by=by, at=at, person=live.person_id, subject=f"contact:{row.id}",
           facts={"kind": live.kind, "source": live.source, "ended": live.id})  # fmt: skip
    queue.done(session, subject=f"contact:{live.id}", kind="undelivered", by=by, at=at)


def _twins(session: Session, contact: Contact, *, any_kind: bool = False) -> list[Contact]:
    """The other live rows of this person that say the same as this one."""
    return [
        each
        for each in live_contacts(session, all_ids(session, contact.person_id))
        if each.id != contact.id and each.value_norm == contact.value_norm and (any_kind or each.kind == contact.kind)
    ]


def _live(session: Session, contact: Contact) -> Contact:
    """The row as it stands now, locked; refuses one that was replaced or ended."""
    session.refresh(contact, with_for_update={"key_share": True})
    if contact.replaced_at is not None or contact.withdrawn:
        raise Ended()
    return contact
