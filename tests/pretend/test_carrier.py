"""What the carrier does with texts that a phone sends: the hook, STOP and START, what the hook says."""

import json
from pathlib import Path
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from pretend.keywords import provider_action
from tests.pretend.running import ACCOUNT_SID, OURS, PHONE, Hook, Pretend

CASES = json.loads((Path(__file__).parent / "data/keywords.json").read_text("utf-8"))["cases"]
ONE = "<Message><Body>One</Body></Message>"


def bodies(world: Pretend) -> list[str]:
    """What the carrier put on the phone by itself."""
    return [text["body"] for text in world.log()["texts"] if text["by_carrier"]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_carrier_acts_upon_words_as_twilio_does(case: dict[str, Any]) -> None:
    """Worked cases `keywords`: what the provider does."""
    given = case["input"]
    assert (
        provider_action(given["text"], toll_free=given["sender"] == "toll_free") == case["expected"]["provider_action"]
    )


def test_an_inbound_text_comes_signed_with_its_blank_fields(world: Pretend, hook: Hook) -> None:
    sent = world.reply("Hej å 😀\nbye")
    (post,) = hook.posts
    assert post.url == f"{hook.url}/hooks/twilio/inbound?from=phone" and post.is_signed()
    assert (post["Body"], post["From"], post["To"]) == ("Hej å 😀\nbye", PHONE, OURS)
    assert (post["MessageSid"], post["AccountSid"], post["SmsStatus"]) == (sent["sid"], ACCOUNT_SID, "received")
    assert ("FromCity", "") in post.form and post["FromCountry"] == "GB" and post.get("OptOutType") is None
    (found,) = world.twilio().messages.list(to=OURS)
    assert (found.direction, found.status, found.from_) == ("inbound", "received", PHONE)


def test_an_inbound_text_may_come_several_times_under_one_sid(world: Pretend, hook: Hook) -> None:
    world.reply("Hello", times=3)
    assert len({post["MessageSid"] for post in hook.posts}) == 1 and len(hook.posts) == 3
    assert len(world.control("log")["inbound"]) == 1


def test_stop_ends_texts_and_is_confirmed_once(world: Pretend, hook: Hook) -> None:
    world.send()
    world.reply("Stop")
    world.reply(" STOP ")
    assert [post.get("OptOutType") for post in hook.posts] == ["STOP", "STOP"]
    assert len(bodies(world)) == 1 and "START" in bodies(world)[0]
    with pytest.raises(TwilioRestException) as refused:
        world.send()
    assert (refused.value.status, refused.value.code) == (400, 21610)
    world.twilio().messages.create(to=PHONE, from_="+447700900998", body="another number of ours")


def test_start_brings_texts_back_and_is_confirmed_once(world: Pretend, hook: Hook) -> None:
    world.reply("STOPALL")
    world.reply("start")
    world.reply("START")
    assert [post.get("OptOutType") for post in hook.posts] == ["STOP", "START", "START"]
    assert len(bodies(world)) == 2 and world.control("log")["opted_out"] == []
    assert world.send().status == "queued"


def test_a_stop_counts_though_the_hook_refuses_or_nobody_listens(world: Pretend, hook: Hook) -> None:
    hook.usual = (500, "", "")
    assert world.reply("END")["callbacks"][0]["http"] == 500
    assert world.control("log")["opted_out"] == [[OURS, PHONE]]


def test_stop_to_a_messaging_service_holds_for_the_service(world: Pretend) -> None:
    world.reply("QUIT")
    with pytest.raises(TwilioRestException) as refused:
        world.twilio().messages.create(to=PHONE, messaging_service_sid="MG" + "0" * 32, body="x")
    assert refused.value.code == 21610


def test_help_is_answered_and_stops_nothing(world: Pretend, hook: Hook) -> None:
    world.reply("help")
    assert hook.posts[0]["OptOutType"] == "HELP" and len(bodies(world)) == 1
    assert world.send().status == "queued"


@pytest.mark.parametrize(
    ("kind", "words", "reply"),
    [
        ("text/xml", '<?xml version="1.0"?><Response><Message>Thanks &amp; bye</Message></Response>', ["Thanks & bye"]),
        ("application/xml; charset=utf-8", f"<Response>{ONE}<Message>Two</Message></Response>", ["One", "Two"]),
        ("text/xml", "<Response/>", []),
        ("text/xml", "<Response><Mess", []),
        ("text/html; charset=utf-8", "Bad", []),
        ("application/json", '{"ok": true}', []),
        ("text/plain; charset=utf-8", "ok", ["ok"]),
    ],
)  # fmt: skip
def test_what_the_hook_answers_goes_to_the_phone_as_with_twilio(
    world: Pretend, hook: Hook, kind: str, words: str, reply: list[str]
) -> None:
    hook.answers = [(200, kind, words)]
    world.reply("Hello")
    texts = world.log()["texts"]
    assert [(text["body"], text["direction"]) for text in texts] == [(body, "outbound-reply") for body in reply]


def test_a_hook_cannot_reply_to_a_phone_that_has_just_sent_stop(world: Pretend, hook: Hook) -> None:
    hook.answers = [(200, "text/plain", "Sorry to see you go")]
    world.reply("STOP")
    assert [text["by_carrier"] for text in world.log()["texts"]] == [True]
