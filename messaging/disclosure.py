"""Nothing that discloses a debt leaves outside sign-in or sealed post: the last check of a text.

A text on a lock screen, a mail's subject or body may be read by anyone at home or at work. So no
amount, no word of debt, arrears, payment, collection, court or insolvency, no threat, no kind of
case, and no name that gives a collector away may stand in it (CONC 7.9.7R, 7.9.8G, 7.9.10R; lag
1974:182 11 §; 12 CFR 1006.6(d)). The words are those of the languages we write in: English,
Swedish, Polish, Arabic. A text in doubt is held back: too strict costs a wording, too lax a secret.

Long random parts of a link are not read as words; its host and plain path are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Discloses(StrEnum):
    """What a piece of text would give away."""

    AMOUNT = "amount"
    DEBT = "debt"
    COLLECTION = "collection"
    COURT = "court"
    INSOLVENCY = "insolvency"
    THREAT = "threat"
    KIND_OF_CASE = "kind_of_case"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a text gives away, and the piece of it that does."""

    what: Discloses
    piece: str


# Patterns on the folded text: lower case, no accents, words parted by single spaces. A word ends
# where the pattern says; \w* lets its endings follow.
_WORDS: dict[Discloses, tuple[str, ...]] = {
    Discloses.DEBT: (
        # English
        r"\w*debt(?:s|or|ors|ed|edness)?",
        r"arrears?",
        r"overdue|unpaid|outstanding|delinquen\w*|defaulted|default notice",
        r"ow(?:e|es|ed|ing)",
        r"(?:past|now|amount|balance|rent|sum|money) due|due (?:date|now|today|tomorrow|on|by)",
        r"payments?|repay\w*|instal?lments?|prepay\w*",
        r"balance|shortfall|late fees?|interest|charges",
        r"missed|pay(?! attention)|paid|paying|payable|settle\w*|fees?|direct debits?|in default",
        r"(?:are|is|youre|were|fallen|falling|fell|got|getting) behind|behind (?:with|on)",
        r"creditors?|lenders?|affordab\w*|income and expenditure|hardship|stepchange|\w*debtline|payplan",
        r"invoic\w*|bills|billing|(?:your|the|this|a|an|last|next|late|energy|water|gas|phone|electricity) bill",
        # Swedish
        r"\w*skuld(?:en|er|erna|s|satt|satta|sanering\w*|brev\w*)?|skyldig\w*|gald\w*",
        r"obetal\w*|forfall\w*|forsenad betalning|\w*betalning\w*|avbetal\w*|inbetal\w*|amorter\w*|delbetal\w*",
        r"betala\w*|ranta\w*|drojsmal\w*|fordran|fordring\w*|borgenar\w*|restskuld\w*|avgift\w*|belopp\w*|saldo\w*",
        r"\w*faktur\w*|(?:el|vatten|gas|telefon|mobil|hyres|kredit|tandlakar)?rakning(?:en|ar|arna|s)?|autogiro\w*",
        # Polish
        r"dlug(?:u|i|ow|iem|om|ami|ach)?|dluzni\w*|zadluz\w*|oddluz\w*",
        r"zaleg\w*|naleznos\w*|nalezn\w*|przetermin\w*|nie(?:zaplac|oplac|splac|uregulow)\w*",
        r"platnos\w*|zaplac\w*|zaplat\w*|splac\w*|splat\w*|wplat\w*|wplac\w*|rat(?:a|y|e|ami|ach|alny|alna|alne)",
        r"odsetk\w*|kwot\w*|wierzyciel\w*|wierzytelnos\w*|oplat\w*|rachun\w*",
    ),
    Discloses.COLLECTION: (
        r"\w*collect(?!iv)\w*|recover(?:y|ies|ing)|doorstep|field agents?|repossess\w*",
        r"inkasso\w*|indriv\w*|kravbrev\w*|krav|betalningskrav\w*|inkassera\w*",
        r"\w*windyk\w*|egzekuc\w*|wezwani\w* do zaplaty",
    ),
    Discloses.COURT: (
        r"courts?|tribunals?|lawsuits?|litigation|legal (?:action|proceedings|department|team|notice)|legally",
        r"solicitors?|lawyers?|attorneys?|judge?ments?|ccjs?|summons\w*|subpoena\w*|warrants?|sue|sued|suing",
        r"bailiffs?|enforcement|sheriffs?|evict\w*|possession|prosecut\w*|pre action|letter of claim|garnish\w*",
        r"hmcts|money claims?|claim forms?|(?:statute|time) barred|limitation act",
        r"domstol\w*|tingsratt\w*|kronofogd\w*|utmat\w*|stamning\w*|rattsl\w*|advokat\w*|vrak\w*|avhys\w*",
        r"sad(?:u|owi|em|zie|y|ow\w*)|pozew|pozw\w*|komorni\w*|adwokat\w*|eksmi\w*|nakaz\w*|sprawa sadowa",
    ),
    Discloses.INSOLVENCY: (
        r"insolven\w*|bankrupt\w*|moratorium|breathing space|debt relief|iva|dro|trust deed|sequestrat\w*",
        r"konkurs\w*|skuldsaner\w*|insolvens\w*|upadlos\w*|niewyplacaln\w*|restrukturyzac\w*",
    ),
    Discloses.THREAT: (
        r"final (?:notice|demand|warning|reminder|letter)|last (?:chance|notice|warning)|notice of default",
        r"formal notice|act now|immediate action|failure to|consequences|credit (?:file|record|rating|score)",
        r"sista (?:paminnelse\w*|varning\w*)|ostateczn\w* wezwani\w*|ostatnie (?:ostrzezenie|wezwanie)|krd|bik",
        r"betalningsanmarkning\w*",
    ),
    Discloses.KIND_OF_CASE: (
        r"loans?|mortgages?|overdrafts?|credit(?: cards?)?|rents?|rental|tenancy|council tax|parking fines?|penalty|"
        r"overpayments?|hire purchase|finance agreements?|catalogue account|fines?",
        r"\w*kredit\w*|hyra|hyran|hyres\w*|bolan\w*|privatlan\w*|bot|boter|boterna",
        r"\w*kredyt\w*|pozycz\w*|chwilow\w*|czynsz\w*|mandat\w*|grzywn\w*|hipote\w*",
    ),
}

# Words that only their accents keep apart from innocent ones (lån, a loan; län, a county).
_ACCENTED: dict[Discloses, tuple[str, ...]] = {
    Discloses.COURT: (r"sąd",),
    Discloses.KIND_OF_CASE: (r"lån(?:et|en|ets|s)?",),
}

# Arabic: and-, in-, for-, the- may be written onto a word, and your-, his-, our- onto its end.
_ARABIC: dict[Discloses, str] = {
    Discloses.DEBT: "دين|ديون|مديون|مديونيه|مديونية|مدين|متاخرات|متاخره|متاخرة|متاخر|مستحق|مستحقه|مستحقة|مستحقات|سداد|"
    "تسديد|دفعه|دفعة|دفعات|الدفع|ادفع|قسط|اقساط|مبلغ|مبالغ|رصيد|فايده|فايدة|فوايد|دائن|داين|رسوم|فاتوره|فاتورة|فواتير",
    Discloses.COLLECTION: "تحصيل|محصل|محصلين|استرداد",
    Discloses.COURT: "محكمه|محكمة|محاكم|قضاء|قضايي|قضايية|محامي|محام|قانونيه|قانونية|دعوى|اخلاء|حجز",
    Discloses.INSOLVENCY: "افلاس|اعسار|معسر",
    Discloses.THREAT: "انذار|تحذير",
    Discloses.KIND_OF_CASE: "قرض|قروض|ايجار|ايجارات|رهن|غرامه|غرامة",
}

_CURRENCIES = (
    r"gbp|sek|pln|eur|usd|czk|nok|dkk|chf|isk|huf|ron|aed|sar|egp|kr|kronor|kronan|ore|zl|zlot\w*|groszy|grosze|"
    r"pounds?|pence|quid|euros?|dollars?|cents?|kc|korun\w*|ريال|دولار|جنيه|كرونه|كرونة|كرون|زلوتي|يورو|درهم"
)
# An hour with a point, where a word says that it is one and nothing makes it a sum again: a month, each.
_HOUR = (
    r"(?:(?<=\bat )|(?<=\bkl )|(?<=\bkl\. )|(?<=\bklockan )|(?<=\bgodz )|(?<=\bgodz\. )|(?<=\bgodzinie ))"
    r"(?:[01]?\d|2[0-3])\.[0-5]\d(?![.,:/-]?\d|\s?(?:a|per|each|every|monthly|weekly)\b)"
)
_AMOUNTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[£€$¥₹₺₽₴]\s?\d[\d.,\s]*|\d[\d.,]*\s?[£€$¥₹₺₽₴]",
        rf"(?<![^\W\d_])(?:{_CURRENCIES})[.:]?\s?\d[\d.,]*",
        rf"\d[\d.,]*\s?(?:{_CURRENCIES})(?!\w)",
        # Two decimals: 20.00, 1 234,50; not a date (24.11.2026), an hour (9:30, at 10.30) or a version.
        rf"(?<![\w.,:/-])(?!{_HOUR})\d+(?:[.,\s]\d{{3}})*[.,]\d{{2}}(?![\d:/-]|[.,]\d)(?!\w)",
    )
)

_LINK_SECRET = re.compile(r"[A-Za-z0-9_~-]{16,}(?:[.:][A-Za-z0-9_~-]{6,})*")
_LINK = re.compile(r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)+/\S+", re.IGNORECASE)
_NO_DECOMPOSITION = str.maketrans({"ł": "l", "ø": "o", "đ": "d"})
_CORPORATE = re.compile(r" (?:ltd|limited|plc|llp|llc|inc|ab|hb|as|oy|gmbh|sa|sp z o o|dac|cic)$")
_LEAST_COMPACT = 5


def _compiled(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")


_WORD_PATTERNS = {what: _compiled(patterns) for what, patterns in _WORDS.items()}
_ACCENTED_PATTERNS = {what: _compiled(patterns) for what, patterns in _ACCENTED.items()}
_ARABIC_PATTERNS = {
    what: re.compile(rf"(?<!\w)[وف]?[بلك]?(?:ال|ل)?(?:{stems})(?:ك|كم|ه|ها|هم|ي|نا)?(?!\w)")
    for what, stems in _ARABIC.items()
}


def findings(text: str, forbidden_names: Iterable[str] = ()) -> list[Finding]:
    """Everything in a text that would tell a stranger of a debt; none means it may be seen by anyone.

    `forbidden_names` are the names that give a collector or a kind of debt away: the creditors'
    whose names say so. They are found with or without Ltd, AB and the like, and inside a host name.
    """
    read = _LINK.sub(lambda link: _LINK_SECRET.sub(" ", link[0]), text)
    accented = _words(unicodedata.normalize("NFC", read.casefold()))
    folded = _words(_without_accents(read))
    found = [
        Finding(what, match[0])
        for patterns, where in (
            (_WORD_PATTERNS, folded),
            (_ACCENTED_PATTERNS, accented),
            (_ARABIC_PATTERNS, folded),
        )
        for what, pattern in patterns.items()
        for match in pattern.finditer(where)
    ]
    plain = " ".join(_without_accents(read).split())
    found += [Finding(Discloses.AMOUNT, match[0]) for pattern in _AMOUNTS for match in pattern.finditer(plain)]
    return found + [Finding(Discloses.NAME, name) for name in forbidden_names if _names(name, folded)]


def preview_safe(text: str, forbidden_names: Iterable[str] = ()) -> bool:
    """Whether anyone may see this text on the person's lock screen."""
    return not findings(text, forbidden_names)


_OPT_OUT_LINE = re.compile(
    r"(?<!\w)(?:"
    r"(?:reply|text|txt|msg|send|answer|respond|svara|skicka|sms a|smsa|odpisz|odpowiedz|wyslij|napisz|"
    r"ارسل|رد|اكتب|ارسال)"
    r"(?: \w+){0,3} (?:stop|stopp|stopall|end|quit|cancel|unsubscribe|opt out|avsluta|koniec|stoj|توقف|ايقاف|الغاء)"
    r"|(?:stop|stopp|end|quit|cancel) (?:to|for att|aby) (?:opt out|end|stop|cancel|unsubscribe|avsluta|zrezygnowac)"
    r"|to (?:opt out|unsubscribe|stop (?:these|our|all)? ?(?:texts|messages|emails|mails))"
    r"|(?:opt ?out|unsubscribe) (?:(?:reply|text|txt|send) )?(?:stop|stopp|end|quit)"
    r"|stop (?:opt ?out|end|unsubscribe)|stop ?2 ?(?:end|stop|quit|opt ?out|unsubscribe)"
    r"|unsubscribe|avregistrera dig|wypisz sie"
    r")(?!\w)"
)


def has_opt_out_line(text: str) -> bool:
    """Whether a text says simply how to get no more of them (12 CFR 1006.6(e))."""
    return _OPT_OUT_LINE.search(_words(_without_accents(text))) is not None


def _names(name: str, folded: str) -> bool:
    wanted = _words(_without_accents(name))
    wanted = _CORPORATE.sub("", wanted) or wanted
    if not wanted:
        return False
    compact = wanted.replace(" ", "")
    in_one_word = len(compact) >= _LEAST_COMPACT and any(compact in word for word in folded.split())
    return f" {wanted} " in f" {folded} " or in_one_word


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold()).translate(_NO_DECOMPOSITION)
    return "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))


def _words(text: str) -> str:
    visible = (c for c in text if unicodedata.category(c) != "Cf" and c not in "'\u2019")
    return " ".join("".join(c if c.isalnum() else " " for c in visible).split())
