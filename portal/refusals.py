"""A sentence for each Refusal: what was refused, and what to do instead.

A room refuses with a code and its facts (`cases.refusal`); here the code becomes words for whoever
asked. `DEBTOR` and `STAFF` hold a sentence by code, with facts as `%(name)s`; a sentence may leave
facts out. A code that no debtor can meet has none in `DEBTOR`, and the debtor's general sentence
stands in. Facts are written as people read them: money, days and moments by `portal.language`.

An unknown code gets the general sentence of its domain and a line in the log, never an error page.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal

import structlog

from cases.money import Money
from cases.refusal import Refusal
from portal.language import DOMAINS, _d, _s, day, moment, money_text, number

log = structlog.get_logger()

DomainName = Literal["debtor", "staff"]

GENERAL: Final[Mapping[str, str]] = {
    "debtor": _d("We could not do that. Please go back and look at what you entered, or ring us."),
    "staff": _s("That was refused. Check what was entered and try again."),
}

DEBTOR: Final[dict[str, str]] = {
    "money.not_an_amount": _d("Write the amount as a number, like 62 or 62.50."),
    "money.too_many_decimals": _d("Write the amount with fewer decimals, like 62.50."),
    "money.too_large": _d("That amount is too large. Please look at it again."),
    "money.unknown_currency": _d("We do not know that currency. Please ring us."),
}

STAFF: Final[dict[str, str]] = {
    "money.not_an_amount": _s("Write the amount as a number, like 62 or 62.50."),
    "money.too_many_decimals": _s("%(currency)s has %(decimals)s decimals. Write the amount with no more."),
    "money.too_large": _s("That amount is too large to be kept. Look at it again."),
    "money.unknown_currency": _s("%(currency)s is not a currency that we know."),
    "clock.backwards": _s("Days only go forward. Choose a later day than %(now)s."),
}

_SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {"debtor": DEBTOR, "staff": STAFF}


def sentence(refusal: Refusal, domain: DomainName) -> str:
    """What to tell whoever asked, in the language of the page being answered."""
    words = DOMAINS[domain]
    text = _SENTENCES[domain].get(refusal.code)
    if text is None:
        log.error("refusal_without_sentence", code=refusal.code, face=domain)
        return str(words.gettext(GENERAL[domain]))
    facts = {name: _written(name, value, refusal.facts) for name, value in refusal.facts.items()}
    return str(words.gettext(text)) % facts


def has_sentence(code: str, domain: DomainName) -> bool:
    """Whether a code has a sentence of its own: for the house test."""
    return code in _SENTENCES[domain]


def _written(name: str, value: Any, facts: Mapping[str, Any]) -> str:
    """A fact as people read it. Minor units are money where the facts name their currency."""
    if isinstance(value, Money):
        return money_text(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        if isinstance(facts.get("currency"), str) and name not in _COUNTS:
            return money_text(value, facts["currency"])
        return number(value)
    return str(value)


_COUNTS: Final = frozenset({"decimals", "count", "days", "attempts", "minutes", "hours", "months", "version"})
"""Facts that are counts although a currency stands beside them."""
