"""Holds, disputes and needs in words: what they are called at the desk, in the history, and why one waits."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.debts.dispute import Dispute
from cases.debts.held import Held, until
from cases.debts.hold import Hold, HoldTerm
from cases.debts.hold_watch import OF_NEW_DEBTS
from cases.history import Kind, Line
from portal.collector.known import Known, account, quote
from portal.language import _, _l, _n, _s, day, day_plain

NEEDS: Final = {
    "large_print": (_l("Large print"), _l("Letters are made so")),
    "no_calls": (_l("No calls"), _l("Write instead")),
    "extra_time": (_l("Extra time"), _l("Ask for no answer on the spot")),
    "someone_helps": (_l("Someone helps"), _l("Another person may be with them")),
    "interpreter": (_l("Interpreter"), _l("Speak with one")),
}
BASES: Final = {
    "breathing_space": _l("Breathing space"),
    "crisis": _l("Breathing space in a mental health crisis"),
    "dispute": _l("Disputed"),
    "vulnerability": _l("Vulnerability"),
    "insolvency": _l("Insolvency"),
    "deceased": _l("The person has died"),
}
STOPS: Final = {
    "reminders": (_l("Asking for money"), _l("Reminders, and notes that a payment is missing")),
    "messages": (
        _l("Every message that we begin"),
        _l("To this person, whatever it is about. Answers and codes still go."),
    ),
    "plans": (_l("New plans and promises"), None),
    "judging": (_l("Counting payments as missed"), _l("Days of the hold count for nothing in a plan")),
    "interest": (_l("Interest of a plan"), None),
    "money": (_l("Money that is not named for it"), _l("Only money meant for this debt goes to it")),
}
GROUNDS: Final = {
    "not_mine": _l("It is not theirs"),
    "paid": _l("It is paid already"),
    "wrong_amount": _l("The sum is wrong"),
}
ANSWERS: Final = {
    "stands": (_l("The debt stands"), _l("The hold ends today.")),
    "corrected": (_l("The sum was put right"), _l("The hold ends today.")),
    "agreed": (_l("The person is right"),
               _l("The hold goes on, and comes back to you in 30 days. The creditor takes the debt back.")),
}  # fmt: skip
WHY_ENDED: Final = {
    "reason_gone": _l("Its reason is gone"),
    "mistake": _l("It was placed by mistake"),
}
"""Why a collector ends a hold."""

_ENDED: Final = {"reason_gone": _s("Its reason is gone."), "mistake": _s("It was placed by mistake."),
                 "over": _s("Its last day is over.")}  # fmt: skip
_SAID: Final = {"not_mine": _s("It is not theirs."), "paid": _s("It is paid already."),
                "wrong_amount": _s("The sum is wrong.")}  # fmt: skip
_ANSWERED: Final = {
    "stands": _s("The debt stands. The hold has ended."),
    "corrected": _s("The sum was put right. The hold has ended."),
    "agreed": _s("The person is right. The hold goes on until the creditor has taken the debt back."),
}

WHAT: Final[Mapping[str, tuple[str, str, str]]] = {
    Kind.HOLD_PLACED: (_s("Put on hold"), "pause", ""),
    Kind.HOLD_EXTENDED: (_s("New debt put on hold"), "pause", ""),
    Kind.HOLD_CHANGED: (_s("Hold changed"), "pause", ""),
    Kind.HOLD_ENDED: (_s("Hold ended"), "check", ""),
    Kind.DEBT_DISPUTED: (_s("Debt disputed"), "alert", "theirs"),
    Kind.DISPUTE_ANSWERED: (_s("Dispute answered"), "check", ""),
    Kind.DISPUTE_TAKEN_BACK: (_s("Dispute taken back"), "check", "theirs"),
    Kind.SUPPORT_TOLD: (_s("What the person needs"), "user", "theirs"),
    Kind.SUPPORT_READ: (_s("Reason for support read"), "lock", ""),
    Kind.ARRANGEMENT_RELIEVED: (_s("Nothing is missing in the plan while debts are on hold"), "calendar", ""),
}


def term_words(last_on: date | None, review_on: date | None) -> str:
    """Until when, or when it is looked at again: a fragment."""
    if last_on is not None:
        return _("until %(day)s", day=day(last_on))
    assert review_on is not None  # a term has one of the two
    return _("to be looked at on %(day)s", day=day(review_on))


def held_words(holds: Iterable[Held]) -> str:
    """The tag of a debt that is on hold."""
    last_on, review_on = until(holds)
    if last_on is not None:
        return _("On hold until %(day)s", day=day_plain(last_on))
    return _("On hold, looked at on %(day)s", day=day_plain(review_on)) if review_on else _("On hold")


def stops_words(stops: Iterable[str]) -> str:
    """What a hold stops, in a list."""
    return "; ".join(str(words) for code, (words, _hint) in STOPS.items() if code in set(stops))


def _placed(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    words = [_("With another who owes it.") if facts.get("joint") else f"{BASES.get(facts.get('basis', ''), '')}."]
    words.append(_n("%(num)s debt", "%(num)s debts", facts.get("accounts", 1)) + ", " + _term(facts) + ".")
    return " ".join(words)


def _changed(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    words = _term(facts)
    return f"{words[:1].upper()}{words[1:]}."


def _term(facts: Mapping[str, Any]) -> str:
    last_on, review_on = facts.get("last_on"), facts.get("review_on")
    return term_words(date.fromisoformat(last_on) if last_on else None,
                      date.fromisoformat(review_on) if review_on else None)  # fmt: skip


def _ended(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return _(_ENDED[facts["why"]]) if facts.get("why") in _ENDED else ""


def _disputed(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    said = _(_SAID[facts["ground"]]) if facts.get("ground") in _SAID else ""
    held = _("On hold, answer due on %(day)s.", day=day(date.fromisoformat(facts["review_on"])))
    return f"{account(line, known)}. {said} {held}".strip(". ") + "."


def _answered(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return f"{account(line, known)}. {_(_ANSWERED[facts['answer']])}" if facts.get("answer") in _ANSWERED else ""


def _account(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return f"{account(line, known)}."


def _needs(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    now = ", ".join(str(NEEDS[each][0]) for each in facts.get("needs", ()) if each in NEEDS)
    return f"{now}." if now else _("Nothing any more.")


SAY: Final[Mapping[str, Any]] = {
    Kind.HOLD_PLACED: _placed, Kind.HOLD_EXTENDED: _placed, Kind.HOLD_CHANGED: _changed, Kind.HOLD_ENDED: _ended,
    Kind.DEBT_DISPUTED: _disputed, Kind.DISPUTE_ANSWERED: _answered, Kind.DISPUTE_TAKEN_BACK: _account,
    Kind.SUPPORT_TOLD: _needs,
}  # fmt: skip


def why_words(session: Session, asked: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Why a dispute or a hold waits, by kind of item and hold. Two statements at most."""
    found: dict[tuple[str, int], str] = {}
    disputed = [hold for kind, hold in asked if kind == "disputed"]
    if disputed:
        for each in session.scalars(select(Dispute).where(Dispute.hold_id.in_(disputed))):
            said = _(_SAID[each.ground])
            found["disputed", each.hold_id] = f"{said} {quote(each.note)}" if each.note else said
    reviewed = [hold for kind, hold in asked if kind == "hold"]
    if reviewed:
        rows = session.execute(
            select(Hold.id, Hold.basis, Hold.key, HoldTerm.why, HoldTerm.last_on, HoldTerm.review_on)
            .join(HoldTerm, HoldTerm.hold_id == Hold.id)
            .where(Hold.id.in_(reviewed), HoldTerm.replaced_at.is_(None))
        )
        for row in rows:
            basis = str(BASES[row.basis])
            if row.why == "over" and row.last_on:
                words = _("%(basis)s: the hold ended on %(day)s. See what fits now.", basis=basis, day=day(row.last_on))
            elif row.key.startswith(OF_NEW_DEBTS) and row.why == "placed":
                words = _("%(basis)s: a new debt came and is on hold too. Keep it on, or end it.", basis=basis)
            else:
                words = _("%(basis)s: its review has come. Keep it on, or end it.", basis=basis)
            found["hold", row.id] = words
    return found
