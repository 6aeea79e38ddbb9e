"""National identifiers: is a number right, whose kind is it, and how is it stored?

Personnummer and samordningsnummer (coordination number: the day plus 60) name a person in Sweden,
organisationsnummer an organisation there; PESEL names a person in Poland, NIP a taxpayer. A
Swedish number is stored with twelve digits and no sign; typed with ten, '-' says that its holder
is under 100 and '+' that they turn 100 or more in that calendar year (folkbokföringslagen
1991:481 18 §). An organisation's ten digits are stored with 16 in front, as the tax agency does.

python-stdnum checks digits; dates are ours: it refuses coordination numbers, reads the clock and
takes birth dates that are still to come.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from stdnum import luhn
from stdnum.pl import nip, pesel

_SHORT_SWEDISH = 10
_COORDINATION = 60
_PESEL_LENGTH = 11
_NIP_LENGTH = 10

_SPACE = re.compile(r"[\s\u00a0]+")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_NIP = re.compile(r"[1-9](?:[0-9][1-9]|[1-9][0-9])[0-9]{7}")
"""As the tax office's schemas have it (type TNrNIP): the first three digits name an office, and none is 0xx or x00."""
_SWEDISH = re.compile(r"((?:[0-9]{2})?)([0-9]{6})([-+]?)([0-9]{4})")


class Kind(StrEnum):
    """What a number names."""

    PERSONNUMMER = "personnummer"
    SAMORDNINGSNUMMER = "samordningsnummer"
    ORGANISATIONSNUMMER = "organisationsnummer"
    PESEL = "pesel"
    NIP = "nip"


class Reason(StrEnum):
    """The first rule that a number breaks."""

    FORMAT = "format"
    LENGTH = "length"
    DATE = "date"
    CHECKSUM = "checksum"
    FUTURE = "future"
    NOT_CHECKED = "not_checked"
    """The country's numbers are not known here: it may be right, nobody says so."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a number turned out to be. `store_as` and what follows are None unless it is valid."""

    kind: Kind | None
    valid: bool
    reason: Reason | None = None
    store_as: str | None = None
    birth_date: date | None = None
    sex: str | None = None
    """Legal sex, M or F, as the number says."""


def check(country: str, value: str, today: date, kind: Kind | None = None) -> Identifier:
    """Check a number as a person types it, with or without signs and spaces.

    `today` is the day of the check in the person's country: a birth date after it is refused and
    the century of a short Swedish number follows from it. `kind` says which number was asked for,
    where the asker knows.
    """
    typed = _SPACE.sub("", value).translate(_DASHES).upper()
    if country == "SE":
        return _swedish(typed, today)
    if country == "PL":
        return _polish(typed, today, kind)
    return Identifier(None, False, Reason.NOT_CHECKED)


def normalise_national_id(value: str, country: str | None, today: date) -> str | None:
    """The one form under which equal numbers are equal: SE198901023286; None unless it is valid.

    The country stands in front, so that numbers of two countries never meet. With no country
    given the number counts only when exactly one country knows it as right.
    """
    wanted = [country] if country else ["SE", "PL"]
    found = [
        each + checked.store_as for each in wanted if (checked := check(each, value, today)).valid and checked.store_as
    ]
    return found[0] if len(found) == 1 else None


def _swedish(typed: str, today: date) -> Identifier:
    found = _SWEDISH.fullmatch(typed)
    if found is None:
        bare = re.sub(r"[-+]", "", typed)
        digits_only = bare.isascii() and bare.isdigit()
        right_length = len(bare) in (_SHORT_SWEDISH, _SHORT_SWEDISH + 2)
        return Identifier(None, False, Reason.LENGTH if digits_only and not right_length else Reason.FORMAT)
    century, first_six, sign, last_four = found.groups()
    ten = first_six + last_four
    month, day = int(first_six[2:4]), int(first_six[4:6])
    # The third and fourth digit of an organisation make at least 20, so they are never a month.
    if month >= 20 and century in ("", "16"):
        if not luhn.is_valid(ten):
            return Identifier(Kind.ORGANISATIONSNUMMER, False, Reason.CHECKSUM)
        return Identifier(Kind.ORGANISATIONSNUMMER, True, store_as="16" + ten)
    coordination = day > _COORDINATION
    kind = Kind.SAMORDNINGSNUMMER if coordination else Kind.PERSONNUMMER
    day -= _COORDINATION if coordination else 0
    if century:
        born = _date(int(century + first_six[:2]), month, day)
        if century not in ("18", "19", "20"):
            born = None
    else:
        born = _short_birth_date(int(first_six[:2]), month, day, sign, today)
    if born is None:
        return Identifier(kind, False, Reason.DATE)
    if not luhn.is_valid(ten):
        return Identifier(kind, False, Reason.CHECKSUM)
    if born > today:
        return Identifier(kind, False, Reason.FUTURE)
    return Identifier(
        kind,
        True,
        store_as=f"{born.year:04d}{first_six[2:]}{last_four}",
        birth_date=born,
        sex="M" if int(last_four[2]) % 2 else "F",
    )


def _short_birth_date(year: int, month: int, day: int, sign: str, today: date) -> date | None:
    # The latest year with these digits that has begun; one hundred earlier with a plus.
    latest = today.year - (today.year - year) % 100
    if sign == "+":
        return _date(latest - 100, month, day)
    born = _date(latest, month, day)
    if not sign and (born is None or born > today):
        # No sign was typed, so the sign cannot speak against a holder who turns 100 this year
        # (or against the 29 February of the century before).
        return _date(latest - 100, month, day)
    return born


def _polish(typed: str, today: date, kind: Kind | None) -> Identifier:
    bare = typed.replace("-", "")
    prefixed = bare.startswith("PL")
    digits = bare[2:] if prefixed else bare
    if not digits or not (digits.isascii() and digits.isdigit()):
        return Identifier(kind, False, Reason.FORMAT)
    if kind is None:
        kind = _polish_kind(digits, prefixed)
    if kind is Kind.NIP:
        if len(digits) != _NIP_LENGTH:
            return Identifier(kind, False, Reason.LENGTH)
        if not _NIP.fullmatch(digits):
            return Identifier(kind, False, Reason.FORMAT)
        if not nip.is_valid(digits):
            return Identifier(kind, False, Reason.CHECKSUM)
        return Identifier(kind, True, store_as=digits)
    if len(digits) != _PESEL_LENGTH or prefixed:
        return Identifier(kind, False, Reason.LENGTH)
    if digits[-1] != pesel.calc_check_digit(digits[:-1]):
        return Identifier(kind, False, Reason.CHECKSUM)
    born = _pesel_birth_date(digits)
    if born is None:
        return Identifier(kind, False, Reason.DATE)
    if born > today:
        return Identifier(kind, False, Reason.FUTURE)
    return Identifier(
        kind,
        True,
        store_as=digits,
        birth_date=born,
        sex="M" if int(digits[9]) % 2 else "F",
    )


def _polish_kind(digits: str, prefixed: bool) -> Kind:
    if prefixed:
        return Kind.NIP
    if len(digits) != _NIP_LENGTH or nip.is_valid(digits):
        return Kind.NIP if len(digits) == _NIP_LENGTH else Kind.PESEL
    # Ten digits and no NIP: most likely a PESEL with one digit lost if it begins with a date.
    return Kind.PESEL if _pesel_birth_date(digits) else Kind.NIP


def _pesel_birth_date(digits: str) -> date | None:
    # The month carries the century: +80 the 1800s, +0 the 1900s, +20 the 2000s and so on.
    century, month = divmod(int(digits[2:4]), 20)
    year = (1900, 2000, 2100, 2200, 1800)[century] + int(digits[:2])
    return _date(year, month, int(digits[4:6]))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
