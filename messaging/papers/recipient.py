"""Recipient: to whom a letter goes, at which address, in which language, and what day it is there."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.clock import local
from cases.people.person import all_ids
from cases.people.window import zones_for
from messaging.tongue import language_of


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person as a letter needs them: the elder's id and all joined ones, name and address as written by us."""

    id: int
    people: tuple[int, ...]
    case: str
    lines: tuple[str, ...]
    country: str | None
    zone: str
    language: str

    def today(self, at: datetime) -> date:
        """The day of a moment where they live."""
        return local(at, self.zone).date()


def recipient_of(session: Session, person: int) -> Recipient:
    """To whom letters about this person go, at the newest address that stands.

    Of what creditors' systems say it is the one recorded last. One among the contacts comes before it, unless that
    address is newer: the day counts since which a system says it, whatever else it has corrected since.
    """
    people = all_ids(session, person)
    row = session.execute(_LAST, {"people": people, "head": people[0]}).one()
    lines = [row.name, row.line1, row.line2, " ".join(filter(None, _town(row.country, row.postcode, row.city)))]
    if row.told is not None and (row.line1 is None or row.told_on >= row.since.date()):
        lines = [row.name, *(part.strip() for part in row.told.split(","))]
    (zone, *_others) = zones_for(row.country, row.postcode, None, fallback=row.zone or "UTC")
    return Recipient(
        people[0], tuple(people), row.case_ref, tuple(line for line in lines if line), row.country, zone,
        language_of(row.language, row.creditors_language),
    )  # fmt: skip


def _town(country: str | None, postcode: str | None, city: str | None) -> tuple[str | None, str | None]:
    """Town and code in the order of the country: the code comes last in Britain, Ireland and America."""
    return (city, postcode) if country in ("GB", "IE", "US", None) else (postcode, city)


_LAST: Final = text("""
select p.case_ref, p.name, r.line1, r.line2, r.city, r.postcode, coalesce(r.country, p.country) as country, c.zone,
  coalesce(p.language, r.language) as language, c.language as creditors_language,
  a.value as told, a.as_of as told_on, (
    with recursive v as (
      select r.replaces, r.recorded_at
      union all
      select o.replaces, o.recorded_at from v join record o on o.id = v.replaces
        and (o.line1, o.line2, o.city, o.postcode) is not distinct from (r.line1, r.line2, r.city, r.postcode))
    select min(recorded_at) from v) as since
from person p
left join record r on r.person_id = any(:people) and r.replaced_at is null
left join creditor c on c.id = r.creditor_id
left join lateral (
  select n.value, n.as_of from contact n
  where n.person_id = any(:people) and n.kind = 'address' and n.replaced_at is null and not n.withdrawn
  order by n.as_of desc, n.source <> 'person', n.id desc limit 1) a on true
where p.id = :head
order by (r.line1 is null), r.recorded_at desc, r.id desc
limit 1
""")
