"""Reach: where a person can be met, on which clock, in which language; for a whole batch at once.

*Head*: the elder of a person's joined ids; what is counted is counted for all of them. *Channel*: a
text, or a mail where the person prefers it or has no number that works; what was planned as a mail is
one, and what a carrier had once keeps its channel. *Contact*: the best of the kind that the channel
needs; a code, a confirmation and news of a changed contact go to the contact that they were planned
for, a code only while that stands: it may have been replaced since it was asked for.
*Stopped*: since when the person, or whoever has that address, wants nothing of our own accord. STOP by
text ends mail too, until the person asks for mail; who ends mail still gets texts.
*Unusable*: the carrier's code that says that nothing arrives there: a number that is none, a mail that
came back, or two strikes in a row, unless something arrived there since. *Places*: each country a
person may be in, with its zones; every one must be open. *Wish*: what the person prefers (`preference.py`).
A country comes from the addresses that creditors gave, else from the person, else from the number;
an unknown one has the strictest window (house: law packs).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
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
from cases.people.permission import CHANNELS, Word, last_words, withdrawn
from cases.people.preference import LEAST_HOURS, Wish, wanted_from, wish_among, wishes_of
from cases.people.window import next_open, window_of_day, zones_for
from messaging.carriers import Effect
from messaging.outbox import Message
from messaging.tongue import language_of

KIND: Final[Mapping[str, str]] = {"sms": "mobile", "email": "email"}
"""The kind of contact that each channel needs."""

_FIXED: Final = ("code", "stop_confirmed", "contact_changed")
"""Templates that go to the contact they were planned for."""

_STRIKES: Final = 2
_ROUNDS: Final = 120

Place = tuple[str | None, tuple[str, ...]]
"""A country and the zones of it that count."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to one person: the contact, why nothing arrives there, since when nothing may go there."""

    contact: Contact | None
    unusable: str | None = None
    stopped: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where and when one message may meet its person."""

    head: int
    people: tuple[int, ...]
    channel: str
    contact: int | None
    to: str | None
    unusable: str | None
    stopped: datetime | None
    places: tuple[Place, ...]
    language: str
    wish: Wish = Wish()
    large: bool = False
    """Whether the person needs large print."""

    @property
    def zones(self) -> tuple[str, ...]:
        """All zones of all places; days are counted in the first."""
        return tuple(zone for _, zones in self.places for zone in zones)

    def open_from(self, moment: datetime, least: timedelta) -> tuple[datetime | None, datetime | None]:
        """The first moment from `moment` on when every place is open for at least `least`, and when it closes."""
        return open_from(self.places, self.wish, moment, least)


def channel_of(ways: Mapping[str, Way], prefers: str | None) -> str:
    """The channel that a message takes, of those it may take: a text first, unless mail is preferred.

    The first way that works and may be used; else the first that works; else the first that there is.
    """
    order = [each for each in (("email", "sms") if prefers == "email" else ("sms", "email")) if each in ways]
    there = [each for each in order if ways[each].contact is not None]
    works = [each for each in there if ways[each].unusable is None]
    return next((each for each in works if ways[each].stopped is None), (works or there or order)[0])


def reach_of(
    session: Session, messages: Sequence[Message], channels: Collection[str] = CHANNELS
) -> dict[int, Reach]:
    """How the people of these messages can be reached over these channels. Ten statements, whatever the number."""
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
    wishes = wishes_of(session, everybody)
    best: dict[tuple[int, str], Contact | None] = {}
    for m in messages:
        for channel in _open_to(m, channels):
            best[m.id, channel] = _best(m, channel, ids[m.person_id], contacts, fixed)
    used = [c for c in best.values() if c is not None]
    stopped = {
        channel: withdrawn(session, channel, sorted({c.value_norm for c in used if c.kind == kind}))
        for channel, kind in KIND.items()
        if any(c.kind == kind for c in used)
    }
    words = {channel: last_words(session, channel, everybody) for channel in _spoken({c for _, c in best})}
    unusable = _unusable(session, everybody, [c.id for c in used])
    homes = _homes(session, everybody)
    found: dict[int, Reach] = {}
    for m in messages:
        people = ids[m.person_id]
        ways: dict[str, Way] = {}
        for channel in _open_to(m, channels):
            contact = best[m.id, channel]
            text_way = ways.get("sms", Way(None))
            ways[channel] = Way(
                contact,
                unusable.get(contact.id) if contact and m.template not in _FIXED else None,
                _stopped(contact, channel, people, stopped.get(channel, {}), words, text_way.stopped),
            )
        wish = wish_among(people, wishes)
        channel = channel_of(ways, wish.channel)
        way = ways[channel]
        lived = [home for person in people for home in homes.get(person, ())]
        numbers = [c.value_norm for person in people for c in contacts[person] if c.kind == KIND["sms"]]
        number = way.contact.value_norm if way.contact is not None and channel == "sms" else next(iter(numbers), None)
        found[m.id] = Reach(
            head=people[0],
            people=people,
            channel=channel,
            contact=way.contact.id if way.contact else None,
            to=way.contact.value_norm if way.contact else m.address,
            unusable=way.unusable,
            stopped=way.stopped,
            places=_places(lived, number),
            language=language_of(
                wish.language or next((home.language for home in lived if home.language), None),
                next((home.creditors_language for home in lived if home.creditors_language), None),
            ),
            large=any(home.large for home in lived),
            # Whoever changed a contact may not be who they say: no wish of theirs keeps word of it back.
            wish=Wish() if m.template == "contact_changed" else wish,
        )
    return found


def leaves_hours(session: Session, people: Sequence[int], wish: Wish, at: datetime) -> bool:
    """Whether a wish of one person (all joined ids) leaves enough hours of a day at which the law lets us write.

    Where the law alone leaves none, no wish is to blame.
    """
    homes = _homes(session, people)
    numbers = (c.value_norm for c in live_contacts(session, people) if c.kind == KIND["sms"])
    places = _places([home for person in people for home in homes.get(person, ())], next(numbers, None))
    opens, alone = (open_from(places, each, at, timedelta(hours=LEAST_HOURS))[0] for each in (wish, Wish()))
    return opens is not None or alone is None


@lru_cache(maxsize=4096)
def open_from(
    places: tuple[Place, ...], wish: Wish, moment: datetime, least: timedelta
) -> tuple[datetime | None, datetime | None]:
    """When all places are open together for at least `least`, from `moment` on, at hours that the person wants.

    Returns when that opens and closes, or (None, None).
    """
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
            assert closes is not None
            wanted, until = wanted_from(wish, places[0][1][0], moment)
            if wanted > moment:
                moment = wanted
                continue
            closes = min(closes, until)
            if closes - moment >= least:
                return moment, closes
            moment = closes + timedelta(microseconds=1)
    return None, None


def _open_to(message: Message, channels: Collection[str]) -> tuple[str, ...]:
    """The channels that a message may still take. A text stands before a mail."""
    if message.channel != "sms" or message.attempt or message.template in _FIXED:
        return (message.channel,)
    return tuple(each for each in CHANNELS if each in channels) or (message.channel,)


def _best(
    message: Message,
    channel: str,
    people: Sequence[int],
    contacts: Mapping[int, Sequence[Contact]],
    fixed: Mapping[int, Contact],
) -> Contact | None:
    """The contact that a message would go to over a channel; None where it goes to an address that is none yet."""
    if message.address is not None:
        return None
    planned = fixed.get(message.contact_id or 0)
    if message.template in _FIXED and planned is not None:
        stands = planned.replaced_at is None and not planned.withdrawn and planned.person_id in people
        return planned if stands or message.template != "code" else None
    theirs = [c for person in people for c in contacts.get(person, ()) if c.kind == KIND[channel]]
    return min(theirs, key=_preferred) if theirs else None


def _spoken(channels: Collection[str]) -> list[str]:
    """The channels whose last words count for these: what is said by text counts for mail too."""
    return sorted({*channels, "sms"})


def _stopped(
    contact: Contact | None,
    channel: str,
    people: Sequence[int],
    at_address: Mapping[str, datetime],
    words: Mapping[str, Mapping[int, Word]],
    text_stopped: datetime | None,
) -> datetime | None:
    """Since when nothing may go there: by the address itself, else by the person's last word at any of theirs."""
    if contact is None:
        return None
    last = _last(people, words[channel])
    own = at_address.get(contact.value_norm) or (last.at if last and not last.allowed else None)
    if own is not None or channel == "sms":
        return own
    by_text = _last(people, words["sms"])
    since = text_stopped or (by_text.at if by_text and not by_text.allowed else None)
    # Who asked for mail after that wants mail.
    return None if since is None or (last and last.allowed and last.at >= since) else since


def _last(people: Sequence[int], words: Mapping[int, Word]) -> Word | None:
    return max((words[person] for person in people if person in words), key=lambda word: word.id, default=None)


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
        if contact in arrived:
            continue
        if effect == Effect.UNUSABLE:
            # A mail that was delivered may come back all the same, and then nothing arrives there.
            found.setdefault(contact, code)
        elif state == "delivered":
            arrived.add(contact)
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
  c.zone, c.language as creditors_language,
  exists (select from support_need n where n.person_id = p.id and n.need = 'large_print' and n.replaced_at is null
          and not n.withdrawn) as large
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
