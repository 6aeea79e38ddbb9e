"""Every route as every kind of visitor, with own and with foreign ids.

`ROUTES` (`routes.py`) is the whole map: who may come to each route, what it asks for in its address, and what
happens then. A route that is added without a keeper, or without a row here, fails. What is refused
changes nothing, and a form without its token is refused to everyone, hooks excepted.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from cases.arrangements import proposal
from cases.arrangements.offer import Terms
from cases.clock import Clock
from cases.db import Database
from cases.debts import dispute, hold
from cases.history import Actor
from cases.people.contact import live_contacts
from cases.people.staff import USER_ROLES, add_user
from cases.work import diary, note, queue
from cases.work.diary import Made
from messaging import conversation, documents, outbox
from messaging.paper import Letterhead, Paper
from messaging.tongue import Tongue
from payments import by_hand, payable
from portal import visit
from portal.access import keeper_of
from portal.app import Evenly
from tests.cases.arrangements.households import finished
from tests.factories import AT, BY, a_charge, a_creditor, a_person, an_account
from tests.house.routes import DEBTORS, ROUTES, VISITORS, Route
from tests.portal.doors import an_app, token_of

A_LETTER = Paper(Tongue("en"), Letterhead("Evenly", "", None, ""), title="Receipt", to=(), about=(), made_on=AT.date()).json


@dataclass
class World:
    """The application, who may sign in, and the ids that stand in addresses: one's own, and foreign ones."""

    app: Evenly
    db: Database
    looking: Connection
    people: dict[str, int]
    own: dict[str, object]
    foreign: dict[str, object]

    def browser(self, visitor: str) -> FlaskClient:
        """A browser in which this visitor is signed in, by a visit of its own."""
        browser = self.app.test_client()
        if visitor != "nobody":
            token = f"a token of {visitor} {secrets.token_hex(8)}"
            whose = {"person" if visitor in DEBTORS else "staff": self.people[visitor]}
            with self.db.acting() as session:
                visit.start(session, token=token, now=self.app.extensions["clock"].real(), **whose)
            with browser.session_transaction() as cookie:
                cookie["_user_id"] = token
        return browser

    def state(self) -> object:
        """What an act would change: a mark of it."""
        self.looking.rollback()
        return self.looking.execute(
            text("""
select (select max(id) from history), (select count(*) from visit where ended_at is null), (select max(id) from said),
  (select md5(string_agg(p::text, '|' order by p.id)) from proposal p),
  (select md5(string_agg(w::text, '|' order by w.id)) from work_item w),
  (select md5(string_agg(m::text, '|' order by m.id)) from message m),
  (select md5(string_agg(a::text, '|' order by a.id)) from payment_attempt a), (select max(id) from document),
  (select max(id) from hold_term), (select max(id) from support_need), (select md5(string_agg(y::text, '|' order by y.id)) from diary_entry y), (select max(id) from contact),
  (select md5(string_agg(s::text, '|' order by s.id)) from statement_of_affairs s), (select md5(string_agg(d::text, '|' order by d.id)) from dispute d),
  (select md5(string_agg(n::text, '|' order by n.id)) from note n)
""")
        ).one()


@pytest.fixture
def world(db: Database, superuser: Connection, tmp_path: Path) -> World:
    """A tenant with a joint tenant and some proposals, a stranger to both, and a user of each role."""
    nowhere = "http://127.0.0.1:1"
    app = an_app(db, Clock(tmp_path / "clock"), tmp_path, pretend_url=nowhere, stripe_base_url=nowhere,
                 stripe_api_key="sk_test_x", stripe_webhook_secrets=("whsec_x",), hurry=60)  # fmt: skip
    with db.acting() as session:
        creditor, other = a_creditor(session), a_creditor(session, name="Ashmere Council")
        tenant = a_person(session, creditor, mobile="+447700900301")
        joint = a_person(session, creditor, name="Lena Farrow", mobile="+447700900302")
        stranger = a_person(session, other, name="Owen Ridley", mobile="+447700900303")
        shared = an_account(session, creditor, tenant, joint)
        alone = [an_account(session, creditor, tenant) for _ in range(5)]
        theirs = an_account(session, other, stranger)
        for account in (shared, theirs, *alone):
            a_charge(session, account, 120_00, date(2026, 9, 1))
        own: dict[str, object] = {"any": "x", "file": "evenly.css", "channel": "sms", "case": tenant.case_ref,
                                  "basis": "vulnerability", "section": "household"}  # fmt: skip
        foreign: dict[str, object] = own | {"file": "nothing.css", "case": "EV00000000"}
        own |= {"creditor": creditor.id, "debt kind": "any"}
        foreign |= {"creditor": 0, "debt kind": "any"}
        own["account"], foreign["account"] = alone[0].id, theirs.id

        def proposed(person: int, account: int) -> int:
            return proposal.propose(
                session, person=person, accounts=[account], terms=Terms(amount=40_00, first_on=date(2026, 12, 8)),
                key=f"{person} {account}", by=Actor("debtor", person), at=AT,
            ).id  # fmt: skip

        for name, account in zip(("approved", "declined", "taken back", "to offer"), alone, strict=False):
            own[name] = proposed(tenant.id, account.id)
        foreign |= dict.fromkeys(("approved", "declined", "taken back", "offered"), proposed(stranger.id, theirs.id))
        people = {"debtor": tenant.id, "joint tenant": joint.id, "stranger": stranger.id}
        for role in USER_ROLES:
            people[role] = add_user(
                session, mail=f"{role}@example.org", name=f"A {role}", role=role, password="-", totp="-", by=BY, at=AT,
                creditor=creditor.id if role == "creditor" else None,
            ).id  # fmt: skip
        own["offered"] = proposal.counter(
            session, own["to offer"], accounts=[alone[3].id], terms=Terms(amount=20_00, first_on=date(2026, 12, 8)),  # type: ignore[arg-type]
            key="ours", note=None, by=Actor("collector", people["collector"]), at=AT,
        ).id  # fmt: skip
        for ids, person, account in ((own, tenant.id, alone[4].id), (foreign, stranger.id, theirs.id)):
            found = next(iter(payable.payables(session, [person], AT)))
            ids["payment"] = by_hand.enter(
                session, person=person, choice=payable.other(found, [account], 10_00), method="cash", value_date=AT.date(),
                reference="", key="paid", on=AT.date(), by=BY, at=AT, real=AT,
            ).id  # fmt: skip
            said = conversation.write(session, person=person, words="may i pay later", key="k",
                                      by=Actor("debtor", person), at=AT)  # fmt: skip
            items = {item.subject: item.id for item in queue.open_items(session, [person])}
            ids["message item"] = items[f"said:{said}"]
            ids["stop item"] = queue.open_item(session, person=person, kind="stop", subject=f"said:{said + 1000}",
                                               urgency=2, at=AT)  # fmt: skip
            ids["affairs"] = finished(session, person, {}, by=Actor("debtor", person), at=AT).id
            ids["hold"] = hold.place(
                session, person=person, basis="vulnerability", accounts=[account], stops=["reminders"],
                starts_on=AT.date(), last_on=None, review_on=date(2026, 12, 31), key="held", by=BY, at=AT,
            ).id  # fmt: skip
            for name in ("dispute", "dispute taken back"):
                held = an_account(session, *((creditor, tenant) if ids is own else (other, stranger))).id
                ids[name], ids["disputed account"] = dispute.begin(
                    session, person=person, account=held, ground="paid", note=None, key=name, by=Actor("debtor", person), at=AT
                ).id, held  # fmt: skip
            ids["letter"] = documents.ask(
                session, person=person, kind="receipt", subject="payment_attempt:1", language="en", paper=A_LETTER, by=BY, at=AT
            ).id  # fmt: skip
            documents.issue(session, ids["letter"], b"%PDF-1.7", set_by="test", by=BY, at=AT)
            ids["way"] = live_contacts(session, [person])[0].id
            ids["note"] = note.write(session, person=person, words="Rings on Fridays.", key="n", by=BY, at=AT).id
            met = Made("counter", "in", "spoke", AT, note="He has a cold.")
            ids["contact"] = diary.enter(session, person=person, made=met, places=(), key="m", by=BY, at=AT).id
            ids["message"] = outbox.write(session, person=person, channel="sms", template="message_waits", step="x",
                                          cause=f"test:{person}", subject="test:1", at=AT)  # fmt: skip
    return World(app, db, superuser, people, own, foreign)


def routes_of(app: Evenly) -> Iterator[tuple[str, str, str]]:
    """Method, rule and endpoint of every route; HEAD and OPTIONS go with the others."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule, rule.endpoint


def address(world: World, rule: str, ids: Mapping[str, str], known: Mapping[str, object]) -> str:
    """The rule with these ids in it."""
    values = {name: known[key] for name, key in ids.items()}
    endpoint = next(r.endpoint for r in world.app.url_map.iter_rules() if r.rule == rule)
    path = world.app.url_map.bind("localhost").build(endpoint, values, method=next(m for m, r in ROUTES if r == rule))
    assert path is not None
    return path


def test_every_route_has_a_keeper_and_a_row_here(world: World) -> None:
    kept = {}
    for method, rule, endpoint in routes_of(world.app):
        keeper = keeper_of(world.app.view_functions[endpoint])
        assert keeper is not None, f"{rule} has no keeper"
        kept[method, rule] = (keeper.kind, set(keeper.roles))
    assert kept == {key: (route.kind, set(route.roles)) for key, route in ROUTES.items()}


def ids_for(world: World, route: Route) -> list[dict[str, object]]:
    """One's own ids; foreign ones, if the address holds any; and a foreign thing in a case of one's own."""
    differs = [key for key in route.ids.values() if world.own[key] != world.foreign[key]]
    return [world.own, *[world.foreign] * bool(differs), *[world.foreign | {"case": world.own["case"]}] * (len(differs) > 1)]


def admitted(route: Route, visitor: str) -> bool:
    """Whether the route is for this kind of visitor at all."""
    return not route.roles or ("debtor" if visitor in DEBTORS else visitor) in route.roles


def expected(rule: str, route: Route, visitor: str, *, own: bool) -> tuple[int, str | None]:
    """Status, and where a redirection must lead (None: anywhere)."""
    if not admitted(route, visitor):
        if visitor == "nobody":
            return 303, "/staff/sign-in" if route.kind == "staff" else "/sign-in"
        return (303, "/sign-in") if rule == "/" else (404, None)
    if not own:  # what is foreign to the others is the stranger's own
        return (route.answers, None) if route.kind == "debtor" and visitor == "stranger" else (404, None)
    return (route.answers, None) if visitor in route.ids_of else (404, None)


def test_every_route_answers_every_visitor_as_its_keeper_says_and_foreign_ids_are_not_found(world: World) -> None:
    wrong = []
    # What signs out, and what moves the day, comes last.
    last = ("/staff/sign-out", "/sign-out", "/demo/next")
    for visitor in VISITORS:
        browser = world.browser(visitor)
        token, state = token_of(browser.get("/sign-in").get_data(as_text=True)), world.state()
        for (method, rule), route in sorted(ROUTES.items(), key=lambda item: (item[0][1].startswith(last), item[0])):
            for ids in ids_for(world, route):
                own = ids is world.own
                asked = expected(rule, route, visitor, own=own)
                if method == "POST" and "/sign-out" in rule:
                    browser = world.browser(visitor)
                    token, state = token_of(browser.get("/sign-in").get_data(as_text=True)), world.state()
                path = address(world, rule, route.ids, ids)
                answer = browser.open(path, method=method, data={"csrf_token": token} | dict(route.sends)
                                      if method == "POST" else None)  # fmt: skip
                got, where = answer.status_code, answer.headers.get("Location")
                told = f"{method} {path} ({'own' if own else 'foreign'} ids) as {visitor}: {got} {where or ''}"
                if got != asked[0] or (asked[1] is not None and where != asked[1]):
                    wrong.append(f"{told}, not {asked[0]} {asked[1] or ''}")
                if method == "POST":
                    state, before = world.state(), state
                    if state != before and asked != (route.answers, None):
                        wrong.append(f"{told} changed something")
    assert not wrong, "\n".join(wrong)


def test_a_form_without_its_token_is_refused_to_everyone_and_changes_nothing(world: World) -> None:
    wrong = []
    for visitor in VISITORS:
        browser, before = world.browser(visitor), world.state()
        for (method, rule), route in ROUTES.items():
            if method == "POST":
                answer = browser.post(address(world, rule, route.ids, world.own), data=dict(route.sends))
                if answer.status_code != (route.answers if route.kind == "hook" else 400):
                    wrong.append(f"{rule} as {visitor}: {answer.status_code}")
        if world.state() != before:
            wrong.append(f"something changed as {visitor}")
    assert not wrong, "\n".join(wrong)
