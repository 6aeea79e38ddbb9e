"""The carriers, by the official clients against the stand-in: every answer has one meaning."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cases.waits import WAITS
from messaging.carriers import Effect, Group, LookUpFailed, OutMessage, Progress, Sought, Verdict, applies
from messaging.providers.sendgrid import SendGrid
from messaging.providers.twilio import Twilio, meaning_of
from tests.cases.facts import facts
from tests.pretend.running import ACCOUNT_SID, AUTH_TOKEN, PHONE, SENDGRID_KEY, Hook, Pretend

TEXT = OutMessage(id=7, attempt=2, channel="sms", to=PHONE, body="A note is waiting.", seconds=900)
MAIL = OutMessage(id=8, attempt=1, channel="email", to="marta@example.org", body="424242 is your code.",
                  subject="Your code", html="<p>424242</p>")  # fmt: skip


def sought(body: str | None = TEXT.body, **changed: Any) -> Sought:
    now = datetime.now(UTC)
    given: dict[str, Any] = {"id": 7, "attempt": 2, "to": PHONE, "body": body, "began": now - timedelta(seconds=5),
                             "ended": now}  # fmt: skip
    return Sought(**given | changed)


@pytest.mark.parametrize(("given", "expected"), facts("receipt_order"))
def test_a_report_only_raises(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert applies(Progress(given["current"]), Progress(given["incoming"])) is expected["applies"]


@pytest.mark.parametrize(("given", "expected"), facts("twilio_error_codes"))
def test_a_code_of_twilios_has_a_meaning(given: dict[str, Any], expected: dict[str, Any]) -> None:
    meaning = meaning_of(given["error_code"])
    assert meaning is not None
    assert meaning.final is expected["final"]
    assert meaning.group == expected["group"]


@pytest.mark.parametrize(
    ("code", "effect"),
    [(21610, Effect.STOPPED), (21211, Effect.UNUSABLE), (30006, Effect.UNUSABLE), (30003, Effect.STRIKE),
     (30004, Effect.STRIKE), (30007, Effect.NONE), (99999, Effect.NONE)],
)  # fmt: skip
def test_a_code_says_something_of_the_address_or_nothing(code: int, effect: Effect) -> None:
    assert meaning_of(code).effect is effect  # type: ignore[union-attr]
    assert meaning_of(99999).group is Group.UNKNOWN  # type: ignore[union-attr]


def test_an_accepted_text_carries_our_message_and_attempt_in_the_address_of_its_reports(
    world: Pretend, twilio: Twilio, hook: Hook
) -> None:
    answer = twilio.send(TEXT)
    assert answer.verdict is Verdict.ACCEPTED
    (text,) = world.log()["texts"]
    assert (text["sid"], text["body"]) == (answer.provider_id, TEXT.body)
    url = urlsplit(text["callback"])
    assert (parse_qs(url.query), url.fragment) == ({"m": ["7"], "a": ["2"]}, "rc=5&rp=all")
    hook.wait(1)
    assert hook.posts[0].is_signed()


@pytest.mark.parametrize(
    ("behaviour", "verdict", "taken"),
    [
        ({"refuse": 21211}, Verdict.REFUSED, False),
        ({"refuse": 21610}, Verdict.REFUSED, False),
        ({"refuse": 30001}, Verdict.LATER, False),
        ({"too_many": 1}, Verdict.LATER, False),
        ({"answer": "close"}, Verdict.UNCLEAR, True),
        ({"answer": "error"}, Verdict.UNCLEAR, True),
        ({"answer": "lost"}, Verdict.UNCLEAR, False),
    ],
)
def test_what_is_not_accepted_is_refused_put_off_or_unclear(
    behaviour: dict[str, Any], verdict: Verdict, taken: bool, world: Pretend, twilio: Twilio
) -> None:
    world.behave(PHONE, **behaviour)
    answer = twilio.send(TEXT)
    assert answer.verdict is verdict
    assert len(world.log()["texts"]) == int(taken)
    found = twilio.find(sought())
    assert (found is not None) is taken


def test_a_time_out_is_unclear_and_nothing_that_was_never_sent_is(
    world: Pretend, twilio: Twilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WAITS, "call", timedelta(seconds=0.3))
    world.behave(PHONE, answer="hold")
    assert twilio.send(TEXT).verdict is Verdict.UNCLEAR
    nobody = Twilio(ACCOUNT_SID, AUTH_TOKEN, "+447700900999", callback="http://x/y", base_url="http://127.0.0.1:9")
    assert nobody.send(TEXT).verdict is Verdict.NOT_SENT
    with pytest.raises(LookUpFailed):
        nobody.find(sought())


def test_our_own_wrong_sign_in_puts_messages_off_and_loses_none(world: Pretend, hook: Hook) -> None:
    wrong = Twilio(ACCOUNT_SID, "wrong", "+447700900999", callback=f"{hook.url}/x", base_url=world.url)
    assert wrong.send(TEXT).verdict is Verdict.LATER


def test_the_list_finds_only_what_fits_in_words_and_time(world: Pretend, twilio: Twilio) -> None:
    made = twilio.send(TEXT)
    assert twilio.find(sought()).provider_id == made.provider_id  # type: ignore[union-attr]
    assert twilio.find(sought("Other words.")) is None
    assert twilio.find(sought(to="+447700900124")) is None
    early = datetime.now(UTC) - timedelta(hours=1)
    assert twilio.find(sought(began=early, ended=early)) is None
    assert twilio.find(sought(known=frozenset({made.provider_id}))) is None  # type: ignore[arg-type]
    twilio.send(TEXT)
    with pytest.raises(LookUpFailed):
        twilio.find(sought())


def test_words_that_were_not_kept_are_found_by_number_and_time(world: Pretend, twilio: Twilio) -> None:
    made = twilio.send(TEXT)
    assert twilio.find(sought(None)).provider_id == made.provider_id  # type: ignore[union-attr]


def test_a_service_sends_as_a_service(world: Pretend, hook: Hook) -> None:
    service = Twilio(ACCOUNT_SID, AUTH_TOKEN, "MG" + "a" * 32, callback=f"{hook.url}/x", base_url=world.url)
    made = service.send(TEXT)
    assert made.verdict is Verdict.ACCEPTED
    assert service.find(sought()).provider_id == made.provider_id  # type: ignore[union-attr]


def test_a_code_goes_by_mail_with_nothing_counted(world: Pretend, sendgrid: SendGrid) -> None:
    answer = sendgrid.send(MAIL)
    assert answer.verdict is Verdict.ACCEPTED
    (mail,) = world.log(MAIL.to)["mails"]
    assert "424242" in str(mail)


def test_a_mail_says_where_answers_go_and_how_one_request_ends_it(world: Pretend, sendgrid: SendGrid) -> None:
    ends = "https://my.example.org/u/mark"
    sendgrid.send(replace(MAIL, reply_to="r.x@reply.example.org", unsubscribe=ends))
    sendgrid.send(MAIL)
    mail, code = world.log(MAIL.to)["mails"]
    assert mail["reply_to"] == "r.x@reply.example.org"
    assert mail["headers"] == {
        "Auto-Submitted": "auto-generated", "List-Unsubscribe": f"<{ends}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }  # fmt: skip
    assert (code["reply_to"], code["headers"]) == ("", {"Auto-Submitted": "auto-generated"})
    assert mail["custom_args"] == {"m": "8", "a": "1"}


@pytest.mark.parametrize(
    ("behaviour", "verdict"),
    [({"refuse": 400}, Verdict.REFUSED), ({"too_many": 1}, Verdict.LATER), ({"answer": "close"}, Verdict.UNCLEAR),
     ({"answer": "error"}, Verdict.UNCLEAR)],
)  # fmt: skip
def test_a_mail_that_is_not_accepted_is_refused_put_off_or_unclear(
    behaviour: dict[str, Any], verdict: Verdict, world: Pretend, sendgrid: SendGrid
) -> None:
    world.control(f"mailboxes/{MAIL.to}", behaviour)
    assert sendgrid.send(MAIL).verdict is verdict


def test_mail_that_never_left_is_said_so() -> None:
    nobody = SendGrid(SENDGRID_KEY, "codes@evenly.example", "Evenly", base_url="http://127.0.0.1:9")
    assert nobody.send(MAIL).verdict is Verdict.NOT_SENT
    with pytest.raises(LookUpFailed):
        nobody.find(sought())


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = b"<html>We will be back soon</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_list_that_cannot_be_read_is_a_look_up_that_failed() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        carrier = Twilio(ACCOUNT_SID, AUTH_TOKEN, "+447700900999", callback="https://my.example.org/x",
                         base_url=f"http://127.0.0.1:{server.server_port}")  # fmt: skip
        with pytest.raises(LookUpFailed):
            carrier.find(sought())
    finally:
        server.shutdown()
        server.server_close()
