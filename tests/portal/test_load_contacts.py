"""`evenly load-contacts` as an operator runs it: what it says, what it keeps, and how it ends."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from tests.factories import a_creditor, a_person
from tests.portal.commands import Evenly
from tests.portal.commands import evenly as evenly

HEADER = "person_ref,kind,value,source,as_of\n"
GOOD = "P7,mobile,07700 900318,tracing agent,2026-01-02\n"
BAD = "P8,mobile,07700 900319,tracing agent,2026-01-02\n"
WHOSE = ("--creditor", "tidewell", "--system", "test")


@pytest.fixture
def file(db: Database, tmp_path: Path) -> Path:
    with db.acting() as session:
        a_person(session, a_creditor(session, "tidewell"), ref="P7")
    path = tmp_path / "from-the-agent.csv"
    path.write_text(HEADER + GOOD + BAD, "utf-8")
    return path


def kept(superuser: Connection) -> int:
    superuser.rollback()
    return int(superuser.scalar(text("select count(*) from contact")))


def test_good_rows_are_loaded_and_bad_ones_named_with_their_remedy(evenly: Evenly, file: Path, superuser: Connection) -> None:
    result = evenly("load-contacts", str(file), *WHOSE)
    assert result.exit_code == 1 and kept(superuser) == 1
    assert "contacts.csv: 2 rows, 1 added, 0 changed, 0 unchanged, 1 refused" in result.output
    assert "refused: contacts.csv, row 3, person_ref: No person of this creditor and system is called so." in result.output
    assert "new people" not in result.output, "a file of contacts makes nobody"
    again = evenly("load-contacts", str(file), *WHOSE)
    assert "0 added, 0 changed, 1 unchanged, 1 refused" in again.output and kept(superuser) == 1
    file.write_text(HEADER + GOOD, "utf-8")
    assert evenly("load-contacts", str(file), *WHOSE).exit_code == 0


def test_a_rehearsal_and_all_or_none_keep_nothing(evenly: Evenly, file: Path, superuser: Connection) -> None:
    assert "this was a dry run" in evenly("load-contacts", str(file), *WHOSE, "--dry-run").output
    assert "Nothing was loaded" in evenly("load-contacts", str(file), *WHOSE, "--atomic").output
    assert kept(superuser) == 0


def test_programs_and_spreadsheets_get_the_same(evenly: Evenly, file: Path, tmp_path: Path) -> None:
    report = tmp_path / "out.csv"
    said = json.loads(evenly("load-contacts", str(file), *WHOSE, "--json", "--report", str(report)).stdout)
    assert said["files"]["contacts.csv"]["added"] == 1 and said["findings"][0]["code"] == "way.unknown"
    [row] = list(csv.DictReader(report.read_text("utf-8-sig").splitlines()))
    assert (row["file"], row["row"], row["field"], row["remedy"]) == (
        "contacts.csv", "3", "person_ref", said["findings"][0]["remedy"])  # fmt: skip


def test_an_unknown_creditor_is_said_plainly(evenly: Evenly, file: Path) -> None:
    result = evenly("load-contacts", str(file), "--creditor", "nobody", "--system", "test")
    assert result.exit_code == 1 and "There is no creditor nobody." in result.output
