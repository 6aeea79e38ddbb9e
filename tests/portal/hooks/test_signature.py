"""X-Twilio-Signature: every worked case holds in the hook's own check."""

from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from portal.hooks.twilio import check_signature
from tests.cases.facts import facts


def _asked(given: dict[str, Any]) -> tuple[str, bytes, str]:
    if "raw_body" in given:
        return given["url"], given["raw_body"].encode(), given["content_type"]
    return given["url"], urlencode(given["form_params"], doseq=True).encode(), "application/x-www-form-urlencoded"


@pytest.mark.parametrize(("given", "expected"), facts("twilio_signature"))
def test_a_worked_case_holds(given: dict[str, Any], expected: dict[str, Any]) -> None:
    url, raw, kind = _asked(given)
    assert check_signature(url, raw, kind, given["signature"], [given["auth_token"]]) is expected["valid"]


@pytest.mark.parametrize(("given", "expected"), facts("twilio_signature", lambda row: row["expected"]["valid"]))
def test_any_configured_token_may_have_signed_and_no_other(given: dict[str, Any], expected: dict[str, Any]) -> None:
    url, raw, kind = _asked(given)
    assert check_signature(url, raw, kind, given["signature"], ["new", given["auth_token"]])
    assert not check_signature(url, raw, kind, given["signature"], ["new", "older"])
    assert not check_signature(url, raw, kind, given["signature"], [])


@pytest.mark.parametrize(("given", "expected"), facts("twilio_signature", lambda row: row["expected"]["valid"]))
def test_one_changed_byte_anywhere_is_refused(given: dict[str, Any], expected: dict[str, Any]) -> None:
    url, raw, kind = _asked(given)
    tokens = [given["auth_token"]]
    assert not check_signature(url.replace("://", "://x"), raw, kind, given["signature"], tokens)
    assert not check_signature(url, raw + b"&Extra=1", kind, given["signature"], tokens)
    assert not check_signature(url, raw, kind, given["signature"][:-2] + "==", tokens)


def test_a_json_body_without_its_hash_is_refused_even_when_the_address_was_signed() -> None:
    from_address_alone = RequestValidator("12345").compute_signature("https://example.com/a", {})
    assert check_signature("https://example.com/a", b"", "", from_address_alone, ["12345"])
    assert not check_signature("https://example.com/a", b"{}", "application/json", from_address_alone, ["12345"])


def test_a_body_that_is_no_text_is_refused_and_not_an_error() -> None:
    assert not check_signature("https://example.com/a", b"\xff\xfe=1", "application/x-www-form-urlencoded", "x", ["t"])
    assert not check_signature("https://example.com/a", b"", "", "\N{SNOWMAN}", ["t"])
