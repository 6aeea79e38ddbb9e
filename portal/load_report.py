"""What a load says to whoever sent the files: on the screen, as JSON, and in the report file.

A finding comes as a code and its facts (`cases/intake/result.py`); here it
becomes a sentence and a remedy in the staff domain. The report file has one line
a finding, correction and likely pair, for a spreadsheet; the screen shows the
first of each.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

from cases.intake.result import Finding, LoadResult
from portal.language import DOMAINS, _s

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "file.empty": (_s("The file is empty."), _s("Send the file again with its header row.")),
    "file.encoding": (_s("The file is not written in UTF-8."), _s("Save it as CSV in UTF-8 and load it again.")),
    "file.separator": (
        _s("The columns are not parted by commas."),
        _s("Save it as CSV with commas and load it again."),
    ),
    "file.header": (_s("The header row cannot be read."), _s("Save it as CSV with line breaks of Windows or Unix.")),
    "file.column_missing": (
        _s("The column %(column)s is missing."),
        _s("Add the column %(column)s. Nothing of this file was loaded."),
    ),
    "file.column_twice": (
        _s("The column %(column)s stands twice."),
        _s("Keep one of the two and load the file again."),
    ),
    "file.columns": (
        _s("The file has more than %(most)s columns."),
        _s("Take out columns that are not needed, and load it again."),
    ),
    "file.accounts_refused": (
        _s("accounts.csv was refused, and this file stands on it."),
        _s("Mend accounts.csv first and load all files again."),
    ),
    "row.columns": (
        _s("The row has %(has)s fields; the header has %(wants)s."),
        _s("Look for a missing comma, or for the end of a file cut short. Send the whole row."),
    ),
    "row.encoding": (_s("The row is not written in UTF-8."), _s("Save the file as UTF-8 and load it again.")),
    "row.quotes": (
        _s("A quotation mark opens and does not close as it should."),
        _s("Put the whole field in quotation marks and double those inside."),
    ),
    "row.cut_short": (
        _s("The file ends inside this row, so its last value may be cut off."),
        _s("Send the whole file. If the row is whole, end it with a line break."),
    ),
    "required": (_s("This field is empty and is needed."), _s("Fill it in and load the row again.")),
    "long": (_s("This field is longer than %(most)s characters."), _s("Shorten it, and load the row again.")),
    "date": (_s("%(value)s is not a day."), _s("Write the day as 2026-11-24, and one that exists.")),
    "born": (_s("The date of birth is not a day."), _s("Write it as 1984-05-17, or leave it empty.")),
    "born.future": (_s("The date of birth is still to come."), _s("Correct it, or leave it empty.")),
    "amount": (_s("%(value)s is not an amount."), _s("Write it with a dot and nothing else, as 1234.50.")),
    "amount.negative": (
        _s("%(value)s is below nought."),
        _s("Write it without the minus: the kind gives the direction. Only an adjustment may be negative."),
    ),
    "amount.zero": (_s("The amount is nought."), _s("Leave the row out.")),
    "amount.decimals": (
        _s("%(value)s has too many decimals: %(currency)s has %(decimals)s."),
        _s("Write the amount with no more decimals than that."),
    ),
    "amount.large": (_s("The amount is too large to be right."), _s("Look at it again.")),
    "amount.sum": (
        _s("The amounts of this account are too large together to be right."),
        _s("Look at all of them again."),
    ),
    "rate": (_s("%(value)s is not a rate."), _s("Write the yearly rate in percent, as 8.5.")),
    "country": (_s("%(value)s is not a country."), _s("Write its two letters, as GB or SE.")),
    "currency.unknown": (_s("%(value)s is not a currency."), _s("Write its three letters, as GBP or SEK.")),
    "currency.new": (
        _s("%(value)s is new for this creditor."),
        _s("Correct it. If it is right, load again and name it with --currency."),
    ),
    "currency.changed": (
        _s("The account is in %(was)s, and the row says %(value)s."),
        _s("An account never changes its currency. Correct the row, or use a new account_ref."),
    ),
    "currency.other": (
        _s("The row says %(value)s, and its account is in %(currency)s."),
        _s("Correct the currency, or the account_ref."),
    ),
    "component": (
        _s("%(value)s is not a part of an instalment."),
        _s("Write principal or interest, or leave it empty for both."),
    ),
    "kind": (
        _s("%(value)s is not a kind of entry."),
        _s("Write charge, payment, interest, fee, cost, adjustment or reversal."),
    ),
    "role": (_s("%(value)s is not a role here."), _s("Write joint or guarantor. The holder stands in accounts.csv.")),
    "duplicate": (
        _s("The same reference stands in row %(first)s; that row counts."),
        _s("Delete this row, or give it a reference of its own."),
    ),
    "person.disagree": (
        _s("Row %(row)s of %(file)s says something else of the same person."),
        _s("Make both rows say the same, and load them again."),
    ),
    "person.unknown": (
        _s("No row says who this person is."),
        _s("Fill in the name and the other columns of the person."),
    ),
    "person.refused": (
        _s("The row that says who this person is was refused."),
        _s("Mend that row, and load both again."),
    ),
    "liable.holder": (_s("This person is the holder of the account already."), _s("Delete this row.")),
    "account.unknown": (
        _s("There is no account with this reference."),
        _s("Correct it, or send its row in accounts.csv."),
    ),
    "account.refused": (_s("Its account was refused."), _s("Mend the row in accounts.csv, and load both again.")),
    "entry.changed": (
        _s("This entry came before with other figures."),
        _s("Nothing posted is changed. Send a reversal of it, and a new entry with a new reference."),
    ),
    "reversal.names_nothing": (
        _s("The reversal does not say what it takes back."),
        _s("Write the entry_ref of that entry under reverses."),
    ),
    "reversal.not_a_reversal": (
        _s("Only a reversal takes something back."),
        _s("Empty the field reverses, or write reversal as the kind."),
    ),
    "reversal.nothing": (
        _s("There is no entry %(value)s to take back."),
        _s("Correct the reference, or send that entry too."),
    ),
    "reversal.refused": (_s("The entry %(value)s was refused itself."), _s("Mend that row, and load both again.")),
    "reversal.of_reversal": (
        _s("%(value)s is a reversal itself."),
        _s("Send the original entry again, with a new reference."),
    ),
    "reversal.account": (
        _s("The entry %(value)s belongs to another account."),
        _s("Correct the account_ref or the reference."),
    ),
    "reversal.again": (_s("The entry %(value)s was taken back already."), _s("Delete this row.")),
    "reversal.early": (
        _s("The reversal is dated before the entry %(value)s."),
        _s("Give it the day of that entry or a later one."),
    ),
    "reversal.amount": (
        _s("The amount is not that of the entry %(value)s."),
        _s("A reversal takes back the whole entry. For a part, send an adjustment."),
    ),
    "way.who": (
        _s("The row does not say whose it is."),
        _s("Fill in person_ref, or national_id, and load the row again."),
    ),
    "way.unknown": (
        _s("No person of this creditor and system is called so."),
        _s("Correct the reference, or load the account of that person first."),
    ),
    "way.several": (
        _s("Several people have this national_id."),
        _s("Name the one with person_ref, and load the row again."),
    ),
    "way.kind": (_s("%(value)s is not a kind of contact."), _s("Write mobile, phone, email or address.")),
    "way.phone": (_s("The number cannot be read."), _s("Write it with its country, as +44 7700 900123.")),
    "way.textable": (
        _s("No text can reach this number."),
        _s("Write phone as the kind, or correct the number."),
    ),
    "way.mail": (_s("The mail address cannot be read."), _s("Write it as name@example.org.")),
    "way.address": (_s("The postal address cannot be read."), _s("Write the street, the code and the town.")),
    "way.future": (_s("%(value)s is still to come."), _s("Write the day on which it was known.")),
    "phone": (
        _s("The phone number cannot be read. The person was loaded without it."),
        _s("Write it with its country, as +44 7700 900123."),
    ),
    "mail": (
        _s("The mail address cannot be read. The person was loaded without it."),
        _s("Write it as name@example.org."),
    ),
    "language": (
        _s("The language cannot be read. The person was loaded without it."),
        _s("Write its two letters, as en or sv."),
    ),
    "national_id": (
        _s("The national_id is not right. It was kept, and joins this person with nobody."),
        _s("Correct it, or leave it empty."),
    ),
    "row.no_line_break": (
        _s("The file ends without a line break. The row was loaded."),
        _s("Check that the file is whole."),
    ),
    "due_on.ignored": (
        _s("due_on belongs to charges alone. The %(kind)s was loaded without it."),
        _s("Leave the field empty, or send the due date in instalments.csv."),
    ),
    "schedule.kept": (
        _s("Some rows were refused, so no missing instalment was withdrawn for their accounts."),
        _s("Mend the rows and load the file again."),
    ),
    "more": (_s("There are %(count)s more findings."), _s("Mend these first and load again.")),
}
"""What happened, and what to do, for each code."""

BECAUSE: Final[Mapping[str, str]] = {
    "national_id": _s("the same national_id"),
    "born": _s("the same name and date of birth"),
    "phone": _s("the same name and phone"),
    "email": _s("the same name and mail"),
}

STEPS: Final[Mapping[str, str]] = {
    "read": _s("reading"),
    "accounts": _s("accounts"),
    "people": _s("people"),
    "instalments": _s("instalments"),
    "entries": _s("entries"),
    "contacts": _s("contacts"),
    "replay": _s("reversals"),
    "day": _s("closing days"),
    "positions": _s("positions"),
    "statements": _s("statements"),
    "done": _s("done"),
}
"""What a step of a load is called on the screen."""

SHOWN: Final = 50
"""How many findings, and corrections, the screen shows; the report file has them all."""

_BAR: Final = 30
_COUNTS: Final = _s(
    "%(file)s: %(rows)s rows, %(added)s added, %(changed)s changed, %(unchanged)s unchanged, %(refused)s refused"
)
_COLUMNS: Final = ("what", "file", "row", "field", "code", "says", "remedy")


class Progress:
    """A bar on a terminal while a load works; nothing where the output is no terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._shown, self._is_terminal = out, "", out.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show("")

    def __call__(self, step: str, done: int, total: int) -> None:
        """Shows how far a step is; `load` calls it."""
        if not self._is_terminal:
            return
        first, _, file = step.partition(" ")
        name = f"{DOMAINS['staff'].gettext(STEPS.get(first, first))} {file}".strip()
        full = _BAR * done // total if total else _BAR
        self._show(f"[{'#' * full}{'.' * (_BAR - full)}] {name}")

    def _show(self, line: str) -> None:
        if line != self._shown:
            self._out.write(f"\r{line:<{len(self._shown)}}" + ("" if line else "\r"))
            self._out.flush()
            self._shown = line


def sentence(finding: Finding) -> tuple[str, str]:
    """What was found and what to do about it, in the language of whoever loads."""
    words = DOMAINS["staff"]
    what, remedy = (str(words.gettext(text)) for text in WORDS[finding.code])
    return what % finding.facts, remedy % finding.facts


def place(finding: Finding) -> str:
    """Where: the file, and the row and field if it is about one."""
    parts = [f"{finding.file}.csv"]
    parts += [f"row {finding.row}"] if finding.row is not None else []
    parts += [finding.field] if finding.field else []
    return ", ".join(parts)


def as_text(result: LoadResult, *, dry_run: bool = False) -> str:
    """What the screen shows: counts of each file, the first findings, what was corrected, who may be one."""
    say = DOMAINS["staff"].gettext
    lines = []
    for kind, count in result.files.items():
        lines.append(
            say(_COUNTS) % ({"file": f"{kind}.csv"} | {name: getattr(count, name) for name in count.__slots__})
        )
        if count.withdrawn:
            lines.append("  " + say(_s("%(count)s instalments withdrawn")) % {"count": count.withdrawn})
    if set(result.files) != {"contacts"}:
        lines.append(
            say(_s("%(added)s new people, %(joined)s joined")) % {"added": result.people_added, "joined": result.joined}
        )
    for finding in result.findings[:SHOWN]:
        what, remedy = sentence(finding)
        label = say(_s("refused")) if finding.refused else say(_s("warning"))
        lines.append(f"{label}: {place(finding)}: {what} {remedy}")
    for correction in result.corrections[:SHOWN]:
        where = f"{correction.file}.csv" + (f", row {correction.row}" if correction.row is not None else "")
        lines.append(f"{say(_s('corrected'))}: {where}: {correction.ref}: {', '.join(correction.fields)}")
    for pair in result.likely[:SHOWN]:
        lines.append(f"{say(_s('perhaps one person'))}: {pair.case_ref}, {pair.other}: {_because(pair.because)}")
    longer = max(len(result.findings), len(result.corrections), len(result.likely)) > SHOWN
    lines += [say(_s("There is more. --report writes all of it to a file."))] if longer else []
    if dry_run:
        lines.append(say(_s("Nothing was changed: this was a dry run.")))
    elif not result.kept:
        lines.append(say(_s("Nothing was loaded: a row was refused, and every row or none was asked for.")))
    return "\n".join(lines)


def as_json(result: LoadResult) -> dict[str, Any]:
    """The result for programs: counts, findings with sentence and remedy, corrections, likely pairs."""
    findings = []
    for finding in result.findings:
        what, remedy = sentence(finding)
        where = {"file": f"{finding.file}.csv", "row": finding.row, "field": finding.field}
        findings.append(where | {"code": finding.code, "refused": finding.refused, "says": what, "remedy": remedy})
    return {
        "creditor": result.creditor,
        "system": result.system,
        "kept": result.kept,
        "batch": result.batch,
        "files": {
            f"{kind}.csv": {name: getattr(count, name) for name in count.__slots__}
            for kind, count in result.files.items()
        },
        "people": {"added": result.people_added, "joined": result.joined},
        "findings": findings,
        "corrections": [
            {"file": f"{c.file}.csv", "row": c.row, "ref": c.ref, "fields": list(c.fields)} for c in result.corrections
        ],
        "likely": [{"case": p.case_ref, "other": p.other, "because": list(p.because)} for p in result.likely],
    }


def write_report(path: Path, result: LoadResult) -> None:
    """Writes all that a load found, corrected and listed, one line each, as CSV that a spreadsheet opens safely."""
    with path.open("w", newline="", encoding="utf-8-sig") as out:
        writer = csv.writer(out)
        writer.writerow(_COLUMNS)
        writer.writerows([_safe(cell) for cell in line] for line in _lines(result))


def _lines(result: LoadResult) -> Iterator[tuple[object, ...]]:
    for finding in result.findings:
        what = "refused" if finding.refused else "warning"
        yield (what, f"{finding.file}.csv", finding.row, finding.field, finding.code, *sentence(finding))
    for correction in result.corrections:
        fields = ", ".join(correction.fields)
        yield ("corrected", f"{correction.file}.csv", correction.row, fields, "", correction.ref, "")
    for pair in result.likely:
        yield ("likely", "", "", "", "", f"{pair.case_ref}, {pair.other}: {_because(pair.because)}", "")


def _because(equal: tuple[str, ...]) -> str:
    return ", ".join(str(DOMAINS["staff"].gettext(BECAUSE[name])) for name in equal)


def _safe(cell: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
