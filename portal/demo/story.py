"""Loads the sample book, and tells what its people did and said.

Everything goes through production's own ways: the files through the load, the
plans, texts and answers through the acts. Only who acted is invented.
"""

import os
import tempfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import click
import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import assessment, limits, proposal, statement_of_affairs
from cases.arrangements.offer import Terms
from cases.arrangements.schedule import Rhythm
from cases.arrangements.standard_statement import SECTIONS, lines_of
from cases.arrangements.statement_of_affairs import Answer
from cases.clock import Clock, moment_of
from cases.db import Database
from cases.debts import announced, dispute, hold
from cases.debts.account import Account, account_called
from cases.debts.breathing_space import window_of
from cases.debts.creditor import creditor_called, switch_contractual_reminders
from cases.debts.ledger import Entry
from cases.history import Actor, Kind, record
from cases.intake import layout, load
from cases.people.joint import liable_for
from cases.people.staff import add_user
from messaging import conversation
from messaging.carriers import Inbound
from portal.demo import book, characters
from portal.demo.characters import PASSWORD
from portal.keys import Keys
from portal.passwords import hashed
from portal.settings import Settings

BY: Final = Actor("sample")
STAFF: Final = (
    ("priya@evenly.example", "Priya Nand", "collector"),
    ("sam@evenly.example", "Sam Okoro", "collector"),
    ("ada@evenly.example", "Ada Whitlock", "admin"),
)
LIMITS: Final = {
    "least_instalment": 5_00, "most_months": 24, "start_within_days": 31, "most_debt": 3000_00, "round_to": 1_00,
}  # fmt: skip
"""What the lenders that count in pounds agree to without a person who looks."""


def load_book(settings: Settings) -> None:
    """Loads the book into an empty database, as of the demo's day."""
    clock = Clock(settings.clock_file)
    db = Database(settings.sqlalchemy_url, prefix=settings.prefix, pooled=settings.pooled, size=2)
    now = clock.now()
    made = book.make(now.date())
    characters.add(made)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for lender in book.LENDERS.values():
                _load_one(db, lender, made.files[lender.ref].write(Path(folder) / lender.ref), now)
        with db.acting() as session:
            _tell(session, made, now, Keys(settings.keys))
    finally:
        db.close()


def _load_one(db: Database, lender: book.Lender, folder: Path, now: datetime) -> None:
    with db.acting() as session:
        result = load.load(
            session, layout.files_of(folder), creditor=lender.ref, system=lender.system,
            new_creditor=load.NewCreditor(lender.name, lender.country, lender.currency), by=BY, at=now,
        )  # fmt: skip
        if result.refused:
            raise RuntimeError(f"the sample book of {lender.ref} has bad rows")
        creditor = creditor_called(session, lender.ref)
        switch_contractual_reminders(session, creditor, lender.contractual, by=BY, at=now)
    click.echo(f"  {lender.name}: {sum(count.rows for count in result.files.values()):,} rows")


def _tell(session: Session, made: book.Book, now: datetime, keys: Keys) -> None:
    """What happened besides the files: users, money on its way, plans, a text."""
    for mail, name, role in STAFF:
        add_user(session, mail=mail, name=name, role=role, password=hashed(PASSWORD),
                 totp=keys.encrypt(pyotp.random_base32()), by=BY, at=now, sample=True)  # fmt: skip
    for lender, account_ref, entry_ref, amount, arrives in made.on_its_way:
        _announce(session, lender, account_ref, entry_ref, amount, arrives, now)
    for lender in ("tidewell", "ashmere"):
        creditor = creditor_called(session, lender).id
        limits.set_limits(session, creditor=creditor, debt_type=None, values=LIMITS, by=BY, at=now)
    find = _finder(session)
    today = made.today
    zofia, loan = find("wierzba", "L4491")
    _plan(session, zofia, [loan], Terms(amount=310_00, first_on=characters.zofia_pays(today, -2)),
          _morning(characters.zofia_pays(today, -2) - timedelta(days=5), "Europe/Warsaw"))  # fmt: skip
    henryk, ended = find("wierzba", "L4521")
    _plan(session, henryk, [ended], Terms(amount=400_00, first_on=characters.henryk_pays(today, -2), interest=True),
          _morning(characters.henryk_pays(today, -2) - timedelta(days=5), "Europe/Warsaw"))  # fmt: skip
    owen, rent = find("tidewell", "T4501")
    four_weekly = Terms(amount=70_00, first_on=characters.owen_pays(today, -1), rhythm=Rhythm.FOUR_WEEKLY)
    _plan(session, owen, [rent], four_weekly,
          _morning(characters.owen_pays(today, -1) - timedelta(days=4), "Europe/London"))  # fmt: skip
    _idris(session, find, today, now)
    _tobias(session, find, now)
    text_from_idris = Inbound(provider_id=f"SM{0:032x}", sender=_number(characters.IDRIS), to="+447700900999",
                              words="can i pay 60 a month from when i get paid")  # fmt: skip
    conversation.receive(session, text_from_idris, at=now)
    record(session, Kind.SAMPLE_LOADED, by=BY, at=now, facts={"day": today.isoformat()})


def _idris(session: Session, find: Callable[[str, str], tuple[int, int]], today: date, now: datetime) -> None:
    """He told what comes in and goes out, and asked for a plan that takes a little more than is left."""
    idris, tenancy = find("tidewell", "T4481")
    _, alarm = find("ashmere", "S4482")
    own = Actor("debtor", idris)
    draft = statement_of_affairs.begin(session, person=idris, currency="GBP", by=own, at=now)
    for section in SECTIONS:
        told = {line: characters.IDRIS_TOLD[line] for line in lines_of(section) if line in characters.IDRIS_TOLD}
        page = {line: Answer("known", f"{minor / 100:.2f}", minor, "monthly") for line, minor in told.items()}
        statement_of_affairs.save(session, draft.id, section, page, by=own, at=now)
    statement_of_affairs.finish(session, draft.id, by=own, at=now)
    covers, terms = [tenancy, alarm], Terms(amount=60_00, first_on=today + timedelta(days=10))
    sent = proposal.propose(session, person=idris, accounts=covers, terms=terms, key="sample-idris", by=own, at=now)
    assessment.settle(session, sent.id, at=now)


def _tobias(session: Session, find: Callable[[str, str], tuple[int, int]], now: datetime) -> None:
    """His adviser entered a breathing space nine days ago; today he says that he has paid for his waste."""
    tobias, rent = find("tidewell", "T4511")
    _, waste = find("ashmere", "S4512")
    entered = now - timedelta(days=9)
    window = window_of(entered.date())
    hold.place(
        session, person=tobias, basis="breathing_space", accounts=[rent], stops=hold.RULES["breathing_space"].usual,
        starts_on=window.start, last_on=window.last, review_on=window.review_from, key="sample", by=BY, at=entered,
        reason="Notice of the Insolvency Service", evidence="BSS-4471-9920",
    )  # fmt: skip
    dispute.begin(
        session, person=tobias, account=waste, ground="paid", key="sample", by=Actor("debtor", tobias), at=now,
        note="I paid it at the library in October. I still have the slip.",
    )  # fmt: skip


def _announce(
    session: Session, lender: str, account_ref: str, entry_ref: str, amount: int, arrives: date, now: datetime
) -> None:
    """Announces money whose entry the file has already brought, dated on a later day."""
    creditor = creditor_called(session, lender)
    account = account_called(session, creditor.id, account_ref)
    payment = session.scalars(
        select(Entry.payment_id).where(
            Entry.account_id == account.id, Entry.value_date == arrives, Entry.kind == "payment"
        )
    ).first()
    made = announced.announce(
        session, creditor=creditor.id, account=account.id, currency=account.currency, amount=amount, channel="bank",
        on=now.date(), expected_on=arrives, key=f"notice/{entry_ref}", by=BY, at=now,
    )  # fmt: skip
    announced.end(session, made, ending="booked", payment=payment, by=BY, at=now)


def _plan(session: Session, person: int, accounts: list[int], terms: Terms, agreed: datetime) -> None:
    proposal.enter(session, person=person, accounts=accounts, terms=terms, key="sample", by=Actor("sample"), at=agreed)


def _finder(session: Session) -> Callable[[str, str], tuple[int, int]]:
    def find(lender: str, ref: str) -> tuple[int, int]:
        account: Account = account_called(session, creditor_called(session, lender).id, ref)
        return liable_for(session, [account.id])[account.id][0], account.id

    return find


def _number(character: characters.Character) -> str:
    return character.who.phone.replace(" ", "")


def _morning(day: date, zone: str) -> datetime:
    return moment_of(day, time(10, 20), zone)


if __name__ == "__main__":
    load_book(Settings.read(os.environ))
