"""How often one may try, from where, and that nobody can lock anybody out."""

from datetime import timedelta

import pytest

from cases.db import Database
from cases.people.person import Person
from portal.app import Evenly
from portal.sign_in import address_of_visitor
from tests.portal.doors import (
    SetClock,
    codes_sent,
    find,
    post,
)
from tests.portal.signing_in import asked, enter, the_code
from tests.portal.signing_in import marta as marta


def test_five_codes_an_hour_for_a_person_from_one_address_and_the_page_says_nothing(
    app: Evenly, db: Database, clock: SetClock, marta: Person
) -> None:
    for _ in range(7):
        browser = asked(app, marta)
        assert "ending in <b>46</b>" in browser.get("/code").text
    assert len(codes_sent(app, db)) == 5
    clock.pass_by(minutes=61)
    asked(app, marta)
    assert len(codes_sent(app, db)) == 1


def test_who_burns_somebodys_codes_from_elsewhere_does_not_lock_them_out(
    app: Evenly, db: Database, clock: SetClock, marta: Person
) -> None:
    for host in range(12):
        attacker = app.test_client()
        attacker.environ_base["REMOTE_ADDR"] = f"203.0.113.{host}"
        find(attacker, marta.case_ref)
    sent = len(codes_sent(app, db))
    assert sent == 10, "texts to one person end somewhere"
    victim = asked(app, marta)
    assert codes_sent(app, db) == {}
    post(victim, "/code/email", on="/code/none")
    assert len(codes_sent(app, db)) == 1, "mail has its own limit"
    linked = app.test_client()
    token = app.extensions["keys"].link_token(marta.id, clock.real() + timedelta(hours=1))
    linked.get(f"/l/{token}")
    assert post(linked, "/sign-in/link").status_code == 303
    assert enter(linked, the_code(app, db)) == 303, "and so has the link of a text"


def test_twenty_look_ups_an_hour_from_one_address(app: Evenly, marta: Person) -> None:
    statuses = [find(app.test_client(), "EV2222BBBB").status_code for _ in range(21)]
    assert statuses == [303] * 20 + [429]
    assert find(app.test_client(), marta.case_ref).status_code == 429
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "2001:db8:1:2::9"
    assert find(elsewhere, marta.case_ref).status_code == 303


def test_neighbours_in_one_network_of_ipv6_count_together(app: Evenly) -> None:
    statuses = []
    for host in range(21):
        browser = app.test_client()
        browser.environ_base["REMOTE_ADDR"] = f"2001:db8:1:2::{host:x}"
        statuses.append(find(browser, "EV2222BBBB").status_code)
    assert statuses[-1] == 429


@pytest.mark.parametrize(("address", "counted"), [
    ("203.0.113.9", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9"), ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
    ("fe80::1%eth0", "fe80::/64"), ("203.0.113.9:5678", "unknown"), ("unknown", "unknown"),
])  # fmt: skip
def test_where_a_request_comes_from_is_told_apart(app: Evenly, address: str, counted: str) -> None:
    with app.test_request_context("/sign-in", environ_base={"REMOTE_ADDR": address}):
        assert address_of_visitor() == counted
