"""Parameters of Stripe's interface: a form with brackets becomes nested values, each checked by a table.

A table names what a request takes: a check for each parameter, a dict of the same for an object, a
list of one table for a list. Whatever it does not name is refused, so that a wrong name fails here
and not in production.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Any
from urllib.parse import urlsplit

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
METADATA_KEYS, METADATA_KEY, METADATA_VALUE = 50, 40, 500
LARGEST = 99_999_999
LARGEST_NUMBER = 10**12


class Wrong(Exception):
    """A parameter is refused: Stripe's code, the parameter, a sentence."""

    def __init__(self, code: str, param: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.param = param
        self.sentence = sentence


Check = Callable[[str, str], Any]
Table = dict[str, Any]


def read(pairs: list[tuple[str, str]], table: Table) -> dict[str, Any]:
    """The values that a form tells, by the table. Raises Wrong for the first that does not fit."""
    read: dict[str, Any] = _checked(nested(pairs), table, "")
    return read


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """``a[b][0]=x`` as {"a": {"b": {"0": "x"}}}; ``a[]=x`` counts by itself."""
    whole: dict[str, Any] = {}
    for name, value in pairs:
        match = _NAME.fullmatch(name)
        if match is None:
            raise Wrong("parameter_unknown", name, f"Received unknown parameter: {name}")
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        at = whole
        for part, after in zip(path, path[1:], strict=False):
            at = at.setdefault(part or str(len(at)), {})
            if not isinstance(at, dict):
                raise Wrong("parameter_invalid_hash", name, f"Invalid object: {name}[{after}]")
        at[path[-1] or str(len(at))] = value
    return whole


def missing(param: str) -> Wrong:
    """A parameter that must be there."""
    return Wrong("parameter_missing", param, f"Missing required param: {param}.")


def _checked(value: Any, table: Any, at: str) -> Any:
    if isinstance(table, dict):
        if not isinstance(value, dict):
            raise Wrong("parameter_invalid_hash", at, "Invalid object")
        for name in value:
            if name not in table:
                param = _inside(at, name)
                raise Wrong("parameter_unknown", param, f"Received unknown parameter: {param}")
        return {name: _checked(inner, table[name], _inside(at, name)) for name, inner in value.items()}
    if isinstance(table, list):
        if not isinstance(value, dict) or sorted(value, key=_rank) != [str(n) for n in range(len(value))]:
            raise Wrong("parameter_invalid_array", at, "Invalid array")
        return [_checked(value[str(n)], table[0], _inside(at, str(n))) for n in range(len(value))]
    if isinstance(value, dict) and table not in (metadata, period):
        raise Wrong("parameter_invalid_string", at, "Invalid string")
    return table(value, at)


def _rank(index: str) -> int:
    return int(index) if index.isdecimal() and len(index) < 6 else 10**6


def _inside(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name


# Checks ------------------------------------------------------------------------------------------


def text(limit: int) -> Check:
    """Words of at most so many characters."""

    def check(value: str, at: str) -> str:
        if not value:
            raise Wrong("parameter_invalid_empty", at, f"You passed an empty string for '{at}'.")
        if len(value) > limit:
            sentence = f"Invalid string: {at} has {len(value)} characters; at most {limit} fit."
            raise Wrong("parameter_invalid_string", at, sentence)
        return value

    return check


def whole(low: int, high: int = LARGEST_NUMBER) -> Check:
    """A whole number."""

    def check(value: str, at: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,15}", value):
            raise Wrong("parameter_invalid_integer", at, f"Invalid integer: {value}")
        if not low <= int(value) <= high:
            raise Wrong("parameter_invalid_integer", at, f"Invalid integer: {at} must be from {low} to {high}.")
        return int(value)

    return check


def one_of(*values: str) -> Check:
    """One of these words."""

    def check(value: str, at: str) -> str:
        if value not in values:
            raise Wrong("", at, f"Invalid {at}: must be one of {', '.join(values)}")
        return value

    return check


def url(value: str, at: str) -> str:
    """A whole address, with scheme and host."""
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", value)
        parts.port  # noqa: B018 - raises ValueError
    except ValueError:
        fits = False
    if not fits or len(value) > 5000:
        raise Wrong("url_invalid", at, "Not a valid URL")
    return value


def email(value: str, at: str) -> str:
    """A mail address."""
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+", value):
        raise Wrong("email_invalid", at, f"Invalid email address: {value}")
    return value


def suffix(value: str, at: str) -> str:
    """Words for the bank's statement: at most 22 characters, a letter among them, no <>\\'"*."""
    if len(value) > 22 or re.search(r"[<>\\'\"*]", value) or not re.search(r"[A-Za-z]", value) or not value.isascii():
        raise Wrong("invalid_characters", at, "The statement descriptor suffix has 1 to 22 plain characters.")
    return value


def metadata(value: Any, at: str) -> dict[str, str]:
    """The shop's own facts: at most 50, keys up to 40 characters, values up to 500. Empty ones are dropped."""
    if value == "":
        return {}
    if not isinstance(value, dict):
        raise Wrong("parameter_invalid_hash", at, "Invalid object")
    for name, inner in value.items():
        param = _inside(at, name)
        if isinstance(inner, dict):
            raise Wrong("parameter_invalid_string", param, "Metadata values must be strings.")
        if len(name) > METADATA_KEY or len(inner) > METADATA_VALUE:
            raise Wrong("parameter_invalid_string", param, "A key has at most 40 characters, a value 500.")
    if len(value) > METADATA_KEYS:
        raise Wrong("parameter_invalid_hash", at, "You can have up to 50 metadata keys.")
    return {name: inner for name, inner in value.items() if inner}


def period(value: Any, at: str) -> Callable[[int], bool]:
    """A moment, or bounds by gt, gte, lt, lte: what lets a moment through."""
    bounds = value if isinstance(value, dict) else {"gte": value, "lte": value}
    told = {name: whole(0)(inner, _inside(at, name)) for name, inner in bounds.items() if name in _BOUNDS}
    for name in bounds:
        if name not in _BOUNDS:
            param = _inside(at, name)
            raise Wrong("parameter_unknown", param, f"Received unknown parameter: {param}")
    return lambda moment: all(_BOUNDS[name](moment, bound) for name, bound in told.items())


_BOUNDS: dict[str, Callable[[int, int], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}
