"""Twilio's interface for texts: create, list, fetch, change and delete messages.

The table FIELDS holds what creating a message takes; anything else is refused, so that a wrong name
fails here and not in production. The official client works against it when its ``api.base_url``
points here. Errors have Twilio's shape and codes; the sentences are ours.
"""

from __future__ import annotations

import base64
import email.utils
import hmac
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from pretend import carrier
from pretend.text import Text
from pretend.web import Ending, Request, Response, Route, json_response

if TYPE_CHECKING:
    from pretend.world import World

BODY_LIMIT = 1600
PAGE_SIZE = 50
MEDIA_LIMIT = 10
SCHEDULE = (15 * 60, 35 * 86_400)

# Twilio's code: HTTP status and what it means. Codes told by a behaviour need not stand here.
ERRORS: dict[int, tuple[int, str]] = {
    20001: (400, "A parameter is not known."),
    20003: (401, "Sign in with the account's SID and token."),
    20004: (405, "This resource does not take that method."),
    20404: (404, "There is no such resource."),
    20422: (400, "A parameter has a value that it cannot have."),
    20429: (429, "Too many requests. Slow down and try again."),
    20500: (500, "The provider made a mistake."),
    20503: (503, "The provider is not available just now."),
    21211: (400, "The To number is not a valid phone number."),
    21212: (400, "The From number is not a valid phone number, short code or name."),
    21266: (400, "To and From must differ."),
    21408: (400, "This account may not send to the region of the To number."),
    21602: (400, "A message needs a Body, MediaUrl or ContentSid."),
    21603: (400, "A message needs a From or a MessagingServiceSid."),
    21604: (400, "A message needs a To number."),
    21609: (400, "StatusCallback is not a valid URL."),
    21610: (400, "The recipient has opted out of texts from this number."),
    21612: (400, "The To number cannot be reached from this From number."),
    21614: (400, "The To number is not a mobile number."),
    21617: (400, "The Body is longer than 1600 characters."),
    21620: (400, "A MediaUrl is not a valid URL."),
    21623: (400, "A message takes at most ten MediaUrl."),
    30008: (400, "Unknown error."),
    30409: (409, "The message is under way and cannot be taken back."),
    35114: (400, "SendAt must lie between 15 minutes and 35 days ahead, as YYYY-MM-DDTHH:MM:SSZ."),
    35118: (400, "A scheduled message needs a MessagingServiceSid."),
    90007: (400, "ValidityPeriod must be a whole number of seconds from 1 to 36000."),
}


class Refused(Exception):
    """A request is answered with one of Twilio's errors; ``parameter`` names the culprit."""

    def __init__(self, code: int, parameter: str = "") -> None:
        super().__init__(str(code))
        self.code = code
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Field:
    """What a parameter takes: a pattern for its whole value, and the code when it does not fit."""

    pattern: str
    code: int = 20422
    many: bool = False

    def fits(self, value: str) -> bool:
        return _compiled(self.pattern).fullmatch(value) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


NUMBER = r"\+[1-9]\d{6,14}"
SENDER = rf"{NUMBER}|\d{{3,6}}|(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{{1,11}}"
URL = r"https?://[^\s/?#_]+(?:[/?#]\S*)?"
BOOLEAN = r"(?i:true|false)"
ANY = r".*"

FIELDS: dict[str, Field] = {
    "To": Field(NUMBER, 21211),
    "From": Field(SENDER, 21212),
    "MessagingServiceSid": Field(r"MG[0-9a-fA-F]{32}"),
    "Body": Field(rf".{{0,{BODY_LIMIT}}}", 21617),
    "StatusCallback": Field(URL, 21609),
    "ApplicationSid": Field(r"AP[0-9a-fA-F]{32}"),
    "MaxPrice": Field(r"\d+(?:\.\d+)?"),
    "ProvideFeedback": Field(BOOLEAN),
    "Attempt": Field(r"[1-9]\d*"),
    "ValidityPeriod": Field(r"[1-9]\d{0,3}|[12]\d{4}|3[0-5]\d{3}|36000", 90007),
    "ForceDelivery": Field(BOOLEAN),
    "ContentRetention": Field("retain|discard"),
    "AddressRetention": Field("retain|obfuscate"),
    "SmartEncoded": Field(BOOLEAN),
    "PersistentAction": Field(ANY, many=True),
    "TrafficType": Field("free"),
    "ShortenUrls": Field(BOOLEAN),
    "ScheduleType": Field("fixed"),
    "SendAt": Field(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", 35114),
    "SendAsMms": Field(BOOLEAN),
    "ContentVariables": Field(ANY),
    "RiskCheck": Field("enable|disable"),
    "FallbackFrom": Field(SENDER, 21212),
    "MediaUrl": Field(URL, 21620, many=True),
    "ContentSid": Field(r"HX[0-9a-fA-F]{32}"),
}
CHANGES: dict[str, Field] = {"Body": Field(""), "Status": Field("canceled")}
FILTERS: dict[str, Field] = {
    "To": Field(ANY),
    "From": Field(ANY),
    **dict.fromkeys(("DateSent", "DateSent<", "DateSent>"), Field(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?")),
    "PageSize": Field(r"[1-9]\d{0,2}|1000"),
    "Page": Field(r"\d{1,9}"),
    "PageToken": Field(r"P[AB]SM[0-9a-f]{32}"),
}


def routes(world: World) -> list[Route]:
    """Twilio's paths. Every one asks for the account's SID and token."""
    login = f"{world.settings.account_sid}:{world.settings.auth_token}".encode()
    expected = b"Basic " + base64.b64encode(login)

    def door(act: Any) -> Any:
        def handler(request: Request, account: str, *rest: str) -> Response:
            given = request.headers.get("authorization", "").encode("latin-1")
            if not hmac.compare_digest(given, expected):
                return error(20003)
            if account != world.settings.account_sid:
                return error(20404)
            try:
                response: Response = act(world, request, *rest)
            except Refused as refused:
                return error(refused.code, refused.parameter)
            return response

        return handler

    base = "/2010-04-01/Accounts/{account}/Messages"
    return [
        ("POST", base + r"\.json", door(create)),
        ("GET", base + r"\.json", door(listed)),
        ("GET", base + r"/{sid}\.json", door(fetch)),
        ("POST", base + r"/{sid}\.json", door(change)),
        ("DELETE", base + r"/{sid}\.json", door(delete)),
        ("*", base + r"(?:/[^/]+)?\.json", lambda request, account: error(20004)),
        ("*", r"/2010-04-01(?:/.*)?", lambda request: error(20404)),
    ]


# Acts --------------------------------------------------------------------------------------------


def create(world: World, request: Request) -> Response:
    """Takes a text: 201 and the message, or an error, late or never, as the number's behaviour says."""
    verdict = carrier.take(world, order_of(request.form()))
    behaviour = verdict.behaviour
    delay = (behaviour.delay_ms or 0) / 1000
    if verdict.code is not None:
        return error(verdict.code, delay=delay)
    if behaviour.answer == "error":
        return error(20500, delay=delay)
    if verdict.text is None or behaviour.answer == "close":
        return Response(ending=Ending.CLOSE, delay=delay)
    if behaviour.answer == "hold":
        return Response(ending=Ending.HOLD)
    return json_response(201, resource(world, verdict.text, verdict.text.at), delay=delay)


def change(world: World, request: Request, sid: str) -> Response:
    """Cancels a text that still waits, or takes its words away."""
    text = _text(world, sid)
    fields = checked(request.form(), CHANGES)
    if "Status" in fields and not carrier.cancel(world, text):
        raise Refused(30409)
    if "Body" in fields:
        world.store.record_change(text, body="")
    return json_response(200, resource(world, text, time.time()))


def delete(world: World, request: Request, sid: str) -> Response:
    """Deletes a text from the account; the phone keeps it."""
    text = _text(world, sid)
    world.postman.drop(text)
    world.store.record_deleted(text)
    return Response(204)


# Questions ---------------------------------------------------------------------------------------


def fetch(world: World, request: Request, sid: str) -> Response:
    """One message."""
    return json_response(200, resource(world, _text(world, sid), time.time()))


def listed(world: World, request: Request) -> Response:
    """A page of messages, the newest first. A day that is asked for leaves out what was not sent yet."""
    query = request.query()
    asked = checked(query, FILTERS)
    now = time.time()
    found = world.store.to[asked["To"]] if "To" in asked else world.store.texts.values()
    within = [_period(name, asked[name]) for name in ("DateSent", "DateSent<", "DateSent>") if name in asked]
    texts = [t for t in reversed(found) if _fits(t, asked.get("From"), within, now)]
    size = int(asked.get("PageSize", PAGE_SIZE))
    page = int(asked.get("Page", 0))
    start = page * size
    if "PageToken" in asked:
        last = next((n for n, t in enumerate(texts) if t.sid == asked["PageToken"][2:]), None)
        start = start if last is None else last + 1
    shown = texts[start : start + size]

    def uri(page: int, token: str | None = None) -> str:
        kept = [(k, v) for k, v in query if k not in ("PageSize", "Page", "PageToken")]
        kept += [("PageSize", str(size)), ("Page", str(page))]
        kept += [("PageToken", token)] if token else []
        return f"{request.path}?{urlencode(kept)}"

    more = bool(shown) and start + size < len(texts)
    return json_response(
        200,
        {
            "end": start + len(shown) - 1 if shown else start,
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1, "PA" + shown[-1].sid) if more else None,
            "page": page,
            "page_size": size,
            "previous_page_uri": uri(page - 1) if page > 0 else None,
            "start": start,
            "uri": request.path + (f"?{request.query_string}" if request.query_string else ""),
            "messages": [resource(world, text, now) for text in shown],
        },
    )


# Pure rules --------------------------------------------------------------------------------------


def checked(given: list[tuple[str, str]], table: dict[str, Field]) -> dict[str, str]:
    """The parameters by name (of a repeated one the last); Refused for one that does not fit."""
    fields: dict[str, str] = {}
    for name, value in given:
        field = table.get(name)
        if field is None:
            raise Refused(20001, name)
        if not field.fits(value):
            raise Refused(21604 if name == "To" and not value else field.code, name)
        if name in fields and not field.many:
            raise Refused(20422, name)
        fields[name] = value
    return fields


def order_of(given: list[tuple[str, str]]) -> carrier.Order:
    """The order that a form makes, every rule of creating a message checked."""
    fields = checked(given, FIELDS)
    if "To" not in fields:
        raise Refused(21604, "To")
    service = fields.get("MessagingServiceSid")
    sender = fields.get("From") or (carrier.SERVICE_NUMBER if service else "")
    if not sender:
        raise Refused(21603, "From")
    if sender == fields["To"]:
        raise Refused(21266, "From")
    media = sum(name == "MediaUrl" for name, _ in given)
    if media > MEDIA_LIMIT:
        raise Refused(21623, "MediaUrl")
    if not fields.get("Body") and not media and "ContentSid" not in fields:
        raise Refused(21602, "Body")
    return carrier.Order(
        to=fields["To"],
        sender=sender,
        body=fields.get("Body", ""),
        service=service,
        callback=fields.get("StatusCallback"),
        send_at=_send_at(fields) if "ScheduleType" in fields else None,
        media=media,
    )


def error(code: int, parameter: str = "", *, delay: float = 0.0) -> Response:
    """An answer in the shape of Twilio's errors."""
    status, message = ERRORS.get(code, (400, "The provider refused this."))
    return json_response(
        status,
        {
            "code": code,
            "message": f"{message} ({parameter})" if parameter else message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        },
        delay=delay,
    )


def resource(world: World, text: Text, now: float) -> dict[str, Any]:
    """A message as Twilio shows it."""
    status = text.status(now)
    account = world.settings.account_sid
    uri = f"/2010-04-01/Accounts/{account}/Messages/{text.sid}"
    sent = text.sent_at()
    failed = status in ("failed", "undelivered")
    waiting = text.service is not None and status in ("accepted", "scheduled")
    return {
        "account_sid": account,
        "api_version": carrier.API_VERSION,
        "body": text.body,
        "date_created": _rfc2822(int(text.at)),
        "date_sent": _rfc2822(int(sent)) if sent is not None and sent <= now else None,
        "date_updated": _rfc2822(int(text.moved_at(now))),
        "direction": text.direction,
        "error_code": text.error_code if failed else None,
        "error_message": ERRORS.get(text.error_code or 0, (0, "Not delivered."))[1] if failed else None,
        "from": None if waiting else text.sender,
        "messaging_service_sid": text.service,
        "num_media": "0",
        "num_segments": str(text.parts),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.to,
        "uri": f"{uri}.json",
    }


def _text(world: World, sid: str) -> Text:
    text = world.store.texts.get(sid)
    if text is None:
        raise Refused(20404, quote(sid))
    return text


def _send_at(fields: dict[str, str]) -> float:
    if "MessagingServiceSid" not in fields:
        raise Refused(35118, "MessagingServiceSid")
    try:
        moment = datetime.fromisoformat(fields["SendAt"]).timestamp()
    except (KeyError, ValueError) as wrong:
        raise Refused(35114, "SendAt") from wrong
    if not SCHEDULE[0] <= moment - time.time() <= SCHEDULE[1]:
        raise Refused(35114, "SendAt")
    return moment


def _period(name: str, value: str) -> tuple[float, float]:
    """The moments that a filter lets through, both ends included.

    A date, or midnight (the client writes a date so), means the whole UTC day.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as wrong:
        raise Refused(20422, name) from wrong
    start = moment.replace(tzinfo=UTC).timestamp()
    whole_day = not value.endswith("Z") or value.endswith("T00:00:00Z")
    end = start + (86_400 if whole_day else 1) - 1e-6
    return {"DateSent": (start, end), "DateSent<": (0.0, end), "DateSent>": (start, float("inf"))}[name]


def _fits(text: Text, sender: str | None, within: list[tuple[float, float]], now: float) -> bool:
    if sender is not None and sender != text.sender:
        return False
    if not within:
        return True
    sent = text.sent_at()
    return sent is not None and sent <= now and all(start <= sent <= end for start, end in within)


@lru_cache(maxsize=4096)
def _rfc2822(at: int) -> str:
    return email.utils.formatdate(at).replace("-0000", "+0000")
