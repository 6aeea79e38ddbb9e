"""A debt's page: every line of its ledger with the balance after it, in pages of fifty, newest first."""

import re
from datetime import date, timedelta

from cases.db import Database
from cases.debts.ledger import give_back
from portal.app import Evenly
from tests.factories import AT, BY, a_charge, a_creditor, a_payment, a_person, an_account
from tests.portal.debtor.conftest import minor, reckonings, whys, words
from tests.portal.debtor.households import Marta
from tests.portal.doors import sign_in


def lines(page: str) -> list[tuple[str, str, int, int]]:
    """The ledger's lines as a page shows them: day, what, sum, owed after."""
    table = page.split('<table class="lines"', 1)[1].split("</table>", 1)[0].split("<tbody", 1)[1]
    found = []
    for row in re.findall(r"<tr.*?</tr>", table, re.S):
        day, what, amount, after = (words(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S))
        found.append((day, what, minor(amount), minor(after)))
    return found


def test_every_line_with_the_balance_after_it(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    page = sign_in(app, db, home_of_marta.person).get(f"/debt/{home_of_marta.waste.id}").text
    assert lines(page) == [("Fri 2 Oct 2026", "Fee", 1200, 21200), ("Wed 2 Sep 2026", "Charge", 20000, 20000)]
    assert reckonings(page)[0] == [("The debt itself", 20000), ("Interest", 0), ("Fees and costs", 1200), ("Owed now", 21200)]


def test_a_payment_that_came_back_stands_there_both_ways(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    with db.acting() as session:
        paid = a_payment(session, [(home_of_marta.waste, 5000)], date(2026, 11, 2))
        give_back(session, paid, on=date(2026, 11, 6), key="bounced", by=BY, at=AT)
    found = lines(sign_in(app, db, home_of_marta.person).get(f"/debt/{home_of_marta.waste.id}").text)
    assert sum(amount for _, _, amount, _ in found) == 21200 == found[0][3]
    assert {what for _, what, _, _ in found} >= {"Payment for fees", "Payment, taken back"}


def test_a_line_that_counts_only_later_says_so(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    with db.acting() as session:
        a_charge(session, home_of_marta.waste, 2500, date(2026, 11, 25), kind="fee")
    page = sign_in(app, db, home_of_marta.person).get(f"/debt/{home_of_marta.waste.id}").text
    days = [day for day, *_ in lines(page)]
    assert days == ["Wed 25 Nov 2026 still to come", "Fri 2 Oct 2026", "Wed 2 Sep 2026"]
    assert reckonings(page)[0][-1] == ("Owed now", 21200)


def test_fifty_lines_a_page_and_the_balance_runs_on(app: Evenly, db: Database) -> None:
    with db.acting() as session:
        creditor = a_creditor(session)
        person = a_person(session, creditor, mobile="+447700900146")
        account = an_account(session, creditor, person)
        for n in range(120):
            a_charge(session, account, 100 + n, date(2026, 1, 1) + timedelta(days=n))
    browser = sign_in(app, db, person)
    pages = [browser.get(f"/debt/{account.id}?page={n}") for n in (1, 2, 3, 4)]
    assert [page.status_code for page in pages] == [200, 200, 200, 404]
    found = [line for page in pages[:3] for line in lines(page.text)]
    assert [len(lines(page.text)) for page in pages[:3]] == [50, 50, 20]
    running = 0
    for _, _, amount, after in reversed(found):
        running += amount
        assert after == running
    assert "1 to 50 of 120" in words(pages[0].text)
    assert f"/debt/{account.id}?page=2#lines" in pages[0].text


def test_a_page_that_is_no_number_is_the_first(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    browser = sign_in(app, db, home_of_marta.person)
    for asked in ("0", "-1", "x", "99999999", "²"):
        assert browser.get(f"/debt/{home_of_marta.waste.id}?page={asked}").status_code == 200


def test_its_whys_add_up_too(app: Evenly, db: Database, home_of_marta: Marta) -> None:
    for figure, rows in whys(sign_in(app, db, home_of_marta.person).get(f"/debt/{home_of_marta.rent.id}").text):
        assert sum(amount for _, amount in rows[:-1]) == rows[-1][1] == figure
