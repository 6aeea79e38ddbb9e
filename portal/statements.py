"""The commands that make statements: one person's, and those of all who owe a creditor.

A statement is a document like any other: asked for, made and kept. `statements` asks for them all at once and
lends the workers a hand until they are made; stopped at any moment, the workers go on, and called again it goes
on watching the same ones.
"""

import json
import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import Final

import click

from cases.debts.creditor import creditor_called
from cases.debts.statement import NotAPeriod
from cases.people.person import case_called
from messaging import documents
from messaging.papers.recipient import recipient_of
from messaging.papers.statement import ask_statement
from portal import wiring
from portal.door import BY_COMMAND, Door, door
from portal.load_report import Progress
from portal.press import Press

_PAUSE: Final = 0.5


@click.command("statement")
@click.argument("person")
@click.option("--year", type=click.IntRange(1970, 9999))
@click.option("--from", "first_day", type=click.DateTime(["%Y-%m-%d"]), help="With --to; else the first of January.")
@click.option("--to", "last_day", type=click.DateTime(["%Y-%m-%d"]), help="The last day of the statement.")
@click.option("--large", is_flag=True, help="In large print.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where it goes; - is standard output.")
@click.option("--json", "as_json", is_flag=True)
def statement_command(
    person: str, year: int | None, first_day: datetime | None, last_day: datetime | None, large: bool,
    out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Make a person's statement over all debts, as PDF. PERSON is a case reference."""
    if (year is None) == (last_day is None) or (first_day is not None and last_day is None):
        raise click.UsageError("give --year, or --to with or without --from")
    with door() as at:
        press = _press(at)
        with at.db.acting() as session:
            to = recipient_of(session, case_called(session, person).id)
            first, last = _days(year, first_day, last_day, to.today(at.now))
            asked = ask_statement(session, to, press.us, first, last, language=to.language, large=large, by=BY_COMMAND,
                                  at=at.now).id  # fmt: skip
        made = press.make(asked)
    if made is None:
        click.echo("The statement could not be made. The case says so, and the log says why.", err=True)
        sys.exit(1)
    if str(out) == "-":
        sys.stdout.buffer.write(made.pdf or b"")
        return
    path = out or Path(f"statement-{person}-{last:%Y-%m-%d}.pdf")
    path.write_bytes(made.pdf or b"")
    told = {"document": made.id, "file": str(path), "bytes": made.size, "sha256": (made.pdf_sha or b"").hex()}
    click.echo(json.dumps(told) if as_json else f"{path}: {made.size} bytes, document {made.id}.")


@click.command("statements")
@click.option("--creditor", "creditor_ref", required=True)
@click.option("--year", type=click.IntRange(1970, 9999), required=True)
@click.option("--large", is_flag=True, help="In large print.")
@click.option("--json", "as_json", is_flag=True)
def statements_command(creditor_ref: str, year: int, large: bool, as_json: bool) -> None:
    """Make the statements of all people who owe a creditor, over all their debts. They stand under Letters."""
    with door() as at, Progress(sys.stderr) as progress:
        press = _press(at)
        with at.db.acting() as session:
            creditor = creditor_called(session, creditor_ref)
            today = at.clock.today(creditor.zone)
            if year > today.year:
                raise NotAPeriod(first=date(year, 1, 1), last=date(year, 12, 31))
            first, last = _days(year, None, None, today)
            batch = documents.ask_statements(
                session, creditor.id, first, last, by=BY_COMMAND, at=at.now, large=large
            ).id
        while True:
            press.run(longest=_PAUSE)
            with at.db.acting() as session:
                now = documents.progress(session, batch)
            progress(f"statements {creditor_ref}", now.done, now.all)
            if not now.asked:
                break
            time.sleep(_PAUSE)
    told = {"batch": batch, "statements": now.all, "issued": now.issued, "failed": now.failed}
    click.echo(json.dumps(told) if as_json else f"{now.issued} statements issued, {now.failed} could not be made.")
    sys.exit(1 if now.failed else 0)


def _days(year: int | None, first: datetime | None, last: datetime | None, today: date) -> tuple[date, date]:
    """A year, this one so far, or what was asked."""
    if year is not None:
        return date(year, 1, 1), today if year == today.year else date(year, 12, 31)
    assert last is not None
    return first.date() if first else date(last.year, 1, 1), last.date()


def _press(at: Door) -> Press:
    return Press(at.db, at.clock, wiring.letterhead(at.settings))
