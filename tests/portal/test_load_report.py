"""What a load says: a sentence and a remedy for each code, and a report that a spreadsheet opens safely."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from cases.intake.result import REFUSED, WARNED, Correction, FileCount, Finding, LikelyPair, LoadResult
from portal import load_report

CODES = {**REFUSED, **WARNED}


def _result(*findings: Finding, kept: bool = True) -> LoadResult:
    return LoadResult(
        creditor="tidewell", system="homes", files={"entries": FileCount(rows=3, added=1, refused=2)}, findings=findings,
        corrections=(Correction("accounts", 2, "A1", ("branch",)),), likely=(LikelyPair("EV1", "EV2", ("born",)),),
        joined=0, people_added=1, kept=kept, batch=7,
    )  # fmt: skip


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_sentence_and_a_remedy_from_its_own_facts(code: str) -> None:
    facts = dict.fromkeys(CODES[code].split(), "7")
    what, remedy = load_report.sentence(Finding("entries", 4, "amount", code, facts))
    assert what.endswith(".") and remedy.endswith(".") and "%(" not in what + remedy


def test_there_is_no_sentence_without_a_code() -> None:
    assert set(load_report.WORDS) == set(CODES)


def test_sentences_are_short() -> None:
    for pair in load_report.WORDS.values():
        for sentence in " ".join(pair).replace("accounts.csv", "it").replace("instalments.csv", "it").split(". "):
            assert len(sentence.split()) <= 20, sentence


def test_the_report_names_file_row_field_and_remedy_and_no_cell_is_a_formula(tmp_path: Path) -> None:
    bad = Finding("entries", 4, "amount", "amount", {"value": "=1+1"})
    load_report.write_report(tmp_path / "out.csv", _result(bad))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"))))
    assert [row["what"] for row in rows] == ["refused", "corrected", "likely"]
    assert (rows[0]["file"], rows[0]["row"], rows[0]["field"], rows[0]["code"]) == (
        "entries.csv",
        "4",
        "amount",
        "amount",
    )
    assert rows[0]["says"] == "'=1+1 is not an amount." and rows[0]["remedy"].startswith("Write it")


def test_the_screen_shows_counts_findings_and_whether_anything_was_kept() -> None:
    shown = load_report.as_text(_result(Finding("entries", 4, "amount", "amount.zero"), kept=False))
    assert "entries.csv: 3 rows, 1 added, 0 changed, 0 unchanged, 2 refused" in shown
    assert "refused: entries.csv, row 4, amount: The amount is nought. Leave the row out." in shown
    assert "Nothing was loaded" in shown
    assert "dry run" in load_report.as_text(_result(kept=False), dry_run=True)


def test_the_screen_shows_the_first_findings_and_says_that_there_are_more() -> None:
    many = [Finding("entries", n, "amount", "amount.zero") for n in range(2, 202)]
    shown = load_report.as_text(_result(*many))
    assert shown.count("refused: ") == load_report.SHOWN and "--report" in shown


def test_programs_get_the_same_as_json() -> None:
    said = load_report.as_json(_result(Finding("entries", 4, "amount", "amount.zero")))
    assert said["files"]["entries.csv"]["refused"] == 2 and said["kept"] and said["batch"] == 7
    assert said["findings"][0]["remedy"] == "Leave the row out." and said["corrections"][0]["fields"] == ["branch"]


def test_a_bar_moves_on_a_terminal_and_nothing_is_written_elsewhere() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    with load_report.Progress(out) as progress:
        progress("read entries", 1, 2)
    assert "[###############...............] reading entries" in out.getvalue() and out.getvalue().endswith("\r")
    quiet = io.StringIO()
    with load_report.Progress(quiet) as progress:
        progress("read entries", 1, 2)
    assert quiet.getvalue() == ""
