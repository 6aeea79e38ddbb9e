"""The commands that make statements: what they write, what they refuse, and that nothing is made twice."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from tests.factories import a_charge, a_creditor, a_payment, a_person, an_account
from tests.portal.commands import Evenly, answer
from tests.portal.commands import evenly as evenly


def test_a_statement_is_a_pdf_made_once(evenly: Evenly, db: Database, tmp_path: Path) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, "tidewell")
        marta = a_person(session, creditor)
        account = an_account(session, creditor, marta)
        a_charge(session, account, 6200, date(2025, 3, 1))
        a_payment(session, [(account, 1200)], date(2025, 4, 1))
        case = marta.case_ref
    out = tmp_path / "s.pdf"
    first = answer(evenly("statement", case, "--year", "2025", "--out", str(out), "--json"))
    assert out.read_bytes().startswith(b"%PDF-") and first["bytes"] == out.stat().st_size
    assert answer(evenly("statement", case, "--year", "2025", "--out", str(out), "--json")) == first
    to = evenly("statement", case, "--to", "2025-03-31", "--large", "--out", "-")
    assert to.stdout_bytes.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--year", "2025", "--to", "2025-03-01"), 2, "give --year, or --to"),
        ((), 2, "give --year, or --to"),
        (("--to", "2999-01-01"), 1, "is no time that has been"),
        (("--from", "2025-03-01", "--to", "2025-02-01"), 1, "is no time that has been"),
    ],
)
def test_a_statement_of_no_time_is_refused(
    evenly: Evenly, db: Database, words: tuple[str, ...], code: int, told: str
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        marta = a_person(session, creditor)
        an_account(session, creditor, marta)
        case = marta.case_ref
    result = evenly("statement", case, *words)
    assert result.exit_code == code and told in result.output


def test_a_creditors_statements_are_made_for_all_who_owe_and_not_again(
    evenly: Evenly, db: Database, superuser: Connection
) -> None:
    with db.acting() as session:
        creditor, other = a_creditor(session, "tidewell"), a_creditor(session, "ashmere")
        people = [a_person(session, creditor, name=name) for name in ("Marta Lindqvist", "Idris Farrow", "王小明")]
        for person in people:
            a_charge(session, an_account(session, creditor, person), 500, date(2025, 5, 1))
        a_charge(session, an_account(session, other, people[0]), 900, date(2025, 5, 1))
        a_charge(session, an_account(session, other, a_person(session, other)), 900, date(2025, 5, 1))
    told = answer(evenly("statements", "--creditor", "tidewell", "--year", "2025", "--json"))
    assert (told["statements"], told["issued"], told["failed"]) == (3, 2, 1)  # one name has letters that no font of ours has
    again = answer(evenly("statements", "--creditor", "tidewell", "--year", "2025", "--json"))
    assert again == told
    papers = superuser.execute(text("select paper from document where state = 'issued' order by person_id")).scalars()
    assert ["900" in paper or "9.00" in paper for paper in papers] == [True, False]  # over all debts of the person
    assert evenly("statements", "--creditor", "tidewell", "--year", "2999").exit_code == 1
