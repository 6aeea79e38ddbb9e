"""Checking: what each row says, read once and judged, many rows at a time.

A file's rows become typed rows in `in_<file>`; each carries a mask with one bit
for each rule that it breaks, so that a million good rows cost one pass and a bad
one is told every reason. No cast can fail: a pattern goes before it.

Here are the judge and the rules of accounts and liable; instalments and entries
have theirs in `schedule.py` and `entries.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import phonenumbers

from cases.intake.layout import (
    ACCOUNTS,
    COLUMNS,
    DATE,
    LARGEST,
    LARGEST_SUM,
    LIABLE,
    LONGEST,
    PERSON,
    RATE,
    amount_ok,
)
from cases.intake.staging import Arrival
from cases.money import decimals_of
from cases.refusal import Refusal

FINDINGS: Final = (
    "create temp table finding (file text, n bigint, field text, code text, facts jsonb default '{}',"
    " refused boolean default true) on commit drop"
)
_REGIONS: Final = sorted(phonenumbers.SUPPORTED_REGIONS)
_VALUE: Final = "jsonb_build_object('value', left(btrim(s.\"{0}\"), 40))"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the field, the code of its finding, the condition in SQL under which a row breaks it,
    and the finding's facts in SQL over the staged row `s` and the read row `r`."""

    field: str
    code: str
    broken: str
    facts: str = "'{}'"


def quoting(field: str, code: str, broken: str) -> Rule:
    """A rule whose finding quotes the field as it was written."""
    return Rule(field, code, broken, _VALUE.format(field))


def bare(column: str) -> str:
    """A staged field without space around it; an empty one is null."""
    return f"nullif(btrim({column}, E' \\t\\r\\n'), '')"


def trimmed(columns: Sequence[str]) -> str:
    """Fields of the staged row `s` without space around them; an empty one is null."""
    return ", ".join(bare(f's."{c}"') + f' as "{c}"' for c in columns)


def extra_of(arrival: Arrival, file: str) -> str:
    """A row's own columns as a JSON object, in SQL over the staged row `s`; null where the file has none."""
    header = arrival.headers[file]
    names = [s for s in header.staged if s not in COLUMNS[file]]
    if not names:
        return "null::jsonb"
    written = ", ".join("'" + name.replace("'", "''").replace("%", "%%") + "'" for name in header.extra)
    values = ", ".join(f"nullif(btrim(s.\"{name}\"), '')" for name in names)
    return f"jsonb_strip_nulls(jsonb_object(array[{written}], array[{values}]))"


def judge(arrival: Arrival, file: str, source: str, typed: str, rules: Sequence[Rule], **facts: object) -> None:
    """Makes `in_<file>` from `source` with the `typed` columns and the mask; notes and takes out broken rows.

    `facts` are parameters of the source and of the rules.
    """
    mask = " | ".join(f"case when {rule.broken} then {1 << bit} else 0 end" for bit, rule in enumerate(rules))
    arrival.run(
        f"create temp table in_{file} on commit drop as select n, {typed}, ({mask})::bigint as mask from ({source}) r",
        **facts,
    )
    if arrival.ask(f"select 1 from in_{file} where mask <> 0 limit 1"):
        for bit, rule in enumerate(rules):
            arrival.run(
                f"insert into finding (file, n, field, code, facts) select '{file}', s.n, %(field)s, %(code)s, {rule.facts}"
                f" from in_{file} r join staged_{file} s using (n) where r.mask & {1 << bit} <> 0",
                field=rule.field,
                code=rule.code,
            )
        arrival.run(f"delete from in_{file} where mask <> 0")


def refuse(arrival: Arrival, file: str, found: str) -> int:
    """Notes rows that break a rule between rows, and takes them out.

    `found` selects n, field, code and facts from `in_<file>`.
    """
    count = arrival.run(f"insert into finding (file, n, field, code, facts) select '{file}', f.* from ({found}) f")
    if count:
        arrival.run(f"delete from in_{file} i using finding f where f.file = '{file}' and f.n = i.n and f.refused")
    return count


def refuse_twice(arrival: Arrival, file: str, key: str, field: str) -> None:
    """A reference that comes again in the same file: the first row stands, the others are refused."""
    refuse(
        arrival,
        file,
        f"select i.n, '{field}', 'duplicate', jsonb_build_object('first', d.first) from in_{file} i join"
        f" (select {key}, min(n) as first from in_{file} group by {key} having count(*) > 1) d using ({key})"
        " where i.n > d.first",
    )


def make_days(arrival: Arrival, file: str, *columns: str) -> None:
    """Makes `day_<file>`: each way a day is written in these columns, once, and the day that it is."""
    written = " union all ".join(f"select {trimmed([c])} from staged_{file} s" for c in columns)
    arrival.run(
        f"create temp table day_{file} on commit drop as select said, case when said ~ '{DATE}' then said::date end as day"
        f" from (select distinct said from ({written}) t (said) where said is not null) t"
    )
    arrival.run(f"analyze day_{file}")


def required(*columns: str) -> list[Rule]:
    """These fields must hold something."""
    return [Rule(column, "required", f'r."{column}" is null') for column in columns]


def no_longer(*columns: str) -> list[Rule]:
    """These fields may not be longer than LONGEST, each letter as many as it takes apart into when normalised."""
    short = LONGEST // 6  # bytes: no letter takes apart into more than six for each of its bytes
    facts = f"jsonb_build_object('most', {LONGEST})"
    return [
        Rule(c, "long", f'octet_length(r."{c}") > {short} and length(normalize(r."{c}", nfkd)) > {LONGEST}', facts)
        for c in columns
    ]


def refuse_too_much(arrival: Arrival, file: str, kept: str) -> None:
    """Refuses rows of accounts whose amounts are too large together; `kept` selects from what they have already."""
    if arrival.ask(f"select max(abs(amount))::numeric * count(*) > {LARGEST_SUM // 100} from in_{file}")[0][0]:
        refuse(
            arrival,
            file,
            f"select i.n, 'amount', 'amount.sum', '{{}}'::jsonb from in_{file} i join (select account_id from"
            f" (select account_id, amount from in_{file} union all select account_id, amount from {kept}"
            f" and account_id in (select account_id from in_{file})) t group by 1"
            f" having sum(abs(amount)) > {LARGEST_SUM}) t using (account_id)",
        )


def decimals(field: str, currency: str) -> list[Rule]:
    """No more decimals than the currency has, and no more than fifteen digits. `currency` is SQL over `s` and `r`."""
    return [
        Rule(
            field,
            "amount.decimals",
            f"length(split_part(r.{field}, '.', 2)) > r.decimals and r.amount_ok",
            f"jsonb_build_object('value', btrim(s.{field}), 'currency', {currency},"
            f" 'decimals', (select decimals from unit u where u.currency = {currency}))",
        ),
        Rule(field, "amount.large", f"abs(r.minor) > {LARGEST}"),
    ]


def person_rules() -> list[Rule]:
    """What holds for the columns that say who somebody is."""
    return [
        Rule("date_of_birth", "born", "r.date_of_birth is not null and not r.born_ok"),
        Rule("date_of_birth", "born.future", "r.born_ok and r.date_of_birth > %(today)s::date::text"),
        *no_longer("person_ref", *(c for c in PERSON if c not in ("date_of_birth", "country"))),
        quoting("country", "country", "r.country is not null and not upper(r.country) = any (%(regions)s)"),
    ]


def check_accounts(arrival: Arrival) -> None:
    """Reads and judges accounts.csv into `in_accounts`; makes `unit`, the decimals of each currency named."""
    _make_units(arrival)
    source = (
        "select t.*, case when amount_ok then (original_amount::numeric * factor)::bigint end as minor from"
        f" (select t.*, t.opened_on ~ '{DATE}' as opened_ok, coalesce(t.date_of_birth ~ '{DATE}', false) as born_ok,"
        f" t.interest_from ~ '{DATE}' as from_ok, {amount_ok('t.original_amount')} as amount_ok,"
        f" t.interest_rate ~ '{RATE}' as rate_ok, x.id as account_id, x.currency as was, u.factor, u.decimals from"
        f" (select s.n, {trimmed(COLUMNS[ACCOUNTS])}, {extra_of(arrival, ACCOUNTS)} as extra from staged_accounts s"
        " offset 0) t left join account x on x.creditor_id = %(creditor)s and x.system = %(system)s and x.ref = t.account_ref"
        " left join unit u on u.currency = upper(t.currency) offset 0) t offset 0"
    )
    typed = (
        f"account_ref as ref, person_ref, {_person()}, debt_type, product, upper(currency)::char(3) as currency,"
        " case when opened_ok then opened_on::date end as opened_on,"
        " minor as original_amount,"
        " case when rate_ok then interest_rate::numeric(9,6) end as interest_rate,"
        " case when from_ok then interest_from::date end as interest_from, agreed_fees, branch, extra, account_id, account_id is null as fresh"
    )
    rules = [
        *required("account_ref", "person_ref", "name", "debt_type", "currency", "opened_on"),
        quoting("opened_on", "date", "r.opened_on is not null and not r.opened_ok"),
        *person_rules(),
        *no_longer("account_ref", "debt_type", "product", "agreed_fees", "branch"),
        quoting("original_amount", "amount", "r.original_amount is not null and not r.amount_ok"),
        quoting("original_amount", "amount.negative", "r.amount_ok and r.original_amount like '-%%'"),
        *decimals("original_amount", "upper(s.currency)"),
        quoting("interest_rate", "rate", "r.interest_rate is not null and not r.rate_ok"),
        quoting("interest_from", "date", "r.interest_from is not null and not r.from_ok"),
        quoting("currency", "currency.unknown", "r.currency is not null and r.factor is null"),
        Rule(
            "currency",
            "currency.changed",
            "r.factor is not null and r.was <> upper(r.currency)",
            "jsonb_build_object('value', upper(btrim(s.currency)), 'was', (select currency from account a where a.id = r.account_id))",
        ),
        quoting(
            "currency",
            "currency.new",
            "r.factor is not null and r.account_id is null and not upper(r.currency) = any (%(currencies)s)",
        ),
    ]
    judge(arrival, ACCOUNTS, source, typed, rules, regions=_REGIONS, currencies=sorted(arrival.currencies))
    refuse_twice(arrival, ACCOUNTS, "ref", "account_ref")


def check_liable(arrival: Arrival) -> None:
    """Reads and judges liable.csv into `in_liable`, as far as its rows alone allow."""
    said = " or ".join(f't."{column}" is not null' for column in PERSON)
    source = (
        f"select t.*, coalesce(t.date_of_birth ~ '{DATE}', false) as born_ok, t.\"from\" ~ '{DATE}' as from_ok,"
        f" ({said}) as says from (select s.n, {trimmed(COLUMNS[LIABLE])}, {extra_of(arrival, LIABLE)} as extra"
        " from staged_liable s offset 0) t offset 0"
    )
    typed = (
        f"account_ref as ref, person_ref, {_person()}, coalesce(lower(role), 'joint') as role,"
        ' case when from_ok then "from"::date end as since, says, extra'
    )
    rules = [
        *required("account_ref", "person_ref"),
        *person_rules(),
        quoting("role", "role", "lower(r.role) not in ('joint', 'guarantor')"),
        quoting("from", "date", 'r."from" is not null and not r.from_ok'),
    ]
    judge(arrival, LIABLE, source, typed, rules, regions=_REGIONS)
    refuse_twice(arrival, LIABLE, "ref, person_ref", "person_ref")


def check_agreement(arrival: Arrival) -> None:
    """Rows of one person_ref must not say two things of one field; what is empty says nothing.

    Every row of such a person is refused and names another. Makes `refused_account`, the references
    whose dependants fall with them, and `refused_person`.
    """
    columns = ", ".join(PERSON)
    arrival.run(
        f"create temp table said on commit drop as select 1 as place, 'accounts' as file, n, person_ref, {columns}"
        f" from in_accounts union all select 2, 'liable', n, person_ref, {columns} from in_liable where says"
    )
    two_things = " or ".join(f'min({c} collate "C") <> max({c} collate "C")' for c in PERSON)
    arrival.run(
        "create temp table torn on commit drop as select s.* from said s join (select person_ref from said group by"
        f" person_ref having count(*) > 1 and ({two_things})) d using (person_ref)"
    )
    differs = " ".join(f"when o.{c} <> t.{c} then '{c}'" for c in PERSON)
    for file in (ACCOUNTS, LIABLE):
        refuse(
            arrival,
            file,
            "select t.n, o.field, 'person.disagree', jsonb_build_object('file', o.file || '.csv', 'row', o.n) from torn t"
            f" cross join lateral (select o.file, o.n, case {differs} end as field from torn o"
            " where o.person_ref = t.person_ref and (o.place, o.n) <> (t.place, t.n)"
            f" order by case {differs} end is null, o.place, o.n limit 1) o where t.file = '{file}'",
        )
    arrival.run(
        f"create temp table refused_account on commit drop as select distinct {bare('s.account_ref')} as ref"
        " from finding f join staged_accounts s using (n) where f.file = 'accounts' and f.refused"
        f" and not exists (select from in_accounts i where i.ref = {bare('s.account_ref')})"
    )
    arrival.run("analyze refused_account")
    arrival.run(
        f"create temp table refused_person on commit drop as select distinct {bare('s.person_ref')} as person_ref"
        " from finding f join staged_accounts s using (n) where f.file = 'accounts' and f.refused"
        " union select distinct person_ref from torn"
    )


def _person() -> str:
    kept = {"country": "upper(country) as country", "language": "language"}
    return ", ".join(kept.get(column, column) for column in PERSON)


def _make_units(arrival: Arrival) -> None:
    arrival.run("create temp table unit (currency char(3), decimals int, factor bigint) on commit drop")
    named = arrival.ask(
        f"select distinct upper({bare('currency')}) from staged_accounts where {bare('currency')} is not null"
        " union select currency from account where creditor_id = %(creditor)s"
    )
    for (currency,) in named:
        try:
            decimals = decimals_of(currency)
        except Refusal:
            continue
        arrival.run(
            "insert into unit values (%(currency)s, %(decimals)s, %(factor)s)",
            currency=currency,
            decimals=decimals,
            factor=10**decimals,
        )
    arrival.run("analyze unit")
