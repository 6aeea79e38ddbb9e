"""Twilio's interface, by the official client."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.pretend.running import ACCOUNT_SID, OURS, PHONE, Hook, Pretend

MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
SERVICE = "MG" + "0" * 32


def test_a_text_is_queued_and_then_delivered(world: Pretend) -> None:
    message = world.send(body="Å note")
    assert (message.status, message.to, message.from_, message.body) == ("queued", PHONE, OURS, "Å note")
    assert message.date_sent is None and message.error_code is None and message.num_segments == "1"
    delivered = world.wait_for(message.sid, "delivered")
    assert delivered.date_sent is not None and delivered.date_created == message.date_created


def test_a_text_of_a_messaging_service_is_accepted_and_then_has_a_sender(world: Pretend) -> None:
    message = world.twilio().messages.create(to=PHONE, messaging_service_sid=SERVICE, body="Note")
    assert (message.status, message.from_, message.messaging_service_sid) == ("accepted", None, SERVICE) or (
        message.status == "queued"
    )
    assert world.wait_for(message.sid, "delivered").from_ == OURS


@pytest.mark.parametrize(
    ("form", "code", "status"),
    [
        ({"From": OURS, "Body": "x"}, 21604, 400),
        ({"To": "", "From": OURS, "Body": "x"}, 21604, 400),
        ({"To": PHONE, "Body": "x"}, 21603, 400),
        ({"To": PHONE, "From": OURS}, 21602, 400),
        ({"To": PHONE, "From": OURS, "Body": ""}, 21602, 400),
        ({"To": "07700900123", "From": OURS, "Body": "x"}, 21211, 400),
        ({"To": PHONE, "From": "a name far too long", "Body": "x"}, 21212, 400),
        ({"To": PHONE, "From": PHONE, "Body": "x"}, 21266, 400),
        ({"To": PHONE, "From": OURS, "Body": "x" * 1601}, 21617, 400),
        ({"To": PHONE, "From": OURS, "Body": "x", "StatusCallback": "evenly.example/hook"}, 21609, 400),
        ({"To": PHONE, "From": OURS, "Body": "x", "ValidityPeriod": "0"}, 90007, 400),
        ({"To": PHONE, "From": OURS, "Body": "x", "ValidityPeriod": "36001"}, 90007, 400),
        ({"To": PHONE, "From": OURS, "Body": "x", "MessagingServiceSid": "MG1"}, 20422, 400),
        ({"To": PHONE, "From": OURS, "Body": "x", "IdempotencyKey": "1"}, 20001, 400),
        ({"To": PHONE, "From": OURS, "Body": "x", "body": "y"}, 20001, 400),
        ({"To": PHONE, "From": OURS, "Body": "x", "ScheduleType": "fixed", "SendAt": "soon"}, 35114, 400),
        (
            {"To": PHONE, "From": OURS, "Body": "x", "ScheduleType": "fixed", "SendAt": "2030-01-01T00:00:00Z"},
            35118,
            400,
        ),
    ],
)
def test_a_wrong_form_is_refused_in_the_shape_of_twilios_errors(
    world: Pretend, form: dict[str, str], code: int, status: int
) -> None:
    given, answer = world.post(MESSAGES, form)
    assert (given, answer["code"], answer["status"]) == (status, code, status)
    assert answer["more_info"].endswith(f"/{code}") and answer["message"]
    assert world.log()["texts"] == []


@pytest.mark.parametrize(
    "form", [{"ValidityPeriod": "1"}, {"ValidityPeriod": "36000"}, {"From": "Evenly"}, {"Body": "x" * 1600}]
)
def test_what_lies_on_the_limit_is_taken(world: Pretend, form: dict[str, str]) -> None:
    assert world.post(MESSAGES, {"To": PHONE, "From": OURS, "Body": "x"} | form)[0] == 201


def test_the_clients_exception_carries_the_code(world: Pretend) -> None:
    with pytest.raises(TwilioRestException) as refused:
        world.send(to="07700")
    assert (refused.value.status, refused.value.code) == (400, 21211)


def test_another_token_or_account_is_refused(world: Pretend) -> None:
    with pytest.raises(TwilioRestException) as refused:
        world.twilio(token="wrong").messages.create(to=PHONE, from_=OURS, body="x")
    assert (refused.value.status, refused.value.code) == (401, 20003)
    status, answer = world.post(MESSAGES.replace(ACCOUNT_SID, "AC" + "f" * 32), {"To": PHONE})
    assert (status, answer["code"]) == (404, 20404)
    assert world.post("/2010-04-01/Accounts.json", {})[0] == 404


def test_one_may_list_by_recipient_sender_and_day(world: Pretend) -> None:
    other = "+447700900124"
    first, second = world.send(body="1"), world.send(body="2")
    world.wait_for(world.send(to=other, body="3").sid, "delivered")
    world.wait_for(second.sid, "delivered")
    messages = world.twilio().messages
    assert [m.sid for m in messages.list(to=PHONE)] == [second.sid, first.sid]
    assert len(messages.list(from_=OURS)) == 3 and messages.list(from_="+447700900998") == []
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert len(messages.list(to=PHONE, date_sent=today)) == 2
    assert messages.list(to=PHONE, date_sent_before=today - timedelta(days=1)) == []
    assert len(messages.list(date_sent_after=today - timedelta(days=1))) == 3


def test_a_text_not_yet_sent_is_left_out_when_a_day_is_asked(world: Pretend) -> None:
    world.behave(step_ms=600_000)
    world.send()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    messages = world.twilio().messages
    assert len(messages.list(to=PHONE)) == 1 and messages.list(to=PHONE, date_sent_after=today) == []


def test_pages_follow_one_another_though_new_texts_come(world: Pretend) -> None:
    sent = [world.send(body=str(n)).sid for n in range(7)]
    page = world.twilio().messages.page(to=PHONE, page_size=3)
    seen = [m.sid for m in page]
    world.send(body="late")
    while (page := page.next_page()) is not None:
        seen += [m.sid for m in page]
    assert seen == sent[::-1]
    assert len(world.twilio().messages.list(limit=5, page_size=2)) == 5


def test_an_unknown_filter_or_page_size_is_refused(world: Pretend) -> None:
    client = world.twilio()
    for query in ("PageSize=0", "PageSize=1001", "StatusCallback=x", "DateSent=today"):
        answer = client.request("GET", f"{world.url}{MESSAGES}?{query}")
        assert answer.status_code == 400, query


def test_a_scheduled_text_waits_and_can_be_cancelled(world: Pretend, hook: Hook) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    messages = world.twilio().messages
    message = messages.create(
        to=PHONE, messaging_service_sid=SERVICE, body="x", schedule_type="fixed", send_at=at, status_callback=hook.url
    )
    assert message.status == "scheduled" and message.date_sent is None
    assert messages(message.sid).update(status="canceled").status == "canceled"
    assert hook.wait(1)[0]["MessageStatus"] == "canceled"
    with pytest.raises(TwilioRestException):
        messages(message.sid).update(status="canceled")


def test_words_can_be_taken_away_and_a_text_deleted(world: Pretend) -> None:
    message = world.send(body="Ann, a note")
    world.wait_for(message.sid, "delivered")
    messages = world.twilio().messages
    assert messages(message.sid).update(body="").body == ""
    assert messages(message.sid).delete()
    with pytest.raises(TwilioRestException) as gone:
        messages(message.sid).fetch()
    assert gone.value.code == 20404 and messages.list(to=PHONE) == []


# sms_parts and sms_segments of the worked cases: (id, text, parts). Source: 3GPP TS 23.038, 23.040.
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("a" * 160, 1, id="SMS-01"),
        pytest.param("a" * 161, 2, id="SMS-02"),
        pytest.param("a" * 306, 2, id="SMS-03"),
        pytest.param("a" * 158 + "€", 1, id="SMS-05"),
        pytest.param("Du har ett meddelande från Åre Kommun. Logga in säkert på ärendesidan.", 1, id="SMS-07"),
        pytest.param("ł" + "a" * 69, 1, id="SMS-08"),
        pytest.param("😜" + "2345678901" * 6 + "234567890", 2, id="seg-05"),
        pytest.param("|" + "1234567890" * 15 + "123456789", 2, id="seg-12"),
        pytest.param("a" * 152 + "€" * 80, 3, id="an extension character is never cut in two"),
    ],
)
def test_the_parts_of_a_text_are_counted(world: Pretend, text: str, parts: int) -> None:
    assert world.send(body=text).num_segments == str(parts)


def test_twilio_is_the_only_thing_that_a_stranger_may_reach_from_elsewhere(world: Pretend) -> None:
    def status(headers: dict[str, str]) -> Any:
        return world.call("POST", "/control/reset", b"{}", headers)[0]

    assert status({"Host": "attacker.example"}) == 421
    assert status({"Origin": "http://attacker.example"}) == 403
    assert status({"Sec-Fetch-Site": "cross-site"}) == 403
    assert status({"Origin": world.url, "Sec-Fetch-Site": "same-origin"}) == 200
