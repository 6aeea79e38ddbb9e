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
from portal.language import DOMAINS, _b, _d, _s, day, moment, money_text, number

log = structlog.get_logger()

DomainName = Literal["debtor", "staff"]

GENERAL: Final[Mapping[str, str]] = {
    "debtor": _d("We could not do that. Please go back and look at what you entered, or ring us."),
    "staff": _s("That was refused. Check what was entered and try again."),
}

_BOTH: Final[dict[str, str]] = {
    "plan.nothing_owed": _b("There is nothing to pay in this plan. Choose another debt."),
    "plan.amount_too_small": _b("%(amount)s each time is too little. Choose %(least)s or more."),
    "plan.upfront_too_small": _b("%(upfront)s now is too little. Choose %(least)s or more, or nothing."),
    "plan.upfront_too_large": _b("%(upfront)s now is more than the %(total)s in this plan. Choose less."),
    "plan.upfront_day_past": _b("The sum now can be paid on %(earliest)s or later. Choose such a day."),
    "plan.upfront_after_first": _b("Pay the sum now on or before the first payment, %(first)s."),
    "plan.first_day_past": _b("The first payment can be on %(earliest)s or later. Choose such a day."),
    "plan.first_day_too_far": _b("The first payment must be by %(latest)s. Choose an earlier day."),
    "plan.month_day_unknown": _b("Choose a day of the month from 1 to 31."),
    "plan.count_too_small": _b("A plan has at least one payment. Choose how many."),
    "plan.too_many_instalments": _b(
        "That would be %(count)s payments. A plan has at most %(most)s. Choose a larger amount."
    ),
    "plan.ends_before_first": _b("The plan would end before its first payment. Choose a later end."),
    "proposal.no_account": _b("Choose at least one debt for the plan."),
    "proposal.other_currency": _b("One plan has one currency. Choose debts in the same currency."),
    "conversation.empty": _b("Your message has no words yet. Write something, then send it."),
    "conversation.too_long": _b("Your message is too long. Keep it to %(most)s letters or fewer."),
    "proposal.on_hold": _b("%(account)s is on hold, so no plan can be made over it. Leave it out."),
    "dispute.answered": _b("This was answered on %(at)s. Open the debt again to see the answer."),
    "dispute.open_already": _b("This debt was disputed on %(at)s already. It is being looked into."),
    "dispute.answered_before": _b("We answered this on %(at)s. Write to us what is new since then."),
    "dispute.ground_unknown": _b("Choose what is wrong with the debt."),
    "preference.every_day": _b("Leave at least one day on which we may write."),
    "preference.hours": _b("From %(earliest)s to %(latest)s is too short. Leave at least two hours."),
    "proposal.promise_interest": _s("A promise bears no interest. Take the tick away, or choose a plan."),
    "proposal.promise_upfront": _b("A promise is one payment. Leave the sum now empty."),
}
"""Both faces say these alike."""

DEBTOR: Final[dict[str, str]] = _BOTH | {
    "money.not_an_amount": _d("Write the amount as a number, like 62 or 62.50."),
    "money.too_many_decimals": _d("Write the amount with fewer decimals, like 62.50."),
    "money.too_large": _d("That amount is too large. Please look at it again."),
    "money.unknown_currency": _d("We do not know that currency. Please ring us."),
    "payment.too_much": _d("%(amount)s is more than is owed there. Choose %(most_amount)s or less."),
    "payment.too_little": _d("%(amount)s is too little for a card payment. Choose %(least)s or more."),
    "payment.nothing_chosen": _d("Choose at least one debt to pay."),
    "payment.unknown_account": _d("One of these debts cannot be paid now. Choose again."),
    "payment.nothing_free": _d("Nothing is owed that is not on its way already."),
    "payment.another_open": _d("Another payment of yours is not finished. Go on with that one, or stop it."),
    "payment.unknown": _d("We cannot find this payment. Go back to your payments."),
    "proposal.unknown_account": _d("One of these debts cannot be in a plan now. Choose your debts again."),
    "proposal.unknown": _d("We cannot find this offer. Go back to your plan."),
    "proposal.decided": _d("This offer was answered already. Go back to your plan to see the answer."),
    "proposal.changed": _d("What you owe has changed. Please look at the new figures and send a new plan."),
    "proposal.expired": _d("This offer was open until %(expires_on)s. Please send a new plan."),
    "proposal.own_offer": _d("You made this offer yourself. We will answer it."),
    "proposal.terms_changed": _d("The words of the offer have changed. Please read them again, then say yes."),
    "income.frequency": _d("Choose how often this comes, from the list."),
    "document.too_many": _d("You had %(most)s letters made today. Please come back tomorrow for more."),
    "statement.period": _d("Choose days from the earlier to the later. The last one is today or before."),
    "proposal.reason_unknown": _d("Choose one of the reasons in the list."),
    "affairs.unknown": _d("We cannot find these answers. Begin again from your income and spending."),
    "affairs.finished": _d("You finished this on %(at)s. Begin a new version to change it."),
    "affairs.not_whole": _d("Some pages are not done yet. Go through them, then finish."),
    "affairs.unread": _d("One answer cannot be read yet. Put it right, then finish."),
    "support.need_unknown": _d("Choose what you need from the list."),
    "dispute.unknown": _d("We cannot find this. Go back to the debt."),
    "dispute.unknown_account": _d("We cannot find this debt. Go back to your debts."),
}

STAFF: Final[dict[str, str]] = _BOTH | {
    "money.not_an_amount": _s("Write the amount as a number, like 62 or 62.50."),
    "money.too_many_decimals": _s("%(currency)s has %(decimals)s decimals. Write the amount with no more."),
    "money.too_large": _s("That amount is too large to be kept. Look at it again."),
    "money.unknown_currency": _s("%(currency)s is not a currency that we know."),
    "proposal.unknown_account": _s(
        "An account among them cannot be in a plan: closed, not theirs, or in a live plan. Choose again."
    ),
    "proposal.unknown": _s("There is no such proposal. Open the case again."),
    "proposal.decided": _s("This was decided on %(at)s. Open the case again to see the answer."),
    "proposal.changed": _s(
        "Only %(owed)s is owed now, and the plan covers %(covered)s. Offer a plan over what is owed."
    ),
    "proposal.expired": _s("This proposal was open until %(expires_on)s. Offer a new one."),
    "proposal.own_offer": _s("This is our own offer. The person answers it."),
    "proposal.terms_changed": _s("The words of the offer have changed. Read them again."),
    "income.frequency": _s("Choose how often this comes, from the list."),
    "document.too_many": _s("This person had %(most)s letters made within a day. Make more tomorrow."),
    "statement.period": _s("From %(first)s to %(last)s is no time that has been. Name the earlier day first."),
    "proposal.reason_unknown": _s("Choose one of the reasons in the list."),
    "dispute.unknown": _s("There is no such dispute. Open the case again."),
    "dispute.unknown_account": _s("This person does not owe that debt. Choose another one."),
    "dispute.answer_unknown": _s("Choose one of the answers in the list."),
    "hold.unknown": _s("There is no such hold. Open the case again."),
    "hold.unknown_account": _s("One of these debts is not theirs. Choose again."),
    "hold.no_account": _s("Choose at least one debt for the hold."),
    "hold.basis_unknown": _s("Choose one of the reasons in the list."),
    "hold.stops_nothing": _s("Choose at least one thing that the hold stops."),
    "hold.no_end": _s("Choose the last day, or the day on which you look at it again."),
    "hold.day_wrong": _s("Choose %(earliest)s or a later day."),
    "hold.not_covered": _s("A breathing space does not cover one of these debts. Leave it out."),
    "hold.over": _s("This hold is over. Place a new one."),
    "hold.disputed": _s("A dispute waits for its answer. Answer it, and the hold follows."),
    "affairs.unknown": _s("There are no such answers. Open the case again."),
    "affairs.finished": _s("This was finished on %(at)s. Begin a new version to change it."),
    "affairs.not_whole": _s("Some pages are not done yet. Go through them, then finish."),
    "affairs.unread": _s("One answer cannot be read yet. Put it right, then finish."),
    "limits.creditor_unknown": _s("There is no such creditor. Open the list again."),
    "assessment.not_talked_over": _s("This is more than is left each month. Talk it over, then tick the box."),
    "limits.changed": _s("A colleague has changed these limits. What they set stands below. Save again to set yours."),
    "limits.both_old": _s("Write both, the days and the sum, or leave both empty."),
    "affairs.line_unknown": _s("%(line)s is no line of this form. Open the page again."),
    "support.need_unknown": _s("Choose what the person needs from the list."),
    "support.no_consent": _s("Note this only if the person agrees, and tick that they do."),
    "note.empty": _s("The note has no words yet. Write something, then save it."),
    "note.too_long": _s("The note is too long. Keep it to %(most)s letters or fewer."),
    "note.not_theirs": _s("A colleague wrote this note. A supervisor can erase it."),
    "diary.not_theirs": _s("A colleague wrote these words. A supervisor can erase them."),
    "diary.channel_unknown": _s("Choose how you met, and who began it."),
    "diary.outcome_unknown": _s("Choose what came of it from the list."),
    "diary.number_unknown": _s("Choose one of the numbers of this person."),
    "diary.moment_wrong": _s("Choose a moment from %(earliest)s to %(latest)s."),
    "diary.reason_needed": _s("A rule speaks against this contact. Write why it was made all the same."),
    "work.nothing_open": _s("Nothing waits here any more. Go back to your queue."),
    "work.taken": _s("A colleague has this case open until %(until)s. Take the next one."),
    "work.cannot_wait": _s("Distress cannot be postponed. Open the case, or pass it on."),
    "work.postpone_day": _s("Choose a day from %(earliest)s to %(latest)s."),
    "work.reason_unknown": _s("Choose one of the reasons in the list."),
    "work.pass_to": _s("This colleague does not work cases. Choose another one."),
    "intake.folder": _s("The folder has no %(missing)s. Add it, or name another folder."),
    "intake.file": _s("%(name)s is not a file that can be loaded. Name it as in Evenly’s layout."),
    "intake.system": _s("%(system)s is not a name for a system. Use letters, digits and hyphens."),
    "clock.backwards": _s("Days only go forward. It is %(now)s already. Choose a later day."),
    "payment.too_much": _s("%(amount)s is more than the %(most_amount)s owed there. Enter less."),
    "payment.too_little": _s("%(amount)s is less than a card payment can be. Enter %(least)s or more."),
    "payment.nothing_chosen": _s("Choose at least one debt, and write a sum."),
    "payment.unknown_account": _s("One of these debts is not theirs, or owes nothing. Choose again."),
    "payment.nothing_free": _s("Nothing is owed that is not on its way already."),
    "payment.another_open": _s("Another card payment of this person is not finished."),
    "payment.unknown": _s("There is no such payment. Open the case again."),
    "payment.method_unknown": _s("Choose how the money came."),
    "payment.day_wrong": _s("Choose a day from %(earliest)s to %(latest)s."),
    "payment.not_booked": _s("This payment is not booked, so there is nothing to take back."),
    "payment.reason_unknown": _s("Choose one of the reasons in the list."),
    "account.unknown": _s("There is no account %(account)s. Look at its reference again."),
    "account.ambiguous": _s("%(account)s stands in several systems: %(systems)s. Name one of them."),
    "announced.amount": _s("%(amount)s cannot be announced. Write an amount above nothing."),
    "announced.ended": _s("This announced payment has ended. Announce a new one."),
    "case.unknown": _s("There is no case %(case)s. Look at its reference again."),
    "contact.phone": _s("That is not a phone number. Write it with its country, like +44 7700 900145."),
    "contact.mail": _s("That is not an email address. Write it like name@example.org."),
    "contact.address": _s("That is not a postal address. Write the street, the code and the town."),
    "contact.not_textable": _s("No text can reach this number. Enter it as a telephone number."),
    "contact.ended": _s("This was changed or ended already. Look at the list again."),
    "contact.there": _s("We know this one already. There is nothing to change."),
    "creditor.exists": _s("There is a creditor %(creditor)s already. Choose another reference."),
    "creditor.unknown": _s("There is no creditor %(creditor)s. Look at its reference again."),
    "message.not_uncertain": _s("This message is settled already. Open the case again to see how."),
    "day.not_ended": _s("%(day)s has not ended yet for %(creditor)s. Name an earlier day."),
    "day.closed_further": _s("%(last)s is closed already. Name a day from then on, or none."),
    "ledger.amount": _s("%(amount)s cannot be posted. Write an amount above nothing."),
    "ledger.key_taken": _s("%(key)s was posted before with other figures. Reverse it and use a new key."),
    "ledger.nothing_to_reverse": _s("There is no entry %(key)s to reverse. Look at its key again."),
    "ledger.reversed_already": _s("%(key)s is reversed already. There is nothing more to do."),
    "ledger.reversed_too_early": _s("%(key)s is of %(on)s. Reverse it on that day or later."),
    "user.exists": _s("There is a user with this email address already. Use another address."),
    "user.role": _s("%(role)s is not a role. Choose one of %(roles)s."),
}

_SENTENCES: Final[Mapping[str, Mapping[str, str]]] = {"debtor": DEBTOR, "staff": STAFF}


def sentence(refusal: Refusal, domain: DomainName, *, currency: str | None = None) -> str:
    """What to tell whoever asked, in the language of the page being answered.

    `currency`: of the minor units among the facts, where the facts do not name it themselves.
    """
    words = DOMAINS[domain]
    text = _SENTENCES[domain].get(refusal.code)
    if text is None:
        log.error("refusal_without_sentence", code=refusal.code, face=domain)
        return str(words.gettext(GENERAL[domain]))
    named = refusal.facts.get("currency", currency)
    facts = {name: _written(name, value, named) for name, value in refusal.facts.items()}
    return str(words.gettext(text)) % facts


def has_sentence(code: str, domain: DomainName) -> bool:
    """Whether a code has a sentence of its own: for the house test."""
    return code in _SENTENCES[domain]


def _written(name: str, value: Any, currency: Any) -> str:
    """A fact as people read it. A number is money if its name says so."""
    if isinstance(value, Money):
        return money_text(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        is_money = name in _AMOUNTS and isinstance(currency, str)
        return money_text(value, currency) if is_money else number(value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(sorted(str(one) for one in value))
    return str(value)


_AMOUNTS: Final = frozenset({"amount", "least", "most_amount", "upfront", "total", "owed", "left", "covered"})
"""Facts in minor units."""
