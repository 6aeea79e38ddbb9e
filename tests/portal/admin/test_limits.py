"""Limits set by an admin: by creditor and kind of debt, in its currency, and taken away again."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from cases.arrangements import limits
from cases.db import Database
from portal.app import Evenly
from tests.factories import a_creditor, a_person, an_account
from tests.portal.debtor.conftest import words
from tests.portal.doors import a_staff_member, post, staff_sign_in


def test_an_admin_sets_limits_changes_them_and_takes_them_away(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        an_account(session, creditor, a_person(session, creditor))
    _, secret = a_staff_member(db, app, role="admin", mail="ada@example.org")
    ada, answer = staff_sign_in(app, "ada@example.org", secret)
    assert answer.headers["Location"] == "/admin/limits"
    assert 'href="/admin/limits"' in ada.get("/staff/").text
    assert "Every other kind of debt None: a person looks at every plan" in words(ada.get("/admin/limits").text)
    at = f"/admin/limits/{creditor.id}/rent"
    wrong = post(ada, at, most_months="many", old_days="60")
    assert wrong.status_code == 422 and 'value="many"' in wrong.text
    assert "Write a whole number from 1 to 60" in words(wrong.text)
    half = post(ada, at, old_days="60")
    assert half.status_code == 422 and "Write both, the days and the sum, or leave both empty." in words(half.text)
    assert post(ada, at, most_months="24", most_debt="3000", least_instalment="5.50").status_code == 303
    with db.acting() as session:
        kept = limits.limits_of(session, [creditor.id])[creditor.id, "rent"]
        assert (kept.most_months, kept.most_debt, kept.least_instalment, kept.old_days) == (24, 3000_00, 5_50, None)
    page = ada.get(at).text
    assert 'value="24"' in page and 'value="5.50"' in page
    assert "Rent Limits are set" in words(ada.get("/admin/limits").text)
    assert post(ada, at, do="take-away").status_code == 303
    with db.acting() as session:
        assert limits.limits_of(session, [creditor.id]) == {}
    assert ada.get(f"/admin/limits/{creditor.id}/nothing").status_code == 404


def test_a_kind_of_debt_is_found_however_its_creditor_writes_it(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        an_account(session, creditor, a_person(session, creditor), debt_type="Lån / kredit?")
    _, secret = a_staff_member(db, app, role="admin", mail="ada@example.org")
    ada, _answer = staff_sign_in(app, "ada@example.org", secret)
    [at] = re.findall(rf'href="(/admin/limits/{creditor.id}/(?!any)[^"]+)"', ada.get("/admin/limits").text)
    assert post(ada, at, most_months="24").status_code == 303
    with db.acting() as session:
        assert set(limits.limits_of(session, [creditor.id])) == {(creditor.id, "Lån / kredit?")}


def two_admins(app: Evenly, db: Database) -> tuple[FlaskClient, FlaskClient, str]:
    with db.acting() as session:
        creditor = a_creditor(session)
        an_account(session, creditor, a_person(session, creditor))
    found = []
    for name in ("Ada Whitlock", "Bo Lind"):
        mail = f"{name.split()[0].lower()}@example.org"
        _, secret = a_staff_member(db, app, role="admin", mail=mail, name=name)
        found.append(staff_sign_in(app, mail, secret)[0])
    return found[0], found[1], f"/admin/limits/{creditor.id}/rent"


def seen(page: str) -> str:
    [found] = re.findall(r'name="seen" value="([^"]*)"', page)
    return found


def test_the_page_says_who_set_what_and_when_newest_first(app: Evenly, db: Database) -> None:
    ada, bo, at = two_admins(app, db)
    assert "What was set before" not in words(ada.get(at).text)
    post(ada, at, most_months="24", most_debt="3000")
    post(bo, at, most_months="12", most_debt="3000", least_instalment="5.50")
    post(ada, at, do="take-away")
    post(bo, at)
    page = words(ada.get(at).text)
    told = page[page.index("What was set before") :]
    assert re.findall(r"(Taken away|Changed|Set) (Ada Whitlock|Bo Lind) on Tuesday 24 November", told) == [
        ("Set", "Bo Lind"), ("Taken away", "Ada Whitlock"), ("Changed", "Bo Lind"), ("Set", "Ada Whitlock")
    ]  # fmt: skip
    newest, taken, changed, first = re.split(r"(?:Taken away|Changed|Set) (?:Ada|Bo)", told)[1:]
    assert "Every field is empty." in newest
    assert "Longest time, in months empty, before 12" in taken
    assert "Least that each payment brings to a debt £5.50, before empty" in changed
    assert "Longest time, in months 12, before 24" in changed and "Highest debt" not in changed
    assert "Highest debt £3,000.00, before empty" in first


def test_of_two_admins_at_once_the_second_is_told_and_sees_what_the_first_set(app: Evenly, db: Database) -> None:
    ada, bo, at = two_admins(app, db)
    shown = seen(bo.get(at).text)
    assert post(ada, at, most_months="24", seen=shown).status_code == 303
    assert post(ada, at, most_months="24", seen=shown).status_code == 303, "a double click"
    second = post(bo, at, most_months="6", seen=shown)
    assert second.status_code == 422 and 'value="6"' in second.text
    assert "A colleague has changed these limits." in words(second.text)
    assert "Set Ada Whitlock on Tuesday 24 November" in words(second.text)
    assert post(bo, at, do="take-away", seen=shown).status_code == 422
    assert post(bo, at, most_months="6", seen=seen(second.text)).status_code == 303
    assert 'value="6"' in ada.get(at).text
