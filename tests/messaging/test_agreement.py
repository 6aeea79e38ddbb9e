"""The agreement: its sums, whose yes to which words, and what each of several people may read of it."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cases.arrangements import consent, proposal
from cases.arrangements.arrangement import Arrangement
from cases.arrangements.offer import Terms
from cases.arrangements.version import covered_by, schedule_shown
from cases.db import Database
from cases.history import Actor
from messaging.paper import Letterhead, written
from messaging.papers.agreement import agreement_of, agreement_paper
from messaging.papers.recipient import recipient_of
from messaging.papers.terms import deal_of, fingerprint, restarts_limitation, terms_words
from messaging.tongue import Tongue
from messaging.typeset import typesetter
from tests.factories import AT, BY, a_charge, a_creditor, a_person, an_account

US = Letterhead("Evenly", "Evenly Example Ltd", "0808 157 0123", "my.example.org")


def a_plan(session: Session, person: int, accounts: list[int], said: bool = True, **terms: Any) -> int:
    given: dict[str, Any] = {"amount": 6000, "first_on": date(2026, 12, 3)} | terms
    sent = proposal.propose(session, person=person, accounts=accounts, terms=Terms(**given), key="k",
                            by=Actor("debtor", person), at=AT)  # fmt: skip
    if said:
        covered = covered_by(session, sent.id)
        deal = deal_of(session, schedule_shown(sent, covered), {c.account_id: c.amount for c in covered},
                       currency=sent.currency, rhythm=sent.rhythm)  # fmt: skip
        consent.give(session, proposal=sent.id, person=person, words=terms_words(deal, Tongue("en"), "Evenly"),
                     language="en", channel="portal", origin="203.0.113.7", by=Actor("debtor", person), at=AT)  # fmt: skip
    return proposal.approve(session, sent.id, by=BY, at=AT)


def letter(session: Session, plan: int, person: int, *, large: bool = False) -> dict[str, Any]:
    to = recipient_of(session, person)
    agreed = agreement_of(session, plan, to.people)
    return agreement_paper(agreed, Tongue("en"), US, to=to, made_on=AT.date(), large=large).json


def block(paper: dict[str, Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in paper["blocks"] if each["kind"] == kind)
    return found


def test_it_holds_every_date_and_sum_and_the_words_that_were_agreed_to(db: Database) -> None:
    with db.acting() as session:
        housing, council = a_creditor(session), a_creditor(session, name="Ashmere Council")
        marta = a_person(session, housing)
        rent = an_account(session, housing, marta, ref="T4471")
        waste = an_account(session, council, marta, ref="S4472", debt_type="garden_waste")
        a_charge(session, rent, 131391, date(2026, 9, 1))
        a_charge(session, waste, 18269, date(2026, 9, 1))
        plan = a_plan(session, marta.id, [rent.id, waste.id])
        paper = letter(session, plan, marta.id)
        table, sums, words = block(paper, "table"), block(paper, "sum"), block(paper, "text")["paragraphs"]
        assert table["head"] == ["No.", "Date", "Tidewell Housing", "Ashmere Council", "Sum", "Left after"]
        assert len(table["rows"]) == 25 and table["rows"][-1][-1] == "£0.00" and table["rows"][-1][-2] == "£56.60"
        assert table["rows"][0][1] == "Thursday 3 December 2026"
        assert [row["value"] for row in sums["rows"]][-3:] == ["£0.00", "£0.00", "£1,496.60"]
        assert words[0] == (
            "I pay £60.00 a month, in 25 payments. The first is on 3 December 2026. The last is £56.60, on 4 December 2028."
        )
        told = written(paper)
        row = session.get_one(Arrangement, plan)
        kept = consent.consent_to(session, row.proposal_id)
        assert kept is not None and kept.words is not None
        assert fingerprint(words) == kept.words_sha.hex() and kept.words_sha.hex()[:16] in told
        assert "203.0.113.7" in told and "in the portal, after signing in with a code" in told
        assert typesetter().pdf(told)
        large = letter(session, plan, marta.id, large=True)
        assert block(large, "table")["head"] == ["No.", "Date", "Sum", "Left after"]
        assert "Of each £60.00: £52.68 to Tidewell Housing, T4471; £7.32 to Ashmere Council, S4472." in written(large)
        assert typesetter().pdf(written(large))


def test_who_owes_jointly_has_the_shares_of_the_joint_debt_alone_and_nobodys_address(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        idris, lena = a_person(session, creditor, name="Idris Farrow"), a_person(session, creditor, name="Lena Farrow")
        rent, alarm = an_account(session, creditor, idris, lena, ref="R1"), an_account(session, creditor, idris, ref="A2")
        a_charge(session, rent, 57000, date(2026, 9, 1))
        a_charge(session, alarm, 14820, date(2026, 9, 1))
        plan = a_plan(session, idris.id, [rent.id, alarm.id])
        told = written(letter(session, plan, lena.id))
        assert "£570.00" in told and "A2" not in told and "£148.20" not in told and "£718.20" not in told
        assert "203.0.113.7" not in told and "Idris" not in told
        assert "Who owes this together with you agreed to it on" in told
        assert "The plan pays £47.62 a month" in told and "I pay" not in told and "I owe" not in told


def test_a_plan_from_before_consents_were_kept_has_its_agreement_without_one(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        marta = a_person(session, creditor)
        account = an_account(session, creditor, marta)
        a_charge(session, account, 12000, date(2026, 9, 1))
        paper = letter(session, a_plan(session, marta.id, [account.id], said=False), marta.id)
        assert "Fingerprint" not in written(paper) and "I pay £60.00 a month, in 2 payments." in written(paper)


@pytest.mark.parametrize(
    ("country", "kind", "told"),
    [
        ("GB", "loan", "It stays there for up to six years."),
        ("GB", "energy", "It stays there for up to six years."),
        ("GB", "rent", "A creditor may do so."),
        ("PL", "loan", "Ask the creditor how long it stays there."),
        ("GB", "council_tax", "mostly not seen there"),
    ],
)
def test_credit_files_are_told_of_as_they_are(db: Database, country: str, kind: str, told: str) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, country=country)
        marta = a_person(session, creditor)
        account = an_account(session, creditor, marta, debt_type=kind)
        a_charge(session, account, 12000, date(2026, 9, 1))
        assert told in written(letter(session, a_plan(session, marta.id, [account.id]), marta.id))


def test_in_sweden_the_terms_say_that_limitation_starts_anew(db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session, country="SE", currency="SEK")
        marta = a_person(session, creditor)
        account = an_account(session, creditor, marta)
        a_charge(session, account, 12000, date(2026, 9, 1))
        assert "that time starts anew" in written(letter(session, a_plan(session, marta.id, [account.id]), marta.id))
    assert restarts_limitation(["GB", "SE"]) and not restarts_limitation(["GB", "PL", "ZZ"])


def test_a_yes_is_kept_once_and_only_erased(db: Database, superuser: Connection) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        marta = a_person(session, creditor)
        account = an_account(session, creditor, marta)
        a_charge(session, account, 12000, date(2026, 9, 1))
        plan = a_plan(session, marta.id, [account.id])
        number = session.get_one(Arrangement, plan).proposal_id
        consent.give(session, proposal=number, person=marta.id, words=["other words"], language="en", channel="portal",
                     origin=None, by=BY, at=AT)  # fmt: skip
    assert superuser.scalar(text("select count(*) from consent where words like 'I pay%'")) == 1
    with pytest.raises(DBAPIError, match="was given"):
        superuser.execute(text("update consent set words = 'x'"))
    superuser.rollback()
    superuser.execute(text("update consent set words = null, origin = null"))
    with pytest.raises(DBAPIError, match="append-only"):
        superuser.execute(text("delete from consent"))
