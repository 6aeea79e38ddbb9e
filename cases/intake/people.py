"""People of a load: what its rows say about them becomes records, people and contacts.

A person of this creditor and system is their person_ref. What is said for the
first time is a new record, of somebody known (`people/matching.py`) or of a new
person with a new case; what changed is one record that replaces the old, and
touches nothing else. A column that a file does not have says nothing. A phone
or mail that cannot be read is kept as said, makes no contact, and is a warning.
"""

import re
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from cases.history import Kind
from cases.intake.layout import ACCOUNTS, LANGUAGE, LIABLE, PERSON
from cases.intake.staging import Arrival
from cases.people import matching
from cases.people.contact import normal_mail, normal_phone
from cases.people.identifier import Kind as IdentifierKind
from cases.people.identifier import Reason, check, normalise_national_id
from cases.people.person import new_case_ref, normal_name, normal_postcode
from cases.refusal import Refusal

RECORD: Final = {
    "name": "name", "date_of_birth": "born::text", "national_id": "national_id", "address_line1": "line1",
    "address_line2": "line2", "city": "city", "postcode": "postcode", "country": "country", "phone": "phone",
    "email": "email", "language": "language",
}  # fmt: skip
"""The record's column for each column of a file."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """Rows for `normal`, and a case reference drawn for each record that is new."""

    rows: list[tuple[Any, ...]]
    case_refs: list[str]


_NORMAL: Final = (
    "person_ref, name_norm, postcode_norm, phone_norm, textable, email_norm, national_id_norm, organisation, language"
)
_SILENCE: Final = 15.0
"""Seconds of waiting after which the database hears from us."""

_LIVE: Final = "r.creditor_id = %(creditor)s and r.system = %(system)s and r.replaced_at is null"
_HEAD: Final = "left join joined j on j.person_id = r.person_id and j.replaced_at is null and not j.parted"


def gather(arrival: Arrival) -> None:
    """Makes `stated`: one row a person_ref with all that the good rows say, beside the live record."""
    columns = ", ".join(PERSON)
    known = {file: arrival.headers[file].known for file in (ACCOUNTS, LIABLE)}
    merged = ", ".join(f'max(s.{c} collate "C") as {c}' for c in PERSON)
    value = ", ".join(
        f"case when m.in_accounts and {c in known[ACCOUNTS]} then m.{c} else coalesce(m.{c}, r.{RECORD[c]}) end as {c}"
        for c in PERSON
    )
    arrival.run(
        "create temp table stated on commit drop as select m.person_ref, m.place, m.n, r.id as record_id, r.person_id,"
        f" {value} from (select s.person_ref, bool_or(s.place = 1) as in_accounts, min(s.place) as place,"
        f" (min(array[s.place, s.n]))[2] as n, {merged}"
        f" from (select 1 as place, n, person_ref, {columns} from in_accounts"
        f" union all select 2, n, person_ref, {columns} from in_liable where says) s group by s.person_ref) m"
        f" left join record r on {_LIVE} and r.ref = m.person_ref"
    )
    differs = " or ".join(f"s.{c} is distinct from r.{RECORD[c]}" for c in PERSON)
    fields = ", ".join(f"case when s.{c} is distinct from r.{RECORD[c]} then '{c}' end" for c in PERSON)
    arrival.run(
        "create temp table renewed on commit drop as select s.*, case when s.record_id is not null then"
        f" array_remove(array[{fields}], null) end as fields from stated s left join record r on r.id = s.record_id"
        f" where s.name is not null and (r.id is null or {differs})"
    )
    arrival.run("analyze renewed")


def start(arrival: Arrival) -> Future[Normalised]:
    """Begins to normalise what is new or changed, beside what the database does meanwhile; `merge` takes it."""
    asked = arrival.ask(
        "select person_ref, name, postcode, phone, email, national_id, country, language, record_id is null"
        " from renewed order by place, n"
    )
    pool = ThreadPoolExecutor(1, thread_name_prefix="normalise")
    made = pool.submit(_normalised, arrival.creditor.country, arrival.today, asked)
    pool.shutdown(wait=False)
    return made


def merge(arrival: Arrival, session: Session, made: Future[Normalised]) -> tuple[int, int, list[matching.Likely]]:
    """Writes records, people and contacts; makes `party`, the person of each person_ref known in this system.

    Returns how many people are new, how many were joined, and the likely pairs.
    """
    arrival.run(
        "create temp table normal (person_ref text, name_norm text, postcode_norm text, phone_norm text, textable boolean,"
        " email_norm text, national_id_norm text, organisation boolean, language text) on commit drop"
    )
    normalised = _awaited(arrival, made)
    arrival.copy("normal", _NORMAL, iter(normalised.rows))
    arrival.run("analyze normal")
    arrival.run(matching.NEWCOMERS)
    arrival.run(
        "insert into newcomer select w.person_ref, m.name_norm, w.date_of_birth::date, m.postcode_norm,"
        " case when m.textable then m.phone_norm end, m.email_norm, m.national_id_norm, null"
        " from renewed w join normal m using (person_ref) where w.record_id is null"
    )
    arrival.run("analyze newcomer")
    matching.match(session, arrival.creditor.id, arrival.system)
    added = _add_people(arrival, normalised.case_refs)
    _write_records(arrival)
    changed = [row[0] for row in arrival.ask("select record_id from written where fields is not null order by 1")]
    joined = _join(arrival, session, changed)
    _write_contacts(arrival)
    written = [row[0] for row in arrival.ask("select record_id from written order by 1")]
    arrival.run(
        "create temp table party on commit drop as select r.ref as person_ref, coalesce(j.into_id, r.person_id) as person_id"
        f" from record r {_HEAD} where {_LIVE}"
        " and r.ref in (select person_ref from in_accounts union select person_ref from in_liable)"
    )
    arrival.run("analyze party")
    _warn(arrival)
    return added, joined, matching.likely_pairs(session, written)


def _awaited(arrival: Arrival, made: Future[Normalised]) -> Normalised:
    """The normalised rows. The server ends a transaction that stays silent for a minute, so it is spoken to."""
    while True:
        try:
            return made.result(timeout=_SILENCE)
        except TimeoutError:
            if made.done():
                raise
            arrival.ask("select 1")


def _normalised(home: str, today: date, asked: list[tuple[Any, ...]]) -> Normalised:
    rows, refs = [], []
    for ref, name, postcode, phone, mail, national_id, country, language, is_new in asked:
        number, textable = _phone(phone, country or home)
        identity, organisation = _identity(national_id, country or home, today)
        rows.append((
            ref, normal_name(name), normal_postcode(postcode) if postcode else None, number, textable, _mail(mail),
            identity, organisation, language if language and re.match(LANGUAGE, language) else None,
        ))  # fmt: skip
        if is_new:
            refs.append(new_case_ref())
    return Normalised(rows, refs)


def _phone(written: str | None, country: str) -> tuple[str | None, bool]:
    if written is None:
        return None, False
    try:
        return normal_phone(written, country)
    except Refusal:
        return None, False


def _mail(written: str | None) -> str | None:
    try:
        return normal_mail(written) if written else None
    except Refusal:
        return None


def _identity(written: str | None, country: str, today: date) -> tuple[str | None, bool]:
    if written is None:
        return None, False
    normal = normalise_national_id(written, country, today)
    organisation = normal is not None and check(country, written, today).kind is IdentifierKind.ORGANISATIONSNUMMER
    return normal, organisation


def _add_people(arrival: Arrival, drawn: list[str]) -> int:
    """A person with a case for each newcomer who is nobody known; a reference that is taken is drawn again."""
    arrival.run("create temp table drawn (person_ref text, case_ref text) on commit drop")
    waiting = [row[0] for row in arrival.ask(
        "select w.person_ref from renewed w join newcomer n using (person_ref) where n.person_id is null order by w.place, w.n"
    )]  # fmt: skip
    added = len(waiting)
    taken: set[str] = set()
    while waiting:
        refs: dict[str, str] = {}
        for person_ref in waiting:
            case_ref = drawn.pop() if drawn else new_case_ref()
            while case_ref in taken or case_ref in refs:
                case_ref = new_case_ref()
            refs[case_ref] = person_ref
        taken.update(refs)
        arrival.copy("drawn", "person_ref, case_ref", ((person, case) for case, person in refs.items()))
        again = arrival.ask("delete from drawn d using person p where p.case_ref = d.case_ref returning d.person_ref")
        waiting = [row[0] for row in again]
    arrival.run("analyze drawn")
    arrival.run(
        "insert into person (case_ref, name, name_norm, organisation, language, country, recorded_at)"
        " select d.case_ref, w.name, m.name_norm, m.organisation, m.language, w.country, %(at)s from drawn d"
        " join renewed w using (person_ref) join normal m using (person_ref) order by w.place, w.n"
    )
    arrival.run(
        "update newcomer n set person_id = p.id from drawn d join person p using (case_ref)"
        " where d.person_ref = n.person_ref"
    )
    return added


def _write_records(arrival: Arrival) -> None:
    """New and changed records; makes `written` (record_id, the one it replaces, what changed)."""
    arrival.run(
        "create temp table written (record_id bigint, person_ref text, was bigint, person_id bigint, place int, n bigint,"
        " fields text[]) on commit drop"
    )
    arrival.run(
        "with made as (insert into record (creditor_id, system, ref, person_id, name, name_norm, born, national_id,"
        " national_id_norm, line1, line2, city, postcode, postcode_norm, country, phone, phone_norm, email, email_norm,"
        " language, recorded_at, replaces) select %(creditor)s, %(system)s, w.person_ref, coalesce(w.person_id, n.person_id),"
        " w.name, m.name_norm, w.date_of_birth::date, w.national_id, m.national_id_norm, w.address_line1, w.address_line2,"
        " w.city, w.postcode, m.postcode_norm, w.country, w.phone, m.phone_norm, w.email, m.email_norm, w.language,"
        " %(at)s, w.record_id from renewed w join normal m using (person_ref) left join newcomer n using (person_ref)"
        " order by w.place, w.n returning id, ref, person_id, replaces)"
        " insert into written select made.id, made.ref, made.replaces, made.person_id, w.place, w.n, w.fields"
        " from made join renewed w on w.person_ref = made.ref"
    )
    arrival.run("analyze written")
    arrival.run(
        "insert into correction (file, n, ref, fields, person_id, place) select case place when 1 then 'accounts' else 'liable'"
        " end, n, person_ref, fields, person_id, 'person' from written where fields is not null"
    )
    # what staff find a case by follows the record that it came from
    arrival.run(
        "update person p set name = r.name, name_norm = r.name_norm from written w join record r on r.id = w.record_id"
        " join record o on o.id = w.was where p.id = w.person_id and p.name = o.name and r.name <> o.name"
    )
    arrival.run(
        "update person p set country = r.country from written w join record r on r.id = w.record_id"
        " join record o on o.id = w.was where p.id = w.person_id and p.country is not distinct from o.country"
        " and r.country is distinct from o.country"
    )
    arrival.run(
        "update person p set language = m.language from written w join record o on o.id = w.was join normal m"
        " using (person_ref) where p.id = w.person_id and p.language is not distinct from o.language"
        " and m.language is distinct from o.language"
    )


def _join(arrival: Arrival, session: Session, changed: list[int]) -> int:
    """Corrected records that make two people one. A person takes part in one joining a load."""
    moved: set[int] = set()
    joined = 0
    for younger, elder in matching.ones(session, changed) if changed else ():
        if not moved & {younger, elder}:
            matching.join(session, younger, elder, since=arrival.today, by=arrival.by, at=arrival.at)
            moved |= {younger, elder}
            joined += 1
    return joined


def _write_contacts(arrival: Arrival) -> None:
    """Contacts of new records, and of changed ones where the phone or the mail is another."""
    for column, kinds in (("phone", "'mobile', 'phone'"), ("email", "'email'")):
        kind = "case when m.textable then 'mobile' else 'phone' end" if column == "phone" else "'email'"
        # first what is gone or replaced: it takes its successor's value, or is withdrawn with its own
        arrival.run(
            "create temp table way on commit drop as select w.record_id, w.person_id, w.was is not null as corrected,"
            f" {kind} as kind, r.{column} as value, r.{column}_norm as value_norm, c.id as old_id, c.kind as old_kind,"
            " c.value as old_value, c.value_norm as old_norm from written w join record r on r.id = w.record_id"
            " join normal m using (person_ref) left join record o on o.id = w.was left join lateral"
            " (select c.* from contact c where c.person_id = w.person_id and c.creditor_id = %(creditor)s"
            f" and c.source = 'creditor' and c.kind in ({kinds}) and c.value_norm = o.{column}_norm"
            " and c.replaced_at is null and not c.withdrawn and not exists (select from record q where q.person_id = w.person_id"
            f" and q.creditor_id = %(creditor)s and q.replaced_at is null and q.id <> w.record_id and q.{column}_norm = c.value_norm)"
            f" order by c.id desc limit 1) c on true where r.{column}_norm is distinct from o.{column}_norm"
        )
        arrival.run(
            "insert into contact (person_id, creditor_id, source, kind, value, value_norm, as_of, withdrawn, recorded_at,"
            " replaces) select person_id, %(creditor)s, 'creditor', coalesce(case when value_norm is not null then kind end,"
            " old_kind), case when value_norm is null then old_value else value end, coalesce(value_norm, old_norm), %(today)s,"
            " value_norm is null, %(at)s, old_id from way y where (value_norm is not null or old_id is not null)"
            " and (old_id is not null or not exists (select from contact c where c.person_id = y.person_id"
            " and c.creditor_id = %(creditor)s and c.kind = y.kind and c.value_norm = y.value_norm and c.replaced_at is null"
            " and not c.withdrawn)) order by record_id"
        )
        arrival.run(
            "insert into history (at, kind, actor, creditor_id, person_id, subject, facts) select %(at)s, %(kind)s, %(by)s,"
            " %(creditor)s, c.person_id, 'contact:' || c.id, json_build_object('kind', c.kind, 'source', 'creditor')"
            " from way y join contact c on c.replaces = y.old_id order by c.id",
            kind=str(Kind.CONTACT_CORRECTED),
        )
        arrival.run("drop table way")


def _warn(arrival: Arrival) -> None:
    """Warns of what was kept as said and not understood, each person once."""
    place = "case s.place when 1 then 'accounts' else 'liable' end"
    live = f"from stated s join record r on {_LIVE} and r.ref = s.person_ref where"
    for field, code, broken in (
        ("phone", "phone", "r.phone is not null and r.phone_norm is null"),
        ("email", "mail", "r.email is not null and r.email_norm is null"),
        ("language", "language", f"r.language !~ '{LANGUAGE}'"),
    ):
        arrival.run(
            f"insert into finding (file, n, field, code, refused) select {place}, s.n, '{field}', '{code}', false {live} {broken}"
        )
    doubtful = arrival.ask(
        f"select s.place, s.n, r.national_id, coalesce(r.country, %(home)s) {live} r.national_id is not null"
        " and r.national_id_norm is null",
        home=arrival.creditor.country,
    )
    for number, n, written, country in doubtful:
        if check(country, written, arrival.today).reason is not Reason.NOT_CHECKED:
            arrival.run(
                "insert into finding (file, n, field, code, refused) values (%(file)s, %(n)s, 'national_id', 'national_id', false)",
                file=ACCOUNTS if number == 1 else LIABLE,
                n=n,
            )
