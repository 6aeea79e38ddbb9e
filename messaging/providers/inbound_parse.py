"""SendGrid's Inbound Parse: a mail that was sent to us, as a form of several parts, taken apart.

Each text part names its charset in `charsets`. Who it was handed over to stands in `envelope`; the From header is
what the sender calls itself. Files are never looked at: `without_files` leaves them out of what is kept, byte for
byte, before anything else happens to a mail. What a program wrote says so in its headers (RFC 3834).
(https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from email.utils import parseaddr
from typing import Final

from messaging.carriers import InboundMail
from messaging.quoted import fresh, words_of

LONGEST_PART: Final = 256 * 1024
"""Bytes of one part that are kept; the rest of a longer one is left out."""
LONGEST: Final = 10_000
"""Characters of an answer by mail that stand in a thread."""

_SUBJECT_ALONE: Final = re.compile(r"^\s*(?:re|sv|aw|odp|fwd?|vs|رد)\s*:", re.IGNORECASE)
_AWAY: Final = re.compile(
    r"^\s*(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response)|out of (?:the )?office|autosvar|automatiskt svar|"
    r"frånvaro|ej på plats|automatyczna odpowiedź|autoodpowiedź|poza biurem|رد تلقائي|خارج المكتب|"
    r"undeliver(?:able|ed)|delivery (?:status notification|has failed)|mail delivery (?:failed|subsystem)|"
    r"returned mail)\b",
    re.IGNORECASE,
)

_NOT_KEPT: Final = re.compile("[\0\ud800-\udfff]")
"""What the database cannot keep: some charsets (UTF-7 is one) can write halves of a character."""


def without_files(raw: bytes) -> bytes:
    """The form without its files, all else as it came; an over-long part is cut."""
    line = _boundary(raw)
    if line is None:
        return raw[:LONGEST_PART]
    kept = []
    for head, body in _pieces(raw, line):
        if b"filename=" in head.lower():
            continue
        kept.append(line + b"\r\n" + head + b"\r\n\r\n" + body[:LONGEST_PART] + b"\r\n")
    return b"".join(kept) + line + b"--\r\n"


def key_of(raw: bytes) -> str:
    """What makes a repeat of a mail harmless: whom it went to, the sender's own id of it, and its words."""
    form = _form(raw)
    own = str(_headers(form)["Message-ID"] or "")
    told = "\n".join((form.get("envelope", ""), own, form.get("text", ""), form.get("html", "")))
    return "mail:" + (hashlib.sha256(told.encode()).hexdigest() if form else hashlib.sha256(raw).hexdigest())


def read_mail(raw: bytes) -> InboundMail | None:
    """A kept mail, taken apart; None where there is no envelope to say whom it is for."""
    form = _form(raw)
    try:
        envelope = json.loads(form.get("envelope", ""))
        to = tuple(str(each).strip().lower() for each in envelope["to"])
        bounced = envelope.get("from") in (None, "", "<>")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    sender = parseaddr(form.get("from", ""))[1].strip().lower()
    text = form.get("text", "")
    words = fresh(text if text.strip() else words_of(form.get("html", "")))
    subject = form.get("subject", "").strip()
    if subject and (not words or not _SUBJECT_ALONE.match(subject)):
        # A mail of its own says something in its subject.
        words = f"{subject}\n\n{words}".strip()
    return InboundMail(
        provider_id=key_of(raw),
        to=to,
        sender=sender,
        checked=_vouched(form, sender),
        words=words[:LONGEST],
        cut=len(words) > LONGEST or len(text.encode()) >= LONGEST_PART,
        automatic=bounced or _by_a_program(form, subject),
        attachments=_count(form.get("attachments", "")),
    )


def _by_a_program(form: dict[str, str], subject: str) -> bool:
    headers = _headers(form)
    told = {name: (headers[name] or "").strip().lower() for name in ("Auto-Submitted", "Precedence", "Content-Type")}
    return (
        told["Auto-Submitted"] not in ("", "no")
        or any(headers[name] is not None for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder"))
        or told["Precedence"] in ("auto_reply", "bulk", "junk", "list")
        or told["Content-Type"].startswith("multipart/report")
        or _AWAY.match(subject) is not None
    )


def _vouched(form: dict[str, str], sender: str) -> bool:
    """Whether the sender's own host vouches for the mail: by its signature, or by where it came from."""
    host = sender.rpartition("@")[2]
    signed = re.findall(r"@([\w.-]+)\s*:\s*pass", form.get("dkim", "").lower())
    if host and any(host == each or host.endswith(f".{each}") for each in signed):
        return True
    try:
        handed_over = str(json.loads(form.get("envelope", ""))["from"]).rpartition("@")[2].lower()
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return form.get("SPF", "").strip().lower() == "pass" and handed_over == host


def _count(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 4 else 0


def _headers(form: dict[str, str]) -> Message:
    """The mail's own headers; their names do not keep capitals apart."""
    return HeaderParser().parsestr(form.get("headers", "").lstrip())


def _form(raw: bytes) -> dict[str, str]:
    """The form's fields, each read in the charset that is named for it. Empty for what is no such form."""
    line = _boundary(raw)
    if line is None:
        return {}
    found: dict[str, bytes] = {}
    for head, body in _pieces(raw, line):
        name = re.search(rb'name="([^"]*)"', head)
        if name and b"filename=" not in head.lower():
            found.setdefault(name[1].decode("utf-8", "replace"), body)
    try:
        charsets = json.loads(found.get("charsets", b"{}"))
    except (ValueError, RecursionError):
        charsets = {}
    charsets = charsets if isinstance(charsets, dict) else {}
    return {name: _decoded(body, charsets.get(name)) for name, body in found.items()}


def _decoded(body: bytes, charset: object) -> str:
    try:
        words = body.decode(charset if isinstance(charset, str) else "utf-8", "replace")
    except (LookupError, ValueError):
        words = body.decode("utf-8", "replace")
    return _NOT_KEPT.sub("\ufffd", words)


def _boundary(raw: bytes) -> bytes | None:
    """The line that parts the form, as it stands first."""
    line = raw[:200].split(b"\r\n", 1)[0]
    return line if line.startswith(b"--") and len(line) > 2 and len(line) < 80 else None


def _pieces(raw: bytes, line: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Head and body of each part."""
    for piece in (b"\r\n" + raw).split(b"\r\n" + line)[1:]:
        if piece.startswith(b"--"):
            return
        head, marker, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if marker:
            yield head, body
