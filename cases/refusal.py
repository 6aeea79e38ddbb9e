"""Refusal: an act that may not be done, as a code and its facts.

A refusal never carries a sentence. The room that refuses names a code ("money.too_large") and
the facts a sentence needs (the amount, the limit); the door turns both into words in the reader's
language. A room registers each of its codes once, at the top of its module, and raises by calling
what it got back:

    TOO_SMALL = refusal_code("plan.too_small", "amount", "least")
    ...
    raise TOO_SMALL(amount=amount, least=least)

So every code of the house can be listed (`CODES`) and a house test can ask for its sentences, and a
code or a fact that nobody registered is a mistake in the program, not a silent new refusal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

_SHAPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class RefusalCode:
    """One registered code and the names of its facts; calling it makes the refusal to raise."""

    code: str
    facts: frozenset[str]

    def __call__(self, **facts: object) -> Refusal:
        """The refusal with these facts; ValueError when they are not exactly the registered ones."""
        return Refusal(self.code, **facts)


_CODES: dict[str, RefusalCode] = {}

CODES: Mapping[str, RefusalCode] = MappingProxyType(_CODES)
"""Every code of the rooms imported so far, for the doors and for the house test."""


class Refusal(Exception):
    """An act was refused: `code` says why, `facts` holds what a sentence needs. Both are fixed."""

    def __init__(self, code: str, /, **facts: object) -> None:
        known = _CODES.get(code)
        if known is None:
            raise ValueError(f"refusal code {code!r} is not registered")
        if known.facts != facts.keys():
            raise ValueError(f"refusal {code!r} takes the facts {sorted(known.facts)}, not {sorted(facts)}")
        super().__init__(code)
        self._code = code
        self._facts: Mapping[str, Any] = MappingProxyType(dict(facts))

    @property
    def code(self) -> str:
        """The registered code: room and rule, joined by a dot."""
        return self._code

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts by name; read only."""
        return self._facts

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Refusal):
            return NotImplemented
        return self._code == other._code and dict(self._facts) == dict(other._facts)

    __hash__ = Exception.__hash__

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._code, dict(self._facts))

    def __str__(self) -> str:
        # Facts may hold personal data, so only the code goes where exceptions are printed or logged.
        return self._code

    def __repr__(self) -> str:
        return f"Refusal({self._code!r})"


def refusal_code(code: str, /, *facts: str) -> RefusalCode:
    """Register a code with the names of its facts, and return what makes its refusals.

    A code is lower case, at least a room and a rule joined by a dot. Registering the same code
    twice is a ValueError, so that no two rooms share one.
    """
    if not _SHAPE.fullmatch(code):
        raise ValueError(f"refusal code {code!r} is not of the form room.rule")
    if code in _CODES:
        raise ValueError(f"refusal code {code!r} is registered twice")
    if len(set(facts)) != len(facts):
        raise ValueError(f"refusal code {code!r} names a fact twice")
    _CODES[code] = RefusalCode(code, frozenset(facts))
    return _CODES[code]


def _rebuilt(code: str, facts: dict[str, object]) -> Refusal:
    return Refusal(code, **facts)
