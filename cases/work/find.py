"""Finding a case, for staff: by name, by any reference, or by telephone number.

What was typed is tried as each of the three. A reference (of a case or an account) and a number
must be whole; of a name each word typed must begin a word of the person's name, in any order.
People who were found to be one come up once, as the elder. Debtors and creditors never search.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from cases.debts.account import Account, normal_reference
from cases.debts.creditor import Creditor
from cases.people.contact import Contact, normal_phone
from cases.people.joint import Liability
from cases.people.person import Joined, Person, normal_name
from cases.refusal import Refusal

LEAST_DIGITS = 6
"""Fewer digits are no telephone number."""


@dataclass(frozen=True, slots=True)
class Found:
    """A case that fits, and the names of its creditors in order."""

    person: int
    case_ref: str
    name: str
    creditors: tuple[str, ...]


def find(session: Session, typed: str, *, limit: int = 20) -> list[Found]:
    """The cases that fit what was typed, by name; at most `limit`. Nothing fits an empty word."""
    people = [*_by_reference(session, typed), *_by_number(session, typed), *_by_name(session, typed, limit)]
    if not people:
        return []
    head = func.coalesce(Joined.into_id, Person.id)
    joined = and_(Joined.person_id == Person.id, Joined.replaced_at.is_(None), ~Joined.parted)
    heads = session.scalars(
        select(head).select_from(Person).outerjoin(Joined, joined).where(Person.id.in_(people)).distinct()
    ).all()
    rows = session.execute(
        select(Person.id, Person.case_ref, Person.name,
               func.array_agg(Creditor.name.distinct()).filter(Creditor.name.is_not(None)))
        .outerjoin(Liability, and_(Liability.person_id == Person.id, Liability.replaced_at.is_(None),
                                   ~Liability.withdrawn))
        .outerjoin(Creditor, Creditor.id == Liability.creditor_id)
        .where(Person.id.in_(heads))
        .group_by(Person.id)
        .order_by(Person.name_norm, Person.id)
        .limit(limit)
    )  # fmt: skip
    return [Found(person, case_ref, name, tuple(creditors or ())) for person, case_ref, name, creditors in rows]


def _by_reference(session: Session, typed: str) -> list[int]:
    ref = normal_reference(typed)
    if not ref:
        return []
    cases = session.scalars(select(Person.id).where(Person.case_ref == ref)).all()
    accounts = session.scalars(
        select(Liability.person_id)
        .join(Account, Account.id == Liability.account_id)
        .where(Account.ref_norm == ref, Liability.replaced_at.is_(None), ~Liability.withdrawn)
    ).all()
    return [*cases, *accounts]


def _by_number(session: Session, typed: str) -> list[int]:
    if sum(c.isdigit() for c in typed) < LEAST_DIGITS or any(c.isalpha() for c in typed):
        return []
    countries: Sequence[str | None] = session.scalars(select(Creditor.country).distinct()).all()
    numbers = set()
    for country in (*countries, None):
        try:
            numbers.add(normal_phone(typed, country)[0])
        except Refusal:
            continue
    return list(
        session.scalars(
            select(Contact.person_id).where(
                Contact.value_norm.in_(numbers), Contact.replaced_at.is_(None), ~Contact.withdrawn
            )
        )
    )


def _by_name(session: Session, typed: str, limit: int) -> list[int]:
    words = normal_name(typed).split()
    if not words or not any(c.isalpha() for c in typed):
        return []
    # normal_name leaves letters, digits and spaces alone, so no word holds a wildcard
    fits = [or_(Person.name_norm.like(f"{word}%"), Person.name_norm.like(f"% {word}%")) for word in words]
    return list(session.scalars(select(Person.id).where(*fits).order_by(Person.name_norm, Person.id).limit(limit)))
