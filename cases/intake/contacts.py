"""Contacts of a file: numbers and addresses of people whom a creditor's system knows, each with source and date.

A row names its person by person_ref, or by a national_id that one person alone has at this creditor. It adds a
way to reach them, or dates one that is known anew. What was ended or replaced since the row's day stays so, and
a row that says nothing new changes nothing: the same file loaded twice is loaded once.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from cases.history import Actor, Kind
from cases.intake.layout import CONTACTS, DATE, LONGEST
from cases.intake.load import NothingKept, begin, owner_of, tell
from cases.intake.result import FINDINGS_KEPT, Correction, FileCount, Finding, LoadResult
from cases.intake.staging import Arrival, Progress, stage
from cases.people.contact import KINDS, LONGEST_ADDRESS, normal
from cases.people.identifier import normalise_national_id
from cases.refusal import Refusal

_WRONG: Final = {"contact.phone": "way.phone", "contact.mail": "way.mail", "contact.address": "way.address",
                 "contact.not_textable": "way.textable"}  # fmt: skip
_LONGEST: Final = {"value": LONGEST_ADDRESS}
_DAY: Final = re.compile(DATE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be read: whose, and which way to reach them."""

    n: int
    ref: str
    person: int
    kind: str
    value: str
    norm: str
    source: str
    as_of: date


@dataclass(frozen=True, slots=True)
class Known:
    """A contact as it stands. `ours`: this creditor gave it, of this very id; `over_on`: as of when it was ended."""

    id: int
    ours: bool
    live: bool
    as_of: date
    over_on: date | None


def load_contacts(
    session: Session,
    path: Path,
    *,
    creditor: str,
    system: str,
    by: Actor,
    at: datetime,
    atomic: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> LoadResult:
    """Loads one file of contacts of a creditor's source system, in the acting role.

    Raises CreditorUnknown, SystemName, and NothingKept with the result.
    """
    arrival = begin(session, owner_of(session, creditor, system, None, by, at), system, by, at, (), progress)
    stage(arrival, CONTACTS, path)
    progress("contacts", 0, 1)
    rows, found = _judged(arrival) if CONTACTS in arrival.headers else ([], [])
    arrival.find(found)
    added, dated = _news(rows, _known(arrival, rows))
    _write(arrival, [(row, None) for row in added] + list(dated))
    result = _result(arrival, len(rows), len(added), [row for row, _old in dated])
    result = replace(result, batch=tell(arrival, session, result))
    if dry_run or (atomic and result.refused):
        raise NothingKept(replace(result, kept=False, batch=None))
    progress("done", 1, 1)
    return result


def _judged(arrival: Arrival) -> tuple[list[Row], list[Finding]]:
    """The rows that can be loaded, and what is wrong with the others."""
    staged = arrival.ask(f"select n, person_ref, national_id, kind, value, source, as_of from staged_{CONTACTS} order by n")
    country = arrival.creditor.country
    numbers = {
        row[2]: normalise_national_id(row[2], country, arrival.today)
        for row in staged
        if row[2] and not (row[1] or "").strip()
    }
    by_ref: dict[str, tuple[int, str | None]] = {
        ref: (person, lives)
        for ref, person, lives in arrival.ask(
            "select r.ref, r.person_id, r.country from record r where r.creditor_id = %(creditor)s and r.system = %(system)s"
            " and r.replaced_at is null and r.ref = any(%(refs)s)",
            refs=[row[1].strip() for row in staged if row[1]],
        )
    }
    by_number: dict[str, dict[int, tuple[int, str | None]]] = defaultdict(dict)
    for number, head, person, lives in arrival.ask(
        "select r.national_id_norm, coalesce(j.into_id, r.person_id), r.person_id, r.country from record r"
        " left join joined j on j.person_id = r.person_id and j.replaced_at is null and not j.parted"
        " where r.creditor_id = %(creditor)s and r.replaced_at is null and r.national_id_norm = any(%(numbers)s)"
        " order by r.id",
        numbers=[number for number in numbers.values() if number],
    ):
        by_number[number].setdefault(head, (person, lives))
    rows: list[Row] = []
    found: list[Finding] = []
    first: dict[tuple[int, str, str], int] = {}
    for n, *fields in staged:
        ref, number, kind, value, source, as_of = ((field or "").strip() for field in fields)
        wrong = _fields_wrong(arrival, n, kind=kind.lower(), value=value, source=source, as_of=as_of)
        whose = [by_ref[ref]] if ref in by_ref else []
        if not ref:
            whose = list(by_number.get(numbers.get(fields[1] or "") or "", {}).values())
        if not wrong and not ref and not number:
            wrong = Finding(CONTACTS, n, "person_ref", "way.who")
        elif not wrong and len(whose) != 1:
            wrong = Finding(CONTACTS, n, "person_ref" if ref else "national_id", "way.several" if whose else "way.unknown")
        if wrong:
            found.append(wrong)
            continue
        person, lives = whose[0]
        try:
            norm = normal(kind.lower(), value, lives or country)
        except Refusal as refusal:
            field = "kind" if refusal.code == "contact.not_textable" else "value"
            found.append(Finding(CONTACTS, n, field, _WRONG[refusal.code]))
            continue
        same = first.setdefault((person, kind.lower(), norm), n)
        if same != n:
            found.append(Finding(CONTACTS, n, None, "duplicate", {"first": same}))
            continue
        rows.append(Row(n, ref, person, kind.lower(), value, norm, source, date.fromisoformat(as_of)))
    return rows, found


def _fields_wrong(arrival: Arrival, n: int, **fields: str) -> Finding | None:
    """What is wrong with the first field that is."""
    for name, value in fields.items():
        if not value:
            return Finding(CONTACTS, n, name, "required")
        most = _LONGEST.get(name, LONGEST)
        if len(value) > most:
            return Finding(CONTACTS, n, name, "long", {"most": most})
    if fields["kind"] not in KINDS:
        return Finding(CONTACTS, n, "kind", "way.kind", {"value": fields["kind"]})
    if not _DAY.match(fields["as_of"]):
        return Finding(CONTACTS, n, "as_of", "date", {"value": fields["as_of"]})
    if date.fromisoformat(fields["as_of"]) > arrival.today:
        return Finding(CONTACTS, n, "as_of", "way.future", {"value": fields["as_of"]})
    return None


def _known(arrival: Arrival, rows: list[Row]) -> dict[tuple[int, str, str], list[Known]]:
    """What is known of these people already, over all their joined ids, by the id that the file named."""
    found: dict[tuple[int, str, str], list[Known]] = defaultdict(list)
    for person, kind, norm, *fields in arrival.ask(
        "with p as (select distinct x.id, coalesce(j.into_id, x.id) as head from unnest(%(people)s::bigint[]) x(id)"
        "   left join joined j on j.person_id = x.id and j.replaced_at is null and not j.parted),"
        " a as (select p.id, p.head as each from p union select p.id, k.person_id from p join joined k"
        "   on k.into_id = p.head and k.replaced_at is null and not k.parted)"
        " select a.id, c.kind, c.value_norm, c.id, coalesce(c.creditor_id = %(creditor)s, false) and c.person_id = a.id,"
        "   c.replaced_at is null and not c.withdrawn, c.as_of, coalesce(s.as_of, case when c.withdrawn then c.as_of end)"
        " from a join contact c on c.person_id = a.each left join contact s on s.replaces = c.id",
        people=[row.person for row in rows],
    ):
        found[person, kind, norm].append(Known(*fields))
    return found


def _news(rows: list[Row], known: dict[tuple[int, str, str], list[Known]]) -> tuple[list[Row], list[tuple[Row, int]]]:
    """The rows that add a contact, and those that date one anew, with the contact that they replace. Pure."""
    added: list[Row] = []
    dated: list[tuple[Row, int]] = []
    for row in rows:
        there = known.get((row.person, row.kind, row.norm), [])
        ours = next((each for each in there if each.live and each.ours), None)
        if ours is not None:
            if row.as_of > ours.as_of:
                dated.append((row, ours.id))
        elif not any(not each.live and each.over_on and each.over_on >= row.as_of for each in there):
            added.append(row)
    return added, dated


def _write(arrival: Arrival, news: list[tuple[Row, int | None]]) -> None:
    """New contacts, and a line for each."""
    arrival.run(
        "create temp table way_in (n bigint, person_id bigint, kind text, value text, value_norm text, origin text,"
        " as_of date, old_id bigint) on commit drop"
    )

    def lines() -> Iterator[tuple[Any, ...]]:
        for row, old in news:
            yield (row.n, row.person, row.kind, row.value, row.norm, row.source, row.as_of, old)

    arrival.copy("way_in", "n, person_id, kind, value, value_norm, origin, as_of, old_id", lines())
    arrival.run(
        "with made as (insert into contact (person_id, creditor_id, source, origin, kind, value, value_norm, as_of,"
        " recorded_at, replaces) select person_id, %(creditor)s, 'creditor', origin, kind, value, value_norm, as_of, %(at)s,"
        " old_id from way_in order by n returning id, person_id, kind, replaces)"
        " insert into history (at, kind, actor, creditor_id, person_id, subject, facts) select %(at)s,"
        " case when replaces is null then %(added)s else %(corrected)s end, %(by)s, %(creditor)s, person_id,"
        " 'contact:' || id, json_build_object('kind', kind, 'source', 'creditor') from made order by id",
        added=str(Kind.CONTACT_ADDED),
        corrected=str(Kind.CONTACT_CORRECTED),
    )
    arrival.run(  # who asked for another way to reach them has it
        "update work_item w set done_at = %(at)s, done_by = %(by)s from way_in y where w.done_at is null and ("
        " w.kind = 'unreachable' and w.person_id = y.person_id and y.kind <> 'address'"
        " or w.kind = 'undelivered' and w.subject = 'contact:' || y.old_id)"
    )


def _result(arrival: Arrival, good: int, added: int, dated: list[Row]) -> LoadResult:
    found = [
        Finding(*row)
        for row in arrival.ask(
            f"select file, n, field, code, facts, refused from finding order by n nulls first, field limit {FINDINGS_KEPT}"
        )
    ]
    more = arrival.ask("select count(*) from finding")[0][0] - len(found)
    if more:
        found.append(Finding(CONTACTS, None, None, "more", {"count": more}, refused=False))
    refused = arrival.ask("select count(distinct n) from finding where refused and n is not null")[0][0]
    count = FileCount(arrival.rows.get(CONTACTS, 0), added, len(dated), good - added - len(dated), refused)
    return LoadResult(
        creditor=arrival.creditor.ref, system=arrival.system, files={CONTACTS: count}, findings=tuple(found),
        corrections=tuple(Correction(CONTACTS, row.n, row.ref, ("as_of",)) for row in dated), likely=(), joined=0,
        people_added=0, kept=True,
    )  # fmt: skip
