"""Entries of a load, before they are posted: what each says, whether it came before, what it takes back.

An entry is known by creditor, source system and entry_ref; under that key it is
posted once. The same row again changes nothing; with other figures it is
refused, for the ledger is never edited. A reversal takes one entry back whole:
it names an entry of its own account, not taken back yet, not before its day.
"""

from typing import Final

from cases.intake.check import (
    Rule,
    bare,
    extra_of,
    judge,
    make_days,
    no_longer,
    quoting,
    refuse,
    refuse_too_much,
    refuse_twice,
    required,
    trimmed,
)
from cases.intake.layout import COLUMNS, ENTRIES, ENTRY_KINDS, amount_ok
from cases.intake.schedule import ACCOUNT, MINOR, account_rules
from cases.intake.staging import Arrival
from cases.intake.standing import origins, standing


def key_sql(ref: str) -> str:
    """The ledger's key of an entry_ref, in SQL. A stroke is escaped: the ledger's own parts use it."""
    return f"%(system)s || ':' || replace(replace({ref}, '%%', '%%25'), '/', '%%2F')"


def key_of(system: str, ref: str) -> str:
    """The ledger's key of an entry_ref of a source system."""
    return f"{system}:{ref.replace('%', '%25').replace('/', '%2F')}"


_WHAT: Final = "case when {0}.reverses is not null then 'reversal' else {0}.kind end"


def check_entries(arrival: Arrival) -> int:
    """Reads and judges entries.csv into `in_entries`, only what is new. Returns how many rows came before."""
    extra = extra_of(arrival, ENTRIES)
    make_days(arrival, ENTRIES, "value_date", "due_on")
    source = (
        f"select t.*, {MINOR} from (select t.*, d.day, e.day as due_day, {amount_ok('t.amount')} as amount_ok,"
        f" {key_sql('t.entry_ref')} as key, case when f.ref is null then a.id end as account_id, a.currency as own_currency,"
        f" u.factor, u.decimals, f.ref is not null as fallen from (select s.n, {trimmed(COLUMNS[ENTRIES])}, {extra} as extra"
        f" from staged_entries s offset 0) t left join day_entries d on d.said = t.value_date"
        f" left join day_entries e on e.said = t.due_on {ACCOUNT} offset 0) t offset 0"
    )
    typed = (
        "account_id, own_currency as currency, entry_ref as ref, key, kind, minor as amount, day as value_date,"
        " case when kind = 'charge' then due_day end as due_on, reverses,"
        " due_on is not null and kind <> 'charge' as due_ignored, extra"
    )
    kinds = ", ".join(f"'{k}'" for k in ENTRY_KINDS)
    rules = [
        *required("account_ref", "entry_ref", "value_date", "kind", "amount"),
        *no_longer("entry_ref"),
        quoting("value_date", "date", "r.value_date is not null and r.day is null"),
        quoting("due_on", "date", "r.due_on is not null and r.due_day is null"),
        quoting("kind", "kind", f"r.kind not in ({kinds})"),
        *account_rules("r.kind = 'adjustment'"),
        Rule("reverses", "reversal.names_nothing", "r.kind = 'reversal' and r.reverses is null"),
        Rule("reverses", "reversal.not_a_reversal", "r.kind <> 'reversal' and r.reverses is not null"),
    ]
    judge(arrival, ENTRIES, source, typed, rules)
    refuse_twice(arrival, ENTRIES, "ref", "entry_ref")
    arrival.run("analyze in_entries")
    arrival.run(
        "insert into finding (file, n, field, code, facts, refused) select 'entries', n, 'due_on', 'due_on.ignored',"
        " jsonb_build_object('kind', kind), false from in_entries where due_ignored"
    )
    came = _take_out_known(arrival)
    refuse_too_much(arrival, ENTRIES, "entry where reverses is null")
    _check_reversals(arrival)
    return came


def _take_out_known(arrival: Arrival) -> int:
    """Entries that came before leave `in_entries`: refused if their figures differ. Returns how many are the same."""
    arrival.run(
        "create temp table came on commit drop as select i.n, e.id as entry_id, p.id as payment_id, null::text as origin,"
        " null::bigint as taken from in_entries i"
        " left join entry e on e.creditor_id = %(creditor)s and e.key = i.key"
        " left join payment p on p.creditor_id = %(creditor)s and p.key = i.key"
        " where e.id is not null or p.id is not null"
    )
    if not arrival.ask("select 1 from came limit 1"):
        return 0
    arrival.run("analyze came")
    _follow_taken_back(arrival)
    same = (
        "case when p.returns is not null then i.kind = 'reversal' and -p.amount = i.amount and p.value_date = i.value_date"
        f" and (select o.key from payment o where o.id = p.returns) = {key_sql('i.reverses')} and {_has_part('p')}"
        " when p.id is not null then i.kind = 'payment' and p.amount = i.amount and p.value_date = i.value_date"
        f" and {_has_part('p')}"
        " when e.reverses is not null then i.kind = 'reversal' and coalesce(c.taken, abs(e.amount + coalesce(e2.amount, 0))) = i.amount"
        " and e.value_date = greatest(i.value_date, o.value_date) and e.account_id = i.account_id"
        f" and coalesce(c.origin, o.key) = {key_sql('i.reverses')}"
        " else (e.kind, e.account_id, e.amount + coalesce(e2.amount, 0), e.value_date)"
        " = (i.kind, i.account_id, i.amount, i.value_date) and e.due_on is not distinct from i.due_on end"
    )
    refuse(
        arrival,
        ENTRIES,
        "select i.n, 'entry_ref', 'entry.changed', '{}'::jsonb from came c join in_entries i using (n)"
        " left join entry e on e.id = c.entry_id left join payment p on p.id = c.payment_id left join entry o on o.id = e.reverses"
        f" left join entry e2 on e2.creditor_id = %(creditor)s and e2.key = i.key || '/2' where ({same}) is not true",
    )
    return arrival.run("delete from in_entries i using came c where c.n = i.n")


def _follow_taken_back(arrival: Arrival) -> None:
    """A reversal of an adjustment that had to move took it back where it stood: it is known by the row that came first."""
    moved = arrival.ask(
        "select c.n, e.account_id, e.reverses, (select sum(m.amount)::bigint from entry m where m.account_id = e.account_id"
        " and m.reverses is not null and (m.key = e.key or left(m.key, length(e.key) + 1) = e.key || '/'"
        " and substr(m.key, length(e.key) + 2) ~ '^[0-9]+$')) from came c join in_entries i using (n) join entry e on e.id = c.entry_id"
        f" join entry o on o.id = e.reverses where o.kind = 'adjustment' and o.key is distinct from {key_sql('i.reverses')}"
    )
    if not moved:
        return
    of = origins(arrival, sorted({account for _, account, _, _ in moved}))
    arrival.run(
        "update came c set origin = m.origin, taken = m.taken from unnest(%(rows)s::bigint[], %(origins)s::text[],"
        " %(taken)s::bigint[]) m(n, origin, taken) where m.n = c.n",
        rows=[n for n, _, _, _ in moved],
        origins=[of[reversed_] for _, _, reversed_, _ in moved],
        taken=[abs(taken) for _, _, _, taken in moved],
    )


def _has_part(payment: str) -> str:
    return f"exists (select from entry x where x.payment_id = {payment}.id and x.account_id = i.account_id)"


def _check_reversals(arrival: Arrival) -> None:
    """Refuses reversals of nothing, of another account or amount, too early, and second ones."""
    arrival.run(
        "create temp table reversal on commit drop as select i.n, i.account_id, i.amount, i.value_date, i.reverses,"
        " o.n as new_n, coalesce(o.kind, case when p.returns is not null then 'reversal' when p.id is not null then 'payment' end,"
        f" {_WHAT.format('e')}) as what, coalesce(o.account_id, e.account_id, x.account_id) as of_account,"
        " abs(coalesce(o.amount, p.amount, e.amount + coalesce(e2.amount, 0))) as of_amount,"
        " coalesce(o.value_date, p.value_date, e.value_date) as of_day,"
        " exists (select from entry m where m.reverses = e.id) or exists (select from payment b where b.returns = p.id) as taken_back"
        " from in_entries i left join in_entries o on o.ref = i.reverses"
        f" left join entry e on e.creditor_id = %(creditor)s and e.key = {key_sql('i.reverses')}"
        f" left join entry e2 on e2.creditor_id = %(creditor)s and e2.key = {key_sql('i.reverses')} || '/2'"
        f" left join payment p on p.creditor_id = %(creditor)s and p.key = {key_sql('i.reverses')}"
        " left join lateral (select x.account_id from entry x where x.payment_id = p.id limit 1) x on true"
        " where i.kind = 'reversal'"
    )
    if not arrival.ask("select 1 from reversal limit 1"):
        return
    _follow_moved(arrival)
    value = "jsonb_build_object('value', left(r.reverses, 40))"
    refused = (
        "exists (select from finding f join staged_entries s using (n) where f.file = 'entries' and f.refused"
        f" and {bare('s.entry_ref')} = r.reverses)"
    )
    refuse(
        arrival,
        ENTRIES,
        f"select r.n, case when what = 'reversal' or what is null or of_account <> account_id then 'reverses'"
        " when of_amount <> amount then 'amount' when value_date < of_day then 'value_date' else 'reverses' end,"
        f" case when what is null and {refused} then 'reversal.refused' when what is null then 'reversal.nothing'"
        " when what = 'reversal' then 'reversal.of_reversal' when of_account <> account_id then 'reversal.account'"
        " when of_amount <> amount then 'reversal.amount' when value_date < of_day then 'reversal.early'"
        f" else 'reversal.again' end, {value} from reversal r where what is null or what = 'reversal'"
        " or of_account <> account_id or of_amount <> amount or value_date < of_day or taken_back",
    )
    refuse(
        arrival,
        ENTRIES,
        f"select r.n, 'reverses', 'reversal.again', {value} from (select r.*, row_number() over (partition by r.reverses"
        " order by r.value_date, r.n) as k from reversal r join in_entries i using (n)) r where k > 1",
    )


def _follow_moved(arrival: Arrival) -> None:
    """A lowering adjustment that had to move was mirrored and not taken back: it may stand elsewhere."""
    moved = arrival.ask("select n, of_account, reverses from reversal where taken_back and what = 'adjustment'")
    stand = standing(arrival, sorted({account for _, account, _ in moved})) if moved else {}
    still = [
        n for n, account, ref in moved if key_of(arrival.system, ref) in {p.origin for p in stand.get(account, [])}
    ]
    arrival.run("update reversal set taken_back = false where n = any (%(still)s::bigint[])", still=still)
