"""Limits set by an admin: by creditor and kind of debt, in its currency, and taken away again."""

from __future__ import annotations

import re

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
