"""How an inbound text is read."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.law.rules import words
from messaging.reply import CarrierAction, Meaning, Sender, honour_by, may_confirm, read
from tests.cases.facts import facts


@pytest.mark.parametrize(("given_", "expected"), facts("keywords"))
def test_carrier_words(given_: Any, expected: Any) -> None:
    found = read(given_["text"], Sender(given_.get("sender", "long_code")))
    shown = {"provider_action": found.carrier, "opt_out": found.meaning is Meaning.REVOKE}
    assert {key: shown[key] for key in expected} == expected


@pytest.mark.parametrize(("given_", "expected"), facts("opt_out", lambda row: "class" in row["expected"]))
def test_a_withdrawal_is_read_as_one(given_: Any, expected: Any) -> None:
    assert read(given_["text"]).meaning == expected["class"]


@pytest.mark.parametrize(("given_", "expected"), facts("opt_out", lambda row: "received" in row["input"]))
def test_the_outer_limit_for_honouring_a_withdrawal(given_: Any, expected: Any) -> None:
    assert honour_by(date.fromisoformat(given_["received"])).isoformat() == expected["honour_by"]


@pytest.mark.parametrize(("given_", "expected"), facts("opt_out", lambda row: "delay_seconds" in row["input"]))
def test_a_withdrawal_is_confirmed_once_and_soon(given_: Any, expected: Any) -> None:
    assert may_confirm(given_["delay_seconds"], promotional=given_["promotional"]) == expected["allowed"]


def test_a_late_or_promotional_confirmation_may_not_go() -> None:
    assert may_confirm(300, promotional=False)
    assert not may_confirm(301, promotional=False)
    assert not may_confirm(10, promotional=True)


@given(
    st.sampled_from([word for row in words() for word in row.withdraw]),
    st.sampled_from(["{}", " {} ", "{}.", "{}!!", "{}\n", '"{}"', "\u200e{}\u200f", "{} \U0001f6d1"]),
    st.sampled_from([str.upper, str.lower, str.title]),
)
def test_a_shipped_word_by_itself_withdraws_however_it_is_written(word: str, frame: str, case: Any) -> None:
    assert read(frame.format(case(word))).meaning is Meaning.REVOKE


@pytest.mark.parametrize(
    "text",
    [
        "Please stop texting me",
        "stop sending me these messages",
        "Stop all of these texts please",
        "Stop. I already paid.",
        "I paid on Friday, stop",
        "I want to stop these texts",
        "I would like to unsubscribe",
        "How do I opt out?",
        "unsubscribe me",
        "opt me out",
        "please cancel these reminders",
        "End these texts",
        "Don't text me again",
        "do not contact me",
        "no more texts",
        "take me off your list",
        "I withdraw my consent",
        "stop it",
        "sluta skicka sms",
        "Stoppa, tack",
        "Inga fler meddelanden",
        "Proszę przestać pisać",
        "nie chcę więcej smsów",
        "Anuluj, proszę",
        "Rezygnuje",
        "توقف من فضلك",
        "لا ترسلوا لي رسائل",
        "I do not want any more texts",
        "I don't want these texts",
        "i dont want to get texts",
        "I no longer want to receive messages",
        "I do not want you texting me",
        "I don't wish to hear from you",
        "i no longer consent",
        "no more",
        "no more please",
        "cease",
        "cease and desist",
        "lose my number",
        "opted out",
        "opting out",
        "remove number",
        "remove this number",
        "do not send me any more",
        "I'm not happy. Do not send me any more.",
        "unsubcribe",
        "unsuscribe",
        "STOPTEXT",
        "S T O P",
        "s.t.o.p",
        "\U0001f6d1",
        "\U0001f6d1 texting me",
        "stop stop",
        "STOP STOP STOP",
        "stop sending",
        "stop sending me these",
        "stop spam",
        "reply stop",
        "text stop",
        "sms stop",
        "thanks but stop",
        "I told you to stop",
        "avanmäl",
        "Jag vill avanmäla mig",
        "ta bort mig",
        "ta bort mitt nummer",
        "sluta messa mig",
        "przestań",
        "przestańcie",
        "proszę nie pisać",
        "usuńcie mój numer",
        "إلغاء الاشتراك",
        "أريد إلغاء الاشتراك",
    ],
)
def test_any_clear_demand_withdraws(text: str) -> None:
    assert read(text).meaning is Meaning.REVOKE


@pytest.mark.parametrize("text", ["STOP Larkfield Homes", "Hi Larkfield Homes please stop", "larkfield homes: end"])
def test_our_own_name_beside_the_demand_makes_it_no_less_clear(text: str) -> None:
    assert read(text, ours="Larkfield Homes").meaning is Meaning.REVOKE
    assert read("Larkfield Homes", ours="Larkfield Homes").meaning is Meaning.NONE


@pytest.mark.parametrize(
    "text",
    [
        "I can't stop thinking about it",
        "please don't cancel my plan",
        "please don't stop these texts",
        "I do not want to unsubscribe",
        "Can you cancel my direct debit?",
        "Stop charging me interest",
        "stop my payment until you call me",
        "I'll stop by your office",
        "never stop",
        "leave me alone",
        "wrong number",
        "This is not my number",
        "do not call",
        "I don't want these texts to stop",
        "I don't consent to the new plan",
        "I do not need reminders",
        "I am fed up with these messages",
        "this is spam",
        "stop sending bills",
        "My job will cease in May",
        "my doctor told me to stop",
        "I have not opted out",
        "przestańcie naliczać odsetki",
        "daj mi spokój",
        "lämna mig i fred",
    ],
)
def test_what_may_or_may_not_be_a_withdrawal_is_read_by_a_person(text: str) -> None:
    assert read(text).meaning is Meaning.REVIEW


@pytest.mark.parametrize(
    "text",
    [
        "Yes I can pay 20",
        "I will pay at the end of the month",
        "When does the plan end?",
        "Pod koniec miesiąca",
        "Jag betalar på fredag",
        "I need help with the form",
        "ok thanks",
        "Don't send a letter, I'll pay",
        "How do I start paying?",
        "weekend works for me",
        "TD, my bank, has sent it",
        "It has no end, koniec miesiąca, end.",
        "I don't want to call you",
        "I have no more money",
        "no more than 20 a month",
        "Don't send it, I'll pay",
        "I'm going to lose my number next week",
        "I did not get your text",
        "ta kontakt med mig",
        "nie mam pieniędzy",
        "",
        "\U0001f44d",
    ],
)
def test_an_ordinary_reply_is_only_a_reply(text: str) -> None:
    assert read(text).meaning is Meaning.NONE


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("START", "start"),
        ("unstop.", "start"),
        ("please start", "start"),
        ("HELP", "help"),
        ("info", "help"),
        ("Hjälp", "help"),
        ("POMOC", "help"),
        ("YES", "none"),
    ],
)
def test_words_for_texts_again_and_for_help(text: str, meaning: str) -> None:
    assert read(text).meaning == meaning


def test_yes_after_a_stop_opens_the_carriers_gate() -> None:
    assert read(" yes ").carrier_reopens
    assert not read("Yes I can pay 20").carrier_reopens
    assert not read("YES", Sender.TOLL_FREE).carrier_reopens


@pytest.mark.parametrize(
    ("text", "sender", "confirms"),
    [
        ("STOP", "long_code", True),
        (" Stop ", "long_code", True),
        ("STOP.", "long_code", False),
        ("STOP PLEASE", "long_code", False),
        ("STOPP", "long_code", False),
        ("OPT-OUT", "long_code", False),
        ("STOP", "toll_free", True),
        ("QUIT", "toll_free", False),
    ],
)
def test_the_carrier_confirms_only_its_own_words(text: str, sender: str, confirms: bool) -> None:
    found = read(text, Sender(sender))
    assert found.meaning is Meaning.REVOKE
    assert found.carrier_confirms == confirms


@given(st.text(max_size=200))
def test_any_text_at_all_can_be_read(text: str) -> None:
    found = read(text)
    assert found.carrier is CarrierAction.NONE or found.meaning is not Meaning.REVIEW
