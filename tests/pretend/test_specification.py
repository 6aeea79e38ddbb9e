"""The table of fields, the requests of the official clients and the answers, held against the specifications."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from twilio.rest import Client

from pretend import sendgrid, twilio
from tests.cases.facts import facts
from tests.pretend.running import ACCOUNT_SID, OURS, PHONE, Pretend
from tests.pretend.test_sendgrid import client, mail

MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


@pytest.fixture(scope="module")
def texts(test_data: Path) -> Any:
    return json.loads((test_data / "specs/twilio_api_v2010.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def mails(test_data: Path) -> Any:
    return json.loads((test_data / "specs/tsg_mail_v3.json").read_text("utf-8"))


def misfits(specification: Any, schema: Any, value: Any, at: str = "") -> list[str]:
    """Where a value does not fit a schema: the keywords that these specifications use."""
    while "$ref" in schema:
        found: Any = specification
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    if value is None:
        return [] if schema.get("nullable") else [f"{at} is null"]
    kind = schema.get("type")
    types = {"string": str, "integer": int, "object": dict, "array": list, "boolean": bool, "number": (int, float)}
    if kind and not isinstance(value, types[kind]):
        return [f"{at} is no {kind}"]
    wrong = []
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{at}: {value!r} is not listed")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        wrong.append(f"{at}: {value!r} does not fit {schema['pattern']}")
    if kind == "string" and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
        wrong.append(f"{at}: length")
    if isinstance(value, dict) and "properties" in schema:
        wrong += [f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, inner in value.items():
            if name in schema["properties"]:
                wrong += misfits(specification, schema["properties"][name], inner, f"{at}.{name}")
            else:
                wrong.append(f"{at}.{name} is not in the specification")
    if isinstance(value, list):
        wrong += [
            w for n, inner in enumerate(value) for w in misfits(specification, schema["items"], inner, f"{at}.{n}")
        ]
        if len(value) > schema.get("maxItems", 10**9):
            wrong.append(f"{at}: too many")
    return wrong


def test_the_table_of_a_texts_fields_is_the_specifications(texts: Any) -> None:
    form = texts["paths"][MESSAGES]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert set(twilio.FIELDS) == set(form["properties"])
    for name, schema in form["properties"].items():
        field = twilio.FIELDS[name]
        assert field.many == (schema.get("type") == "array"), name
        if "$ref" in schema:
            listed = texts["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["enum"]
            assert all(field.fits(value) for value in listed) and not field.fits("other"), name
        if schema.get("type") == "boolean":
            assert field.fits("true") and field.fits("False") and not field.fits("1"), name
        if "pattern" in schema:
            prefix = schema["pattern"][1:3]
            assert field.fits(prefix + "0aF9" * 8) and not field.fits(prefix + "0" * 31), name


def test_the_filters_and_changes_are_the_specifications(texts: Any) -> None:
    path = texts["paths"][MESSAGES]
    query = {p["name"] for p in path["get"]["parameters"] if p["in"] == "query"}
    assert set(twilio.FILTERS) == query
    one = texts["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"]["post"]
    form = one["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert set(twilio.CHANGES) == set(form["properties"])


def test_the_answers_for_texts_fit_the_specification(texts: Any, world: Pretend) -> None:
    message = texts["components"]["schemas"]["api.v2010.account.message"]
    page = texts["paths"][MESSAGES]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    path = MESSAGES.replace("{AccountSid}", ACCOUNT_SID)
    status, made = world.post(path, {"To": PHONE, "From": OURS, "Body": "x"})
    assert str(status) in texts["paths"][MESSAGES]["post"]["responses"]
    world.behave(outcome="undelivered")
    world.wait_for(world.post(path, {"To": PHONE, "From": OURS, "Body": "x"})[1]["sid"], "undelivered")
    world.post(path, {"To": PHONE, "MessagingServiceSid": "MG" + "0" * 32, "Body": "x"})
    world.reply("Hello")
    listed = json.loads(world.twilio().request("GET", f"{world.url}{path}?PageSize=3").text)
    assert set(made) == set(message["properties"]) and set(listed) == set(page["properties"])
    assert [w for m in [made, *listed["messages"]] for w in misfits(texts, message, m)] == []
    assert [w for w in misfits(texts, page, listed) if ".messages" not in w] == []
    assert {m["status"] for m in listed["messages"]} >= {"received", "undelivered"}


def test_the_official_client_sends_only_what_the_specification_lists(texts: Any, world: Pretend) -> None:
    """Every parameter of the client's create, one at a time, is known to the table."""
    names = set(Client(ACCOUNT_SID, "x").messages.create.__code__.co_varnames)
    snake = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower().removesuffix("_") for name in twilio.FIELDS}
    snake = {"from_" if name == "from" else name for name in snake}
    assert snake <= names


def test_the_table_of_a_mails_fields_is_the_specifications(mails: Any) -> None:
    schema = mails["components"]["requestBodies"]["PostMailSend"]["content"]["application/json"]["schema"]

    def names(schema: Any) -> Any:
        while "$ref" in schema:
            found: Any = mails
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        if schema.get("type") == "array":
            return [names(schema["items"])]
        if "properties" in schema:
            return {name: names(inner) for name, inner in schema["properties"].items()}
        if schema.get("type") == "object":
            return sendgrid.ANY_KEYS
        return {"string": str, "integer": int, "boolean": bool}[schema["type"]]

    theirs = names(schema)
    theirs["custom_args"] = sendgrid.ANY_KEYS  # a slip of the specification: see the table
    assert theirs == sendgrid.SHAPE
    limits = schema["properties"]
    assert limits["personalizations"]["maxItems"] == sendgrid.PERSONALIZATIONS
    assert limits["categories"]["maxItems"] == sendgrid.CATEGORIES


def test_what_the_clients_send_and_get_for_mail_fits_the_specification(mails: Any, world: Pretend) -> None:
    schema = mails["components"]["requestBodies"]["PostMailSend"]["content"]["application/json"]["schema"]
    assert misfits(mails, schema, mail(html_content="<p>x</p>").get()) == []
    send = mails["paths"]["/v3/mail/send"]["post"]
    assert str(client(world).send(mail()).status_code) in send["responses"]
    status, answer = world.call("POST", "/v3/mail/send", b"{}", {"Authorization": "Bearer wrong"})
    assert str(status) in send["responses"]
    assert misfits(mails, mails["components"]["schemas"]["ErrorResponse"], answer) == []


@pytest.mark.parametrize(("given", "expected"), facts("provider_limits"))
def test_the_stand_in_keeps_to_a_published_limit(given: dict[str, Any], expected: dict[str, Any], world: Pretend) -> None:
    if "parameters" in expected:
        assert sorted(twilio.FIELDS) == expected["parameters"]
        assert expected["idempotency_parameter"] is None
    elif "status" in expected:
        path = MESSAGES.replace("{AccountSid}", ACCOUNT_SID)
        status, _ = world.post(path, {"To": PHONE, "From": OURS, "Body": "x"})
        assert [str(status)] == expected["status"]
    else:
        assert getattr(sendgrid, given["field"].upper()) == expected["maxItems"]
