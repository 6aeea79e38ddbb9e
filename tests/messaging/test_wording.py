"""Words: neutral, in few parts, with a way to end them; and how many parts they take."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from messaging import permit
from messaging.disclosure import findings, has_opt_out_line
from messaging.permit import Purpose
from messaging.tongue import language_of
from messaging.wording import Discloses, Voice, parts, render
from tests.cases.facts import facts
from tests.messaging.rounds import a_voice

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def a_mail_voice() -> Voice:
    """Evenly's, with an address for answers and one that ends mail."""
    return replace(
        a_voice(), answers_to=lambda person: f"r.{person}@reply.example.org",
        ends_at=lambda contact: f"https://my.example.org/u/mark-of-{contact}",
    )  # fmt: skip


def words(template: str, channel: str = "sms", name: str = "Evenly") -> Any:
    told = {"code": "135790", "minutes": 10} if template == "code" else None
    return render(template, channel, language="en", voice=a_voice(name), person=7, real=NOW, facts=told)


@pytest.mark.parametrize(("given", "expected"), facts("sms_parts"))
def test_parts_of_a_text(given: dict[str, Any], expected: dict[str, Any]) -> None:
    found = parts(given["text"])
    assert (found.encoding, found.units, found.parts) == (expected["encoding"], expected["units"], expected["segments"])


@pytest.mark.parametrize(("given", "expected"), facts("sms_segments"))
def test_parts_at_the_boundaries(given: dict[str, Any], expected: dict[str, Any]) -> None:
    text = given["text"]
    found = parts(text if isinstance(text, str) else "".join(piece * times for piece, times in text))
    if "encoding" in expected:
        assert found.encoding == expected["encoding"]
    if "segments" in expected:
        assert found.parts == expected["segments"]
    if "message_bits" in expected:
        assert found.units * (7 if found.encoding == "GSM-7" else 16) == expected["message_bits"]


@pytest.mark.parametrize("template", sorted(permit.PURPOSES))
def test_a_text_names_us_and_tells_a_stranger_nothing(template: str) -> None:
    body = words(template).body
    assert "Evenly" in body
    assert findings(body) == []
    assert parts(body).encoding == "GSM-7"
    assert parts(body).parts == 1


OURS = [t for t, p in permit.PURPOSES.items() if p in (Purpose.PROACTIVE, Purpose.REPLY) and t != "contact_changed"]
"""What leads to the sign-in and may be ended; news of a changed contact may be read by somebody else."""


@pytest.mark.parametrize("template", OURS)
def test_a_text_of_ours_says_how_to_sign_in_whom_to_ring_and_how_to_end_it(template: str) -> None:
    body = words(template).body
    assert "https://my.example.org/l/" in body
    assert "0808 157 0123" in body
    assert has_opt_out_line(body)


@pytest.mark.parametrize("template", [t for t in sorted(permit.PURPOSES) if t != "stop_confirmed"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_mail_has_one_look_says_little_and_fetches_nothing(template: str, language: str) -> None:
    told = {"code": "135790", "minutes": 10} if template == "code" else None
    mail = render(template, "email", language=language, voice=a_mail_voice(), person=7, contact=3, real=NOW, facts=told)
    for said in (mail.subject, mail.body, mail.html):
        assert findings(said) == []
    assert "Evenly" in mail.subject and "\n" not in mail.subject
    assert "<" not in mail.body and "\n\n\n" not in mail.body
    assert not re.search(r"<img|<link|<script|url\(|@import|@font-face|src=|background=", mail.html)
    assert {urlsplit(each).netloc for each in re.findall(r'href="([^"]+)"', mail.html)} <= {"my.example.org"}
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in mail.html
    assert mail.html.count("<h1") == 1 and "prefers-color-scheme: dark" in mail.html
    number = "\u20660808 157 0123\u2069" if language == "ar" else " 0808 157 0123"
    assert number in mail.body and number in mail.html


@pytest.mark.parametrize("template", OURS)
def test_a_mail_of_ours_says_how_to_sign_in_where_an_answer_goes_and_how_to_end_it(template: str) -> None:
    mail = render(template, "email", language="en", voice=a_mail_voice(), person=7, contact=3, real=NOW)
    assert (mail.reply_to, mail.unsubscribe) == ("r.7@reply.example.org", "https://my.example.org/u/mark-of-3")
    for said in (mail.body, mail.html):
        assert "https://my.example.org/l/" in said and mail.unsubscribe in said
        assert "answer this email" in said


@pytest.mark.parametrize("template", ["code", "contact_changed"])
def test_a_code_and_word_to_an_old_contact_lead_nowhere_and_are_not_ended(template: str) -> None:
    told = {"code": "135790", "minutes": 10} if template == "code" else None
    mail = render(template, "email", language="en", voice=a_mail_voice(), person=7, contact=3, real=NOW, facts=told)
    assert (mail.reply_to, mail.unsubscribe) == ("", "")
    assert "http" not in mail.html and "http" not in mail.body


def test_a_mail_holds_a_code_in_text_and_html_and_none_in_its_subject() -> None:
    mail = words("code", "email")
    assert "135790" in mail.body and "135790" in mail.html
    assert "135790" not in mail.subject
    assert mail.subject == "Your Evenly code"
    assert "<" not in mail.body


@pytest.mark.parametrize("template", sorted(set(permit.PURPOSES) - {"stop_confirmed"}))
def test_a_mail_is_set_larger_for_whoever_needs_large_print(template: str) -> None:
    def sizes(large: bool) -> list[int]:
        told = {"code": "424242", "minutes": 10} if template == "code" else {}
        mail = render(template, "email", language="en", voice=a_mail_voice(), person=7, contact=3, real=NOW, facts=told,
                      large=large)  # fmt: skip
        return [int(size) for size in re.findall(r"font-size:([1-9]\d*)px", mail.html)]

    usual, large = sizes(False), sizes(True)
    assert len(usual) == len(large) > 4
    assert all(more >= 1.3 * less for less, more in zip(usual, large, strict=True))


def test_a_name_in_a_mail_is_escaped() -> None:
    assert "&lt;b&gt;" in words("code", "email", name="<b>Us</b>").html


@pytest.mark.parametrize("template", sorted(permit.PURPOSES))
def test_words_that_disclose_never_come_out(template: str) -> None:
    with pytest.raises(Discloses):
        words(template, name="Larkfield Debt Recovery")


def test_only_languages_that_are_complete_are_written_in() -> None:
    assert [language_of("xx", "en"), language_of(None, None), language_of("en", "xx")] == ["en", "en", "en"]
