"""The worklist: the queue as a collector reads it, one row a case, with filters and counts.

A row is a person's case: the item that is served first says why it is here. Filters narrow by kind
of work, creditor and language; a page has ten rows. Three statements a page, whatever the queue
holds. Overdue and days are derived for the day asked by the caller (`arrears.position`), since a
position that is kept is true of its own day.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrears import position

ROWS: Final = 10
SORTS: Final = ("urgent", "waiting")


@dataclass(frozen=True, slots=True)
class Filters:
    """What to list: a kind of work, a creditor's id, a language, one person's id.

    `postponed`: what waits for a later day. `sort`: one of `SORTS`.
    """

    kind: str | None = None
    creditor: int | None = None
    language: str | None = None
    person: int | None = None
    sort: str = "urgent"
    postponed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One case. `overdue` in minor units by currency; `days`: the most days in arrears of its accounts."""

    person: int
    case_ref: str
    name: str
    language: str | None
    kind: str
    subject: str
    urgency: int
    since: datetime
    """How long the case has waited: the opening of its oldest item."""
    answer_by: date | None
    not_before: date | None
    held_by: int | None
    """The colleague who has it open now."""
    given_to: int | None
    items: int
    creditors: tuple[str, ...]
    overdue: dict[str, int]
    days: int


@dataclass(frozen=True, slots=True)
class Page:
    """Ten rows, where they stand, and how many cases there are in all for these filters."""

    rows: tuple[Row, ...]
    first: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last row."""
        return self.first + len(self.rows) - 1


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases stand in a collector's queue: in all, due today or before, postponed, by kind."""

    all: int
    due: int
    postponed: int
    by_kind: dict[str, int]


def queue(session: Session, *, user: int, at: datetime, on: date, filters: Filters, page: int = 1) -> Page:
    """A page of a collector's queue on the day `on`, in the order of serving; the first page is 1."""
    first = (max(page, 1) - 1) * ROWS
    found = session.execute(
        text(_QUEUE.format(order=_SORTS[filters.sort if filters.sort in _SORTS else "urgent"])),
        {"user": user, "at": at, "on": on, "kind": filters.kind, "creditor": filters.creditor,
         "language": filters.language, "person": filters.person, "postponed": filters.postponed, "rows": ROWS,
         "offset": first},
    ).all()  # fmt: skip
    accounts: dict[int, tuple[int, str]] = {}
    for row in found:
        accounts |= {account: (row.person, currency) for account, currency in zip(row.accounts, row.currencies,
                                                                                  strict=True)}  # fmt: skip
    stands = position.derived(session, list(accounts), on) if accounts else {}
    rows = []
    for row in found:
        overdue: dict[str, int] = {}
        days = 0
        for account, currency in zip(row.accounts, row.currencies, strict=True):
            if account in stands:
                overdue[currency] = overdue.get(currency, 0) + stands[account].overdue
                days = max(days, stands[account].days)
        rows.append(
            Row(row.person, row.case_ref, row.name, row.language, row.kind, row.subject, row.urgency, row.since,
                row.answer_by, row.not_before, row.held_by, row.given_to, row.items, tuple(row.creditors), overdue,
                days)
        )  # fmt: skip
    return Page(tuple(rows), first + 1, found[0].total if found else 0)


def counts(session: Session, *, user: int, on: date) -> Counts:
    """How many cases stand in a collector's queue on the day `on`."""
    found = session.execute(text(_COUNTS), {"user": user, "on": on}).one()
    return Counts(found.all_, found.due, found.postponed, dict(found.by_kind or {}))


def creditors(session: Session) -> list[tuple[int, str]]:
    """The creditors that a list can be narrowed by: id and name, in order of name."""
    return [tuple(row) for row in session.execute(text("select id, name from creditor order by name"))]


_SORTS: Final = {
    "urgent": "urgency, answer_by nulls last, opened_at, id",
    "waiting": "since, id",
}

_OPEN: Final = """
  select w.*, coalesce(j.into_id, w.person_id) as head, w.not_before > :on as later
  from work_item w left join joined j on j.person_id = w.person_id and j.replaced_at is null and not j.parted
  where w.done_at is null and (w.given_to is null or w.given_to = :user)
"""

_QUEUE: Final = (
    """
with w as ("""
    + _OPEN
    + """),
l as (
  select coalesce(j.into_id, l.person_id) as head, l.account_id, l.creditor_id
  from liability l left join joined j on j.person_id = l.person_id and j.replaced_at is null and not j.parted
  where l.replaced_at is null and not l.withdrawn
    and coalesce(j.into_id, l.person_id) in (select head from w)),
c as (
  select distinct on (w.head) w.*, p.case_ref, p.name, p.language,
    count(*) over (partition by w.head) as items, min(w.opened_at) over (partition by w.head) as since,
    max(w.taken_by) filter (where w.taken_by <> :user and w.taken_until > :at) over (partition by w.head) as held_by
  from w join person p on p.id = w.head
  where coalesce(w.later, false) = :postponed
    and (cast(:kind as text) is null or w.kind = :kind)
    and (cast(:language as text) is null or p.language = :language)
    and (cast(:person as bigint) is null or :person in (w.head, w.person_id))
    and (cast(:creditor as bigint) is null
         or exists (select from l where l.head = w.head and l.creditor_id = :creditor))
  order by w.head, w.urgency, w.answer_by nulls last, w.opened_at, w.id),
t as (select c.*, count(*) over () as total from c order by {order} limit :rows offset :offset)
select t.head as person, t.case_ref, t.name, t.language, t.kind, t.subject, t.urgency, t.since, t.answer_by,
  t.not_before, t.held_by, t.given_to, t.items, t.total,
  coalesce(a.creditors, '{{}}') as creditors, coalesce(a.accounts, '{{}}') as accounts,
  coalesce(a.currencies, '{{}}') as currencies
from t left join lateral (
  select array_agg(distinct r.name) as creditors, array_agg(x.id order by x.id) as accounts,
    array_agg(x.currency order by x.id) as currencies
  from (select distinct account_id from l where l.head = t.head) m
  join account x on x.id = m.account_id join creditor r on r.id = x.creditor_id) a on true
order by {order}
"""
)

_COUNTS: Final = (
    "with w as ("
    + _OPEN
    + """)
select count(distinct head) filter (where not coalesce(later, false)) as all_,
  count(distinct head) filter (where not coalesce(later, false) and answer_by <= :on) as due,
  count(distinct head) filter (where later) as postponed,
  (select json_object_agg(kind, n) from (
     select kind, count(distinct head) as n from w where not coalesce(later, false) group by kind) k) as by_kind
from w
"""
)
