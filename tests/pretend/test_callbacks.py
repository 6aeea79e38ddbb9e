"""What the product is told: signed as Twilio signs, in order, again when no connection comes about."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pretend.callbacks import overrides_of, signature
from tests.pretend.running import ACCOUNT_SID, OURS, PHONE, Hook, Pretend, until

CASES = json.loads((Path(__file__).parent / "data/twilio_signature.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_signatures_are_those_that_twilio_published(case: dict[str, Any]) -> None:
    """Worked cases `twilio_signature` that sign a form; whichever form of the address fits."""
    given, expected = case["input"], case["expected"]
    params = [
        (key, value)
        for key, values in given["form_params"].items()
        for value in (values if isinstance(values, list) else [values])
    ]
    scheme, _, rest = given["url"].partition("://")
    host, slash, path = rest.partition("/")
    port = ":443" if scheme == "https" else ":80"
    bare = host.rsplit(":", 1)[0] if host.rpartition("@")[2].count(":") else host
    forms = {
        "as_given": given["url"],
        "without_port": f"{scheme}://{bare}{slash}{path}",
        "with_default_port": given["url"] if host != bare else f"{scheme}://{host}{port}{slash}{path}",
    }
    fits = [name for name, url in forms.items() if signature(given["auth_token"], url, params) == given["signature"]]
    if not expected["valid"]:
        assert fits == []
    else:
        assert set(expected.get("matches_url_form", ["as_given"])) <= set(fits)


def test_a_text_tells_its_way_in_order_and_signed(world: Pretend, hook: Hook) -> None:
    url = f"{hook.url}/hooks/twilio/status?id=0197-%C3%A5&try=1"
    message = world.send(status_callback=url)
    posts = hook.wait(3)
    assert hook.statuses() == ["sending", "sent", "delivered"]
    for post in posts:
        assert post.url == url and post.is_signed() and not post.is_signed("another token")
        assert (post["MessageSid"], post["SmsSid"], post["AccountSid"]) == (message.sid, message.sid, ACCOUNT_SID)
        assert (post["To"], post["From"], post["ApiVersion"]) == (PHONE, OURS, "2010-04-01")
        assert post["SmsStatus"] == post["MessageStatus"] and post.get("ErrorCode") is None
    assert len(posts[2]["RawDlrDoneDate"]) == 10


def test_without_a_callback_address_nothing_is_told(world: Pretend, hook: Hook) -> None:
    world.wait_for(world.send().sid, "delivered")
    assert set(world.control("owed").values()) == {0} and hook.posts == []


def test_an_answer_that_refuses_is_not_asked_again(world: Pretend, hook: Hook) -> None:
    hook.usual = (500, "", "")
    world.send(status_callback=f"{hook.url}/status")
    until(lambda: world.control("owed")["owed"] == 0, "all told")
    assert hook.statuses() == ["sending", "sent", "delivered"]
    assert [c["http"] for c in world.log()["texts"][0]["callbacks"]] == [500, 500, 500]


def test_the_fragment_asks_for_more_and_is_neither_sent_nor_signed(world: Pretend, hook: Hook) -> None:
    hook.answers = [(503, "", "")] * 3
    world.send(status_callback=f"{hook.url}/status?id=1#rc=5&rp=all")
    until(lambda: len(hook.posts) >= 4 and hook.statuses()[3] == "sending", "the fourth try")
    assert all(post.url == f"{hook.url}/status?id=1" and post.is_signed() for post in hook.posts)
    until(lambda: len(world.log()["texts"][0]["callbacks"]) == 3, "all told")
    assert [c["tries"] for c in world.log()["texts"][0]["callbacks"]] == [4, 1, 1]


@pytest.mark.parametrize(
    ("fragment", "retries", "again_after"),
    [
        ("", 1, {"ct"}),
        ("#rc=0", 0, {"ct"}),
        ("#rc=5&rp=all", 5, {"ct", "rt", "4xx", "5xx"}),
        ("#rp=4xx,5xx", 1, {"4xx", "5xx"}),
        ("#rc=99", 5, {"ct"}),
    ],
)
def test_overrides_are_read_as_twilio_reads_them(fragment: str, retries: int, again_after: set[str]) -> None:
    told = overrides_of(f"http://127.0.0.1/hook?x=1{fragment}")
    assert told.retries == retries
    assert {why for why in ("ct", "rt", "4xx", "5xx") if told.again(why)} == again_after


def test_no_connection_is_tried_once_more_and_then_lost(world: Pretend) -> None:
    gone = Hook()
    with gone.listening():
        pass
    world.send(status_callback=f"{gone.url}/status")
    until(lambda: len(world.log()["texts"][0]["callbacks"]) == 3, "all given up")
    assert [(c["http"], c["tries"]) for c in world.log()["texts"][0]["callbacks"]] == [(None, 2)] * 3


def test_callbacks_still_owed_are_sent_after_a_restart_and_the_others_not_again(
    another: Callable[..., Pretend], hook: Hook
) -> None:
    world = another().start()
    world.behave(step_ms=150)
    message = world.send(status_callback=f"{hook.url}/status")
    until(lambda: len(world.log()["texts"][0]["callbacks"]) == 1, "one told")
    world.stop(9)
    world.start()
    hook.wait(3)
    until(lambda: world.control("owed")["owed"] == 0, "all told")
    assert hook.statuses() == ["sending", "sent", "delivered"]
    assert {post["MessageSid"] for post in hook.posts} == {message.sid}


def test_what_is_owed_at_a_start_waits_for_the_product_to_come_up(another: Callable[..., Pretend]) -> None:
    late = Hook()
    with late.listening():
        pass
    world = another().start()
    world.behave(step_ms=200)
    message = world.send(status_callback=f"{late.url}/status#rc=0")
    world.stop(9)
    assert world.start().ready["owing"] == 1
    world.wait_for(message.sid, "delivered")
    assert world.control("owed")["owed"] == 3
    with late.listening():
        late.wait(3)
    assert late.statuses() == ["sending", "sent", "delivered"]
