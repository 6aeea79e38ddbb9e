"""What is told of mails, signed as SendGrid signs; and the mailbox: read, answer, end, complain."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from messaging.providers.inbound_parse import read_mail, without_files
from tests.pretend.running import SENDGRID_SECRET, Hook, Pretend, until
from tests.pretend.test_sendgrid import ADDRESS, client, mail

REPLY = "r.someone@reply.evenly.example"


@pytest.fixture
def page(browser: Browser) -> Any:
    context = browser.new_context(viewport={"width": 320, "height": 700})
    yield context.new_page()
    context.close()


def sent(world: Pretend, **more: Any) -> dict[str, Any]:
    """A mail that SendGrid took, as its log has it."""
    client(world).send(mail(**more))
    found: dict[str, Any] = world.log(ADDRESS)["mails"][-1]
    return found


def with_end(url: str) -> Any:
    made = mail()
    made.reply_to = REPLY
    value = made.get()
    value["headers"] = {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return value


@pytest.mark.parametrize(
    ("outcome", "events"),
    [
        ("delivered", ["processed", "delivered"]),
        ("bounce", ["processed", "bounce"]),
        ("blocked", ["processed", "bounce"]),
        ("dropped", ["dropped"]),
        ("deferred", ["processed", "deferred", "delivered"]),
        ("returned", ["processed", "delivered", "bounce"]),
        ("spamreport", ["processed", "delivered", "spamreport"]),
        ("sent", ["processed"]),
    ],
)
def test_a_mailbox_does_with_a_mail_as_it_was_told(outcome: str, events: list[str], world: Pretend, hook: Hook) -> None:
    world.control(f"mailboxes/{ADDRESS}", {"outcome": outcome, "step_ms": 10})
    made = sent(world)
    told = hook.wait_events(*events)
    assert all(post.is_signed() for post in hook.mail)
    assert {event["email"] for event in told} == {ADDRESS}
    assert {event["sg_message_id"].partition(".")[0] for event in told} == {made["message_id"]}
    assert len({event["sg_event_id"] for event in told}) == len(events)
    if events[-1] == "bounce":
        assert told[-1]["type"] == ("blocked" if outcome == "blocked" else "bounce")


def test_events_are_repeated_reordered_held_and_tried_again(world: Pretend, hook: Hook) -> None:
    world.control(f"mailboxes/{ADDRESS}", {"repeat": 1, "reorder": True, "callbacks": "hold", "step_ms": 10})
    sent(world)
    assert world.control("owed")["mail_events_owed"] == 4 and hook.mail == []
    hook.answers = [(503, "", "")]
    assert world.control(f"mailboxes/{ADDRESS}/release", {}) == {"released": 1}
    until(lambda: world.control("owed")["mail_events_owed"] == 0, "every event")
    names = [event["event"] for post in hook.mail[1:] for event in post.events]
    assert names == ["delivered", "delivered", "processed", "processed"]
    assert len({event["sg_event_id"] for post in hook.mail for event in post.events}) == 2, "a repeat has its id"


def test_what_is_owed_is_told_after_a_start_too(another: Callable[..., Pretend], hook: Hook) -> None:
    environ = {"PRETEND_SENDGRID_SECRET": SENDGRID_SECRET, "PRETEND_SENDGRID_EVENTS_URL": f"{hook.url}/x/sendgrid/events"}
    world = another(environ=environ).start()
    world.control("mailboxes/default", {"step_ms": 600})
    client(world).send(mail())
    world.stop()
    assert hook.events() == []
    again = another(environ=environ).start()
    assert again.ready["owing"] == 1
    hook.wait_events("processed", "delivered")


def test_a_mail_from_a_mailbox_is_handed_over_whole_and_signed(world: Pretend, hook: Hook) -> None:
    answer = world.control("mail", {"from": ADDRESS, "to": REPLY, "subject": "Re: x", "text": "Zażółć\r\nok", "files": ["a.jpg"]})
    assert answer["told"] == [204]
    (post,) = hook.mail
    assert post.is_signed() and b'filename="a.jpg"' in post.body
    read = read_mail(without_files(post.body))
    assert read is not None
    assert (read.to, read.sender, read.checked, read.words) == ((REPLY,), ADDRESS, True, "Zażółć\nok")
    assert (read.attachments, read.automatic) == (1, False)
    world.control("mail", {"from": ADDRESS, "to": REPLY, "text": "away", "automatic": True})
    assert read_mail(hook.mail[1].body).automatic  # type: ignore[union-attr]


def test_a_mail_is_handed_over_again_while_the_product_is_down_and_not_when_it_refuses(world: Pretend, hook: Hook) -> None:
    hook.answers = [(503, "", ""), (200, "", "")]
    world.control("mail", {"from": ADDRESS, "to": REPLY, "text": "x"})
    until(lambda: len(hook.mail) == 2, "a second try")
    hook.answers = [(403, "", "")]
    assert world.control("mail", {"from": ADDRESS, "to": REPLY, "text": "y"})["told"] == [403]
    assert len(hook.mail) == 3


def test_an_answer_is_written_in_the_mailbox_with_the_mail_below_it(world: Pretend, hook: Hook, page: Page) -> None:
    client(world).client.mail.send.post(request_body=with_end(f"{hook.url}/x"))
    page.goto(f"{world.url}/mail/{ADDRESS}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.get_by_label("To", exact=True).input_value() == REPLY
    assert page.get_by_label("Subject").input_value() == "Re: Your code"
    page.get_by_role("button", name="Send mail").click()
    assert page.get_by_role("alert").inner_text() == "Write something first."
    page.get_by_label("Words").fill("Can I pay on Friday?")
    page.get_by_label("With a photo").check()
    page.get_by_role("button", name="Send mail").click()
    assert page.get_by_role("status").inner_text() == "Taken by Evenly."
    raw = next(post.body for post in hook.mail if post.path.endswith("/inbound"))
    assert b"> Your code is 123 456." in raw
    read = read_mail(raw)
    assert read is not None and (read.words, read.attachments) == ("Can I pay on Friday?", 1)


def test_one_press_ends_the_mails_as_a_mail_program_does_and_another_calls_one_spam(
    world: Pretend, hook: Hook, page: Page
) -> None:
    client(world).client.mail.send.post(request_body=with_end(f"{hook.url}/u/mark"))
    page.goto(f"{world.url}/mail/{ADDRESS}")
    hook.answers = []
    page.get_by_role("button", name="Stop these mails").click()
    (asked,) = [post for post in hook.posts if post.url.endswith("/u/mark")]
    assert asked.form == [("List-Unsubscribe", "One-Click")]
    page.get_by_role("button", name="This is spam").click()
    until(lambda: hook.events()[-1:] == ["spamreport"], "a complaint")


def test_a_mail_that_names_no_such_way_has_no_button_for_it(world: Pretend, page: Page) -> None:
    sent(world)
    page.goto(f"{world.url}/mail/{ADDRESS}")
    assert page.get_by_role("button", name="This is spam").count() == 1
    assert page.get_by_role("button", name="Stop these mails").count() == 0


def test_what_did_not_reach_the_mailbox_stands_between_as_an_event(world: Pretend, hook: Hook, page: Page) -> None:
    world.control(f"mailboxes/{ADDRESS}", {"outcome": "bounce", "step_ms": 1})
    sent(world)
    hook.wait_events("processed", "bounce")
    page.goto(f"{world.url}/mail/{ADDRESS}")
    assert page.get_by_text("there is no such address").count() == 1
    assert page.get_by_role("article").count() == 0
