"""Help that a person needs: told by them, shown to them, and obeyed by letters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from cases.db import Database
from cases.history import Actor
from cases.people import support
from cases.work import queue
from messaging import documents, notices
from messaging.documents import Document
from messaging.outbox import Message
from portal.app import Evenly
from portal.press import Press
from tests.factories import AT
from tests.portal.debtor.conftest import words
from tests.portal.debtor.households import Marta, a_plan
from tests.portal.doors import SetClock, post, sign_in
from tests.portal.papers import US


def test_it_is_told_once_and_can_be_taken_back(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    browser = sign_in(app, db, home_of_marta.person)
    assert 'href="/support"' in browser.get("/").text
    answer = post(browser, "/support", on="/support", needs=["large_print", "interpreter"], reason="I see badly.")
    assert answer.status_code == 303
    page = browser.get("/support").text
    assert "Thank you. We have noted it" in words(page) and "I see badly" not in page
    for need, ticked in (("large_print", True), ("interpreter", True), ("no_calls", False)):
        box = page[page.index(f'value="{need}"') - 80 : page.index(f'value="{need}"') + 60]
        assert ("checked" in box) == ticked, need
    post(browser, "/support", on="/support")
    with db.acting() as session:
        assert support.needs_of(session, [home_of_marta.person.id]) == ()
        assert queue.open_items(session, [home_of_marta.person.id]) == []


@pytest.mark.slow
def test_letters_come_in_large_print_to_whoever_needs_them_so(
    app: Evenly, db: Database, home_of_marta: Marta, clock: SetClock
) -> None:
    of = home_of_marta
    press = Press(db, clock, US)
    with db.acting() as session:
        press.begin(session)
        notices.begin(session, at=AT)
    with db.acting() as session:
        support.tell(session, person=of.person.id, needs=["large_print"], by=Actor("debtor", of.person.id), at=AT)
        a_plan(session, of.person, of.rent)
        documents.ask_statements(session, of.creditors["housing"].id, AT.date() - timedelta(days=30), AT.date(), by=Actor("test"),
                                 at=AT)  # fmt: skip
    press.run()
    browser = sign_in(app, db, of.person)
    post(browser, "/statement?year=2026", on="/statement")
    with db.acting() as session:
        made = session.scalars(select(Document).where(Document.person_id == of.person.id)).all()
        notices.answer(session, at=AT)
        told = session.scalars(select(Message.template).where(Message.person_id == of.person.id)).all()
        assert "agreement_ready" in told
    assert sorted((each.kind, each.large) for each in made) == [("agreement", True), ("statement", True), ("statement", True)]
