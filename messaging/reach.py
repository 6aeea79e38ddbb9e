"""Reach: where a person can be met, on which clock, in which language; for a whole batch at once.

*Head*: the elder of a person's joined ids; what is counted is counted for all of them. *Contact*:
the best of the kind that the channel needs; a code and a confirmation go to the contact that they
were planned for, a code only while that stands: it may have been replaced since it was asked for.
*Stopped*: since when the person, or whoever has that address, wants nothing of our own accord.
*Unusable*: the carrier's code that says that nothing arrives there: a number that is none, or two
strikes in a row, unless something arrived there since. *Places*: each country a person may be in,
with its zones; every one must be open.
A country comes from the addresses that creditors gave, else from the person, else from the number;
an unknown one has the strictest window (house: law packs).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

import phonenumbers
from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.clock import local
from cases.law.rules import pack, window_for, zones_of_country
from cases.people.contact import Contact, live_contacts
from cases.people.permission import Word, last_words, withdrawn
from cases.people.window import next_open, window_of_day, zones_for
from messaging.carriers import Effect
from messaging.outbox import Message
from messaging.tongue import language_of

KIND: Final[Mapping[str, str]] = {"sms": "mobile", "email": "email"}
"""The kind of contact that each channel needs."""

_FIXED: Final = ("code", "stop_confirmed")
"""Templates that go to the contact they were planned for."""

_STRIKES: Final = 2
_ROUNDS: Final = 120

Place = tuple[str | None, tuple[str, ...]]
"""A country and the zones of it that count."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where and when one message may meet its person."""

    head: int
    people: tuple[int, ...]
    contact: int | None
    to: str | None
    unusable: str | None
    stopped: datetime | None
    places: tuple[Place, ...]
    language: str

    @property
    def zones(self) -> tuple[str, ...]:
        """All zones of all places; days are counted in the first."""
        return tuple(zone for _, zones in self.places for zone in zones)

    def open_from(self, moment: datetime, least: timedelta) -> tuple[datetime | None, datetime | None]:
        """The first moment from `moment` on when every place is open for at least `least`, and when it closes."""
        return open_from(self.places, moment, least)


def reach_of(session: Session, messages: Sequence[Message]) -> dict[int, Reach]:
    """How the people of these messages can be reached. Seven statements for one channel, whatever the number."""
    ids = _all_ids(session, [m.person_id for m in messages])
    everybody = sorted({each for ids_ in ids.values() for each in ids_})
    contacts: dict[int, list[Contact]] = defaultdict(list)
    for each in live_contacts(session, everybody):
        contacts[each.person_id].append(each)
    fixed = {
        each.id: each
        for each in session.query(Contact).filter(
            Contact.id.in_([m.contact_id for m in messages if m.contact_id and m.template in _FIXED])
        )
    }
    chosen: dict[int, Contact | None] = {}
    for m in messages:
        if m.template in _FIXED and m.contact_id in fixed:
            planned = fixed[m.contact_id]
            stands = planned.replaced_at is None and not planned.withdrawn and planned.person_id in ids[m.person_id]
            chosen[m.id] = planned if stands or m.template != "code" else None
        else:
            theirs = [c for person in ids[m.person_id] for c in contacts[person] if c.kind == KIND[m.channel]]
            chosen[m.id] = min(theirs, key=_preferred) if theirs else None
    used = [c for c in chosen.values() if c is not None]
    stopped = {
        channel: withdrawn(session, channel, sorted({c.value_norm for c in used if c.kind == kind}))
        for channel, kind in KIND.items()
        if any(c.kind == kind for c in used)
    }
    words = {channel: last_words(session, channel, everybody) for channel in sorted({m.channel for m in messages})}
    unusable = _unusable(session, everybody, [c.id for c in used])
    homes = _homes(session, everybody)
    found: dict[int, Reach] = {}
    for m in messages:
        contact, people = chosen[m.id], ids[m.person_id]
        lived = [home for person in people for home in homes.get(person, ())]
        number = contact.value_norm if contact is not None and m.channel == "sms" else None
        found[m.id] = Reach(
            head=people[0],
            people=people,
            contact=contact.id if contact else None,
            to=contact.value_norm if contact else None,
            unusable=unusable.get(contact.id) if contact and m.template not in _FIXED else None,
            stopped=_stopped(contact, people, stopped.get(m.channel, {}), words[m.channel]),
            places=_places(lived, number),
            language=language_of(
                next((home.language for home in lived if home.language), None),
                next((home.creditors_language for home in lived if home.creditors_language), None),
            ),
        )
    return found


@lru_cache(maxsize=4096)
def open_from(
    places: tuple[Place, ...], moment: datetime, least: timedelta
) -> tuple[datetime | None, datetime | None]:
    """When all places are open together for at least `least`, from `moment` on: (opens, closes), or (None, None)."""
    for _ in range(_ROUNDS):
        closes: datetime | None = None
        for country, zones in places:
            window = window_for(country, local(moment, zones[0]).date())
            opens = next_open(window, zones, moment)
            if opens is None:
                return None, None
            if opens > moment:
                moment, closes = opens, None
                break
            stretch = window_of_day(window, zones, local(moment, zones[0]).date())
            inside = stretch is not None and stretch.opens <= moment <= stretch.closes
            ends = stretch.closes if stretch and inside else moment + timedelta(hours=1)
            closes = min(closes, ends) if closes else ends
        else:
            if closes is not None and closes - moment >= least:
                return moment, closes
            assert closes is not None
            moment = closes + timedelta(microseconds=1)
    return None, None


def _stopped(
    contact: Contact | None, people: Sequence[int], at_address: Mapping[str, datetime], words: Mapping[int, Word]
) -> datetime | None:
    """Since when nothing may go there: by the address itself, else by the person's last word at any of theirs."""
    if contact is None:
        return None
    last = max((words[person] for person in people if person in words), key=lambda word: word.id, default=None)
    return at_address.get(contact.value_norm) or (last.at if last and not last.allowed else None)


def _preferred(contact: Contact) -> tuple[int, bool, int]:
    """The newest as_of first, then what the person said, then the newest row: as `live_contacts`."""
    return (-contact.as_of.toordinal(), contact.source != "person", -contact.id)


def _all_ids(session: Session, people: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """For each person all ids that are this person, the elder first."""
    rows = session.execute(
        text("""
with p as (select distinct x.id, coalesce(j.into_id, x.id) as head
           from unnest(cast(:people as bigint[])) x(id)
           left join joined j on j.person_id = x.id and j.replaced_at is null and not j.parted)
select p.id, p.head, array_agg(k.person_id order by k.person_id) filter (where k.person_id is not null)
from p left join joined k on k.into_id = p.head and k.replaced_at is null and not k.parted group by 1, 2
"""),
        {"people": list(people)},
    )
    return {person: (head, *(younger or ())) for person, head, younger in rows}


def _unusable(session: Session, people: Sequence[int], contacts: Sequence[int]) -> dict[int, str]:
    """The contacts where nothing arrives, with the carrier's code that says so."""
    if not contacts:
        return {}
    rows = session.execute(
        text(
            "select contact_id, state, error_code, why_facts ->> 'effect' as effect from message"
            " where person_id = any(:people) and contact_id = any(:contacts) and state in ('failed', 'delivered')"
            " order by contact_id, settled_at desc, id desc"
        ),
        {"people": list(people), "contacts": list(contacts)},
    )
    found: dict[int, str] = {}
    strikes: dict[int, int] = defaultdict(int)
    arrived: set[int] = set()
    other: set[int] = set()
    for contact, state, code, effect in rows:
        if contact in arrived or state == "delivered":
            arrived.add(contact)
        elif effect == Effect.UNUSABLE:
            found.setdefault(contact, code)
        elif effect != Effect.STRIKE:
            other.add(contact)  # a failure for another cause ends the row
        elif contact not in other:
            strikes[contact] += 1
            if strikes[contact] == _STRIKES:
                found.setdefault(contact, code)
    return found


def _homes(session: Session, people: Sequence[int]) -> dict[int, list[Any]]:
    """Where each person lives as far as creditors and we know, with the creditors' zones and languages."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(
        text("""
select p.id, coalesce(r.country, p.country) as country, r.postcode, coalesce(p.language, r.language) as language,
  c.zone, c.language as creditors_language
from person p
left join record r on r.person_id = p.id and r.replaced_at is null
left join creditor c on c.id = r.creditor_id
where p.id = any(:people) order by p.id, r.id
"""),
        {"people": list(people)},
    ):
        found[row.id].append(row)
    return found


def _places(lived: Sequence[Any], number: str | None) -> tuple[Place, ...]:
    zones: dict[str | None, dict[str, None]] = {}
    for home in lived:
        country = home.country.strip().upper() if home.country else _country_of(number)
        # Looking a number up costs more than all the rest: only where it says something.
        known = zones_of_country(country, home.postcode)
        law = pack(country)
        asked = number if not known or (law is not None and law.number_counts_beside_address) else None
        for zone in zones_for(country, home.postcode, asked, fallback=home.zone or "UTC"):
            zones.setdefault(country, {})[zone] = None
    if not zones:
        country = _country_of(number)
        zones[country] = dict.fromkeys(zones_for(country, None, number, fallback="UTC"))
    return tuple((country, tuple(named)) for country, named in zones.items())


@lru_cache(maxsize=4096)
def _country_of(number: str | None) -> str | None:
    """The country that a telephone number belongs to, when it tells."""
    if number is None:
        return None
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    # A range that the tables do not know still has its country code's main country.
    return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )
