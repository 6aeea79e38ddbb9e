"""The press: what happened has its letter, once, whoever dies; and the words are those of the facts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from cases.db import Database
from cases.waits import WAITS
from messaging import documents, issuing, typeset
from messaging.paper import Letterhead
from portal.press import Press
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, a_person, an_account
from tests.payments.paying import a_payer, begun, told
from tests.portal.debtor.households import a_plan
from tests.portal.doors import SetClock

US = Letterhead("Evenly", "Evenly Example Ltd", "0808 157 0123", "my.example.org")


@pytest.fixture
def press(db: Database) -> Press:
    press = Press(db, SetClock(), US)  # type: ignore[arg-type]
    with db.acting() as session:
        press.begin(session)
    return press


def letters(superuser: Connection) -> list[tuple[Any, ...]]:
    rows = superuser.execute(text("select kind, state, version, paper from document order by id")).all()
    superuser.rollback()
    return [tuple(row) for row in rows]


def test_a_payment_that_arrives_has_a_receipt_with_each_creditors_share(
    db: Database, superuser: Connection, press: Press
) -> None:
    with db.acting() as session:
        row = begun(session, a_payer(session), 45_00)
    press.run()
    assert letters(superuser) == []
    with db.acting() as session:
        told(session, row)
    press.run()
    press.run()
    ((kind, state, version, paper),) = letters(superuser)
    assert (kind, state, version) == ("receipt", "issued", 1)
    assert "Thank you. Your payment has arrived." in paper and "£45.00" in paper and "By card" in paper


def test_a_plan_has_its_agreement_for_each_who_owes_under_it(db: Database, superuser: Connection, press: Press) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        idris, lena = a_person(session, creditor), a_person(session, creditor, name="Lena Farrow")
        a_charge(session, rent := an_account(session, creditor, idris, lena), 57000, date(2026, 9, 1))
        a_plan(session, idris, rent)
    press.run()
    found = letters(superuser)
    assert [each[:3] for each in found] == [("agreement", "issued", 1)] * 2
    assert [("Who owes this together" in each[3], "Lena Farrow" in each[3]) for each in found] == [(False, False), (False, True)]


def test_a_debt_that_is_paid_off_has_a_letter_and_paid_off_again_a_new_version(
    db: Database, superuser: Connection, press: Press
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        loan = an_account(session, creditor, a_person(session, creditor), debt_type="loan", ref="L77")
        a_charge(session, loan, 6000, date(2026, 11, 1))
    for _ in range(2):
        with db.acting() as session:
            a_payment(session, [(loan, 6000)], date(2026, 11, 20))
        with db.acting() as session:
            a_charge(session, loan, 6000, date(2026, 11, 21))
    press.run()
    found = letters(superuser)
    assert [each[:3] for each in found] == [("closing", "issued", 1), ("closing", "issued", 2)]
    assert "You have paid off a debt" in found[0][3] and "L77" in found[0][3] and "24 November 2026" in found[0][3]


def test_nothing_is_issued_about_what_happened_before_it_was_followed(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        row = begun(session, a_payer(session), 45_00)
        told(session, row)
    press = Press(db, SetClock(), US)  # type: ignore[arg-type]
    press.run()
    assert letters(superuser) == []


def test_several_presses_at_once_issue_each_letter_once(db: Database, superuser: Connection, press: Press) -> None:
    with db.acting() as session:
        for _ in range(6):
            told(session, begun(session, a_payer(session), 45_00))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: press.run(), range(4)))
    press.run()
    assert [each[:3] for each in letters(superuser)] == [("receipt", "issued", 1)] * 6
    assert superuser.scalar(text("select count(*) from history where kind = 'document.issued'")) == 6


def test_a_letter_whose_worker_died_is_made_by_another(
    db: Database, superuser: Connection, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.acting() as session:
        told(session, begun(session, a_payer(session), 45_00))
    with db.acting() as session:
        issuing.follow(session, at=AT)
        assert len(documents.claim(session, real=press.clock.real())) == 1  # and here it dies
    press.run()
    assert letters(superuser)[0][1] == "asked"
    monkeypatch.setattr(WAITS, "paper", timedelta(0))
    superuser.execute(text("update document set lease_until = lease_until - interval '1 hour'"))
    superuser.commit()
    press.run()
    assert letters(superuser)[0][1] == "issued"


def test_one_that_breaks_stops_no_other(
    db: Database, superuser: Connection, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.acting() as session:
        for _ in range(3):
            told(session, begun(session, a_payer(session), 45_00))
    made, real = [], typeset.Typesetter.pdf

    def breaks_once(self: typeset.Typesetter, paper: str) -> bytes:
        made.append(paper)
        if len(made) == 1:
            raise RuntimeError("out of memory")
        return real(self, paper)

    monkeypatch.setattr(typeset.Typesetter, "pdf", breaks_once)
    press.run()
    assert sorted(each[1] for each in letters(superuser)) == ["asked", "issued", "issued"]


def test_a_batch_is_made_whole_in_parts_and_goes_on_where_it_stood(
    db: Database, superuser: Connection, press: Press
) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        for n in range(40):
            a_charge(session, an_account(session, creditor, a_person(session, creditor, name=f"Person {n}")), 500 + n,
                     date(2025, 5, 1))  # fmt: skip
        batch = documents.ask_statements(session, creditor.id, date(2025, 1, 1), date(2025, 12, 31), by=BY, at=AT).id
    ended, more = press.run(longest=0.0)
    assert (ended, more) == (0, True)
    while more:
        _, more = press.run(longest=0.3)
    with db.acting() as session:
        assert documents.progress(session, batch).issued == 40


def test_a_rent_paid_up_by_a_plan_is_not_called_over(db: Database, superuser: Connection, press: Press) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        idris = a_person(session, creditor)
        a_charge(session, rent := an_account(session, creditor, idris), 57000, date(2026, 9, 1))
        a_plan(session, idris, rent)
    with db.acting() as session:
        a_payment(session, [(rent, 57000)], date(2026, 11, 24))
    press.run()
    (closing,) = [each[3] for each in letters(superuser) if each[0] == "closing"]
    assert "You have paid what you owed" in closing and "still to be paid" in closing and "any more" not in closing
