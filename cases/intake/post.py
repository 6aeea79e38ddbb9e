"""Posting the entries of a load: which component each payment meets, for a million rows at once.

Order within a load is the value date, then the row. Where fees meet money first
and nothing is taken back, the parts follow from running sums, stage by stage:
what flows past costs meets fees, what flows past these meets interest, then
principal, and the rest is credit. With S the money that came less what was owed,
up to a row, `greatest(0, max(S))` up to that row is what flowed past. Lowering
adjustments enter at principal. What earlier loads left owing counts as the least
that is owed from a row's day on (`debts/running.py`); it never falls from one
row to the next, so the sums hold. Other accounts are replayed (`replay.py`).
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from cases.debts.entry import BOOKS, RAISES
from cases.intake.entries import key_of
from cases.intake.layout import ENTRIES
from cases.intake.replay import AccountReplay, Posting, Row, written
from cases.intake.staging import Arrival
from cases.intake.standing import owed, standing

_ACCOUNTS_AT_ONCE: Final = 2_000

_BOOK: Final = "case kind " + " ".join(f"when '{kind}' then '{book}'" for kind, book in BOOKS.items()) + " end"

_COMPONENT: Final = (
    "case kind " + " ".join(f"when '{kind}' then '{c}'" for kind, c in RAISES.items()) + " else 'principal' end"
)

_PAYMENTS: Final = """
insert into payment (creditor_id, currency, amount, value_date, recorded_at, tx, key)
select %(creditor)s, currency, amount, value_date, %(at)s, (select history_tx()), key from in_entries i
where kind = 'payment' and not exists (select from replayed r where r.account_id = i.account_id)
order by account_id, value_date, n returning id, key
"""

_RAISES: Final = f"""
insert into entry (creditor_id, account_id, currency, kind, component, book, amount, value_date, due_on, recorded_at, tx, key)
select %(creditor)s, account_id, currency, kind, {_COMPONENT}, {_BOOK}, amount, value_date, due_on, %(at)s, (select history_tx()), key from in_entries i
where kind <> 'payment' and amount > 0 and not exists (select from replayed r where r.account_id = i.account_id)
order by account_id, value_date, n
"""

_OWED: Final = ("cost", "fee", "interest", "principal")
_OPENING: Final = (
    "create temp table opening on commit drop as with mine as (select account_id, min(value_date) as first from {older} group by 1),"
    " day as (select account_id, day, "
    + ", ".join(f"coalesce(sum(amount) filter (where component = '{c}'), 0) as {c}" for c in _OWED)
    + " from (select m.account_id, greatest(e.value_date, m.first) as day, e.component, e.amount from mine m join entry e using (account_id)"
    " union all select account_id, first, '', 0 from mine) e group by 1, 2),"
    " so_far as (select account_id, day, "
    + ", ".join(f"sum({c}) over w as {c}" for c in _OWED)
    + " from day window w as (partition by account_id order by day))"
    " select account_id, day as from_day, lag(day) over w as until_day, "
    + ", ".join(f"(min({c}) over w)::bigint as {c}" for c in _OWED)
    + " from so_far window w as (partition by account_id order by day desc)"
)
"""What earlier loads left owing on accounts of this one: the least from a day on, for the days until the next row's."""

_SUMS: Final = """
select i.n, i.account_id, i.currency, i.kind, i.value_date, i.key, p.id as payment_id,
  case when i.kind = 'payment' then i.amount else 0 end as paid,
  case when i.kind = 'adjustment' and i.amount < 0 then -i.amount else 0 end as lowered,
  coalesce(sum(i.amount) filter (where i.kind = 'payment') over w, 0)::bigint as m0,
  coalesce(-sum(i.amount) filter (where i.kind = 'adjustment' and i.amount < 0) over w, 0)::bigint as adjusted,
  greatest(0, coalesce(o.cost, 0) + coalesce(sum(i.amount) filter (where i.kind = 'cost') over w, 0)::bigint) as cost,
  greatest(0, coalesce(o.fee, 0) + coalesce(sum(i.amount) filter (where i.kind = 'fee') over w, 0)::bigint) as fee,
  greatest(0, coalesce(o.interest, 0) + coalesce(sum(i.amount) filter (where i.kind = 'interest') over w, 0)::bigint) as interest,
  greatest(0, coalesce(o.principal, 0) + coalesce(sum(i.amount) filter (where i.kind in ('charge', 'adjustment') and i.amount > 0) over w,
                                                  0)::bigint) as principal
from in_entries i left join opening o on o.account_id = i.account_id and i.value_date >= o.from_day
    and (o.until_day is null or i.value_date < o.until_day)
  left join paid p on p.key = i.key and i.kind = 'payment'
where not exists (select from replayed r where r.account_id = i.account_id)
window w as (partition by i.account_id order by i.value_date, i.n rows unbounded preceding)
"""

_W: Final = "window w as (partition by account_id order by value_date, n rows unbounded preceding)"

_PARTS: Final = f"""
with paid as materialized ({_PAYMENTS}),
s0 as ({_SUMS}),
s1 as (select *, greatest(0, max(m0 - cost) over w) as m1 from s0 {_W}),
s2 as (select *, greatest(0, max(m1 - fee) over w) as m2 from s1 {_W}),
s3 as (select *, greatest(0, max(m2 - interest) over w) as m3 from s2 {_W}),
s4 as (select *, greatest(0, max(m3 + adjusted - principal) over w) as m4 from s3 {_W}),
s5 as (select *, m1 - lag(m1, 1, 0::bigint) over w as d1, m2 - lag(m2, 1, 0::bigint) over w as d2, m3 - lag(m3, 1, 0::bigint) over w as d3,
       m4 - lag(m4, 1, 0::bigint) over w as d4 from s4 {_W})
insert into entry (creditor_id, account_id, currency, kind, component, book, amount, value_date, recorded_at, tx, key, payment_id)
select %(creditor)s, account_id, currency, kind, c.component, {_BOOK}, c.amount, value_date, %(at)s, (select history_tx()),
  case when kind = 'payment' then key || '/' || account_id || '/' || c.component
       when c.component = 'credit' and d4 < lowered then key || '/2' else key end, payment_id
from s5 cross join lateral (values (1, 'cost', d1 - paid), (2, 'fee', d2 - d1), (3, 'interest', d3 - d2),
  (4, 'principal', d4 - d3 - lowered), (5, 'credit', -d4)) c(place, component, amount)
where paid + lowered > 0 and c.amount <> 0 order by account_id, value_date, n, c.place
"""


def post_entries(arrival: Arrival) -> int:
    """Posts all of `in_entries`; returns how many rows that was."""
    count: int = arrival.ask("select count(*) from in_entries")[0][0]
    if not count:
        return 0
    older = "in_entries i where not exists (select from in_accounts f where f.fresh and f.account_id = i.account_id)"
    # what a component owes must not change while money is shared: as the ledger's own acts, in order of id
    arrival.run(f"select id from account where id in (select account_id from {older}) order by id for no key update")
    arrival.run(_OPENING.format(older=older))
    arrival.run("analyze opening")
    arrival.run(
        "create temp table replayed on commit drop as select distinct account_id from in_entries where kind = 'reversal' or %(all)s",
        all=arrival.creditor.fees != "first",
    )
    arrival.run("analyze replayed")
    arrival.run(_RAISES)
    arrival.run(_PARTS)
    _replay(arrival)
    arrival.run("insert into touched select distinct account_id from in_entries")
    if arrival.headers[ENTRIES].extra:
        arrival.run(
            "insert into extra_fact (creditor_id, account_id, file, ref, facts, recorded_at) select %(creditor)s, account_id,"
            " 'entries', ref, extra, %(at)s from in_entries where extra <> '{}' order by n"
        )
    return count


def _replay(arrival: Arrival) -> None:
    accounts = [row[0] for row in arrival.ask("select account_id from replayed order by 1")]
    if not accounts:
        return
    arrival.run(
        "create temp table new_payment (account_id bigint, key text, amount bigint, value_date date, returns text) on commit drop"
    )
    arrival.run(
        "create temp table new_entry (place bigint generated always as identity, account_id bigint, kind text, component text,"
        " amount bigint, value_date date, due_on date, key text, payment text, mirrors_id bigint, mirrors_key text) on commit drop"
    )
    for start in range(0, len(accounts), _ACCOUNTS_AT_ONCE):
        some = accounts[start : start + _ACCOUNTS_AT_ONCE]
        replays = _replayed(arrival, some)
        arrival.copy("new_payment", "account_id, key, amount, value_date, returns", (
            (r.account, p.key, p.amount, p.value_date, p.returns) for r in replays for p in r.payments
        ))  # fmt: skip
        arrival.copy("new_entry", "account_id, kind, component, amount, value_date, due_on, key, payment, mirrors_id, mirrors_key",
                     _copied(written(replays)))  # fmt: skip
        arrival.progress("replay", min(start + _ACCOUNTS_AT_ONCE, len(accounts)), len(accounts))
    arrival.run("analyze new_payment")
    arrival.run("analyze new_entry")
    for returned in ("is null", "is not null"):
        arrival.run(
            "insert into payment (creditor_id, currency, amount, value_date, recorded_at, key, returns) select %(creditor)s,"
            " a.currency, w.amount, w.value_date, %(at)s, w.key, o.id from new_payment w join account a on a.id = w.account_id"
            f" left join payment o on o.creditor_id = %(creditor)s and o.key = w.returns where w.returns {returned}"
            " order by w.account_id, w.value_date, w.key"
        )
    for mirrored in ("is null", "is not null"):
        arrival.run(
            "insert into entry (creditor_id, account_id, currency, kind, component, book, amount, value_date, due_on, recorded_at,"
            f" key, payment_id, reverses) select %(creditor)s, w.account_id, a.currency, w.kind, w.component, {_BOOK.replace('kind', 'w.kind', 1)},"
            " w.amount, w.value_date, w.due_on, %(at)s, w.key, p.id, coalesce(w.mirrors_id, o.id) from new_entry w"
            " join account a on a.id = w.account_id left join payment p on p.creditor_id = %(creditor)s and p.key = w.payment"
            " left join entry o on o.creditor_id = %(creditor)s and o.key = w.mirrors_key"
            f" where coalesce(w.mirrors_id::text, w.mirrors_key) {mirrored} order by w.account_id, w.place"
        )


def _copied(postings: Iterator[tuple[int, Posting]]) -> Iterator[tuple[Any, ...]]:
    for account, p in postings:
        mirrored = p.mirrors
        yield (account, p.kind, p.component, p.amount, p.value_date, p.due_on, p.key, p.payment,
               mirrored.id if mirrored else None, mirrored.key if mirrored and mirrored.id is None else None)  # fmt: skip


def _replayed(arrival: Arrival, accounts: list[int]) -> list[AccountReplay]:
    stood, owing, fees = standing(arrival, accounts), owed(arrival, accounts), arrival.creditor.fees
    replays = {a: AccountReplay(a, fees, standing=stood.get(a, []), owed=owing.get(a, {})) for a in accounts}
    new = arrival.ask(
        "select i.account_id, case when o.value_date = i.value_date then greatest(i.n, o.n) else i.n end,"
        " i.kind, i.amount, i.value_date, i.due_on, i.key, i.reverses from in_entries i left join in_entries o"
        " on o.ref = i.reverses where i.account_id = any (%(ids)s::bigint[]) order by i.account_id",
        ids=accounts,
    )
    for account, rows in groupby(new, key=lambda row: row[0]):
        replays[account].run([_row(arrival.system, row) for row in rows])
    return list(replays.values())


def _row(system: str, row: tuple[Any, ...]) -> Row:
    _, place, kind, amount, value_date, due_on, key, reverses = row
    target = key_of(system, reverses) if reverses else None
    return Row((place, int(kind == "reversal")), kind, amount, value_date, due_on, key, target)
