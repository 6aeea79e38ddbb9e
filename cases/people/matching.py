"""Who is one person: which records in which source systems speak of the same somebody.

Within a creditor and source system a person is their person_ref, and no rule
joins two of those. Over creditors and systems two records are one person by
themselves only if

- valid national_id and date of birth are equal, or
- name, date of birth, postcode, and mobile or email are all equal,

after normalising. Two different valid national ids are never one person, in
whatever order their records come and whatever other records the person has; and
a record that would fit two people fits none. Nothing weaker joins: *likely pairs*
are listed for somebody to look at. What one creditor supplied is never shown to
another; a pair is named by case references alone.

A *newcomer* is a record that has no person yet; a loader writes newcomers into a
table of its transaction (`NEWCOMERS`) and asks `match`. When a corrected record
makes two people one (`ones`), the younger is *joined* to the elder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.history import Actor, Kind, record
from cases.people.joint import Liability
from cases.people.person import Joined

NEWCOMERS: Final = """create temp table newcomer (person_ref text, name_norm text, born date, postcode_norm text, mobile text,
 email_norm text, national_id_norm text, person_id bigint) on commit drop"""
"""One row a newcomer, all fields normalised; `person_id` is what `match` fills in. `mobile` takes texts."""

PAIRS_LISTED: Final = 1000

_SAME_ID: Final = "n.national_id_norm = r.national_id_norm and n.born = r.born"
_SAME_WAYS: Final = """n.name_norm = r.name_norm and n.born = r.born and n.postcode_norm = r.postcode_norm and n.name_norm <> ''
 and n.postcode_norm <> '' and (n.mobile = r.phone_norm or n.email_norm = r.email_norm)
 and (n.national_id_norm = r.national_id_norm or n.national_id_norm is null or r.national_id_norm is null)"""

_HEAD: Final = "left join joined j on j.person_id = r.person_id and j.replaced_at is null and not j.parted"

_ALL: Final = """any (array(select {0} union all select k.person_id from joined k
 where k.into_id = {0} and k.replaced_at is null and not k.parted))"""
"""All ids of the person with this head."""

_OF_ANOTHER_ID: Final = f"""exists (select from record o where o.replaced_at is null and o.national_id_norm <> n.national_id_norm
 and o.person_id = {_ALL.format("coalesce(j.into_id, r.person_id)")})"""
"""Whether the person of a record `r` has a national id that is not the newcomer's: then they are two."""

_MATCH: Final = f"""
with fits as (
  select n.person_ref, coalesce(j.into_id, r.person_id) as head from newcomer n join record r on {_SAME_ID} {_HEAD}
    where r.replaced_at is null and (r.creditor_id, r.system) <> (%(creditor)s, %(system)s) and not {_OF_ANOTHER_ID}
  union
  select n.person_ref, coalesce(j.into_id, r.person_id) from newcomer n join record r on {_SAME_WAYS} {_HEAD}
    where r.replaced_at is null and (r.creditor_id, r.system) <> (%(creditor)s, %(system)s) and not {_OF_ANOTHER_ID}),
one as (select person_ref, min(head) as head from fits group by 1 having count(*) = 1),
alone as (select min(person_ref) as person_ref, head from one group by head having count(*) = 1)
update newcomer n set person_id = a.head from alone a where a.person_ref = n.person_ref
  and not exists (select from record q left join joined k on k.person_id = q.person_id and k.replaced_at is null and not k.parted
                  where q.creditor_id = %(creditor)s and q.system = %(system)s and q.replaced_at is null
                    and coalesce(k.into_id, q.person_id) = a.head)
"""

_ONES: Final = f"""
with n as (select q.id, q.creditor_id, q.system, coalesce(k.into_id, q.person_id) as head, q.name_norm, q.born, q.postcode_norm,
             q.email_norm, q.national_id_norm, q.phone_norm as mobile
           from record q left join joined k on k.person_id = q.person_id and k.replaced_at is null and not k.parted
           where q.id = any (%(records)s::bigint[]) and q.replaced_at is null),
fits as (
  select n.id, n.head, coalesce(j.into_id, r.person_id) as other from n join record r on {_SAME_ID} {_HEAD}
    where r.replaced_at is null and (r.creditor_id, r.system) <> (n.creditor_id, n.system)
  union
  select n.id, n.head, coalesce(j.into_id, r.person_id) from n join record r on {_SAME_WAYS} {_HEAD}
    where r.replaced_at is null and (r.creditor_id, r.system) <> (n.creditor_id, n.system)
      and exists (select from contact c where c.person_id = r.person_id and (c.kind = 'mobile' and c.value_norm = n.mobile
                                                                             or c.kind = 'email' and c.value_norm = n.email_norm))),
one as (select id, min(head) as head, min(other) as other from fits where other <> head group by id having count(distinct other) = 1)
select distinct greatest(head, other), least(head, other) from one
where not exists (select from joined p where p.person_id = greatest(head, other) and p.into_id = least(head, other) and p.parted and p.replaced_at is null)
  and not exists (select from record a join record b on (b.creditor_id, b.system) = (a.creditor_id, a.system) and b.ref <> a.ref
    left join joined x on x.person_id = a.person_id and x.replaced_at is null and not x.parted
    left join joined y on y.person_id = b.person_id and y.replaced_at is null and not y.parted
    where a.replaced_at is null and b.replaced_at is null
      and coalesce(x.into_id, a.person_id) = one.head and coalesce(y.into_id, b.person_id) = one.other)
  and not exists (select from record a join record b on b.national_id_norm <> a.national_id_norm
    where a.replaced_at is null and b.replaced_at is null
      and a.person_id = {_ALL.format("one.head")} and b.person_id = {_ALL.format("one.other")})
order by 1, 2
"""

_LIKELY: Final = f"""
with n as (select q.*, coalesce(k.into_id, q.person_id) as head from record q
           left join joined k on k.person_id = q.person_id and k.replaced_at is null and not k.parted
           where q.id = any (%(records)s::bigint[]) and q.replaced_at is null),
seen as (
  select n.head, coalesce(j.into_id, r.person_id) as other, 'national_id' as because from n join record r on n.national_id_norm = r.national_id_norm
    {_HEAD} where r.replaced_at is null
  union select n.head, coalesce(j.into_id, r.person_id), 'born' from n join record r on n.name_norm = r.name_norm and n.born = r.born
    {_HEAD} where r.replaced_at is null and n.name_norm <> ''
  union select n.head, coalesce(j.into_id, r.person_id), 'phone' from n join record r on n.name_norm = r.name_norm and n.phone_norm = r.phone_norm
    {_HEAD} where r.replaced_at is null and n.name_norm <> ''
  union select n.head, coalesce(j.into_id, r.person_id), 'email' from n join record r on n.name_norm = r.name_norm and n.email_norm = r.email_norm
    {_HEAD} where r.replaced_at is null and n.name_norm <> '')
select p.case_ref, o.case_ref, array_agg(distinct s.because) from seen s
  join person p on p.id = greatest(s.head, s.other) join person o on o.id = least(s.head, s.other)
where s.head <> s.other group by p.id, o.id order by p.id, o.id limit {PAIRS_LISTED}
"""


@dataclass(frozen=True, slots=True)
class Likely:
    """Two people, by case reference, and what is equal of them: national_id, or the name with born, phone or email."""

    case_ref: str
    other: str
    because: tuple[str, ...]


def match(session: Session, creditor: int, system: str) -> int:
    """Fills in whose record each newcomer of this creditor and system is, where it is somebody known.

    Returns how many were known. Somebody who already has a record in that system is never taken.
    """
    return int(_run(session, _MATCH, creditor=creditor, system=system).rowcount)


def ones(session: Session, records: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs (younger, elder) of people that these new or corrected live records show to be one.

    Somebody parted from another by hand is never joined to them again by rule.
    """
    return [(younger, elder) for younger, elder in _run(session, _ONES, records=list(records))]


def likely_pairs(session: Session, records: Sequence[int]) -> list[Likely]:
    """People who may be the person of one of these records and are not joined; at most `PAIRS_LISTED`."""
    return [Likely(a, b, tuple(because)) for a, b, because in _run(session, _LIKELY, records=list(records))]


def join(session: Session, younger: int, elder: int, *, since: date, by: Actor, at: datetime) -> None:
    """Joins `younger` to `elder`, from a day on: whoever was joined to the younger follows, and its liabilities move.

    Both are people who are not themselves joined to somebody. Where both owed an account, the elder's liability stays.
    """
    if younger <= elder:
        raise ValueError("the younger is joined to the elder")
    followers = session.scalars(
        select(Joined).where(Joined.into_id == younger, Joined.replaced_at.is_(None), ~Joined.parted)
    ).all()
    for follower in followers:
        session.add(
            Joined(person_id=follower.person_id, into_id=elder, since=since, recorded_at=at, replaces=follower.id)
        )
    session.add(Joined(person_id=younger, into_id=elder, since=since, recorded_at=at))
    live = (Liability.replaced_at.is_(None), ~Liability.withdrawn)
    owed = set(session.scalars(select(Liability.account_id).where(Liability.person_id == elder, *live)))
    moved = session.scalars(select(Liability).where(Liability.person_id == younger, *live)).all()
    for row in moved:
        double = row.account_id in owed
        session.add(
            Liability(
                creditor_id=row.creditor_id,
                account_id=row.account_id,
                person_id=younger if double else elder,
                role=row.role,
                since=row.since,
                withdrawn=double,
                recorded_at=at,
                replaces=row.id,
            )  # fmt: skip
        )
    session.flush()
    record(session, Kind.PERSON_JOINED, by=by, at=at, person=younger, subject=f"person:{elder}",
           facts={"into": elder, "since": since.isoformat(), "liabilities": len(moved)})  # fmt: skip


def _run(session: Session, statement: str, **facts: Any) -> Any:
    session.flush()
    return session.connection().exec_driver_sql(statement, facts)
