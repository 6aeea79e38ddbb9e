"""What people type, read into exact values: a line of text, an amount, a number, a month.

Pure rules, without a page. What is unclear is never guessed: an amount that could be one pound or a
thousand is not an amount.
"""

import re
import unicodedata

from cases.money import LARGEST_MINOR, decimals_of
from messaging.figures import figures
from portal.language import language


def tidy(typed: str) -> str:
    """One line as typed: no control characters, single spaces, none at the ends."""
    return " ".join(printable(typed, keep="\t\n ").split())


def amount_typed(typed: str, currency: str, group: str = ",") -> int | None:
    """Minor units of an amount as people type it, or None when it is not one clear number.

    Both 62.50 and 62,50 are read; the symbol, the currency's code and spaces are passed over.
    Where one sign stands before exactly three digits it groups if it is the language's own
    grouping sign (`group`); otherwise the amount is unclear, and nobody's money is guessed.
    """
    text = re.sub(r"(?i)(?<![a-z])(kr|zł|zl|kč|kc|gbp|sek|pln|czk|eur|usd|nok|dkk)\.?(?![a-z])", "", typed)
    text = re.sub(r"[\s'’£€$]", "", unicodedata.normalize("NFKC", text))
    if not re.fullmatch(r"[0-9]+(?:[.,][0-9]+)*(?:[.,]-?)?", text):
        return None
    text = re.sub(r"[.,]-?$", "", text)
    whole, mark, part = text, "", ""
    last = max(text.rfind("."), text.rfind(","))
    if last >= 0:
        whole, mark, part = text[:last], text[last], text[last + 1 :]
        other = "," if mark == "." else "."
        if mark in whole or (other not in whole and len(part) == 3 and decimals_of(currency) < 3):
            if other in whole or mark != group:
                return None  # 1.234 in English could be one pound or a thousand
            whole, part = text, ""
        groups = re.split(r"[.,]", whole)
        if len(groups) > 1 and (len(groups[0]) > 3 or any(len(g) != 3 for g in groups[1:])):
            return None
        if len(set(re.findall(r"[.,]", whole))) > 1:
            return None
        whole = "".join(groups)
    decimals = decimals_of(currency)
    if len(part) > decimals or len(whole) > 18:
        return None
    minor = int(whole + part.ljust(decimals, "0"))
    return minor if minor <= LARGEST_MINOR else None


def whole_typed(typed: str) -> int:
    """A whole number of at most six digits; -1 when it is none."""
    return int(typed) if re.fullmatch(r"[0-9]{1,6}", typed) else -1


def month_typed(typed: str) -> int:
    """A month by number or by its name, or the beginning of its name, in the page's language."""
    if typed.isdigit():
        return whole_typed(typed)
    word, how = typed.casefold().rstrip("."), figures(language())
    for names in (how.months, how.months_alone):
        found = [n for n, name in enumerate(names, 1) if name.casefold().startswith(word)]
        if len(word) >= 3 and len(found) == 1:
            return found[0]
    return -1


def printable(typed: str, keep: str) -> str:
    """The text without control characters and unassigned ones, but for those to keep."""
    return "".join(c for c in typed if c in keep or unicodedata.category(c) not in ("Cc", "Cs", "Co", "Cn"))
