"""What an inbound text means: withdrawal, a wish for texts again, a call for help, or a reply.

Revoke: the person wants no more texts; permission ends at once. Review: it may be meant so;
nothing is suppressed yet, a person reads it the same day. Start and help: the words for that, by
themselves. None: an ordinary reply. Every text is kept as part of the conversation whatever it
means. Any reasonable wording counts as withdrawal (47 CFR 64.1200(a)(10)); the words themselves
are law data (`cases/law`), how they stand in a sentence is decided here.

Carrier action: what the carrier does by itself with the text. It knows its own words only when
they are the whole text, and then it also confirms; for everything else the confirmation is ours.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

from cases.clock import add_working_days
from cases.law.pack import Withdrawal
from cases.law.rules import pack, words


class Meaning(StrEnum):
    """How a text is read."""

    REVOKE = "revoke"
    REVIEW = "review"
    START = "start"
    HELP = "help"
    NONE = "none"


class CarrierAction(StrEnum):
    """What the carrier itself does with a text."""

    NONE = "none"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    OPT_OUT_AT_NETWORK = "opt_out_at_network"
    OPT_IN_AT_NETWORK = "opt_in_at_network"


class Sender(StrEnum):
    """The kind of number a text was sent to. Toll-free numbers are watched by the network."""

    LONG_CODE = "long_code"
    TOLL_FREE = "toll_free"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text means and what the carrier did with it."""

    meaning: Meaning
    carrier: CarrierAction
    bare: bool = False
    """Whether the text is nothing but a word for it, with a please at most. All else a person reads."""

    @property
    def carrier_confirms(self) -> bool:
        """Whether the carrier answers the text by itself, so that we must not."""
        return self.carrier is not CarrierAction.NONE

    @property
    def carrier_reopens(self) -> bool:
        """Whether the carrier lets texts through again, which YES does too after a STOP."""
        return self.carrier in (CarrierAction.OPT_IN, CarrierAction.OPT_IN_AT_NETWORK)


# Twilio's default words (help.twilio.com 223134027; advanced opt-out), single-word texts only.
_LONG_CODE = (
    dict.fromkeys(
        ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), CarrierAction.OPT_OUT
    )
    | dict.fromkeys(("START", "YES", "UNSTOP"), CarrierAction.OPT_IN)
    | dict.fromkeys(("HELP", "INFO"), CarrierAction.HELP)
)
# Toll-free numbers: the network knows these only (support.twilio.com 360058144374).
_TOLL_FREE = {
    "STOP": CarrierAction.OPT_OUT_AT_NETWORK,
    "START": CarrierAction.OPT_IN_AT_NETWORK,
    "UNSTOP": CarrierAction.OPT_IN_AT_NETWORK,
    "HELP": CarrierAction.HELP,
    "INFO": CarrierAction.HELP,
}

# Folded like the texts: lower case, no accents, no punctuation. Words of politeness and haste: beside
# these a bare word stays bare.
_PLEASE = frozenset("please pls plz snalla vanligen prosze من فضلك لطفا رجاء".split())
_COURTESIES = _PLEASE | frozenset("now thanks thank you ta thx cheers tack nu dziekuje teraz شكرا الان".split())
# Words that only soften or direct a demand: "ok please stop", "I want to cancel this", "sluta med det".
_SOFTENERS = _COURTESIES | frozenset(
    "kindly immediately today just ok okay hi hello sorry "
    "me it this these that i want to would like need must "
    "genast hej mig det detta jag vill "
    "natychmiast juz to mnie".split()
)
# Withdrawal words that also have an everyday use: alone they withdraw, in a sentence only with an
# object ("end these texts"), and otherwise they say nothing ("at the end of the month").
_EVERYDAY = frozenset(["end", "td", "arret", "remove", "koniec", "قف"])
_NEGATION = (
    r"(?:not|never|dont|do not|cant|cannot|can not|wont|will not|didnt|couldnt|wouldnt|shouldnt|isnt|without|"
    r"inte|aldrig|nie|لا)"
)
_OBJECT = (
    r"(?:text|texts|texting|txt|txts|sms|smses|message|messages|messaging|msg|msgs|email|emails|emailing|mail|mails|"
    r"reminder|reminders|notification|notifications|alert|alerts|contact|contacting|call|calls|calling|ring|ringing|"
    r"phoning|bothering|harassing|hassling|pestering|spamming|writing|subscription)"
)
# What may stand between the demand and its object, so that "stop my payment until you call" is none.
_BETWEEN = (
    r"(?: (?:with|of|from|to|the|these|those|this|that|all|any|more|your|my|me|us|it|sending|getting|receiving|get|"
    r"receive|further|such|constant|constantly|please|out|on|bloody|damn|stupid|annoying|automatic|automated))*"
)
_NO_ORDINARY_SENSE = r"(?:unsubscribe|optout|opt(?: me)? out|stopall)"

# A demand in so many words, on folded text.
_DEMANDS = tuple(
    re.compile(rf"(?<!\w){demand}(?!\w)")
    for demand in (
        rf"(?:stop|quit|cease|end|cancel|revoke){_BETWEEN} {_OBJECT}",
        _NO_ORDINARY_SENSE,
        r"(?:dont|do not|never) (?:ever )?(?:text|txt|sms|message|msg|contact|write to|email)(?: me| us)?",
        rf"(?:dont|do not|never) send{_BETWEEN} (?:text|texts|txts|sms|message|messages|msgs|reminders|anything)",
        r"no more (?:texts?|txts?|sms|messages?|msgs?|reminders?|contact)",
        r"(?:take|remove|delete) (?:me|my (?:number|phone|phone number|mobile)) (?:off|from)",
        r"(?:remove|delete) my (?:number|phone|phone number|mobile)",
        r"(?:i )?(?:withdraw|revoke) (?:my |all )?(?:consent|permission)",
        # Swedish
        r"(?:sluta|slut|upphor)(?: med)?(?: att)? (?:skicka|sms\w*|skriva|kontakta|hora av)",
        r"inga fler (?:sms|meddelanden|paminnelser)",
        r"(?:skicka|skriv|kontakta|sms\w*)(?: mig| till mig)? inte",
        r"(?:vill inte|onskar inte)(?: \w+){0,3} (?:sms|meddelanden|paminnelser)",
        # Polish
        r"(?:przestan|przestancie|prosze przestac|przestac) (?:pisac|wysylac|dzwonic|smsowac)",
        r"nie (?:piszcie|pisz|wysylajcie|wysylaj|wysylac|kontaktujcie)",
        r"nie (?:chce|zycze sobie)(?: \w+){0,3} (?:sms\w*|wiadomosci|kontaktu)",
        # Arabic
        r"(?:لا|توقفوا عن|توقف عن|كفوا عن) (?:ترسل\w*|تراسل\w*|ارسال|مراسل\w*|الرسايل|الاتصال)",
    )
)
_NEGATED = re.compile(
    rf"(?<!\w){_NEGATION}(?: \w+){{0,2}} (?:stop|quit|cease|end|cancel|revoke|{_NO_ORDINARY_SENSE})(?!\w)"
)
_MAYBE = re.compile(
    r"(?<!\w)(?:leave (?:me|us) alone|go away|(?:dont|do not) (?:call|ring|phone)|"
    r"wrong (?:number|person)|not (?:me|my number)|who is this|fel nummer|"
    r"zly numer|pomylka|رقم خاطي)(?!\w)"
)
_CLAUSES = re.compile(r"[.!?;,\n\u060c\u061f]+|\s-\s|\s[\u2013\u2014]\s")
_NO_DECOMPOSITION = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss"})


def read(text: str, sender: Sender = Sender.LONG_CODE) -> Reading:
    """Read an inbound text; `sender` is the kind of our number it came to."""
    table = _TOLL_FREE if sender is Sender.TOLL_FREE else _LONG_CODE
    meaning, bare = _meaning(text)
    return Reading(meaning, table.get(text.strip().upper(), CarrierAction.NONE), bare)


def honour_by(received: date) -> date:
    """The last lawful day to honour a withdrawal in the United States; Evenly does so at once."""
    return add_working_days("US", received, _withdrawal().honour_within_business_days)


def may_confirm(delay_seconds: int, *, promotional: bool) -> bool:
    """Whether the one confirmation of a withdrawal may still go: soon, and with no promotion."""
    return not promotional and 0 <= delay_seconds <= _withdrawal().confirm_within_seconds


def confirm_within() -> timedelta:
    """How long after a withdrawal its one confirmation may still go, waiting at the carrier included."""
    return timedelta(seconds=_withdrawal().confirm_within_seconds)


def _withdrawal() -> Withdrawal:
    found = pack("US")
    assert found is not None and found.withdrawal is not None
    return found.withdrawal


def _meaning(text: str) -> tuple[Meaning, bool]:
    """What a text means, and whether it says nothing besides."""
    whole = _folded(text)
    withdraw, resume, help_words = _word_lists()
    if whole in withdraw or _without(whole, _COURTESIES) in withdraw:
        return Meaning.REVOKE, True
    # Texts begin again by the word alone: "I would like to start today" speaks of something else.
    if whole in resume or _without(whole, _PLEASE) in resume:
        return Meaning.START, True
    if whole in help_words or whole in {f"{word} please" for word in help_words}:
        return Meaning.HELP, True
    return _in_a_sentence(text, whole, withdraw), False


def _in_a_sentence(text: str, whole: str, withdraw: frozenset[str]) -> Meaning:
    if _without(whole, _SOFTENERS) in withdraw:
        return Meaning.REVOKE
    if _NEGATED.search(whole):
        return Meaning.REVIEW
    if any(demand.search(whole) for demand in _DEMANDS):
        return Meaning.REVOKE
    clauses = [_folded(clause) for clause in _CLAUSES.split(text)]
    if any(_without(clause, _SOFTENERS) in withdraw - _EVERYDAY for clause in clauses if clause):
        return Meaning.REVOKE
    everyday_free = withdraw - _EVERYDAY
    padded = f" {whole} "
    if _MAYBE.search(whole) or any(f" {word} " in padded for word in everyday_free):
        return Meaning.REVIEW
    return Meaning.NONE


def _without(folded: str, words: frozenset[str]) -> str:
    return " ".join(word for word in folded.split() if word not in words)


@cache
def _word_lists() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    rows = words()
    withdraw = frozenset(_folded(word) for row in rows for word in row.withdraw)
    resume = frozenset(_folded(word) for row in rows for word in row.resume)
    help_words = frozenset(_folded(word) for row in rows for word in row.help)
    return withdraw, resume, help_words


def _folded(text: str) -> str:
    """Lower case, no accents, no invisible characters, no punctuation, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(_NO_DECOMPOSITION)
    kept: list[str] = []
    for character in decomposed:
        category = unicodedata.category(character)
        # Accents and invisible characters vanish, and so do the apostrophes of "don't"; all else
        # that is neither letter nor digit parts words.
        if category in ("Mn", "Cf") or character in "'\u2018\u2019\u02bc`\u00b4":
            continue
        kept.append(character if category[0] in "LN" else " ")
    return " ".join("".join(kept).split())
