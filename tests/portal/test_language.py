"""Words, figures, dates and typed values, as people read and write them."""

from datetime import UTC, date, datetime
from importlib import import_module

import pytest
from flask import g, render_template_string
from hypothesis import given
from hypothesis import strategies as st

from cases.arrangements.schedule import AMOUNT_TOO_SMALL, FIRST_DAY_PAST, TOO_MANY_INSTALMENTS
from cases.money import Money
from cases.refusal import CODES, Refusal, refusal_code
from messaging.figures import NO_BREAK, figures
from portal import catalogues, language
from portal.app import Evenly
from portal.language import SHIPPED, day, money_text, phone_text, reference
from portal.refusals import DEBTOR, GENERAL, STAFF, sentence
from portal.typed import amount_typed
from tests.portal.addresses import AT_DESK

UNKNOWN = refusal_code("face_test.unknown", "amount")
AT = datetime(2026, 11, 26, 12, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minor", "currency", "code", "written"),
    [
        (149660, "GBP", "en", "£1,496.60"),
        (-2000, "GBP", "en", "−£20.00"),
        (0, "GBP", "en", "£0.00"),
        (194000, "SEK", "en", "1,940.00_kr"),
        (-50000, "SEK", "en", "−500.00_kr"),
        (194000, "SEK", "sv", "1_940,00_kr"),
        (326000, "PLN", "en", "3,260.00_zł"),
        (326000, "PLN", "pl", "3260,00_zł"),
        (1326000, "PLN", "pl", "13_260,00_zł"),
        (8000, "GBP", "pl", "£80,00"),
        (8000, "EUR", "en", "€80.00"),
        (8000, "EUR", "sv", "80,00_€"),
        (5000, "CZK", "en", "50.00_Kč"),
        (1234567, "JPY", "en", "1,234,567_JPY"),
        (5, "KWD", "en", "0.005_KWD"),
        (2**63 - 1, "GBP", "en", "£92,233,720,368,547,758.07"),
    ],
)
def test_money_is_written_with_our_symbols_and_the_languages_digits(
    minor: int, currency: str, code: str, written: str
) -> None:
    assert money_text(minor, currency, code) == written.replace("_", NO_BREAK)
    assert money_text(Money(minor, currency), code=code) == written.replace("_", NO_BREAK)


@given(st.integers(min_value=0, max_value=10**15), st.sampled_from(["GBP", "SEK", "PLN", "JPY", "KWD"]),
       st.sampled_from(["en", "sv", "pl"]))
def test_an_amount_that_we_write_is_read_back_exactly(minor: int, currency: str, code: str) -> None:
    typed = money_text(minor, currency, code).replace(currency, "")
    assert amount_typed(typed, currency, figures(code).group) == minor


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("62", 6200), ("62.50", 6250), ("62,50", 6250), ("62.5", 6250), (" £ 62.50 ", 6250), ("62.", 6200),
        ("62.-", 6200), ("1,234.50", 123450), ("1 234,50 kr", 123450), ("1.234,50", 123450), ("1,234", 123400),
        ("1'234.50", 123450), ("62 GBP", 6200), ("62zł", 6200), ("12,345,678", 1234567800), ("0", 0),
        ("６２", 6200), ("1 234,50", 123450),
    ],
)
def test_an_amount_is_read_as_people_type_it(typed: str, minor: int) -> None:
    assert amount_typed(typed, "GBP") == minor


@pytest.mark.parametrize(
    "typed",
    ["about 60", "", "-5", "−5", "1.234", "62.505", "1,23,456", "1.2.3", "12,34.56", "6 or 7", "1e5", "62..5",
     "1,234,5", "0x10", "1_000", "99999999999999999999", "1234,567.00", "½"],
)
def test_an_unclear_amount_is_never_guessed(typed: str) -> None:
    assert amount_typed(typed, "GBP") is None


def test_a_single_dot_before_three_digits_groups_only_where_the_language_groups_so() -> None:
    assert amount_typed("1.234", "EUR", group=".") == 123400
    assert amount_typed("1,234", "EUR", group=".") is None
    assert amount_typed("1.234", "KWD") == 1234


@pytest.mark.parametrize(
    ("on", "code", "written"),
    [
        (date(2026, 12, 1), "en", "Tuesday 1 December"),
        (date(2027, 1, 4), "en", "Monday 4 January 2027"),
        (date(2026, 12, 1), "pl", "wtorek, 1 grudnia"),
        (date(2026, 12, 1), "sv", "tisdag 1 december"),
    ],
)
def test_a_day_has_its_weekday_and_its_year_when_it_is_another(
    face: Evenly, on: date, code: str, written: str
) -> None:
    with face.test_request_context("/"):
        g.now = AT
        assert day(on, code=code) == written


def test_columns_months_moments_and_times(face: Evenly) -> None:
    with face.test_request_context("/"):
        g.now = AT
        assert language.day_short(date(2026, 9, 1)) == "Tue 1 Sep 2026".replace(" ", NO_BREAK)
        assert language.month(date(2028, 6, 1)) == "June 2028"
        assert language.moment(datetime(2026, 7, 1, 20, 14, tzinfo=UTC)) == "Wednesday 1 July, 21:14"
        g.zone = "Europe/Warsaw"
        assert language.clock_time(AT) == "13:24"
        g.zone = "Pacific/Auckland"
        assert language.today() == date(2026, 11, 27)


def test_references_and_phone_numbers_are_spaced_as_people_read_them() -> None:
    assert reference("EV7QX4M2HC") == "EV 7QX4 M2HC".replace(" ", NO_BREAK)
    assert reference("L5314") == "L5314"
    assert phone_text("+447700900145") == "07700 900145"
    assert phone_text("+46701740605") == "+46 70 174 06 05"
    assert phone_text("Ring us") == "Ring us"
    assert language.phone_link("07700 900145") == "tel:+447700900145"


def test_typed_text_becomes_paragraphs_and_never_markup() -> None:
    assert language.paragraphs("<b>a\r\nb\n\n\nc") == "<p>&lt;b&gt;a<br>b</p><p>c</p>"


@pytest.mark.parametrize(("address", "name"), [("/", "debtor"), ("/your-data", "debtor"), ("/workshop", "debtor"),
                                               ("/work", "staff"), (AT_DESK + "/cases/1", "staff"), ("/demo/", "staff")])
def test_the_address_decides_whose_words_a_page_speaks(address: str, name: str) -> None:
    assert language.face_of(address) == name


def test_only_a_shipped_language_is_ever_chosen(face: Evenly) -> None:
    with face.test_request_context("/", headers={"Accept-Language": "tlh, sv;q=0.9"}):
        assert language.language() == "en"
        language.prefer("xx")
        assert language.language() == "en"


def test_the_persons_language_is_chosen_over_the_browsers(face: Evenly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SHIPPED, "debtor", ("en", "sv", "ar"))  # type: ignore[arg-type]
    with face.test_request_context("/", headers={"Accept-Language": "sv, en;q=0.5"}):
        assert (language.language(), language.direction()) == ("sv", "ltr")
        language.prefer("ar")
        assert (language.language(), language.direction()) == ("ar", "rtl")


def test_what_is_filled_into_a_text_is_escaped_but_money_is_not_escaped_twice(face: Evenly) -> None:
    with face.test_request_context("/"):
        page = render_template_string(
            "{{ _('Pay %(amount)s to %(who)s', amount=8000|money('GBP'), who='<i>') }}")
    assert page == "Pay <bdi>£80.00</bdi> to &lt;i&gt;"


@pytest.mark.parametrize("name", ["debtor", "staff"])
def test_every_text_stands_in_its_catalogue(name: str) -> None:
    assert catalogues.missing(name) == [], "run python -m portal.catalogues"


@pytest.mark.parametrize(("name", "sentences"), [("debtor", DEBTOR), ("staff", STAFF)])
def test_every_sentence_about_a_refusal_uses_only_facts_that_its_code_has(
    face: Evenly, name: str, sentences: dict[str, str]
) -> None:
    for module in ("cases.arrangements.schedule", "cases.debts.account", "cases.debts.announced",
                   "cases.debts.creditor", "cases.debts.ledger", "cases.people.contact",
                   "cases.people.person", "cases.people.staff", "cases.arrangements.offer", "cases.debts.dispute",
                   "cases.arrangements.affordability", "cases.arrangements.proposal", "cases.work.queue", "cases.intake.layout"):
        import_module(module)
    with face.test_request_context("/"):
        g.now = AT
        for code, text in sentences.items():
            facts = dict.fromkeys(CODES[code].facts, "x")
            said = sentence(Refusal(code, **facts), name)  # type: ignore[arg-type]
            assert said and "%" not in said, (code, text)


def test_facts_of_a_refusal_are_written_as_people_read_them(face: Evenly) -> None:
    with face.test_request_context("/"):
        g.now = AT
        assert sentence(AMOUNT_TOO_SMALL(amount=50, least=500), "debtor", currency="GBP") == (
            "£0.50 each time is too little. Choose £5.00 or more.")
        assert "Tuesday 1 December" in sentence(
            FIRST_DAY_PAST(day=date(2026, 11, 1), earliest=date(2026, 12, 1)), "staff")
        assert "1,200 payments" in sentence(TOO_MANY_INSTALMENTS(count=1200, most=360), "debtor", currency="GBP")


def test_an_unknown_refusal_gets_a_general_sentence(face: Evenly) -> None:
    with face.test_request_context("/"):
        assert sentence(UNKNOWN(amount=1), "debtor") == GENERAL["debtor"]
        assert sentence(UNKNOWN(amount=1), "staff") == GENERAL["staff"]


@pytest.mark.parametrize("sentences", [DEBTOR, STAFF])
def test_no_sentence_is_longer_than_twenty_words(sentences: dict[str, str]) -> None:
    for text in sentences.values():
        for part in text.split(". "):
            assert len(part.split()) <= 20, part
