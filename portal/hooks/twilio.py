"""Twilio's hooks: delivery reports, and texts from phones.

The signature is checked over the raw bytes and the public address, by every token that is set; then
the raw event is kept once, answered 2xx with empty TwiML (anything else would be texted to the
person), and the worker is woken: nothing is thought about here. When our own database is down the
answer is 503, so that Twilio tries again: five times, within fifteen seconds, where the address that
it calls ends in `#rc=5&rp=all`. Ours for reports does; the one for texts is entered in its console
(README). Without that ending it tries again only where no connection came about.
(https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)

Text to sign: the whole address, query included; of a form then each key in byte order with its
values, each distinct value once; HMAC-SHA1 with the account's token, in base64. A JSON body is
signed by its SHA-256 in the query. The address may be signed with or without its default port.
(https://www.twilio.com/docs/usage/security)
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

import structlog
from flask import Blueprint, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from messaging import receipt
from portal.access import hook
from portal.wake import wake

blueprint = Blueprint("twilio", __name__)
log = structlog.get_logger()

NAME: Final = "twilio"
NOTHING_TO_SAY: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@blueprint.post("/twilio/status")
@hook
def status() -> ResponseReturnValue:
    """A report about one of our messages."""
    return _take_in("status")


@blueprint.post("/twilio/inbound")
@hook
def inbound() -> ResponseReturnValue:
    """A text that a phone sent us."""
    return _take_in("inbound")


def check_signature(url: str, raw: bytes, content_type: str, signature: str, tokens: Sequence[str]) -> bool:
    """Whether Twilio signed this request with one of our tokens.

    `url` is the public address as it was called; `raw` the body, byte by byte. A JSON body without
    its hash in the query is refused: its words would not be covered.
    """
    if content_type.partition(";")[0].strip().lower() == "application/json":
        claimed = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
        if not hmac.compare_digest(claimed.encode(), hashlib.sha256(raw).hexdigest().encode()):
            return False
        form: MultiDict[str, str] = MultiDict()
    else:
        try:
            form = MultiDict(parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict"))
        except UnicodeDecodeError:
            return False
    right = False
    for token in tokens:
        validator = RequestValidator(token)
        for each in _forms_of(url):
            made = validator.compute_signature(each, form)
            # Every token and form is compared, however early one fits: the time tells nothing.
            right |= hmac.compare_digest(made.encode(), signature.encode("utf-8", "replace"))
    return right


def _forms_of(url: str) -> Iterator[str]:
    """The address as given, and the same with or without its default port."""
    yield url
    scheme, marker, rest = url.partition("://")
    default = _DEFAULT_PORTS.get(scheme.lower())
    if not marker or default is None:
        return
    end = min((i for i in (rest.find(c) for c in "/?#") if i >= 0), default=len(rest))
    host, path = rest[:end], rest[end:]
    if host.endswith(f":{default}"):
        yield f"{scheme}://{host.removesuffix(f':{default}')}{path}"
    elif urlsplit(url).port is None:
        yield f"{scheme}://{host}:{default}{path}"


def _take_in(kind: str) -> ResponseReturnValue:
    """Checks, keeps, answers, wakes."""
    settings = current_app.extensions["settings"]
    raw, query = request.get_data(), request.query_string.decode("latin-1")
    url = f"{settings.public_url}{request.path}" + (f"?{query}" if query else "")
    given = request.headers.get("X-Twilio-Signature", "")
    if not check_signature(url, raw, request.content_type or "", given, settings.twilio_auth_tokens):
        log.warning("hook_refused", provider=NAME, reason="signature")
        return Response("The signature does not fit.\n", status=403, content_type="text/plain; charset=utf-8")
    form = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        with current_app.extensions["database"].acting() as session:
            kept = receipt.keep(
                session, provider=NAME, kind=kind, key=receipt.key_of(kind, form, query, raw), query=query, raw=raw,
                content_type=request.content_type or "", at=g.now,
            )  # fmt: skip
    except SQLAlchemyError:
        log.error("hook_not_kept", provider=NAME, exc_info=True)
        return Response("Not kept. Please try again.\n", status=503, content_type="text/plain; charset=utf-8")
    if kept:
        wake("events")
    return Response(NOTHING_TO_SAY, content_type="text/xml; charset=utf-8")
