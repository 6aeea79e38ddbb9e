"""The words for what the facts hold as codes, in the language of the page."""

from messaging.words import COMPONENTS, ENTRIES, KINDS
from portal.language import _, domain


def word(of: dict[str, str], code: str, otherwise: str = "") -> str:
    """The word for a code in the reader's language; `otherwise` where there is none."""
    text = of.get(code)
    return str(domain().gettext(text)) if text else otherwise


def kind_of_debt(code: str) -> str:
    """A kind of debt, as people call it. A kind that nobody has named is a bill."""
    return word(KINDS, code, _("A bill"))


def entry_words(kind: str, component: str, reverses: bool) -> str:
    """What a line of the ledger was."""
    what = word(ENTRIES, kind)
    if reverses:
        return _("%(what)s, taken back", what=what)
    if kind == "payment":
        return _("%(what)s %(meant)s", what=what, meant=word(COMPONENTS, component))
    return what
