"""Reminders: messages because a day has come; three days before an instalment, and on its morning.

Agreed instalments of plans that run, kept or broken, and contractual ones where their creditor switches
it on. One a person and day, whatever the number of debts. Here a reminder is only planned; whether it goes, and
whether the money is there by then, is decided when it is claimed (`permit.py`).

*Day* of a reminder: in the creditor's zone, the due date or three days before. *Sending day*: the
day itself when the person's country has hours on it, else the last day before that has; never a day
after. Whoever has addresses in several countries is written to on a day that all have. Step `before`
may be late until the day before the due date, step `day` until the due date ends. What was agreed
after its own reminder's day is not reminded of that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.clock import day_start, local
from cases.law.rules import window_for, zones_of_country
from cases.people.window import last_open_before
from messaging import outbox

BEFORE: Final = timedelta(days=3)
"""How long before the due date the first reminder comes."""

_LATE: Final = BEFORE - timedelta(days=1)
"""How many days late the first one may still be planned: when nobody worked meanwhile."""
_BACK: Final = 30
"""How often a day that one country has and another has not is given up for an earlier one."""
_AHEAD: Final = 12
"""How many days ahead a day is looked at: longer than any run of closed days."""


@dataclass(frozen=True, slots=True)
class Target:
    """For people of some countries and creditors of a zone: reminders of `day` go on `sending`, from `opens` on."""

    countries: str
    zone: str
    day: date
    sending: date
    opens: datetime


def write_due(session: Session, *, at: datetime) -> int:
    """Plans every reminder whose sending day has come. Planning again plans nothing. Returns how many messages."""
    sets = session.scalars(_COUNTRIES).all()
    zones = session.scalars(text("select distinct zone from creditor")).all()
    targets = [each for zone in zones for countries in sets for each in targets_of(countries, zone, at)]
    if not targets:
        return 0
    facts = {
        "countries": [each.countries for each in targets],
        "zones": [each.zone for each in targets],
        "days": [each.day for each in targets],
        "sendings": [each.sending for each in targets],
        "opens": [each.opens for each in targets],
        "before": BEFORE.days,
    }
    return outbox.plan(session, _CANDIDATES, facts, template="reminder", at=at)


def targets_of(countries: str, zone: str, at: datetime) -> Iterator[Target]:
    """The days of reminders whose sending day is today or was missed, for some countries and creditors' zone.

    `countries`: a person's country codes, with commas between; an unknown one is empty. Pure.
    """
    today = local(at, zone).date()
    for offset in range(-_LATE.days, _AHEAD):
        day = today + timedelta(days=offset)
        found = _sending([each or None for each in countries.split(",")], zone, day)
        if found and found[0] <= today:
            # What was missed goes with what goes today.
            yield Target(countries, zone, day, max(found[0], today), found[1])


def _sending(countries: Sequence[str | None], zone: str, day: date) -> tuple[date, datetime] | None:
    """The last day, not after `day`, on which all these countries have hours, and from when."""
    for _ in range(_BACK):
        found = [_last_day(country, zone, day) for country in countries]
        known = [each for each in found if each]
        if len(known) < len(found):
            return None
        earliest = min(sending for sending, _ in known)
        if all(sending == earliest for sending, _ in known):
            return earliest, max(opens for _, opens in known)
        day = earliest
    return None


def _last_day(country: str | None, zone: str, day: date) -> tuple[date, datetime] | None:
    # A country with several zones: from the first morning among them; permit waits for each person's own.
    window = window_for(country, day)
    return min(
        (
            (local(stretch.opens, each).date(), stretch.opens)
            for each in zones_of_country(country) or (zone,)
            if (stretch := last_open_before(window, (each,), day_start(day + timedelta(days=1), each)))
        ),
        default=None,
    )


def ends(due_on: date, step: str, zone: str) -> datetime:
    """When a reminder of something due on a day is too late: step `before` as that day begins, `day` as it ends."""
    return day_start(due_on + timedelta(days=1 if step == "day" else 0), zone)


# Who lives in one country alone is the rule: sets are put together only for those who do not.
_COUNTRIES: Final = text("""
with lives as (
  select coalesce(j.into_id, p.id) as head, upper(btrim(coalesce(r.country, p.country, ''))) as country
  from person p left join record r on r.person_id = p.id and r.replaced_at is null
  left join joined j on j.person_id = p.id and j.replaced_at is null and not j.parted),
several as (select head from lives group by head having min(country) <> max(country))
select distinct country from lives
union
select string_agg(distinct country, ',' order by country) from lives where head in (select head from several)
group by head
""")

# `owed`: what falls due of whom. A person's countries are those of all live records of all joined ids.
# A due that was corrected and a plan that was replaced have new ids. Whoever was reminded of the same day
# of the same account stays reminded; only what is younger than the message can be can repeat it.
_CANDIDATES: Final = """
with target as (
  select * from unnest(cast(:countries as text[]), cast(:zones as text[]), cast(:days as date[]),
    cast(:sendings as date[]), cast(:opens as timestamptz[])) t(countries, zone, day, sending, opens)),
step as (select 'before' as step, cast(:before as int) as early union all select 'day', 0),
due_on as (select distinct day + early as due_on from target cross join step),
owed as (
  select 'instalment:' || i.id as cause, 'arrangement:' || g.id as subject, g.person_id, i.due_on, k.creditor_id,
    k.zone, g.agreed_at as known_at, null::bigint as account_id, g.id as plan_id
  from instalment i join arrangement g on g.id = i.arrangement_id
  join lateral (select case when count(distinct x.creditor_id) = 1 then min(x.creditor_id) end as creditor_id,
                  (array_agg(y.zone order by x.nth))[1] as zone
                from arrangement_account x join creditor y on y.id = x.creditor_id
                where x.arrangement_id = g.id) k on true
  where g.state in ('live', 'broken') and i.due_on in (select due_on from due_on)
  union all
  select 'due:' || d.id, 'account:' || d.account_id, l.person_id, d.due_on, d.creditor_id, c.zone, d.recorded_at,
    d.account_id, null
  from due d join creditor c on c.id = d.creditor_id and c.reminds_contractual
  join liability l on l.account_id = d.account_id and l.replaced_at is null and not l.withdrawn
    and l.role in ('holder', 'joint')
  where d.replaced_at is null and d.amount > 0 and d.due_on in (select due_on from due_on)),
who as (
  select o.*, coalesce(j.into_id, o.person_id) as head, greatest(o.known_at, y.joined_at) as since,
    (select string_agg(distinct l.country, ',' order by l.country) from (
       select upper(btrim(coalesce(r.country, p.country, ''))) as country
       from (select coalesce(j.into_id, o.person_id) as id union all
             select k.person_id from joined k
             where k.into_id = coalesce(j.into_id, o.person_id) and k.replaced_at is null and not k.parted) n
       join person p on p.id = n.id
       left join record r on r.person_id = p.id and r.replaced_at is null) l) as countries
  from owed o
  left join joined j on j.person_id = o.person_id and j.replaced_at is null and not j.parted
  left join (select into_id, max(recorded_at) as joined_at from joined where replaced_at is null and not parted
             group by 1) y on y.into_id = coalesce(j.into_id, o.person_id))
select w.cause, w.subject, s.step, w.head as person_id, 'sms' as channel, w.creditor_id, t.sending as day,
  null::bigint as contact_id, t.opens as not_before,
  ((w.due_on + case s.step when 'day' then 1 else 0 end)::timestamp at time zone w.zone) as not_after
from who w cross join step s
join target t on t.countries = w.countries and t.zone = w.zone and t.day = w.due_on - s.early
where (w.known_at at time zone w.zone)::date <= w.due_on - s.early
  and (w.due_on + case s.step when 'day' then 1 else 0 end)::timestamp at time zone w.zone > :at
  and not (w.since > t.opens - interval '14 days' and exists (
    select from message m join reason r on r.message_id = m.id and r.step = s.step
    left join due d on r.cause like 'due:%' and d.id = split_part(r.cause, ':', 2)::bigint
    left join instalment i on r.cause like 'instalment:%' and i.id = split_part(r.cause, ':', 2)::bigint
    where m.template = 'reminder' and m.state in ('sending', 'uncertain', 'sent', 'delivered', 'failed')
      and m.person_id in (select w.head union all select k.person_id from joined k
                          where k.into_id = w.head and k.replaced_at is null and not k.parted)
      and (d.account_id = w.account_id and d.due_on = w.due_on
           or i.due_on = w.due_on and exists (
             select from arrangement_account a join arrangement_account b on b.account_id = a.account_id
             where a.arrangement_id = i.arrangement_id and b.arrangement_id = w.plan_id))))
"""
