"""People in every state that the demo's people are not in: nobody who owes nothing, names that do not end, disputes in
each answer, money that came, stuck and went back. Each is told by the acts themselves, over a database of the tests.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count

from sqlalchemy.orm import Session

from cases.arrangements import assessment, limits, monitoring, proposal
from cases.arrangements import statement_of_affairs as affairs
from cases.arrangements.offer import Terms
from cases.arrangements.statement_of_affairs import Answer
from cases.db import Database
from cases.debts import dispute, hold
from cases.debts.account import Account
from cases.debts.creditor import Creditor
from cases.history import Actor
from cases.people import contact, preference, support
from cases.people.person import Person
from cases.work import diary, note
from messaging import conversation
from payments.processor import Standing
from portal.app import Evenly
from tests.cases.arrangements.households import finished, told
from tests.factories import AT, a_charge, a_creditor, a_due, a_payment, a_person, a_user, an_account
from tests.portal.collector import paying
from tests.portal.collector.conftest import Desk, a_text
from tests.portal.papers import a_statement

NAME = "Bartholomäus-" + "Wolfeschlegelsteinhausenbergerdorff" * 3
"""A name of 118 letters without a space."""
FIRM = "Przedsiębiorstwo" + "WodociągówIKanalizacji" * 5
"""A creditor's name of 126 letters without a space."""
HUGE = 98_765_432_10
"""Minor units of a debt that is as wide as any."""

_keys = count(1)


class States:
    """A desk (`tests/portal/collector`) with all of them: their ids and references by name, and what else has an id."""

    def __init__(self, app: Evenly, db: Database) -> None:
        self.desk = Desk(app, db, app.extensions["clock"])
        self.creditors: dict[str, Creditor] = {}
        with db.acting() as session:
            self.sam = Actor("collector", self._user(session, "priya", "collector"))
            self._user(session, "tom", "collector")
            self._user(session, "ada", "admin")
            for name, country, currency in (("Tidewell Housing", "GB", "GBP"), (FIRM, "PL", "PLN")):
                self.creditors[country] = a_creditor(session, name=name, country=country, currency=currency)
            self.desk.ids["creditor"] = self.creditors["GB"].id
            limits.set_limits(session, creditor=self.creditors["GB"].id, debt_type=None, values={}, by=self.sam, at=AT)
        for tell in (clear, long_name, many_debts, disputed, held, judged, lived, plans, interest, paid, spoken_with):
            with db.acting() as session:
                tell(self, session)

    def _user(self, session: Session, name: str, role: str) -> int:
        self.desk.ids[name] = a_user(session, role=role, name=f"{name.title()} Nand").id
        return self.desk.ids[name]

    def person(self, session: Session, name: str, called: str | None = None, **given: object) -> Person:
        """Somebody, found by `name`."""
        made = a_person(session, self.creditors["GB"], name=called or f"{name.title()} Marlowe", **given)  # type: ignore[arg-type]
        self.desk.ids[name], self.desk.refs[name] = made.id, made.case_ref
        return made

    def owes(self, session: Session, person: Person, name: str, amount: int = 240_00, country: str = "GB", at: datetime = AT) -> Account:
        """A debt that fell due in September, found by `name`."""
        made = an_account(session, self.creditors[country], person, debt_type="rent" if country == "GB" else "loan", at=at)
        a_charge(session, made, amount, date(2026, 9, 2), at=at)
        self.desk.ids[name] = made.id
        return made

    def own(self, name: str) -> Actor:
        """The person as who acts."""
        return Actor("debtor", self.desk.ids[name])


def clear(states: States, session: Session) -> None:
    """Somebody who has paid all that they owed, and somebody of whom only a name is known."""
    account = states.owes(session, states.person(session, "clear", mobile="+447700900401"), "paid debt")
    a_payment(session, [(account, 240_00)], date(2026, 10, 1))
    states.person(session, "bare")


def long_name(states: States, session: Session) -> None:
    """Names without a space, sums as wide as any, words that never end; a proposal waits."""
    person = states.person(session, "long", NAME, mobile="+447700900402", email=f"{'a' * 60}@{'b' * 60}.example.org")
    debts = [states.owes(session, person, "long debt", HUGE, "PL"), states.owes(session, person, "long other", HUGE, "PL")]
    a_due(session, debts[0], date(2026, 10, 1), HUGE)
    own, ids = states.own("long"), [each.id for each in debts]
    conversation.write(session, person=person.id, words="https://example.org/" + "abcdef" * 40, key="l", by=own, at=AT)
    conversation.answer(session, person=person.id, words="W" * 300, key="a", by=states.sam, at=AT)
    note.write(session, person=person.id, words="N" * 300, key="n", by=states.sam, at=AT)
    states.desk.ids["long letter"] = a_statement(session, person.id)
    terms = Terms(amount=HUGE // 24, first_on=date(2026, 12, 4))
    sent = proposal.propose(session, person=person.id, accounts=ids[:1], terms=terms, key="l", by=own, at=AT, note="B" * 200)
    states.desk.ids["long proposal"] = sent.id


def many_debts(states: States, session: Session) -> None:
    """Twenty debts of four creditors."""
    person = states.person(session, "many", mobile="+447700900403")
    creditors = [a_creditor(session, name=f"Ashmere Company {n}") for n in range(4)]
    for n in range(20):
        account = an_account(session, creditors[n % 4], person, debt_type=("rent", "energy", "loan", "council_tax")[n % 4])
        a_due(session, account, date(2026, 9, 1) + timedelta(days=n), 50_00 + n)
        a_charge(session, account, 150_00 + 3 * n, date(2026, 9, 1) + timedelta(days=n))
        states.desk.ids["many debt"] = account.id


def interest(states: States, session: Session) -> None:
    """Somebody whom we offer a plan that bears interest, and somebody who has one."""
    for name in ("offered", "bearing"):
        person = states.person(session, name)
        loan = an_account(session, states.creditors["GB"], person, debt_type="loan", rate=Decimal("8.25"))
        a_charge(session, loan, 1_200_00, date(2026, 9, 2))
        terms = Terms(amount=150_00, first_on=date(2026, 12, 4), interest=True)
        if name == "offered":
            proposal.propose(session, person=person.id, accounts=[loan.id], terms=terms, key="o", side="staff", by=states.sam, at=AT)
        else:
            proposal.enter(session, person=person.id, accounts=[loan.id], terms=terms, key="e", by=states.sam, at=AT)


def disputed(states: States, session: Session) -> None:
    """Five debts said to be wrong: one waits, three are answered, one was taken back."""
    person = states.person(session, "disputed", mobile="+447700900404")
    for name in ("waiting", "stands", "corrected", "agreed", "taken back"):
        account = states.owes(session, person, name)
        made = dispute.begin(session, person=person.id, account=account.id, ground="paid", key=name,
                             note="I paid it at the library.", by=states.own("disputed"), at=AT)  # fmt: skip
        if name == "waiting":
            states.desk.ids["dispute"] = made.id
        elif name == "taken back":
            dispute.take_back(session, made.id, by=states.own("disputed"), at=AT)
        else:
            dispute.answer(session, made.id, answer=name, words="We asked the council.", by=states.sam, at=AT)


def held(states: States, session: Session) -> None:
    """A debt on hold for each reason that is ours to enter."""
    person = states.person(session, "held", mobile="+447700900405")
    for basis in ("breathing_space", "vulnerability", "insolvency", "deceased"):
        account = states.owes(session, person, basis)
        stops = hold.RULES[basis].usual
        made = hold.place(session, person=person.id, basis=basis, accounts=[account.id], stops=stops, starts_on=AT.date(),
                          last_on=date(2027, 1, 23) if basis == "breathing_space" else None,
                          review_on=date(2026, 12, 19), key=basis, by=states.sam, at=AT, reason="A letter came.")  # fmt: skip
        states.desk.ids[f"hold {basis}"] = made.id


def judged(states: States, session: Session) -> None:
    """People of whom so much is left each month: 200.00, 74.30, nothing; one who has told nothing; and a plan that asks too much."""
    for n, (name, left) in enumerate({"fits": 200_00, "above": 74_30, "token": -10_00, "untold": None}.items()):
        person = states.person(session, name, mobile=f"+44770090041{n}")
        states.owes(session, person, f"{name} debt")
        if left is None:
            affairs.begin(session, person=person.id, currency="GBP", by=states.own(name), at=AT)
        else:
            month = {"client-salary-or-wages": 1020_00 + max(left, 180_00), "rent": 1000_00}
            month["debt-admin-fee"] = max(left, 180_00) - left
            finished(session, person.id, told(month), by=states.own(name), at=AT)


    person = states.person(session, "asks", mobile="+447700900419")
    account = states.owes(session, person, "asks debt")
    finished(session, person.id, told({"client-salary-or-wages": 1000_00, "rent": 1000_00}), by=states.own("asks"), at=AT)
    sent = proposal.propose(session, person=person.id, accounts=[account.id], terms=Terms(20_00, date(2026, 12, 4)), key="asks",
                            by=states.own("asks"), at=AT)  # fmt: skip
    assessment.settle(session, sent.id, at=AT)


def lived(states: States, session: Session) -> None:
    """Income and spending: begun and half unread; told twice with gaps. And wishes, needs and a letter."""
    person = states.person(session, "drafting", mobile="+447700900420")
    states.owes(session, person, "drafting debt")
    draft = affairs.begin(session, person=person.id, currency="GBP", by=states.own("drafting"), at=AT).id
    affairs.save(session, draft, "food", {"groceries": Answer("unread", "about 60"), "alcohol": Answer("not_sure"),
                                          "smoking-products": Answer("rather_not")},
                 by=states.own("drafting"), at=AT)  # fmt: skip
    person = states.person(session, "telling", mobile="+447700900421", email="telling@example.org")
    states.owes(session, person, "telling debt")
    own = states.own("telling")
    for _ in range(2):
        made = finished(session, person.id, told(groceries=Answer("not_sure"), alcohol=Answer("rather_not")), by=own, at=AT)
    states.desk.ids["version"] = made.id
    wish = preference.Wish(language=None, channel="email", days_off=(6, 7), earliest=None, latest=None)
    preference.prefer(session, person=person.id, wish=wish, source="person", by=own, at=AT)
    support.tell(session, person=person.id, needs=support.NEEDS, by=own, at=AT)
    states.desk.ids["letter"] = a_statement(session, person.id)


def plans(states: States, session: Session) -> None:
    """A plan that broke, one whose payments are all made, a promise given on the telephone, an offer of ours, a no."""
    for n, name in enumerate(("broken", "completed", "promised", "offered", "declined")):
        person = states.person(session, name, mobile=f"+44770090043{n}")
        before, key = AT - timedelta(days=70), f"{name} {next(_keys)}"
        account = states.owes(session, person, f"{name} debt", at=before - timedelta(days=1))
        terms = Terms(amount=120_00, first_on=date(2026, 10, 1))
        if name in ("broken", "completed"):
            made = proposal.enter(session, person=person.id, accounts=[account.id], terms=terms, key=key, by=states.sam, at=before)
            if name == "completed":
                a_payment(session, [(account, 240_00)], date(2026, 9, 30), at=AT - timedelta(days=54))
            monitoring.close(session, {made: AT.date() - timedelta(days=1)}, by=states.sam, at=AT)
        elif name == "promised":
            promise = Terms(amount=240_00, first_on=date(2026, 12, 1), kind="promise")
            proposal.enter(session, person=person.id, accounts=[account.id], terms=promise, key=key, by=states.sam, at=AT)
        else:
            terms = replace(terms, amount=8_00, first_on=date(2026, 12, 1))
            sent = proposal.propose(session, person=person.id, accounts=[account.id], terms=terms, key=key, by=states.own(name), at=AT)
            if name == "offered":
                proposal.counter(session, sent.id, terms=replace(terms, amount=20_00), key="o", by=states.sam, at=AT, note="It is done sooner.")
            else:
                proposal.decline(session, sent.id, reason="too_long", words="Could you pay more?", by=states.sam, at=AT)


def paid(states: States, session: Session) -> None:
    """Payments by card in each state, and one by hand."""
    desk = states.desk
    for n, (name, standing) in enumerate({
        "open": Standing.OPEN, "coming": Standing.PENDING, "failed": Standing.FAILED, "returned": Standing.PAID,
    }.items()):  # fmt: skip
        person = states.person(session, f"pays {name}", mobile=f"+44770090044{n}")
        states.owes(session, person, f"{name} rent")
        row = paying.by_card(session, desk, f"pays {name}", [f"{name} rent"], 40_00)
        desk.ids[f"payment {name}"] = row.id
        if name != "open":
            paying.seen(session, desk, row, standing)
        if name == "failed":
            paying.refused(session, desk, row, "insufficient_funds")
        if name == "returned":
            paying.reported(session, desk, row, "refund", "succeeded", "duplicate")
    states.owes(session, states.person(session, "cash", mobile="+447700900450"), "cash rent")
    desk.ids["payment cash"] = paying.by_cash(session, desk, "cash", ["cash rent"], 40_00)


def spoken_with(states: States, session: Session) -> None:
    """Somebody who was called, wants no calls, and whose number was wrong; a text whose delivery is unclear."""
    person = states.person(session, "spoken", mobile="+447700900460", email="spoken@example.org")
    states.owes(session, person, "spoken debt")
    number, *_ = (each for each in contact.live_contacts(session, [person.id]) if each.kind == "mobile")
    for days, outcome in ((3, "no_answer"), (2, "spoke"), (1, "wrong_number")):
        made = diary.Made(channel="call", direction="out", outcome=outcome, happened_at=AT - timedelta(days=days), contact=number.id,
                          note="They are paid on the third.", reason="They asked for it.")  # fmt: skip
        diary.enter(session, person=person.id, made=made, places=[("GB", ("Europe/London",))], key=outcome, by=states.sam, at=AT)
    support.tell(session, person=person.id, needs=["no_calls", "interpreter"], by=states.own("spoken"), at=AT)
    note.write(session, person=person.id, words="Rang back, was friendly.", key="s", by=states.sam, at=AT)
    states.desk.ids["unclear"] = a_text(session, person.id, "uncertain", AT - timedelta(days=2))
