"""The queue page: the next case on top, opened by one collector alone; the list, narrowed and told plainly."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from cases.debts.creditor import Creditor
from cases.work import queue
from portal.collector.face import sums_words
from tests.factories import a_charge, a_person, an_account
from tests.portal.addresses import AT_DESK
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.doors import post, statements


def test_the_next_case_stands_on_top_with_its_reason(desk: Desk) -> None:
    page = words_of(desk.browser("priya").get(AT_DESK + "/"))
    assert "Next for you: Idris Farrow Plan proposal Answer due: Thursday 26 November" in page
    assert "£60.00 a month from 4 December 1 more thing waits in this case." in page
    assert "3 cases wait." in page and "All 3 Proposals 1 Messages 2 Unclear delivery 1" in page
    assert "“I paid on Friday.”" in page and "The carrier gave no clear answer. Do not resend unseen." in page
    assert "Quiet Quentin" not in page


@pytest.mark.parametrize(("sums", "said"), [
    ({"GBP": 0, "PLN": 5_00, "SEK": 7_00}, [(7_00, "SEK"), (5_00, "PLN")]), ({"GBP": 0, "PLN": 0}, [(0, "GBP")]), ({}, []),
])  # fmt: skip
def test_nought_of_a_currency_is_said_only_where_there_is_nothing_else(sums: dict, said: list) -> None:
    assert list(sums_words(sums)) == said


def test_looking_takes_nothing(desk: Desk) -> None:
    desk.browser("priya").get(AT_DESK + "/")
    desk.browser("priya").get(desk.case("idris"))
    with desk.db.acting() as session:
        assert session.scalar(text("select count(*) from work_item where taken_by is not null")) == 0


def test_of_two_who_open_the_same_case_the_second_gets_the_next_one_and_is_told(desk: Desk) -> None:
    priya, tom = desk.browser("priya"), desk.browser("tom")
    tom.get(AT_DESK + "/")
    first = post(priya, AT_DESK + "/next", on=AT_DESK + "/", case=desk.refs["idris"])
    assert first.location == desk.case("idris")
    assert "You have this case until" in words_of(priya.get(first.location))
    second = post(tom, AT_DESK + "/next", on=AT_DESK + "/", case=desk.refs["idris"])
    assert second.location == desk.case("rosalind")
    assert "A colleague was quicker" in words_of(tom.get(second.location))
    assert "Open with Priya Nand" in words_of(tom.get(AT_DESK + "/"))
    post(tom, AT_DESK + "/next", on=AT_DESK + "/", case=desk.refs["idris"])


def test_when_nothing_else_waits_the_second_is_told_so(desk: Desk) -> None:
    tom = desk.browser("tom")
    with desk.db.acting() as session:
        for name in ("idris", "rosalind", "bertram"):
            queue.take(session, person=desk.ids[name], user=desk.ids["priya"], at=desk.clock.now())
    answer = post(tom, AT_DESK + "/next", on=desk.case("idris"), case=desk.refs["idris"])
    assert answer.location == AT_DESK + "/"
    assert "Nothing else waits for you now." in words_of(tom.get(AT_DESK + "/"))


def test_a_case_is_taken_and_given_back_on_its_page(desk: Desk) -> None:
    priya, tom = desk.browser("priya"), desk.browser("tom")
    post(priya, desk.case("idris", "/take"), on=desk.case("idris"))
    assert "Open with Priya Nand until 09:50" in words_of(tom.get(desk.case("idris")))
    post(tom, desk.case("idris", "/take"), on=desk.case("idris"))
    assert "A colleague has this case open Priya Nand has it open until 09:50." in words_of(tom.get(desk.case("idris")))
    post(priya, desk.case("idris", "/release"), on=desk.case("idris"))
    assert "Nobody has it open." in words_of(tom.get(desk.case("idris")))


def test_a_case_is_postponed_with_a_reason_and_no_longer_than_its_answer(desk: Desk) -> None:
    priya = desk.browser("priya")
    where = desk.case("idris", "/postpone")
    assert "From 25 November to 26 November." in words_of(priya.get(where))
    late = post(priya, where, reason="other", **{"until-day": "27", "until-month": "11", "until-year": "2026"})
    assert late.status_code == 422 and "Choose a day from 25 November to 26 November 2026" in words_of(late)
    done = post(priya, where, reason="call_back", **{"until-day": "26", "until-month": "11", "until-year": "2026"})
    assert done.location == AT_DESK + "/"
    page = words_of(priya.get(AT_DESK + "/"))
    assert "Postponed to Thursday 26 November" in page
    assert "Next for you: Rosalind Achterberg" in page
    assert "Back on Thursday 26 November" in words_of(priya.get(AT_DESK + "/?show=postponed"))
    assert "A call back is agreed." in words_of(priya.get(desk.case("idris")))


def test_distress_is_not_postponed(desk: Desk) -> None:
    with desk.db.acting() as session:
        queue.open_item(session, person=desk.ids["quiet"], kind="message", subject="said:999", urgency=0,
                        at=desk.clock.now())
    priya = desk.browser("priya")
    page = words_of(priya.get(AT_DESK + "/"))
    assert "Next for you: Quiet Quentin" in page and "Distress" in page
    assert "This case cannot wait" in words_of(priya.get(desk.case("quiet", "/postpone")))
    assert "/postpone" not in priya.get(desk.case("quiet")).get_data(as_text=True)


def test_a_case_is_passed_on_to_a_colleague_who_works_cases(desk: Desk) -> None:
    priya, tom = desk.browser("priya"), desk.browser("tom")
    where = desk.case("idris", "/pass-on")
    page = words_of(priya.get(where))
    assert "Tom Ashby" in page and "Olga" not in page
    assert post(priya, where, to=str(desk.ids["ops"])).status_code == 422
    assert post(priya, where, to=str(desk.ids["tom"])).location == AT_DESK + "/"
    assert "Idris Farrow Plan" not in words_of(priya.get(AT_DESK + "/"))
    assert "Passed on to you" in words_of(tom.get(AT_DESK + "/"))
    assert "To Tom Ashby." in words_of(priya.get(desk.case("idris")))


NARROWED = {
    "kind=message": ["Idris", "Rosalind"],
    "kind=uncertain": ["Bertram"],
    "creditor={housing}": ["Idris", "Bertram"],
    "language=pl": [],
    "sort=waiting": ["Bertram", "Idris", "Rosalind"],
    "kind=nonsense&creditor=x&language=zz&sort=y&page=0": ["Idris", "Rosalind", "Bertram"],
}


def test_the_list_is_narrowed_and_ordered(desk: Desk) -> None:
    priya = desk.browser("priya")
    for asked, shown in NARROWED.items():
        page = priya.get(AT_DESK + "/?" + asked.format(**desk.ids)).get_data(as_text=True)
        listed = page[page.index("Apply</button>") :]
        found = sorted((listed.index(name), name) for name in ("Idris", "Rosalind", "Bertram") if name in listed)
        assert [name for _, name in found] == shown, asked


def test_ten_to_a_page(desk: Desk) -> None:
    a_crowd(desk, 12)
    priya = desk.browser("priya")
    page = priya.get(AT_DESK + "/").get_data(as_text=True)
    assert "1 to 10 of 15" in page and f'href="{AT_DESK}/?page=2"' in page
    assert "11 to 15 of 15" in words_of(priya.get(AT_DESK + "/?page=2"))


def test_the_page_asks_as_much_of_a_long_queue_as_of_a_short_one(desk: Desk) -> None:
    priya = desk.browser("priya")
    with statements(desk.db) as few:
        priya.get(AT_DESK + "/")
    a_crowd(desk, 30)
    with statements(desk.db) as many:
        priya.get(AT_DESK + "/")
    assert len(many) <= len(few) <= 12, few


def a_crowd(desk: Desk, count: int) -> None:
    """More people whose messages wait."""
    with desk.db.acting() as session:
        owed_to = session.get_one(Creditor, desk.ids["housing"])
        for n in range(count):
            person = a_person(session, owed_to, name=f"Crowd {n}")
            a_charge(session, an_account(session, owed_to, person), 1_000, desk.clock.now().date() - timedelta(days=9))
            queue.open_item(session, person=person.id, kind="message", subject=f"said:{900 + n}", urgency=1,
                            at=desk.clock.now())


@pytest.mark.parametrize("query", [f"page={'9' * 30}", "page=9223372036854775807", "page=-1", "page=x", "creditor=²",
                                   f"creditor={'9' * 30}", "kind=%00", "language=x"])  # fmt: skip
def test_an_odd_address_of_the_queue_is_answered(desk: Desk, query: str) -> None:
    assert desk.browser("priya").get(f"{AT_DESK}/?{query}").status_code == 200


@pytest.mark.parametrize("path", [f"/offer/{'9' * 30}", f"/decline/{'9' * 30}"])
def test_a_number_that_no_row_can_have_is_not_found(desk: Desk, path: str) -> None:
    priya = desk.browser("priya")
    assert priya.get(desk.case("idris", path)).status_code == 404
    assert priya.get(f"/debt/{'9' * 30}").status_code == 404
    assert priya.get(AT_DESK + "/case/A%00B").status_code == 404
    assert priya.get(desk.case("idris", f"?before={'9' * 30}")).status_code == 200


def test_a_long_key_is_cut(desk: Desk) -> None:
    long = "".join(chr(33 + n * 7919 % 90) for n in range(40_000))
    answer = post(desk.browser("priya"), desk.case("idris", "/write"), on=desk.case("idris"), words="Hello.", key=long)
    assert answer.status_code == 303
