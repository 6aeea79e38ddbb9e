"""What may be seen on a lock screen, and what may not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.money import Money
from messaging.disclosure import Discloses, findings, has_opt_out_line, preview_safe
from tests.cases.facts import facts

NEUTRAL = [
    "Larkfield: you have a new message. Please sign in at larkfield.example. Reply STOP to opt out.",
    "Hello Dana, Larkfield has an answer for you. Sign in: https://evenly.example/l/AbCdebt-court_owe123456789.x1Y2z3w4",
    "481516 is your Larkfield code. It lasts 10 minutes. Nobody from Larkfield will ask for it.",
    "You will get no more texts from Larkfield. Reply START to get them again.",
    "Larkfield: a reminder waits for you. Please sign in before Thursday 26 November, or call 0300 000 000.",
    "We are open from 9:30 to 17:00, also on 24.11.2026.",
    "Your appointment is on 24 November at 10.30. Pay attention to the new address.",
    "Din tid är kl 10.30. Vi har gjort en beräkning av tiden.",
    "Hello Bill, Larkfield has written to you. The talk goes on after 13:00.",
    "Larkfield: du har ett nytt meddelande. Logga in eller ring 08-123 45 67. Svara STOPP för att slippa fler.",
    "Larkfield i Örebro län: en påminnelse väntar på dig.",
    "Larkfield: masz nową wiadomość. Zaloguj się według instrukcji. Odpisz STOP, aby zrezygnować.",
    "Larkfield: لديك رسالة جديدة. سجّل الدخول من المدينة أو اتصل على 0300 000 000. أرسل STOP لإيقاف الرسائل.",
]

DISCLOSING = [
    ("FINAL NOTICE", "threat"),
    ("You owe us money", "debt"),
    ("Your account is in arrears", "debt"),
    ("Your account is overdue", "debt"),
    ("An unpaid bill", "debt"),
    ("Your payment is due on Friday", "debt"),
    ("You missed an instalment", "debt"),
    ("Your outstanding balance", "debt"),
    ("From our collections team", "collection"),
    ("Swiftcollect asks you to sign in", "collection"),
    ("Larkfield Debt Recovery", "debt"),
    ("We may go to court", "court"),
    ("Our solicitors", "court"),
    ("A bailiff will call", "court"),
    ("About your breathing space", "insolvency"),
    ("Pay here", "debt"),
    ("Sign in: https://example.com/pay", "debt"),
    ("Direct debit failed", "debt"),
    ("You're in default", "debt"),
    ("You are behind", "debt"),
    ("Your bill is late", "debt"),
    ("Your energy bill", "debt"),
    ("An invoice", "debt"),
    ("There is a fee", "debt"),
    ("Are you in hardship?", "debt"),
    ("Ring StepChange", "debt"),
    ("Din faktura", "debt"),
    ("En räkning", "debt"),
    ("Faktura czeka", "debt"),
    ("Twój rachunek", "debt"),
    ("لديك فاتورة", "debt"),
    ("Money claim", "court"),
    ("From HMCTS", "court"),
    ("Statute barred", "court"),
    ("Your finance agreement", "kind_of_case"),
    ("About your rent", "kind_of_case"),
    ("About your loan", "kind_of_case"),
    ("D\u200bE\u200bB\u200bT", "debt"),
    ("Sign in at https://debt-recovery.example/", "debt"),
    ("Din skuld", "debt"),
    ("Betalningspåminnelse", "debt"),
    ("Ett ärende hos Kronofogden", "court"),
    ("Inkassokrav", "collection"),
    ("Ditt lån", "kind_of_case"),
    ("Masz dług", "debt"),
    ("Zaległości na koncie", "debt"),
    ("Przypomnienie o płatności", "debt"),
    ("Dział windykacji", "collection"),
    ("Sprawa w sądzie", "court"),
    ("Sąd rejonowy", "court"),
    ("Twój kredyt", "kind_of_case"),
    ("عليك ديون", "debt"),
    ("بخصوص المتأخرات", "debt"),
    ("سنذهب إلى المحكمة", "court"),
    ("قسم التحصيل", "collection"),
    ("قرضك", "kind_of_case"),
]


@pytest.mark.parametrize(("given_", "expected"), facts("third_party"))
def test_nobody_learns_of_the_debt_from_a_preview(given_: Any, expected: Any) -> None:
    assert preview_safe(given_["text"]) == expected["preview_safe"]


@pytest.mark.parametrize("text", NEUTRAL)
def test_a_neutral_text_may_go(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize(("text", "what"), DISCLOSING)
def test_a_word_that_gives_the_debt_away_is_found(text: str, what: str) -> None:
    assert what in {each.what for each in findings(text)}
    for neutral in NEUTRAL[:2]:
        assert not preview_safe(f"{neutral} {text}")


@pytest.mark.parametrize(
    "text",
    [
        "£20",
        "20 £",
        "20.00",
        "a plan at 20.00 a month",
        "at 25.99",
        "at 120.50",
        "1,234.50",
        "1 234,50",
        "SEK 500",
        "500 kr",
        "500kr",
        "200 zł",
        "20 pounds",
        "€ 5",
        "5 EUR",
        "٢٠ جنيه",
        "\u00a3\u200b20",
        "5\u200b00\u200bkr",
    ],
)
def test_an_amount_is_found_however_it_is_written(text: str) -> None:
    assert Discloses.AMOUNT in {each.what for each in findings(f"Larkfield: {text} please")}


@given(st.integers(100, 10**9), st.sampled_from(["GBP", "SEK", "PLN", "EUR"]))
def test_no_amount_of_money_passes(minor: int, currency: str) -> None:
    assert not preview_safe(f"Sign in {Money(minor, currency).decimal_string()} today")


@pytest.mark.parametrize(
    "text",
    [
        "Swift Line has written to you",
        "SWIFT-LINE has written",
        "Sign in at swiftline.example",
        "Sign in at https://www.swiftline.example/x",
        "Świft Liné",
    ],
)
def test_a_name_that_gives_a_collector_away_is_found(text: str) -> None:
    assert preview_safe(text)
    assert [each.what for each in findings(text, ["Swift Line Ltd"])] == [Discloses.NAME]


def test_a_short_name_is_only_found_as_a_word() -> None:
    assert preview_safe("Please sign in at the house", ["Hous", ""])
    assert not preview_safe("Hous has written", ["Hous"])


@pytest.mark.parametrize(("given_", "expected"), facts("opt_out", lambda row: "valid" in row["expected"]))
def test_a_text_says_how_to_opt_out(given_: Any, expected: Any) -> None:
    assert has_opt_out_line(given_["text"]) == expected["valid"]


@pytest.mark.parametrize(
    "text",
    [
        "Reply STOP to opt out.",
        "Text STOP to end",
        "STOP to unsubscribe",
        "Svara STOPP för att slippa sms.",
        "Odpisz STOP, aby zrezygnować.",
        "أرسل STOP لإيقاف الرسائل",
        "To unsubscribe, sign in.",
        "Opt out: STOP",
        "STOP=opt out",
        "Stop2End",
        "Optout txt STOP",
    ],
)
def test_an_opt_out_line_is_known_in_every_language(text: str) -> None:
    assert has_opt_out_line(f"Larkfield: please sign in. {text}")


def test_the_word_stop_alone_is_no_opt_out_line() -> None:
    assert not has_opt_out_line("The bus stop is near our office")
    assert not has_opt_out_line("Please reply to this text")
