"""Schedules of a load: when accounts fall due, as instalments.csv says.

An account's instalments in a file are its whole schedule. They are matched with
the live dues by due date, component and order, equal amounts first: a changed
amount replaces its due, a new one is added, a missing one is withdrawn (amount
0). Where a row of the account was refused, rows of the file could not be read,
or the file ends without a line break and may be cut short, nothing is withdrawn:
what is missing may stand in a row that was not read.
"""

from typing import Final

from cases.intake.check import (
    Rule,
    bare,
    decimals,
    extra_of,
    judge,
    make_days,
    quoting,
    refuse_too_much,
    required,
    trimmed,
)
from cases.intake.layout import COLUMNS, COMPONENTS, INSTALMENTS, amount_ok
from cases.intake.result import FileCount
from cases.intake.staging import Arrival

ACCOUNT: Final = (
    "left join account a on a.creditor_id = %(creditor)s and a.system = %(system)s and a.ref = t.account_ref"
    " left join unit u on u.currency = a.currency left join refused_account f on f.ref = t.account_ref"
)
"""The account of a row `t`, the decimals of its currency, and whether its account row was refused (`f`)."""

MINOR: Final = "case when amount_ok then (amount::numeric * factor)::bigint end as minor"
"""The amount in minor units. Fifteen digits and three decimals fit a bigint."""

_DUE: Final = "creditor_id, account_id, due_on, amount, component, recorded_at, replaces"


def account_rules(amount_may_fall: str = "false") -> list[Rule]:
    """Rules of every row with an amount on an account. `amount_may_fall`: when it may be negative, in SQL."""
    return [
        Rule("account_ref", "account.refused", "r.account_id is null and r.fallen"),
        Rule("account_ref", "account.unknown", "r.account_ref is not null and r.account_id is null and not r.fallen"),
        quoting("amount", "amount", "r.amount is not null and not r.amount_ok"),
        quoting(
            "amount",
            "amount.negative",
            f"r.amount_ok and r.amount like '-%%' and not coalesce({amount_may_fall}, false)",
        ),
        Rule("amount", "amount.zero", "r.minor = 0"),
        *decimals("amount", "(select currency from account a where a.id = r.account_id)"),
        Rule(
            "currency",
            "currency.other",
            "upper(r.currency) <> r.own_currency",
            "jsonb_build_object('value', left(btrim(s.currency), 40), 'currency',"
            " (select currency from account a where a.id = r.account_id))",
        ),
    ]


def check_instalments(arrival: Arrival) -> None:
    """Reads and judges instalments.csv into `in_instalments`."""
    extra = extra_of(arrival, INSTALMENTS)
    make_days(arrival, INSTALMENTS, "due_on")
    source = (
        f"select t.*, {MINOR} from (select t.*, coalesce(t.component, '') as part, d.day, {amount_ok('t.amount')} as amount_ok,"
        " case when f.ref is null then a.id end as account_id, a.currency as own_currency, u.factor, u.decimals,"
        f" f.ref is not null as fallen from (select s.n, {trimmed(COLUMNS[INSTALMENTS])}, {extra} as extra"
        f" from staged_instalments s offset 0) t left join day_instalments d on d.said = t.due_on {ACCOUNT} offset 0) t offset 0"
    )
    typed = "account_id, day as due_on, minor as amount, part as component, extra"
    components = ", ".join(f"'{c}'" for c in COMPONENTS)
    rules = [
        *required("account_ref", "due_on", "amount"),
        quoting("due_on", "date", "r.due_on is not null and r.day is null"),
        quoting("component", "component", f"r.part not in ({components})"),
        *account_rules(),
    ]
    judge(arrival, INSTALMENTS, source, typed, rules)
    refuse_too_much(arrival, INSTALMENTS, "due where false")
    arrival.run("analyze in_instalments")


def merge_schedules(arrival: Arrival) -> FileCount:
    """Writes the dues of `in_instalments`; returns what became of its good rows."""
    good = arrival.ask("select count(*) from in_instalments")[0][0]
    arrival.run(
        "create temp table planned on commit drop as select d.id, d.account_id, d.due_on, d.component, d.amount from due d"
        " where d.replaced_at is null and d.amount > 0 and d.account_id in (select account_id from in_instalments)"
    )
    arrival.run("analyze planned")
    first = "not exists (select from planned p where p.account_id = i.account_id)"
    added = arrival.run(
        f"insert into due ({_DUE}) select %(creditor)s, i.account_id, i.due_on, i.amount, i.component, %(at)s, null"
        f" from in_instalments i where {first} order by i.account_id, i.due_on, i.n"
    )
    arrival.run(f"insert into touched select distinct i.account_id from in_instalments i where {first}")
    _keep_extra(arrival, f"in_instalments i where {first} and i.extra <> '{{}}'")
    if added == good:
        return FileCount(added=added)
    _shift(arrival)
    more = arrival.ask("select count(*) filter (where due_id is null), count(*) filter (where n is not null and due_id is not null),"
                       " count(*) filter (where n is null) from shift")[0]  # fmt: skip
    return FileCount(
        added=added + more[0], changed=more[1], unchanged=good - added - more[0] - more[1], withdrawn=more[2]
    )


def _shift(arrival: Arrival) -> None:
    """Brings existing schedules to what the file says; makes `shift`, one row a difference."""
    kept = arrival.unread[INSTALMENTS] > 0 or INSTALMENTS in arrival.cut
    arrival.run(
        "create temp table holey on commit drop as select distinct a.id as account_id from finding f"
        " join staged_instalments s using (n) join account a on a.creditor_id = %(creditor)s and a.system = %(system)s"
        f" and a.ref = {bare('s.account_ref')} where f.file = 'instalments' and f.refused"
    )
    group = "account_id, due_on, component"
    arrival.run(
        f"create temp table shift on commit drop as with mine as (select i.n, {group}, amount,"
        f" row_number() over (partition by {group}, amount order by i.n) as k from in_instalments i"
        " where exists (select from planned p where p.account_id = i.account_id)),"
        f" theirs as (select id, {group}, amount, row_number() over (partition by {group}, amount order by id) as k from planned),"
        f" rest as (select m.*, row_number() over (partition by {group} order by m.n) as o from mine m"
        f" where not exists (select from theirs t where (t.{group.replace(', ', ', t.')}, t.amount, t.k)"
        f" = (m.{group.replace(', ', ', m.')}, m.amount, m.k))),"
        f" gone as (select t.*, row_number() over (partition by {group} order by t.id) as o from theirs t"
        f" where not exists (select from mine m where (t.{group.replace(', ', ', t.')}, t.amount, t.k)"
        f" = (m.{group.replace(', ', ', m.')}, m.amount, m.k)))"
        f" select r.n, g.id as due_id, {group}, r.amount from rest r full join gone g using ({group}, o)"
    )
    withheld = arrival.run(
        "delete from shift where n is null" + ("" if kept else " and account_id in (select account_id from holey)")
    )
    if withheld:
        arrival.run("insert into finding (file, code, refused) values ('instalments', 'schedule.kept', false)")
    arrival.run(
        f"insert into due ({_DUE}) select %(creditor)s, account_id, due_on, coalesce(amount, 0), component, %(at)s, due_id"
        " from shift order by account_id, due_on, n"
    )
    arrival.run("insert into touched select distinct account_id from shift")
    _keep_extra(arrival, "shift join in_instalments i using (n) where i.extra <> '{}'")
    arrival.run(
        "insert into correction (file, n, ref, fields, account_id, place, counts) select 'instalments', min(s.n), a.ref,"
        " array_remove(array[case when count(*) filter (where n is not null) > 0 then 'amount' end,"
        " case when count(*) filter (where n is null) > 0 then 'withdrawn' end], null), a.id, 'schedule',"
        " json_build_object('changed', count(*) filter (where n is not null), 'withdrawn', count(*) filter (where n is null))"
        " from shift s join account a on a.id = s.account_id where s.due_id is not null group by a.id, a.ref"
    )


def _keep_extra(arrival: Arrival, rows: str) -> None:
    if arrival.headers[INSTALMENTS].extra:
        arrival.run(
            "insert into extra_fact (creditor_id, account_id, file, ref, facts, recorded_at) select %(creditor)s, i.account_id,"
            f" 'instalments', i.due_on::text, i.extra, %(at)s from {rows} order by i.n"
        )
