"""Loading: files in Evenly's layout become accounts, people, schedules and entries.

One load is one transaction of one creditor and source system: killed anywhere
it leaves nothing. Every good row is loaded and every bad one reported; `atomic`
keeps nothing if a row was refused, `dry_run` keeps nothing at all: both raise
`NothingKept`, which carries the result, so that the door's transaction rolls
back. Loaded again, the same files change nothing; a batch and its line are all
that is written.

Steps: read (`staging.py`), judge (`check.py`), then accounts, people, schedules
and entries, each merged in a few statements. Loads wait for each other, so that
two of them never make two people of one.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from cases.arrangements import monitoring
from cases.arrears import position
from cases.clock import local
from cases.debts import hold_watch
from cases.debts.creditor import Creditor, add_creditor, creditor_called
from cases.history import Actor, Kind, record
from cases.intake import accounts, check, entries, people, post, schedule
from cases.intake.layout import ACCOUNTS, COLUMNS, ENTRIES, INSTALMENTS, LIABLE, ORDER, SYSTEM, Header, SystemName
from cases.intake.result import FINDINGS_KEPT, Correction, FileCount, Finding, LikelyPair, LoadResult
from cases.intake.staging import Arrival, Progress, stage
from cases.people.matching import Likely

_ONE_AT_A_TIME: Final = 82012
"""The advisory lock that a load holds to its end."""

_CORRECTIONS: Final = (
    "create temp table correction (file text, n bigint, ref text, fields text[], account_id bigint, person_id bigint,"
    " place text, counts json) on commit drop"
)
_KINDS: Final = {
    "account": Kind.ACCOUNT_CORRECTED,
    "schedule": Kind.SCHEDULE_CORRECTED,
    "person": Kind.PERSON_CORRECTED,
}


@dataclass(frozen=True, slots=True)
class NewCreditor:
    """A creditor whom the load takes on first."""

    name: str
    country: str
    currency: str


class NothingKept(Exception):
    """The load ran to its end and must be rolled back: a dry run, or a refused row under `atomic`."""

    def __init__(self, result: LoadResult) -> None:
        super().__init__("nothing of this load is kept")
        self.result = result


def load(
    session: Session,
    files: Mapping[str, Path],
    *,
    creditor: str,
    system: str,
    by: Actor,
    at: datetime,
    new_creditor: NewCreditor | None = None,
    currencies: Collection[str] = (),
    atomic: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda step, done, total: None,
) -> LoadResult:
    """Loads these files (by kind: `layout.files_of`) of a creditor's source system, in the acting role.

    `currencies` may be new for this creditor; otherwise an account is in the creditor's own or one its
    accounts have already. `at` is the moment of recording, or that of the last load if a clock was set back
    since: no correction comes before what it corrects. Today is its day in the creditor's zone.
    Raises CreditorUnknown, CreditorExists, SystemName, and NothingKept with the result.
    """
    owner = owner_of(session, creditor, system, new_creditor, by, at)
    session.flush()
    arrival = begin(session, owner, system, by, at, currencies, progress)
    for kind in ORDER:
        _stage(arrival, kind, files.get(kind))
    _step(arrival, "accounts", 0)
    check.check_accounts(arrival)
    check.check_liable(arrival)
    check.check_agreement(arrival)
    accounts.merge_accounts(arrival)
    arrival.run("insert into touched select account_id from in_accounts where fresh")
    accounts.resolve_liable(arrival)
    people.gather(arrival)
    names = people.start(arrival)
    _step(arrival, "instalments", 1)
    schedule.check_instalments(arrival)
    dues = schedule.merge_schedules(arrival)
    _step(arrival, "entries", 2)
    came = entries.check_entries(arrival)
    posted = post.post_entries(arrival)
    _step(arrival, "people", 3)
    added, joined, likely = people.merge(arrival, session, names)
    accounts.merge_liabilities(arrival)
    counts = _counts(arrival, dues, came, posted)
    result = _result(arrival, files, counts, added, joined, likely)
    result = replace(result, batch=tell(arrival, session, result))
    if dry_run or (atomic and result.refused):
        raise NothingKept(replace(result, kept=False, batch=None))
    _step(arrival, "positions", 4)
    touched = [row[0] for row in arrival.ask("select distinct account_id from touched order by 1")]
    if touched:
        position.refresh(session, touched, by=by, at=arrival.at, fresh=False)
        monitoring.judge(session, touched, by=by, at=arrival.at)
    hold_watch.hold_new_debts(session, by=by, at=arrival.at)
    _step(arrival, "done", 5)
    return result


def owner_of(session: Session, ref: str, system: str, new: NewCreditor | None, by: Actor, at: datetime) -> Creditor:
    """The creditor that a load is of, taken on first if it is new. Raises SystemName, CreditorUnknown, CreditorExists."""
    if not _is_system(system):
        raise SystemName(system=system)
    if new is None:
        return creditor_called(session, ref)
    return add_creditor(session, ref=ref, name=new.name, country=new.country, currency=new.currency, by=by, at=at)


def _is_system(name: str) -> bool:
    return re.fullmatch(SYSTEM, name) is not None


def begin(
    session: Session, creditor: Creditor, system: str, by: Actor, at: datetime, currencies: Collection[str], progress: Progress
) -> Arrival:  # fmt: skip
    """A load under way in this transaction, which waits for any other."""
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("a load needs a connection of psycopg")
    arrival = Arrival(
        connection.cursor(), creditor, system, by, at, local(at, creditor.zone).date(), progress, frozenset()
    )
    arrival.run("select pg_advisory_xact_lock(%(lock)s)", lock=_ONE_AT_A_TIME)
    arrival.at = arrival.ask("select greatest(%(at)s, max(recorded_at)) from batch")[0][0]
    arrival.today = local(arrival.at, creditor.zone).date()
    arrival.run("select set_config('work_mem', '256MB', true), set_config('jit', 'off', true)")
    used = arrival.ask("select distinct currency from account where creditor_id = %(creditor)s")
    arrival.currencies = frozenset({creditor.currency, *currencies, *(row[0] for row in used)})
    arrival.run(check.FINDINGS)
    arrival.run(_CORRECTIONS)
    arrival.run("create temp table touched (account_id bigint) on commit drop")
    return arrival


def _stage(arrival: Arrival, kind: str, path: Path | None) -> None:
    """Reads a file, or stands an empty one in its place where there is none or it cannot be used."""
    fallen = kind != ACCOUNTS and bool(
        arrival.ask("select 1 from finding where file = 'accounts' and n is null and refused")
    )
    if path is not None and fallen:
        arrival.find([Finding(kind, None, None, "file.accounts_refused")])
    elif path is not None:
        stage(arrival, kind, path)
    if kind not in arrival.headers:
        arrival.headers[kind] = Header(kind, ())
        arrival.rows[kind], arrival.unread[kind] = 0, 0
        columns = ", ".join(f'"{column}" text' for column in COLUMNS[kind])
        arrival.run(f"create temp table staged_{kind} (n bigint, {columns}) on commit drop")


def _step(arrival: Arrival, name: str, done: int) -> None:
    arrival.progress(name, done, 5)


def _counts(arrival: Arrival, dues: FileCount, came: int, posted: int) -> dict[str, FileCount]:
    refused = dict(
        arrival.ask("select file, count(distinct n) from finding where refused and n is not null group by file")
    )
    fresh, good, changed, liable_good, liable_added, liable_changed = arrival.ask(
        "select (select count(*) from in_accounts where fresh), (select count(*) from in_accounts),"
        " (select count(*) from in_accounts i where not fresh and (exists (select from correction c where c.file = 'accounts'"
        " and c.place = 'account' and c.n = i.n) or exists (select from written w where w.person_ref = i.person_ref"
        " and w.fields is not null))), (select count(*) from in_liable),"
        " (select count(*) from liable where old_id is null), (select count(*) from in_liable i where exists (select from"
        " correction c where c.file = 'liable' and c.place = 'account' and c.n = i.n) or (exists (select from written w"
        " where w.person_ref = i.person_ref and w.fields is not null) and not exists (select from liable l where l.n = i.n"
        " and l.old_id is null)))"
    )[0]
    files = {
        ACCOUNTS: FileCount(added=fresh, changed=changed, unchanged=good - fresh - changed),
        LIABLE: FileCount(
            added=liable_added, changed=liable_changed, unchanged=liable_good - liable_added - liable_changed
        ),
        INSTALMENTS: dues,
        ENTRIES: FileCount(added=posted, unchanged=came),
    }
    return {
        kind: replace(count, rows=arrival.rows[kind], refused=refused.get(kind, 0)) for kind, count in files.items()
    }


def _result(
    arrival: Arrival, files: Mapping[str, Path], counts: dict[str, FileCount], added: int, joined: int, likely: list[Likely]
) -> LoadResult:  # fmt: skip
    order = "array_position(array['accounts', 'liable', 'instalments', 'entries'], file), n nulls first"
    found = [
        Finding(*row)
        for row in arrival.ask(
            f"select file, n, field, code, facts, refused from finding order by {order}, field limit {FINDINGS_KEPT}"
        )
    ]
    more = arrival.ask("select count(*) from finding")[0][0] - len(found)
    if more:
        found.append(Finding(found[-1].file, None, None, "more", {"count": more}, refused=False))
    corrected = arrival.ask(f"select file, n, ref, fields from correction order by {order}, ref limit {FINDINGS_KEPT}")
    return LoadResult(
        creditor=arrival.creditor.ref,
        system=arrival.system,
        files={kind: counts[kind] for kind in ORDER if kind in files},
        findings=tuple(found),
        corrections=tuple(Correction(file, n, ref, tuple(fields)) for file, n, ref, fields in corrected),
        likely=tuple(LikelyPair(pair.case_ref, pair.other, pair.because) for pair in likely),
        joined=joined,
        people_added=added,
        kept=True,
    )


def tell(arrival: Arrival, session: Session, result: LoadResult) -> int:
    """The batch and its line, and a line for each case that was corrected. Returns the batch's id."""
    counts: dict[str, Any] = {
        kind: {name: getattr(count, name) for name in FileCount.__slots__ if getattr(count, name)}
        for kind, count in result.files.items()
    }
    batch: int = arrival.ask(
        "insert into batch (creditor_id, system, by, recorded_at, counts) values (%(creditor)s, %(system)s, %(by)s, %(at)s,"
        " %(counts)s) returning id",
        counts=Jsonb(counts),
    )[0][0]
    record(session, Kind.LOADED, by=arrival.by, at=arrival.at, creditor=arrival.creditor.id, subject=f"batch:{batch}",
           facts=counts)  # fmt: skip
    for place, kind in _KINDS.items():
        arrival.run(
            "insert into history (at, kind, actor, creditor_id, person_id, account_id, subject, facts) select %(at)s, %(kind)s,"
            f" %(by)s, %(creditor)s, person_id, account_id, 'batch:{batch}', coalesce(counts, json_build_object('fields', fields))"
            f" from correction where place = '{place}' order by file, n, account_id",
            kind=str(kind),
        )
    return batch
