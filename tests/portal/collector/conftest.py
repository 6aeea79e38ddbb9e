"""A desk with cases on it: two collectors signed in, Idris who proposes, and what happened before."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.db import Database
from cases.debts import announced
from cases.debts.account import Account
from cases.history import Actor, Kind, record
from cases.people.person import Person
from cases.work import queue
from messaging import conversation
from messaging.carriers import Inbound
from portal.app import Evenly
from tests.factories import AT, BY, a_charge, a_creditor, a_due, a_payment, a_person, a_user, an_account
from tests.portal.addresses import AT_DESK
from tests.portal.doors import SetClock, an_app, visit_as
from tests.retold import Retold

FIRST = date(2026, 12, 4)


@dataclass
class Desk:
    """What a test works with: the application, its database and clock, and ids by name."""

    app: Evenly
    db: Database
    clock: SetClock
    ids: dict[str, int] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def browser(self, name: str) -> FlaskClient:
        """A browser in which this user is signed in."""
        return visit_as(self.app, self.db, self.ids[name])

    def case(self, name: str, more: str = "") -> str:
        """The address of a person's case."""
        return f"{AT_DESK}/case/{self.refs[name]}{more}"


@pytest.fixture(scope="session")
def desk_app(_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Evenly:
    """One application for all tests of the desk; each sets its clock back."""
    return an_app(_database, SetClock(), tmp_path_factory.mktemp("desk"))


@pytest.fixture
def desk(db: Database, desk_app: Evenly, retold: Retold) -> Desk:
    clock = desk_app.extensions["clock"]
    clock.at = clock.true = AT

    def tell() -> Desk:
        made = Desk(desk_app, db, clock)
        with db.acting() as session:
            owe(session, made)
        with db.acting() as session:
            fill(session, made)
        return made

    known = retold.once("desk", tell)
    return Desk(desk_app, db, clock, dict(known.ids), dict(known.refs))


def owe(session: Session, desk: Desk) -> None:
    """Who works here, who owes, and what: Idris to three creditors, one of them together with Lena."""
    ids, refs = desk.ids, desk.refs
    housing = a_creditor(session)
    council = a_creditor(session, name="Ashmere Council")
    lender = a_creditor(session, name="Wierzba Kredyt", country="PL", currency="PLN")
    ids["priya"], ids["tom"] = a_user(session).id, a_user(session, name="Tom Ashby").id
    ids["ops"] = a_user(session, role="ops", name="Olga").id
    idris = a_person(session, housing, name="Idris Farrow", mobile="+447700900318", email="idris@example.org")
    lena = a_person(session, housing, name="Lena Farrow")
    rosalind = a_person(session, council, name="Rosalind Achterberg", mobile="+447700900320")
    bertram = a_person(session, housing, name="Bertram Oyelaran", mobile="+447700900321")
    quiet = a_person(session, housing, name="Quiet Quentin")
    for name, person in (("idris", idris), ("lena", lena), ("rosalind", rosalind), ("bertram", bertram),
                         ("quiet", quiet)):  # fmt: skip
        ids[name], refs[name] = person.id, person.case_ref
    rent = an_account(session, housing, idris, lena, ref="T4481")
    alarm = an_account(session, council, idris, ref="S4482", debt_type="care_alarm")
    loan = an_account(session, lender, idris, ref="L4491", debt_type="loan")
    tax = an_account(session, council, rosalind, ref="C1", debt_type="council_tax")
    flat = an_account(session, housing, bertram, ref="T9")
    ids |= {"rent": rent.id, "alarm": alarm.id, "loan": loan.id, "housing": housing.id}
    for day in (date(2026, 10, 5), date(2026, 11, 5), date(2026, 12, 5)):
        a_due(session, rent, day, 52_000)
    for day in (date(2026, 10, 5), date(2026, 11, 5)):
        a_charge(session, rent, 52_000, day)
    a_payment(session, [(rent, 47_000)], date(2026, 10, 9))
    a_charge(session, alarm, 14_820, date(2026, 9, 13))
    a_charge(session, loan, 300_000, date(2026, 5, 1))
    a_charge(session, tax, 8_640, date(2026, 11, 12))
    a_charge(session, flat, 39_000, date(2026, 10, 21))
    announced.announce(session, creditor=council.id, account=alarm.id, currency="GBP", amount=2_000, channel="bank",
                       on=AT.date(), expected_on=date(2026, 11, 26), key="n1", by=BY, at=AT)


def fill(session: Session, desk: Desk) -> None:
    """What happened: a plan on the loan, texts, a proposal; Rosalind wrote; a text to Bertram is unclear."""
    ids = desk.ids
    idris, rosalind, bertram = (session.get_one(Person, ids[name]) for name in ("idris", "rosalind", "bertram"))
    rent, alarm, loan = (session.get_one(Account, ids[name]) for name in ("rent", "alarm", "loan"))
    proposal.enter(session, person=idris.id, accounts=[loan.id], terms=Terms(50_000, date(2026, 10, 20)), key="old",
                   by=Actor("collector", ids["priya"]), at=AT - timedelta(days=40))
    a_payment(session, [(loan, 50_000)], date(2026, 10, 19))
    a_payment(session, [(loan, 50_000)], date(2026, 11, 19))
    ids["text"] = a_text(session, idris.id, "sent", AT - timedelta(days=4), body="Evenly: there is a note for you.")
    a_text(session, idris.id, "withheld", AT - timedelta(days=2), why="stopped")
    conversation.receive(session, Inbound(provider_id=f"SM{1:032x}", sender="+447700900318", to="+447700900999",
                                          words="can i pay 60 a month from when i get paid"), at=AT - timedelta(hours=16))
    made = proposal.propose(session, person=idris.id, accounts=[rent.id, alarm.id], terms=Terms(6_000, FIRST), key="p",
                            by=Actor("debtor", idris.id), at=AT - timedelta(minutes=18), note="I get paid on the 3rd.")
    ids["proposal"] = made.id
    conversation.write(session, person=rosalind.id, words="I paid on Friday.", key="w",
                       by=Actor("debtor", rosalind.id), at=AT - timedelta(hours=1))
    ids["unclear"] = a_text(session, bertram.id, "uncertain", AT - timedelta(days=2))
    queue.open_item(session, person=bertram.id, kind="uncertain", subject=f"message:{ids['unclear']}", urgency=2,
                    at=AT - timedelta(days=2))


def a_text(session: Session, person: int, state: str, at: object, *, why: str | None = None,
           body: str = "Evenly: please sign in.") -> int:  # fmt: skip
    """A text of ours in a state, and its line in the history."""
    number: int = session.execute(
        text("insert into message (person_id, channel, template, not_before, state, why, body, body_salt, planned_at,"
             " sent_at, attempt) values (:p, 'sms', 'reminder', :at, :state, :why, :body, gen_random_uuid(), :at, :at,"
             " 1) returning id"),
        {"p": person, "at": at, "state": state, "why": why, "body": body},
    ).scalar_one()  # fmt: skip
    facts = {"template": "reminder", "channel": "sms"} | (
        {"rule": why, "since": "2026-11-20T10:00:00+00:00"} if why else {})
    record(session, Kind(f"message.{state}"), by=Actor("delivery"), at=at, person=person, subject=f"message:{number}",
           facts=facts)  # fmt: skip
    return number


def words_of(page: object) -> str:
    """The page as it is read: no markup, single spaces."""
    plain = re.sub(r"<[^>]+>", " ", re.sub(r"</?bdi>", "", page.get_data(as_text=True)))
    return " ".join(html.unescape(plain).replace("\N{NO-BREAK SPACE}", " ").split())
