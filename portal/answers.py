"""The commands that load and answer: load, load-contacts, day, positions, explain, case, seal, verify.

Each is a door of one transaction. Loading that was refused whole, or only
rehearsed (`--dry-run`), rolls back.
"""

import csv
import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
import structlog
from sqlalchemy import select

from cases import seal, verify
from cases.arrears import daily, explain, position
from cases.clock import local
from cases.debts.account import Account, account_called
from cases.debts.creditor import Creditor, creditor_called
from cases.history import timeline
from cases.intake import contacts, layout, load
from cases.intake.result import LoadResult
from cases.money import Money
from cases.people.joint import accounts_of
from cases.people.person import all_ids, case_called
from messaging import documents
from portal import day as day_end
from portal import load_report
from portal.door import BY_COMMAND, Door, door
from portal.statements import statement_command, statements_command

log = structlog.get_logger()

DAY = click.DateTime(["%Y-%m-%d"])


def join(main: click.Group) -> None:
    """Adds these commands to `evenly`."""
    for command in (
        load_command, load_contacts_command,
        day_command, positions_command, explain_command, case_command, seal_command, verify_command,
        statement_command, statements_command,
    ):  # fmt: skip
        main.add_command(command)


@click.command("load")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--creditor", "creditor_ref", required=True, help="Whose book.")
@click.option("--system", required=True, help="The source system's name.")
@click.option("--new-creditor", help="The name of a creditor to take on.")
@click.option("--country", help="The new creditor's country, two letters.")
@click.option("--currency", help="The new creditor's currency, or one that is new for this creditor.")
@click.option("--atomic", is_flag=True, help="Load every row or none.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and do nothing.")
@click.option("--report", type=click.Path(path_type=Path), help="Write a CSV of what was refused or corrected.")
@click.option("--json", "as_json", is_flag=True)
def load_command(
    path: Path, creditor_ref: str, system: str, new_creditor: str | None, country: str | None, currency: str | None,
    atomic: bool, dry_run: bool, report: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Load accounts, people, instalments and entries from a folder or file of Evenly's layout."""
    if (new_creditor is None) != (country is None) or (new_creditor is not None and currency is None):
        raise click.UsageError("--new-creditor, --country and --currency go together")
    new = load.NewCreditor(new_creditor, country, currency) if new_creditor and country and currency else None
    files = layout.files_of(path)
    with door() as at, load_report.Progress(sys.stderr) as progress:
        try:
            with at.db.acting() as session:
                result = load.load(
                    session, files, creditor=creditor_ref, system=system, new_creditor=new, atomic=atomic,
                    currencies=[currency] if currency else [], dry_run=dry_run, by=BY_COMMAND, at=at.now,
                    progress=progress,
                )  # fmt: skip
        except load.NothingKept as nothing:
            result = nothing.result
    _said(result, report=report, dry_run=dry_run, as_json=as_json)


@click.command("load-contacts")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--creditor", "creditor_ref", required=True, help="Whose people.")
@click.option("--system", required=True, help="The source system's name.")
@click.option("--atomic", is_flag=True, help="Load every row or none.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and do nothing.")
@click.option("--report", type=click.Path(path_type=Path), help="Write a CSV of what was refused or corrected.")
@click.option("--json", "as_json", is_flag=True)
def load_contacts_command(
    path: Path, creditor_ref: str, system: str, atomic: bool, dry_run: bool, report: Path | None, as_json: bool
) -> None:
    """Load numbers and addresses of people from a file of Evenly's layout, with source and date."""
    with door() as at, load_report.Progress(sys.stderr) as progress:
        try:
            with at.db.acting() as session:
                result = contacts.load_contacts(
                    session, path, creditor=creditor_ref, system=system, atomic=atomic, dry_run=dry_run,
                    by=BY_COMMAND, at=at.now, progress=progress,
                )  # fmt: skip
        except load.NothingKept as nothing:
            result = nothing.result
    _said(result, report=report, dry_run=dry_run, as_json=as_json)


@click.command("day")
@click.option("--on", type=DAY, help="The last day to close; else every day that has ended.")
@click.option("--rebuild", "creditor_ref", help="A creditor's ref: its positions are then derived anew.")
@click.option("--json", "as_json", is_flag=True)
def day_command(on: datetime | None, creditor_ref: str | None, as_json: bool) -> None:
    """Close the days that have ended: what is overdue by then, and whether plans were kept."""
    until = on.date() if on else None
    with door() as at, load_report.Progress(sys.stderr) as progress:
        with at.db.acting() as session:
            if creditor_ref:
                creditor_called(session, creditor_ref)
            if until:
                daily.refuse_day(session, until, at=at.now)
        result = day_end.run(at.db, at.now, until=until, longest=day_end.LONGEST, progress=progress)
        rebuilt = day_end.rebuild(at.db, at.now, creditor_ref, progress=progress) if creditor_ref else None
        told = day_end.as_json(at.db, result, rebuilt) if as_json else day_end.as_text(at.db, result, rebuilt)
    click.echo(json.dumps(told) if as_json else told)
    sys.exit(1 if result.open else 0)


@click.command("positions")
@click.option("--creditor", "creditor_ref", required=True)
@click.option("--on", type=DAY, help="The day asked; else the creditor's today.")
@click.option("--json", "as_json", is_flag=True)
def positions_command(creditor_ref: str, on: datetime | None, as_json: bool) -> None:
    """Print what is overdue on each account of a creditor, as CSV."""
    rows = []
    with door() as at, at.db.asking("staff") as session:
        creditor = creditor_called(session, creditor_ref)
        day = _day(at, creditor, on)
        refs: dict[int, tuple[str, str]] = {
            i: (ref, currency)
            for i, ref, currency in session.execute(
                select(Account.id, Account.ref, Account.currency).where(Account.creditor_id == creditor.id)
            )
        }
        for found in position.derived_for_creditor(session, creditor.id, day):
            ref, currency = refs[found.account]
            rows.append({"account_ref": ref, "overdue": Money(found.overdue, currency).decimal_string(),
                         "days_in_arrears": found.days, "since": found.since.isoformat() if found.since else "",
                         "status": "", "band": "", "pool": "", "collector": ""})  # fmt: skip
    rows.sort(key=lambda row: (-row["days_in_arrears"], row["account_ref"]))  # type: ignore[operator]
    if as_json:
        click.echo(json.dumps(rows))
        return
    names = ["account_ref", "overdue", "days_in_arrears", "since", "status", "band", "pool", "collector"]
    out = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    out.writeheader()
    out.writerows(rows)


@click.command("explain")
@click.argument("account_ref")
@click.option("--creditor", "creditor_ref", required=True)
@click.option("--system")
@click.option("--on", type=DAY)
@click.option("--believed", is_flag=True, help="Only what was recorded by the end of that day.")
@click.option("--json", "as_json", is_flag=True)
def explain_command(
    account_ref: str, creditor_ref: str, system: str | None, on: datetime | None, believed: bool, as_json: bool
) -> None:
    """Print an account's position and each step that led to it."""
    with door() as at, at.db.asking("staff") as session:
        creditor = creditor_called(session, creditor_ref)
        account = account_called(session, creditor.id, account_ref, system)
        day = _day(at, creditor, on)
        before = explain.end_of_day(session, creditor.id, day) if believed else None
        found = explain.explain(explain.gather(session, [account.id], before)[account.id], day)
        currency = account.currency
    answer: dict[str, Any] = {
        "account": account_ref,
        "on": day.isoformat(),
        "currency": currency,
        "overdue": Money(found.overdue, currency).decimal_string(),
        "days_in_arrears": found.days,
        "since": found.since.isoformat() if found.since else None,
        "technical": None,
        "status": None,
        "band": None,
        "pool": None,
        "collector": None,
        "steps": [_in_units(step, currency) for step in found.steps],
    }
    click.echo(json.dumps(answer) if as_json else _steps_in_words(answer))


@click.command("case")
@click.argument("case_ref")
@click.option("--json", "as_json", is_flag=True)
@click.option("--lines", type=click.IntRange(1, 1000), default=50, show_default=True)
def case_command(case_ref: str, as_json: bool, lines: int) -> None:
    """Print the history of a case, newest first."""
    with door() as at, at.db.asking("staff") as session:
        people = all_ids(session, case_called(session, case_ref.upper()).id)
        told: list[dict[str, Any]] = [
            {"id": line.id, "at": line.at.isoformat(), "kind": line.kind, "by": line.actor, "subject": line.subject,
             "facts": line.facts}
            for line in timeline(session, people, accounts_of(session, people), limit=lines)
        ]  # fmt: skip
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in told:
        click.echo(f"{line['at'][:16]}  {line['kind']:24} {line['by']:14} {json.dumps(line['facts'])}")


@click.command("seal")
def seal_command() -> None:
    """Seal what is committed; print the seal's number and hash."""
    with door() as at, at.db.acting() as session:
        made = seal.close_block(session)
    if made is None:
        click.echo("Nothing new to seal.")
        return
    log.warning("sealed", seal=made[0], hash=made[1], rows=made[2])
    click.echo(f"{made[0]}:{made[1]} ({made[2]} rows)")


@click.command("verify")
@click.option("--anchor", help="NUMBER:HASH of a seal, as the log told it.")
@click.option("--json", "as_json", is_flag=True)
def verify_command(anchor: str | None, as_json: bool) -> None:
    """Prove ledger, seals and positions; name the first row of each rule that is off."""
    wanted = None
    if anchor:
        number, _, digest = anchor.partition(":")
        if not (number.isdigit() and len(digest) == 64):
            raise click.UsageError("--anchor is NUMBER:HASH, with the 64 hexadecimal digits that the log told")
        wanted = (int(number), digest.lower())
    with door() as at:
        with at.db.acting() as session:
            made = seal.close_block(session) if not seal.readiness(session) else None
        if made:
            log.warning("sealed", seal=made[0], hash=made[1], rows=made[2])
        with at.db.acting() as session:
            proof = verify.verify(session, wanted)
            letters, altered = documents.check(session)
    proof.findings.extend(altered)
    found = [{"where": f.where, "row": f.row, "what": f.what, "facts": dict(f.facts)} for f in proof.findings]
    if as_json:
        click.echo(json.dumps({"clean": proof.clean, "seals": proof.sealed.seals, "rows": proof.sealed.rows,
                               "redacted": proof.sealed.redacted, "unsealed": proof.sealed.unsealed,
                               "head": proof.sealed.head, "entries": proof.entries, "payments": proof.payments,
                               "positions": proof.positions, "letters": letters, "findings": found},
                              default=str))  # fmt: skip
    else:
        head = f", the last is {proof.sealed.head[0]}:{proof.sealed.head[1]}" if proof.sealed.head else ""
        click.echo(f"{proof.sealed.rows} rows proved in {proof.sealed.seals} seals{head}.")
        click.echo(f"{proof.sealed.unsealed} rows are not sealed yet; {proof.sealed.redacted} lines lost their facts.")
        click.echo(f"{proof.entries} entries, {proof.payments} payments, {proof.positions} positions checked.")
        click.echo(f"{letters} letters were issued, and {'one is' if altered else 'none is'} otherwise now.")
        for finding in found:
            click.echo(f"OFF: {finding['where']} {finding['row']}: {finding['what']} {finding['facts']}")
        click.echo("Nothing is off." if proof.clean else f"{len(found)} rules are broken.")
    sys.exit(0 if proof.clean else 1)


def _said(result: LoadResult, *, report: Path | None, dry_run: bool, as_json: bool) -> None:
    """Says what came of a load, writes its report, and ends the command."""
    if report:
        load_report.write_report(report, result)
    if as_json:
        click.echo(json.dumps(load_report.as_json(result), ensure_ascii=False))
    else:
        click.echo(load_report.as_text(result, dry_run=dry_run))
    sys.exit(1 if result.refused else 0)


def _day(at: Door, creditor: Creditor, on: datetime | None) -> date:
    """The day asked, or the creditor's today."""
    return on.date() if on else local(at.now, creditor.zone).date()


def _in_units(step: dict[str, object], currency: str) -> dict[str, object]:
    """A step whose sums are decimal strings."""
    sums = ("amount", "met", "open")
    return {k: Money(v, currency).decimal_string() if k in sums and isinstance(v, int) else v for k, v in step.items()}


def _steps_in_words(answer: dict[str, Any]) -> str:
    lines = [f"{answer['account']} on {answer['on']}"]
    for step in answer["steps"]:
        facts = ", ".join(f"{k} {v}" for k, v in step.items() if k != "step")
        lines.append(f"  {step['step'].replace('_', ' ')}: {facts}")
    return "\n".join(lines)
