"""Money and plans in the case history: what happened, as a heading and one sentence a kind.

Booked entries and announced money, payments from their beginning to their end, whether a plan is kept,
and whether an account is overdue. Amounts among the facts are minor units with their currency.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from cases.history import Kind, Line
from portal.collector.known import Known, account, number
from portal.language import _, _n, _s, day, day_plain, money_text

MONEY: Final = (
    Kind.ENTRY_POSTED, Kind.PAYMENT_POSTED, Kind.PAYMENT_RETURNED, Kind.ENTRY_REVERSED, Kind.MONEY_ANNOUNCED,
    Kind.MONEY_ARRIVED, Kind.MONEY_FAILED, Kind.PAYMENT_BEGUN, Kind.PAYMENT_DECLINED, Kind.PAYMENT_ABANDONED,
    Kind.PAYMENT_FAILED, Kind.PAYMENT_RECEIVED, Kind.PAYMENT_REPORTED, Kind.PAYMENT_TAKEN_BACK, Kind.ACCOUNT_PAID_OFF,
    Kind.ARREARS_ENTERED, Kind.ARREARS_LEFT,
)  # fmt: skip
"""What the filter *Money* shows."""

WHAT: Final[Mapping[str, tuple[str, str, str]]] = {
    # kind: what happened, icon, tint
    Kind.ENTRY_POSTED: (_s("Posted"), "file", ""),
    Kind.PAYMENT_POSTED: (_s("Payment"), "card", "money"),
    Kind.PAYMENT_RETURNED: (_s("Payment came back"), "card", ""),
    Kind.ENTRY_REVERSED: (_s("Taken back"), "file", ""),
    Kind.MONEY_ANNOUNCED: (_s("Money on its way"), "clock", "money"),
    Kind.MONEY_ARRIVED: (_s("Money arrived"), "card", "money"),
    Kind.MONEY_FAILED: (_s("Money did not arrive"), "card", ""),
    Kind.PAYMENT_BEGUN: (_s("Payment begun"), "card", "theirs"),
    Kind.PAYMENT_DECLINED: (_s("The bank said no"), "card", ""),
    Kind.PAYMENT_ABANDONED: (_s("Payment not finished"), "minus", "off"),
    Kind.PAYMENT_FAILED: (_s("Payment did not arrive"), "alert", ""),
    Kind.PAYMENT_RECEIVED: (_s("Payment received"), "check", "money"),
    Kind.PAYMENT_REPORTED: (_s("The card service told us"), "alert", ""),
    Kind.PAYMENT_TAKEN_BACK: (_s("Payment taken back"), "card", ""),
    Kind.ARRANGEMENT_BROKEN: (_s("Plan broken"), "alert", ""),
    Kind.INSTALMENT_MISSED: (_s("Another payment of the plan is missing"), "alert", ""),
    Kind.ARRANGEMENT_CURED: (_s("Plan kept again"), "check", ""),
    Kind.ARRANGEMENT_COMPLETED: (_s("Plan paid in full"), "check", ""),
    Kind.ARRANGEMENT_REOPENED: (_s("Plan open again"), "calendar", ""),
    Kind.ARREARS_ENTERED: (_s("Overdue"), "clock", ""),
    Kind.ARREARS_LEFT: (_s("No longer overdue"), "check", ""),
}

METHODS: Final = {
    "card": _s("By card"),
    "cash": _s("In cash"),
    "cheque": _s("By cheque"),
    "transfer": _s("By bank transfer"),
}
"""How money came."""

TAKEN_BACK: Final = {
    "bounced": _s("Its bank sent it back unpaid"),
    "mistake": _s("It was entered by mistake"),
    "refunded": _s("It was given back"),
    "disputed": _s("The payer’s bank asked for it back"),
    "other": _s("Another reason"),
}
"""Why a payment was taken back, by the codes of `reversal.REASONS`."""

DECLINED: Final = {
    "insufficient_funds": _s("There was not enough money."),
    "expired_card": _s("The card is too old."),
    "incorrect_cvc": _s("The three digits on its back were wrong."),
    "incorrect_number": _s("The card number was wrong."),
    "lost_card": _s("The bank does not take this card."),
    "stolen_card": _s("The bank does not take this card."),
    "authentication_required": _s("The bank wanted the payer to confirm it."),
    "payment_intent_authentication_failure": _s("The payer did not confirm it."),
}
"""What a bank's no means, by the processor's code; another one is told as its code."""

_OVER: Final = {
    "cancelled": _s("The person stopped it. Nothing was taken."),
    "expired": _s("Its page closed by itself. Nothing was taken."),
    "failed": _s("The bank did not pay. Nothing was taken."),
    "not_begun": _s("The card service did not begin it. Nothing was taken."),
}

_STATUSES: Final = {
    "succeeded": _s("It has gone."), "pending": _s("It is on its way."),
    "requires_action": _s("It waits for the payer."),
    "failed": _s("It failed, so the money stays here."), "canceled": _s("It was stopped, so the money stays here."),
    "needs_response": _s("The bank waits for our answer."), "under_review": _s("The bank looks at our answer."),
    "won": _s("The bank decided for us."), "lost": _s("The bank decided for the payer."),
    "warning_needs_response": _s("The bank asks first, and no money has gone."),
    "warning_under_review": _s("The bank looks at our answer, and no money has gone."),
    "warning_closed": _s("The bank has closed it, and no money has gone."),
}  # fmt: skip
"""How a refund or dispute stands, by the processor's status; another one is told as it is."""

_REASONS: Final = {
    "requested_by_customer": _s("the payer asked for it"), "duplicate": _s("paid twice"),
    "fraudulent": _s("the payer says it was not them"), "product_not_received": _s("nothing was received"),
    "credit_not_processed": _s("a refund did not come"), "unrecognized": _s("the payer does not know it"),
    "general": _s("none in particular"),
}  # fmt: skip

_POSTED: Final = {
    "charge": _s("Charge"), "interest": _s("Interest"), "fee": _s("Fee"), "cost": _s("Cost"),
    "adjustment": _s("Adjustment"), "write_off": _s("Write-off"), "refund": _s("Refund"), "payment": _s("Payment"),
    "": _s("Entry"),
}  # fmt: skip

_SUMS: Final = frozenset({
    Kind.PAYMENT_POSTED, Kind.MONEY_ANNOUNCED, Kind.MONEY_ARRIVED, Kind.PAYMENT_BEGUN, Kind.PAYMENT_DECLINED,
    Kind.PAYMENT_ABANDONED, Kind.PAYMENT_FAILED, Kind.PAYMENT_RECEIVED, Kind.PAYMENT_TAKEN_BACK,
})  # fmt: skip
"""Kinds whose heading ends in their sum."""


def heading(line: Line, facts: Mapping[str, Any]) -> str:
    """The heading of a line about money, with its sum where that is the news."""
    words = _(WHAT[line.kind][0])
    if line.kind in (Kind.ENTRY_POSTED, Kind.ENTRY_REVERSED) and "amount" in facts:
        posted = f"{_(_POSTED.get(facts.get('what', ''), _POSTED['']))} {_sum(facts)}"
        return posted if line.kind == Kind.ENTRY_POSTED else f"{words}: {posted}"
    return f"{words} {_sum(facts)}" if line.kind in _SUMS and "amount" in facts else words


def reported_words(facts: Mapping[str, Any]) -> str:
    """What the processor told of a refund or dispute: how much, how it stands and why it says it is."""
    amount, whole = (money_text(facts[name], facts["currency"]) for name in ("sum", "amount"))
    if facts["what"] == "dispute":
        words = _("The payer’s bank asks %(amount)s back.", amount=amount)
    else:
        words = _("The card service gives %(amount)s back.", amount=amount)
    if amount != whole:
        words += " " + _("It is a part of %(whole)s. Take all of it back, then enter the rest.", whole=whole)
    status, reason = facts.get("status") or "", facts.get("reason") or ""
    if status:
        known = _STATUSES.get(status)
        words += " " + (_(known) if known else _("It stands as: %(status)s.", status=_plain(status)))
    if reason:
        words += " " + _("Reason: %(reason)s.", reason=_(_REASONS[reason]) if reason in _REASONS else _plain(reason))
    return words


def missing_words(count: int, left: int, currency: str, since: date) -> str:
    """What is missing in a plan, and since when: `left` minor units of `count` payments."""
    return _n(
        "A payment is missing since %(day)s: %(amount)s.",
        "%(num)s payments are missing since %(day)s: %(amount)s in all.",
        count, amount=money_text(left, currency), day=day_plain(since),
    )  # fmt: skip


# ------------------------------------------------------------------------------ one sentence a kind


def _entry(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    words = [account(line, known)]
    if line.kind in (Kind.PAYMENT_RETURNED, Kind.MONEY_FAILED):
        words.append(_sum(facts))
    if facts.get("on"):
        words.append(_("of %(day)s", day=day_plain(date.fromisoformat(facts["on"]))))
    if facts.get("expected_on"):
        words.append(_("expected on %(day)s", day=day(date.fromisoformat(facts["expected_on"]))))
    return ", ".join(filter(None, words)) + "."


def _payment(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    words = f"{_(METHODS[facts['method']])}."
    if facts.get("creditors", 1) > 1:
        words += " " + _n("For %(num)s creditor.", "For %(num)s creditors.", facts["creditors"])
    return words


def _declined(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    code = facts.get("code", "")
    return _(DECLINED[code]) if code in DECLINED else _("Its code is %(code)s.", code=code)


def _over(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return _(_OVER[facts["why"]]) if facts.get("why") in _OVER else ""


def _reported(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return reported_words(facts)


def _taken_back(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    words = f"{_(TAKEN_BACK.get(facts['reason'], TAKEN_BACK['other']))}. "
    words += _("It counts no more from %(day)s on.", day=day(date.fromisoformat(facts["on"])))
    row = known.payments.get(number(line))
    return f"{words} “{row.words}”" if row is not None and row.words else words


def _missed(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    return missing_words(facts["missed"], facts["left"], facts["currency"], date.fromisoformat(facts["since"]))


def _left(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    if line.kind == Kind.ARRANGEMENT_COMPLETED:
        return _("Every payment has come.")
    return _("%(amount)s is still to come.", amount=money_text(facts["left"], facts["currency"]))


def _arrears(line: Line, facts: Mapping[str, Any], known: Known) -> str:
    words = f"{account(line, known)}."
    if facts.get("overdue") and facts.get("since"):
        amount = money_text(facts["overdue"], facts["currency"])
        since = day_plain(date.fromisoformat(facts["since"]))
        words += " " + _("%(amount)s, the oldest part since %(day)s.", amount=amount, day=since)
    return words


def _sum(facts: Mapping[str, Any]) -> str:
    return money_text(facts["amount"], facts["currency"])


def _plain(code: str) -> str:
    return code.replace("_", " ")


SAY: Final[Mapping[str, Any]] = {
    Kind.ENTRY_POSTED: _entry, Kind.ENTRY_REVERSED: _entry, Kind.PAYMENT_POSTED: _entry, Kind.PAYMENT_RETURNED: _entry,
    Kind.MONEY_ANNOUNCED: _entry, Kind.MONEY_ARRIVED: _entry, Kind.MONEY_FAILED: _entry,
    Kind.PAYMENT_BEGUN: _payment, Kind.PAYMENT_RECEIVED: _payment, Kind.PAYMENT_DECLINED: _declined,
    Kind.PAYMENT_ABANDONED: _over, Kind.PAYMENT_FAILED: _over, Kind.PAYMENT_REPORTED: _reported,
    Kind.PAYMENT_TAKEN_BACK: _taken_back, Kind.ARRANGEMENT_BROKEN: _missed, Kind.INSTALMENT_MISSED: _missed,
    Kind.ARRANGEMENT_CURED: _left, Kind.ARRANGEMENT_COMPLETED: _left, Kind.ARRANGEMENT_REOPENED: _left,
    Kind.ARREARS_ENTERED: _arrears, Kind.ARREARS_LEFT: _arrears,
}  # fmt: skip
"""The sentence of each kind; one without has a heading alone."""
