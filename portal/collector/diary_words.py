"""The contact diary and notes in words: at the desk, in the history, and what speaks against a call."""

from collections.abc import Mapping
from typing import Any, Final

from cases.history import Kind, Line
from portal.collector.known import Known, number
from portal.language import _, _l, _s, moment

WAYS: Final = (
    ("call_out", _l("We called")), ("call_in", _l("They called")), ("counter_in", _l("They came to us")),
    ("visit_out", _l("We visited")), ("post_in", _l("A letter came")), ("post_out", _l("We sent a letter")),
)  # fmt: skip
"""Channel and direction, as one answer."""
OUTCOMES: Final = {
    "promised": (_l("They promised to pay"), _l("Enter the promise next")),
    "disputed": (_l("They say that a debt is wrong"), _l("Enter the dispute next")),
    "spoke": (_l("We spoke, nothing was agreed"), None),
    "call_back": (_l("A call back is agreed"), _l("Choose its day next")),
    "left_message": (_l("A message was left"), _l("A name, a number, and please ring. No word of debt.")),
    "no_answer": (_l("Nobody answered"), None),
    "not_connected": (_l("The call did not connect"), _l("It counts for nothing")),
    "wrong_number": (_l("Wrong number"), _l("The number ends")),
    "not_them": (_l("It is not them"), _l("The number ends, and somebody looks at who it is")),
    "sent": (_l("The letter went"), None),
    "returned": (_l("The letter came back"), _l("Enter another address next")),
    "wrote": (_l("They wrote something else"), None),
}
AGAINST: Final = {
    "no_calls": _l("This person wants no calls. Write instead."),
    "on_hold": _l("A hold stops every message that we begin."),
    "closed_day": _l("No contact is allowed on this day."),
    "outside_window": _l("It is outside the hours that are allowed."),
    "seven_calls_in_seven_days": _l("They were called seven times in seven days."),
    "conversation_within_7_days": _l("We spoke with them less than seven days ago."),
    "unwanted_day": _l("They asked for no contact on this day of the week."),
    "unwanted_hour": _l("They asked for no contact at this hour."),
}
_KNOWN_WAYS: Final = dict(WAYS)

WHAT: Final[Mapping[str, tuple[str, str, str]]] = {
    Kind.CONTACT_MADE: (_s("Contact"), "phone", ""),
    Kind.NOTE_WRITTEN: (_s("Note"), "file", ""),
    Kind.NOTE_ERASED: (_s("Note erased"), "minus", "off"),
    Kind.DIARY_ERASED: (_s("Words of a contact erased"), "minus", "off"),
    Kind.CONTACT_ENDED: (_s("Contact ended"), "minus", ""),
}
"""What happened, icon, tint."""


def heading(facts: Mapping[str, Any]) -> str:
    """A contact in a few words: how we met, and what came of it."""
    way = _KNOWN_WAYS.get(f"{facts.get('channel')}_{facts.get('direction')}", _l("Contact"))
    outcome = OUTCOMES.get(facts.get("outcome", ""))
    return f"{way}: {outcome[0]}" if outcome else str(way)


def _made(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    row = known.diary.get(number(line))
    if row is None:
        return ""
    words = [_("On %(when)s.", when=moment(row.happened_at))] if row.happened_at != line.at else []
    if row.note:
        words.append(f"“{row.note}”")
    elif "note" in facts:
        words.append(_("Its note was erased."))
    words += [str(AGAINST[each]) for each in row.against if each in AGAINST]
    if row.reason:
        words.append(_("Made all the same: “%(reason)s”", reason=row.reason))
    elif "reason" in facts:
        words.append(_("The reason why it was made was erased."))
    return " ".join(words)


def _note(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    row = known.notes.get(number(line))
    return row.words if row is not None and row.words else _("These words were erased.")


SAY: Final[Mapping[str, Any]] = {Kind.CONTACT_MADE: _made, Kind.NOTE_WRITTEN: _note}
"""The sentence of each kind."""
