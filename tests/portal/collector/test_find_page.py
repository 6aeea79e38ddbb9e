"""The box at the top: one who fits is opened, several are listed, and nothing typed stands in an address."""

from tests.portal.addresses import AT_DESK
from tests.portal.collector.conftest import Desk, words_of
from tests.portal.doors import post


def test_one_who_fits_is_opened(desk: Desk) -> None:
    priya = desk.browser("priya")
    for typed in ("rosalind", "07700 900320", "c1", "Achterberg R"):
        answer = post(priya, AT_DESK + "/find", on=AT_DESK + "/", find=typed)
        assert answer.status_code == 303 and answer.location == desk.case("rosalind"), typed


def test_several_who_fit_are_listed_by_name(desk: Desk) -> None:
    page = words_of(post(desk.browser("priya"), AT_DESK + "/find", on=AT_DESK + "/", find="farrow"))
    assert "2 people fit." in page and page.index("Idris Farrow") < page.index("Lena Farrow")
    assert "Ashmere Council, Tidewell Housing, Wierzba Kredyt" in page


def test_nobody_who_fits_is_said_plainly(desk: Desk) -> None:
    priya = desk.browser("priya")
    assert "Nobody fits" in words_of(post(priya, AT_DESK + "/find", on=AT_DESK + "/", find="zz"))
    assert "Type what you look for" in words_of(post(priya, AT_DESK + "/find", on=AT_DESK + "/", find=" "))


def test_a_joint_account_finds_all_who_owe_it(desk: Desk) -> None:
    assert "2 people fit." in words_of(post(desk.browser("priya"), AT_DESK + "/find", on=AT_DESK + "/", find="T-4481"))
