"""Withheld in words: why a message did not go, and when it may, if ever."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from portal.language import _, _s, moment

WITHHELD: Final = {
    "too_late": _s("Its time was over before it could go."),
    "too_old": _s("What it was about had happened too long ago."),
    "no_number": _s("We have no mobile number for this person."),
    "no_mail": _s("We have no email address for this person."),
    "number_unusable": _s("The carrier says that nothing arrives at this number. It may go once we have another."),
    "mail_unusable": _s("Emails to this address come back. It may go once we have another."),
    "mail_stopped": _s("This person wants no more messages from us, or no emails. It may go once they ask for them."),
    "stopped": _s("This number said STOP. It may go only after START."),
    "confirmed_too_late": _s("A STOP is confirmed within five minutes or not at all."),
    "on_hold": _s("A hold stops it."),
    "plan_ended": _s("The plan had ended."),
    "schedule_changed": _s("The payment it was about is no longer due on that day."),
    "not_liable": _s("The person owed it no longer."),
    "reminders_off": _s("The creditor has switched these reminders off."),
    "money_there": _s("The money was there already."),
    "money_announced": _s("The money was on its way already."),
    "read": _s("The person had read the message already."),
    "told_already": _s("The person had been told already."),
    "outside_window": _s("No hour was left in which this person may be written to."),
    "cap_day": _s("One message had gone that day already. More are not allowed."),
    "cap_week": _s("Enough messages had gone that week. More are not allowed."),
    "no_code": _s("The code was no longer wanted."),
    "discloses": _s("Its words would have told a stranger of a debt."),
    "unknown_reason": _s("Nobody could say what it was about."),
}
"""Why a message was withheld, by the rule's code."""


def why_not(facts: Mapping[str, Any]) -> str:
    """The answer to *Why not?*: the rule, what it looked at, and when the message may go, if ever."""
    rule = facts.get("rule", "")
    words = _(WITHHELD[rule]) if rule in WITHHELD else _("The rule %(rule)s.", rule=rule)
    if facts.get("since"):
        words += " " + _("That was on %(when)s.", when=moment(datetime.fromisoformat(facts["since"])))
    if facts.get("code"):
        words += " " + _("The carrier’s code is %(code)s.", code=facts["code"])
    if facts.get("may"):
        when = moment(datetime.fromisoformat(facts["may"]))
        words += " " + _("The next hour that is allowed is %(when)s.", when=when)
    elif facts.get("until"):
        words += " " + _("It could go until %(when)s.", when=moment(datetime.fromisoformat(facts["until"])))
    return words
