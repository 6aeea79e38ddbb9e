"""Words: neutral, in few parts, with a way to end them; and how many parts they take."""

from datetime import UTC, datetime
from typing import Any

import pytest

from messaging import permit
from messaging.disclosure import findings, has_opt_out_line
from messaging.permit import Purpose
from messaging.tongue import language_of
from messaging.wording import Discloses, parts, render
from tests.cases.facts import facts
from tests.messaging.rounds import a_voice

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


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


@pytest.mark.parametrize("template", [t for t, p in permit.PURPOSES.items() if p in (Purpose.PROACTIVE, Purpose.REPLY)])
def test_a_text_of_ours_says_how_to_sign_in_whom_to_ring_and_how_to_end_it(template: str) -> None:
    body = words(template).body
    assert "https://my.example.org/l/" in body
    assert "0808 157 0123" in body
    assert has_opt_out_line(body)


def test_a_mail_holds_a_code_in_text_and_html_and_none_in_its_subject() -> None:
    mail = words("code", "email")
    assert "135790" in mail.body and "135790" in mail.html
    assert "135790" not in mail.subject
    assert mail.subject == "Your Evenly code"
    assert "<" not in mail.body


def test_a_name_in_a_mail_is_escaped() -> None:
    assert "&lt;b&gt;" in words("code", "email", name="<b>Us</b>").html


@pytest.mark.parametrize("template", sorted(permit.PURPOSES))
def test_words_that_disclose_never_come_out(template: str) -> None:
    with pytest.raises(Discloses):
        words(template, name="Larkfield Debt Recovery")


def test_only_languages_that_are_complete_are_written_in() -> None:
    assert [language_of("xx", "en"), language_of(None, None), language_of("en", "xx")] == ["en", "en", "en"]
