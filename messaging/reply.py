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
from collections.abc import Sequence
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
    "kindly immediately today just ok okay hi hello sorry but and so "
    "me it this these that i want to would like need must "
    "genast hej mig det detta jag vill "
    "natychmiast juz to mnie".split()
)
# Withdrawal words that also have an everyday use: alone they withdraw, in a sentence only with an
# object ("end these texts"), and otherwise they say nothing ("at the end of the month").
_EVERYDAY = frozenset(["end", "no more", "td", "arret", "remove", "koniec", "قف"])
_NEGATION = (
    r"(?:not|never|dont|do not|cant|cannot|can not|wont|will not|didnt|couldnt|wouldnt|shouldnt|isnt|without|"
    r"inte|aldrig|nie|لا)"
)
_OBJECT = (
    r"(?:text|texts|texting|txt|txts|sms|smses|message|messages|messaging|msg|msgs|email|emails|emailing|mail|mails|"
    r"reminder|reminders|notification|notifications|alert|alerts|contact|contacting|call|calls|calling|ring|ringing|"
    r"phoning|bothering|harassing|hassling|pestering|spamming|spam|junk|writing|subscription)"
)
_TEXTS = (
    r"(?:text|texts|texting|txt|txts|sms|smses|message|messages|messaging|msg|msgs|email|emails|mails|"
    r"reminder|reminders|notification|notifications|alert|alerts)"
)
_ANY = (
    r"(?: (?:any|more|anymore|further|such|all|the|these|those|this|that|your|of|from|you|constant|constantly|"
    r"automatic|automated|bloody|damn|stupid|annoying))*"
)
_DONT = r"(?:dont|do not|never)"
# What may stand between the demand and its object, so that "stop my payment until you call" is none.
_BETWEEN = (
    r"(?: (?:with|of|from|to|the|these|those|this|that|all|any|more|your|my|me|us|it|sending|getting|receiving|get|"
    r"receive|further|such|constant|constantly|please|out|on|bloody|damn|stupid|annoying|automatic|automated))*"
)
# Wrong spellings of "unsubscribe" count like the right one.
_NO_ORDINARY_SENSE = (
    r"(?:uns[a-z]{0,4}(?:crib|scib|srib|crb|cirb)[a-z]*|opt(?:ed|ing)?(?: me| us)? ?out|stopall|"
    r"stop(?:texts?|texting|txts?|sms|msgs?|messages?|messaging|spam))"
)

# A demand in so many words, on folded text.
_DEMANDS = tuple(
    re.compile(rf"(?<!\w){demand}(?!\w)")
    for demand in (
        rf"(?:stop|quit|cease|end|cancel|revoke){_BETWEEN} {_OBJECT}",
        _NO_ORDINARY_SENSE,
        rf"{_DONT} (?:ever )?(?:text|txt|sms|message|msg|contact|write to|email)(?: me| us)?",
        rf"{_DONT} send{_BETWEEN} (?:text|texts|txts|sms|message|messages|msgs|reminders|anything)",
        # "I don't want these texts", but not "… these texts to stop"
        rf"(?:dont|not|never|no longer) (?:want|wish)"
        r"(?: for| to (?:get|receive|have|see|be sent|be getting|be receiving|keep getting|keep receiving))?"
        rf"{_ANY} {_TEXTS}(?! to (?:stop|end|cease))",
        r"(?:dont|not|never|no longer) (?:want|wish) to be (?:texted|messaged|contacted|emailed|reminded)",
        r"(?:dont|not|never|no longer) want you (?:to )?(?:text|messag|contact|email|writ)(?:e|ing)?",
        r"(?:dont|not|never|no longer) (?:want|wish) to hear from (?:you|this)",
        r"no more (?:texts?|txts?|sms|messages?|msgs?|reminders?|contact)",
        r"(?:take|remove|delete) (?:me|my (?:number|phone|phone number|mobile)) (?:off|from)",
        r"(?:remove|delete|erase) (?:my |this |the )?(?:number|phone|phone number|mobile)",
        r"(?:withdraw|revoke|no longer|no longer give) (?:my |all |you )?(?:consent|permission)",
        # Swedish
        r"(?:sluta|slut|upphor)(?: med)?(?: att)? (?:skicka|sms\w*|skriva|messa|kontakta|hora av)",
        r"(?:stoppa|avsluta)(?: (?:alla|dessa|era|de har))* (?:sms\w*|meddelanden\w*|utskick\w*)",
        r"avanmal(?:a|an|er|ning)?",
        r"ta bort (?:mig|numret|mitt (?:nummer|mobilnummer|telefonnummer))",
        r"inga fler (?:sms|meddelanden|paminnelser)",
        r"(?:skicka|skriv|kontakta|sms\w*)(?: mig| till mig)? inte",
        r"(?:vill inte|onskar inte)(?: \w+){0,3} (?:sms|meddelanden|paminnelser)",
        # Polish
        r"(?:przestan|przestancie|prosze przestac|przestac) (?:pisac|wysylac|dzwonic|smsowac)",
        r"nie (?:piszcie|pisz|pisac|wysylajcie|wysylaj|wysylac|kontaktujcie)",
        r"nie (?:chce|zycze sobie)(?: \w+){0,3} (?:sms\w*|wiadomosci|kontaktu)",
        r"usun(?:cie)? (?:moj |ten )?numer",
        r"wypisz(?:cie)? mnie",
        # Arabic
        r"(?:لا|توقفوا عن|توقف عن|كفوا عن) (?:ترسل\w*|تراسل\w*|ارسال|مراسل\w*|الرسايل|الاتصال)",
        r"(?:اوقف|اوقفوا|ايقاف|الغاء) (?:الاشتراك|الرسايل|اشتراكي)",
    )
)
# A demand that ends its clause: with more behind it, it would speak of something else ("stop sending bills").
_LAST = tuple(
    re.compile(rf"(?<!\w){demand}$")
    for demand in (
        r"(?:stop|quit|cease) sending(?: (?:me|us|any|all|more|anymore|of|it|this|that|these|those|them|your|"
        r"stuff|things|crap|shit|rubbish|again|please|now))*",
        rf"{_DONT} (?:ever )?send(?: me| us)? (?:any|more|anymore|anything|these|those|again)"
        r"(?: (?:more|of|these|those|this|again|please|now|ever))*",
        r"(?:reply|replied|replying|text|texted|texting|txt|sms|send|sent|say|said|saying|typed?)"
        r"(?: (?:you|u|the word|word|back))? stop",
        r"(?:told|tell|telling|asked|ask|asking|begged)(?: (?:you|u|ya|them))?"
        r"(?: (?:lot|people|all|already|before|twice|again|many|times))* to stop"
        r"(?: (?:it|this|that|now|already|please))*",
    )
)
_WHOLE = re.compile(r"(?:lose|forget) (?:my|this) (?:number|phone number)|(?:inga|inget) (?:fler|mer)|no more")
_NEGATED = re.compile(
    rf"(?<!\w){_NEGATION}(?: \w+){{0,2}} (?:stop|quit|cease|end|cancel|revoke|{_NO_ORDINARY_SENSE})(?!\w)"
)
_MAYBE = re.compile(
    r"(?<!\w)(?:leave (?:me|us) alone|go away|(?:dont|do not) (?:call|ring|phone)|get lost|"
    r"(?:piss|fuck|bugger|naff) off|wrong (?:number|person)|not (?:me|my number)|who is this|fel nummer|"
    r"lamna mig i ?fred|zly numer|pomylka|(?:daj|dajcie)(?: mi)? spokoj|zostawcie mnie|رقم خاطي|اتركوني|"
    r"spam\w*|harass\w*|pester\w*|unsolicited|unwanted|block(?:ed|ing)? (?:you|this|your)|"
    r"(?:dont|not|never|no longer|didnt)(?: give)?(?: my| you)? (?:consent|permission)|"
    r"(?:(?:dont|not|never|no longer|didnt) (?:want|wish|need|like|ask for|asked for|sign up for|signed up for)|"
    r"(?:fed up|sick|tired) (?:with|of)|enough(?: of)?)(?: to (?:get|receive|have|see))?"
    rf"(?: (?!to )\w+){{0,3}} {_OBJECT})(?!\w)"
)
_CLAUSES = re.compile(r"[.!?;,\n\u060c\u061f]+|\s-\s|\s[\u2013\u2014]\s")
_SPELLED = re.compile(r"(?<!\w)[^\W\d_](?: [^\W\d_]){2,}(?!\w)")
_NO_DECOMPOSITION = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "ß": "ss"})


def read(text: str, sender: Sender = Sender.LONG_CODE, *, ours: str = "") -> Reading:
    """Read an inbound text; `sender` is the kind of our number it came to, `ours` the name that signs our texts."""
    table = _TOLL_FREE if sender is Sender.TOLL_FREE else _LONG_CODE
    meaning, bare = _meaning(text, _folded(ours))
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


def _meaning(text: str, ours: str) -> tuple[Meaning, bool]:
    """What a text means, and whether it says nothing besides."""
    text = text.replace("\N{OCTAGONAL SIGN}", " stop ")
    whole = _folded(text)
    withdraw, resume, help_words = _word_lists()
    if whole in withdraw or _once(_without(whole, _COURTESIES)) in withdraw:
        return Meaning.REVOKE, True
    # Texts begin again by the word alone: "I would like to start today" speaks of something else.
    if whole in resume or _without(whole, _PLEASE) in resume:
        return Meaning.START, True
    if whole in help_words or whole in {f"{word} please" for word in help_words}:
        return Meaning.HELP, True
    clauses = [each for clause in _CLAUSES.split(text) if (each := _unnamed(_folded(clause), ours))]
    return _in_a_sentence(_unnamed(whole, ours), clauses, withdraw), False


def _in_a_sentence(whole: str, clauses: Sequence[str], withdraw: frozenset[str]) -> Meaning:
    only = _only_withdrawal()
    if only.fullmatch(whole) or only.fullmatch(_without(whole, _SOFTENERS)):
        return Meaning.REVOKE
    if _NEGATED.search(whole):
        return Meaning.REVIEW
    if any(demand.search(whole) for demand in _DEMANDS):
        return Meaning.REVOKE
    plain = withdraw - _EVERYDAY
    for clause in clauses:
        bare = _without(clause, _SOFTENERS)
        if bare in plain or _WHOLE.fullmatch(_without(clause, _COURTESIES)) or any(d.search(clause) for d in _LAST):
            return Meaning.REVOKE
    padded = f" {whole} "
    if _MAYBE.search(whole) or any(f" {word} " in padded for word in plain):
        return Meaning.REVIEW
    return Meaning.NONE


def _unnamed(folded: str, ours: str) -> str:
    """Without our own name, which tells whom a demand is made of: "stop Larkfield"."""
    return " ".join(f" {folded} ".replace(f" {ours} ", " ").split()) if ours else folded


def _once(folded: str) -> str:
    """Each word once: "stop stop stop" is no more than "stop"."""
    return " ".join(dict.fromkeys(folded.split()))


def _without(folded: str, words: frozenset[str]) -> str:
    return " ".join(word for word in folded.split() if word not in words)


@cache
def _word_lists() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    rows = words()
    withdraw = frozenset(_folded(word) for row in rows for word in row.withdraw)
    resume = frozenset(_folded(word) for row in rows for word in row.resume)
    help_words = frozenset(_folded(word) for row in rows for word in row.help)
    return withdraw, resume, help_words


@cache
def _only_withdrawal() -> re.Pattern[str]:
    """A text of nothing but words that withdraw."""
    words = "|".join(sorted(map(re.escape, _word_lists()[0]), key=len, reverse=True))
    return re.compile(rf"(?:{words})(?: (?:{words}))*")


def _folded(text: str) -> str:
    """Lower case, no accents, no invisible characters, no punctuation, single spaces; spelled letters joined."""
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(_NO_DECOMPOSITION)
    kept: list[str] = []
    for character in decomposed:
        category = unicodedata.category(character)
        # Accents and invisible characters vanish, and so do the apostrophes of "don't"; all else
        # that is neither letter nor digit parts words.
        if category in ("Mn", "Cf") or character in "'\u2018\u2019\u02bc`\u00b4":
            continue
        kept.append(character if category[0] in "LN" else " ")
    return _SPELLED.sub(lambda found: found[0].replace(" ", ""), " ".join("".join(kept).split()))
