"""Accounts of a load: who owes what to this creditor, as accounts.csv and liable.csv say.

An account is made once and never changes; its terms are facts, and a changed
row is one set of terms that replaces the old. The person of its row is its
holder, those of liable owe it with them. A liable person the files no longer
name stays: only an account's instalments are a whole list.
"""

from typing import Final

from cases.intake.check import refuse
from cases.intake.layout import ACCOUNTS, LIABLE
from cases.intake.staging import Arrival

TERMS: Final = (
    "debt_type", "product", "opened_on", "original_amount", "interest_rate", "interest_from", "agreed_fees", "branch",
)  # fmt: skip

_LIVE: Final = "l.replaced_at is null and not l.withdrawn"
_COLUMNS: Final = "creditor_id, account_id, person_id, role, since, withdrawn, recorded_at, replaces"


def merge_accounts(arrival: Arrival) -> None:
    """Makes the new accounts of `in_accounts`, and corrects the terms of the others where their row changed."""
    arrival.run(
        "insert into account (creditor_id, system, ref, ref_norm, currency, recorded_at)"
        " select %(creditor)s, %(system)s, ref, norm_ref(ref), currency, %(at)s from in_accounts where fresh order by n"
    )
    arrival.run(
        "update in_accounts i set account_id = a.id from account a where i.fresh and a.creditor_id = %(creditor)s"
        " and a.system = %(system)s and a.ref = i.ref"
    )
    arrival.run("analyze in_accounts")
    known, extra = arrival.headers[ACCOUNTS].known, bool(arrival.headers[ACCOUNTS].extra)
    mine = {c: f"i.{c}" if c in known else f"t.{c}" for c in TERMS} | {"extra": "i.extra" if extra else "t.extra"}
    fields = ", ".join(f"case when {new} is distinct from t.{c} then '{c}' end" for c, new in mine.items())
    differs = " or ".join(f"{new} is distinct from t.{c}" for c, new in mine.items())
    live = "in_accounts i join account_terms t on t.account_id = i.account_id and t.replaced_at is null"
    arrival.run(
        "insert into correction (file, n, ref, fields, account_id, place) select 'accounts', i.n, i.ref,"
        f" array_remove(array[{fields}], null), i.account_id, 'account' from {live} where not i.fresh and ({differs})"
    )
    columns = ", ".join(TERMS)
    arrival.run(
        f"insert into account_terms (creditor_id, account_id, {columns}, extra, recorded_at) select %(creditor)s, i.account_id,"
        f" {', '.join('i.' + c for c in TERMS)}, coalesce(i.extra, '{{}}'), %(at)s from in_accounts i where i.fresh order by i.n"
    )
    arrival.run(
        f"insert into account_terms (creditor_id, account_id, {columns}, extra, recorded_at, replaces)"
        f" select %(creditor)s, i.account_id, {', '.join(mine[c] for c in TERMS)}, {mine['extra']}, %(at)s, t.id from {live}"
        " join correction c on c.file = 'accounts' and c.place = 'account' and c.n = i.n order by i.n"
    )


def resolve_liable(arrival: Arrival) -> None:
    """Finds the accounts of `in_liable`, and refuses rows whose account or person is not there."""
    arrival.run("alter table in_liable add column account_id bigint")
    arrival.run(
        "update in_liable i set account_id = a.id from account a where a.creditor_id = %(creditor)s"
        " and a.system = %(system)s and a.ref = i.ref"
        " and not exists (select from refused_account f where f.ref = i.ref)"
    )
    refuse(
        arrival,
        LIABLE,
        "select i.n, 'account_ref', case when f.ref is null then 'account.unknown' else 'account.refused' end, '{}'::jsonb"
        " from in_liable i left join refused_account f using (ref) where i.account_id is null",
    )
    arrival.run(
        "create temp table unnamed on commit drop as select i.n, i.person_ref from in_liable i where not exists"
        " (select from in_accounts a where a.person_ref = i.person_ref) and not exists"
        " (select from in_liable o where o.person_ref = i.person_ref and o.name is not null) and not exists"
        " (select from record r where r.creditor_id = %(creditor)s and r.system = %(system)s and r.ref = i.person_ref"
        " and r.replaced_at is null)"
    )
    refuse(
        arrival,
        LIABLE,
        "select u.n, 'person_ref', case when f.person_ref is null then 'person.unknown' else 'person.refused' end,"
        " '{}'::jsonb from unnamed u left join refused_person f using (person_ref)",
    )
    refuse(
        arrival,
        LIABLE,
        "select i.n, 'person_ref', 'liable.holder', '{}'::jsonb from in_liable i where exists (select from in_accounts a"
        " where a.account_id = i.account_id and a.person_ref = i.person_ref) or exists (select from liability l join record r"
        " on r.person_id = l.person_id and r.creditor_id = %(creditor)s and r.system = %(system)s and r.ref = i.person_ref"
        f" and r.replaced_at is null where l.account_id = i.account_id and l.role = 'holder' and {_LIVE} and not exists"
        " (select from in_accounts a where a.account_id = i.account_id))",
    )


def merge_liabilities(arrival: Arrival) -> None:
    """Writes who owes each account: the holders, then the others; a changed one is corrected."""
    arrival.run(
        f"insert into liability ({_COLUMNS}) select %(creditor)s, i.account_id, p.person_id, 'holder', null, false, %(at)s,"
        " null from in_accounts i join party p using (person_ref) where i.fresh order by i.n"
    )
    arrival.run(
        "create temp table moved on commit drop as select i.n, i.ref, i.account_id, p.person_id, l.id as old_id,"
        " l.person_id as old_person, l.since as old_since, o.id as own_id from in_accounts i join party p using (person_ref)"
        f" left join liability l on l.account_id = i.account_id and l.role = 'holder' and {_LIVE}"
        " left join liability o on o.account_id = i.account_id and o.person_id = p.person_id and o.replaced_at is null"
        " and not o.withdrawn where not i.fresh and l.person_id is distinct from p.person_id"
    )
    arrival.run(
        "insert into correction (file, n, ref, fields, account_id, person_id, place)"
        " select 'accounts', n, ref, '{person_ref}', account_id, person_id, 'account' from moved"
    )
    # somebody who owed it already becomes the holder; the old holder's liability ends
    arrival.run(
        f"insert into liability ({_COLUMNS}) select %(creditor)s, account_id, old_person, 'holder', old_since, true, %(at)s,"
        " old_id from moved where old_id is not null and own_id is not null order by n"
    )
    arrival.run(
        f"insert into liability ({_COLUMNS}) select %(creditor)s, account_id, person_id, 'holder', null, false, %(at)s,"
        " coalesce(own_id, old_id) from moved order by n"
    )
    _merge_liable(arrival)


def _merge_liable(arrival: Arrival) -> None:
    known = arrival.headers[LIABLE].known
    role = "i.role" if "role" in known else "coalesce(l.role, i.role)"
    since = "i.since" if "from" in known else "l.since"
    arrival.run(
        "create temp table liable on commit drop as select distinct on (i.account_id, p.person_id) i.n, i.ref, i.person_ref,"
        f" i.account_id, p.person_id, {role} as role, {since} as since, l.id as old_id, l.role as old_role,"
        " l.since as old_since from in_liable i join party p using (person_ref) left join liability l"
        f" on l.account_id = i.account_id and l.person_id = p.person_id and {_LIVE}"
        " where l.role is distinct from 'holder' order by i.account_id, p.person_id, i.n"
    )
    changed = "old_id is not null and (role, since) is distinct from (old_role, old_since)"
    arrival.run(
        "insert into correction (file, n, ref, fields, account_id, person_id, place) select 'liable', n, ref, array_remove(array["
        "case when role <> old_role then 'role' end, case when since is distinct from old_since then 'from' end], null),"
        f" account_id, person_id, 'account' from liable where {changed}"
    )
    arrival.run(
        f"insert into liability ({_COLUMNS}) select %(creditor)s, account_id, person_id, role, since, false, %(at)s, old_id"
        f" from liable where old_id is null or {changed} order by n"
    )
    if arrival.headers[LIABLE].extra:
        arrival.run(
            "insert into extra_fact (creditor_id, account_id, file, ref, facts, recorded_at) select %(creditor)s, i.account_id,"
            " 'liable', i.person_ref, i.extra, %(at)s from in_liable i where i.extra <> '{}' and i.extra is distinct from"
            " (select x.facts from extra_fact x where x.account_id = i.account_id and x.file = 'liable' and x.ref = i.person_ref"
            " order by x.id desc limit 1) order by i.n"
        )
