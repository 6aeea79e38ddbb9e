"""SendGrid's interface, by the official client."""

import json
from typing import Any
from urllib.error import URLError

import pytest
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import (
    Category,
    Content,
    CustomArg,
    Email,
    Mail,
    MailSettings,
    Personalization,
    SandBoxMode,
    To,
)

from tests.pretend.running import SENDGRID_KEY, Pretend

ADDRESS = "ann@example.org"


def client(world: Pretend, key: str = SENDGRID_KEY) -> SendGridAPIClient:
    made = SendGridAPIClient(key, host=world.url)
    made.client.timeout = 5
    return made


def mail(**more: Any) -> Mail:
    return Mail(
        from_email=("notes@evenly.example", "Evenly"),
        to_emails=more.pop("to_emails", ADDRESS),
        subject=more.pop("subject", "Your code"),
        plain_text_content=more.pop("plain_text_content", "Your code is 123 456."),
        **more,
    )


def refused(world: Pretend, value: Any) -> list[str]:
    """The fields that are named when a body is posted as it stands."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    status, answer = world.call("POST", "/v3/mail/send", body, {"Authorization": f"Bearer {SENDGRID_KEY}"})
    assert status == 400, answer
    assert all(set(error) == {"message", "field", "help"} and error["message"] for error in answer["errors"])
    return [error["field"] for error in answer["errors"]]


def test_a_mail_is_taken_and_stands_in_its_mailbox(world: Pretend) -> None:
    made = mail(to_emails="Ann@Example.org", html_content="<p>Your code is <b>123 456</b>.</p>")
    made.add_custom_arg(CustomArg("message", "0197"))
    made.add_category(Category("code"))
    answer = client(world).send(made)
    assert answer.status_code == 202 and answer.body == b""
    (taken,) = world.log(ADDRESS)["mails"]
    assert taken["message_id"] == answer.headers["X-Message-Id"]
    assert (taken["to"], taken["subject"], taken["text"]) == ([ADDRESS], "Your code", "Your code is 123 456.")
    assert taken["custom_args"] == {"message": "0197"} and taken["sender_name"] == "Evenly"


def test_each_personalization_is_a_mail_of_its_own(world: Pretend) -> None:
    made = Mail(from_email=Email("notes@evenly.example"), subject="Note")
    made.add_content(Content("text/plain", "Hello"))
    for address in (ADDRESS, "bo@example.org"):
        each = Personalization()
        each.add_to(To(address))
        each.add_custom_arg(CustomArg("message", address))
        made.add_personalization(each)
    assert client(world).send(made).status_code == 202
    assert {m["custom_args"]["message"] for m in world.control("log")["mails"]} == {ADDRESS, "bo@example.org"}
    assert len(world.log(ADDRESS)["mails"]) == 1


def test_a_sandboxed_mail_is_checked_and_not_delivered(world: Pretend) -> None:
    made = mail()
    made.mail_settings = MailSettings(sandbox_mode=SandBoxMode(True))
    assert client(world).send(made).status_code == 200 and world.control("log")["mails"] == []


def test_another_key_is_refused(world: Pretend) -> None:
    with pytest.raises(HTTPError) as wrong:
        client(world, "SG.other").send(mail())
    assert wrong.value.status_code == 401
    assert world.call("GET", "/v3/mail/send")[0] == 405 and world.call("GET", "/v3/nothing")[0] == 404


WHOLE: dict[str, Any] = {
    "personalizations": [{"to": [{"email": ADDRESS}]}],
    "from": {"email": "notes@evenly.example"},
    "subject": "Note",
    "content": [{"type": "text/plain", "value": "Hello"}],
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from": None}, "from"),
        ({"from": {"email": "nobody"}}, "from.email"),
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"mail": ADDRESS}]}]}, "personalizations.0.to.0.mail"),
        (
            {"personalizations": [{"to": [{"email": ADDRESS}], "cc": [{"email": ADDRESS.upper()}]}]},
            "personalizations.0",
        ),
        ({"personalizations": [{"to": [{"email": f"a{n}@example.org"} for n in range(1001)]}]}, "personalizations"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0"),
        ({"categories": [str(n) for n in range(11)]}, "categories"),
        ({"categories": ["a", "a"]}, "categories"),
        ({"custom_args": {"message": 7}}, "custom_args"),
        ({"custom_args": {"message": "x" * 10_000}}, "custom_args"),
        ({"headers": {"Reply-To": "x@example.org"}}, "headers"),
        ({"attachments": [{"content": "", "filename": "a.pdf"}]}, "attachments.0"),
        ({"subjects": "x"}, "subjects"),
        ({"send_at": "soon"}, "send_at"),
    ],
)
def test_a_wrong_mail_is_refused_and_the_field_named(world: Pretend, change: dict[str, Any], field: str) -> None:
    value = {key: v for key, v in (WHOLE | change).items() if v is not None}
    assert field in refused(world, value) and world.control("log")["mails"] == []


def test_what_is_no_json_is_refused(world: Pretend) -> None:
    assert refused(world, b"{") == [None] and refused(world, []) == [None]


def test_a_mailbox_may_be_told_to_behave_badly(world: Pretend) -> None:
    world.control(f"mailboxes/{ADDRESS}", {"too_many": 1, "refuse": 503, "times": 1})
    statuses = []
    for _ in range(3):
        try:
            statuses.append(client(world).send(mail()).status_code)
        except HTTPError as error:
            statuses.append(error.status_code)
    assert statuses == [429, 503, 202]


@pytest.mark.parametrize(("answer", "taken"), [("hold", 1), ("close", 1), ("error", 1), ("lost", 0)])
def test_a_mail_may_be_left_without_a_clear_answer(world: Pretend, answer: str, taken: int) -> None:
    world.control(f"mailboxes/{ADDRESS}", {"answer": answer, "times": 1})
    made = client(world)
    made.client.timeout = 0.3
    with pytest.raises((HTTPError, URLError, OSError)):
        made.client.mail.send.post(request_body=mail().get())
    assert len(world.control("log")["mails"]) == taken
