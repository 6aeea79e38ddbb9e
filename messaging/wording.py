"""Wording: the words of a message in the person's language, and what they cost.

A template is a folder of `templates/messages/`: `sms.txt.j2` for a text; `subject.txt.j2`,
`email.txt.j2` and `email.html.j2` for a mail, which extend `mail.txt.j2` and `mail.html.j2` beside the folders: one
look for all, of its own letters and colours, with nothing to fetch. Its sentences go through gettext (domain debtor).
Words are neutral: who we are, that something waits, how to sign in, whom to ring. They are asked
once more before they leave (`disclosure.py`): what would tell a stranger of a debt does not go.

*Parts*: what an SMS costs. GSM-7 holds 160 septets, or 153 a part when several; UCS-2 holds 70 code
units, or 67. Whole characters are packed: an escape pair and a surrogate pair stay together, so
plain division can be one part too low. (3GPP TS 23.038, TS 23.040)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from messaging.disclosure import preview_safe
from messaging.tongue import RIGHT_TO_LEFT, translations

_TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates" / "messages"

_SECRET: Final = re.compile(r"(?<=/)[A-Za-z0-9_~-]{16,}(?:[.:][A-Za-z0-9_~-]{6,})*$")


class Discloses(Exception):
    """The words would tell a stranger of a debt; they must not leave."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks: our name, the number to ring, and the way to sign in for a person at a moment (real time).

    Of mails: the address that a person's answer goes to, and the one that ends mail to a contact; None where an
    installation has none.
    """

    name: str
    phone: str | None
    link: Callable[[int, datetime], str]
    answers_to: Callable[[int], str] | None = None
    ends_at: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A message as it leaves. Only `body` of a text. `unsubscribe` is the address that ends mail by one request."""

    body: str
    subject: str = ""
    html: str = ""
    reply_to: str = ""
    unsubscribe: str = ""


class Encoding(StrEnum):
    """How an SMS is written."""

    GSM = "GSM-7"
    UCS = "UCS-2"


@dataclass(frozen=True, slots=True)
class Parts:
    """What a text takes: septets (GSM-7) or 16-bit units (UCS-2), and parts."""

    encoding: Encoding
    units: int
    parts: int


def render(
    template: str,
    channel: str,
    *,
    language: str,
    voice: Voice,
    person: int,
    real: datetime,
    contact: int | None = None,
    large: bool = False,
    facts: Mapping[str, object] | None = None,
) -> Words:
    """The words of a template for a person. Raises Discloses when a stranger could read a debt in them.

    `contact` is where it goes, `large` whether a mail is set in large letters, `facts` what the template needs beside
    the voice (a code and its minutes).
    """
    alone = template in _WITHOUT_LINK
    link = "" if alone else voice.link(person, real)
    values = {"us": voice.name, "phone": voice.phone, "link": link, "language": language, **(facts or {})}
    if channel == "sms":
        words = Words(_filled(template, "sms.txt", language, values))
        ends = ""
    else:
        ends = voice.ends_at(contact) if voice.ends_at and contact is not None and not alone else ""
        answers = voice.answers_to(person) if voice.answers_to and not alone else ""
        rtl = language in RIGHT_TO_LEFT
        values |= {"ends": ends, "answers": answers, "large": large, "direction": "rtl" if rtl else "ltr"}
        if rtl and voice.phone:
            values["phone"] = f"\u2066{voice.phone}\u2069"  # a number runs from left to right
        words = Words(
            _filled(template, "email.txt", language, values),
            subject=" ".join(_filled(template, "subject.txt", language, values).split()),
            html=_filled(template, "email.html", language, values),
            reply_to=answers,
            unsubscribe=ends,
        )
    for each in (words.body, words.subject, words.html):
        if not _may_be_seen(_common(each, (link, ends), str((facts or {}).get("code", "")))):
            raise Discloses(template)
    return words


def parts(text: str) -> Parts:
    """The encoding, units and parts of an SMS."""
    if all(character in _BASIC or character in _EXTENDED for character in text):
        widths = [2 if character in _EXTENDED else 1 for character in text]
        encoding, single, each = Encoding.GSM, 160, 153
    else:
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
        encoding, single, each = Encoding.UCS, 70, 67
    units = sum(widths)
    if units <= single:
        return Parts(encoding, units, 1)
    count, room = 1, each
    for width in widths:
        if width > room:
            count, room = count + 1, each
        room -= width
    return Parts(encoding, units, count)


_WITHOUT_LINK: Final = frozenset({"code", "stop_confirmed", "contact_changed"})
"""What leads nowhere: its reader may be somebody else by now, or has just asked for it."""

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")

_may_be_seen = lru_cache(maxsize=2048)(preview_safe)


def _common(words: str, links: Sequence[str], code: str) -> str:
    """What many people's messages have in common: without the secret part of a link, without a code.

    Neither is a word, and neither belongs in the memory of what was judged.
    """
    for link in filter(None, links):
        words = words.replace(link, _SECRET.sub("", link))
    return words.replace(code, "000000") if code else words


def _filled(template: str, part: str, language: str, values: Mapping[str, Any]) -> str:
    return _template(language, f"{template}/{part}.j2").render(values).strip()


@cache
def _template(language: str, path: str) -> Template:
    return _environment(language).get_template(path)


@cache
def _environment(language: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name) and ".html" in str(name),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    return made
