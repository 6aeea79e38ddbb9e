"""My plan: what is agreed, what waits for an answer, and what became of the last one.

An offer of ours is answered here: yes, no, or another plan instead. A plan sent can be taken back
while nobody has answered. Whoever owes an account jointly sees its part of the other's plan alone.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import consent
from cases.arrangements import proposal as room
from cases.arrangements.arrangement import Arrangement
from cases.arrangements.version import Proposal, ProposalAccount, schedule_shown
from cases.db import act_now
from cases.history import Actor
from cases.refusal import Refusal, refusal_code
from messaging.papers.terms import fingerprint
from messaging.words import EACH, RHYTHMS
from portal.access import asking, debtor, not_found, visitor
from portal.debtor.face import blueprint, show, waiting
from portal.debtor.owed import Plan, plans_over, standing
from portal.debtor.schedule import Shown, shown, shown_agreed
from portal.debtor.words import word
from portal.forms import Form
from portal.language import _, _d, language
from portal.refusals import sentence
from portal.terms import words_for
from portal.told import tell
from portal.wake import wake

TERMS_CHANGED = refusal_code("proposal.terms_changed")

REASONS: Final = {
    "too_little": _d("The payments were too small to clear it in time. Try a larger amount."),
    "too_long": _d("The plan took too long. Try a larger amount."),
    "too_late": _d("The first payment came too late. Try an earlier day."),
    "other_way": _d("We think another way is better for you. Please ring or write to us."),
    "other": _d("Please ring or write to us, and we look for a plan together."),
}


class Answer(Form):
    """A button alone."""


@blueprint.get("/my-plan")
@debtor
def my_plan() -> str:
    """Everything about plans on one page."""
    who = visitor()
    with asking() as session:
        wait = waiting(session)
        accounts = standing(session, who.people, g.now)
        newest, covered = _newest(session, who.people)
        plans = plans_over(session, accounts)
        agreed = _arrangements(session, plans)
        offered = next((each for each in newest if each.side == "staff" and each.state == "submitted"), None)
        terms = words_for(session, offered, language()) if offered else []
    names = {each.id: each.creditor for each in accounts}
    theirs = [each for each in newest if each.side == "person"]
    sent = next((each for each in theirs if each.state == "submitted"), None)
    asked = next((each for each in theirs if offered and _chain(each) == _chain(offered)), None)
    last = newest[0] if newest and newest[0].state in ("declined", "expired") else None
    return show(
        "debtor/my-plan.html", wait, form=Answer(formdata=None), offer=offered, asked=asked, sent=sent, last=last,
        terms=terms, fingerprint=fingerprint(terms), offer_view=_view(offered, covered, names),
        sent_view=_view(sent, covered, names),
        plans=[(plan, agreed[plan.id], _agreed_view(plan, agreed[plan.id], names)) for plan in plans],
        reason=word(REASONS, last.reason or "other") if last else "", word=word, rhythms=RHYTHMS, each=EACH,
    )  # fmt: skip


@blueprint.post("/my-plan/<int:proposal>/accept")
@debtor
def accept(proposal: int) -> ResponseReturnValue:
    """Says yes to our offer: the plan begins, and the words that were agreed to are kept."""

    def agree(session: Session, proposal: int, *, by: Actor, at: datetime) -> None:
        room.accept(session, proposal, by=by, at=at)
        row = session.get_one(Proposal, proposal)
        words = words_for(session, row, language())
        if fingerprint(words) != request.form.get("terms"):
            raise TERMS_CHANGED()  # and nothing was agreed: the transaction ends here
        consent.give(session, proposal=proposal, person=row.person_id, words=words, language=language(),
                     channel="portal", origin=request.remote_addr, by=by, at=at)  # fmt: skip

    return _answered(proposal, agree, _("Your plan is agreed"), _("Thank you. Every date stands below."))


@blueprint.post("/my-plan/<int:proposal>/decline")
@debtor
def decline(proposal: int) -> ResponseReturnValue:
    """Says no to our offer."""
    return _answered(proposal, room.decline, _("You said no to the offer"),
                     _("Nothing changes. You can send another plan at any time."))  # fmt: skip


@blueprint.post("/my-plan/<int:proposal>/withdraw")
@debtor
def withdraw(proposal: int) -> ResponseReturnValue:
    """Takes a plan back that nobody has answered."""
    return _answered(proposal, room.withdraw, _("You took your plan back"), _("You can send another one at any time."))


def _answered(proposal: int, act: Any, heading: str, words: str) -> ResponseReturnValue:
    who = visitor()
    try:
        with asking() as session:
            if session.scalar(select(Proposal.id).where(Proposal.id == proposal)) is None:
                not_found("no such proposal of theirs")
            act_now(session)
            act(session, proposal, by=who.actor, at=g.now)
    except Refusal as refusal:
        tell(_("That could not be done"), sentence(refusal, "debtor"), "wait")
    else:
        wake("answers")
        tell(heading, words)
    return redirect(url_for("debtor.my_plan"), 303)


def _newest(session: Session, people: tuple[int, ...]) -> tuple[list[Proposal], dict[int, list[ProposalAccount]]]:
    """The last few versions, newest first, and what each covers. One statement."""
    last = select(Proposal.id).where(Proposal.person_id.in_(people)).order_by(Proposal.id.desc()).limit(5)
    rows = session.execute(
        select(Proposal, ProposalAccount)
        .join(ProposalAccount, ProposalAccount.proposal_id == Proposal.id)
        .where(Proposal.id.in_(last))
        .order_by(Proposal.id.desc(), ProposalAccount.nth)
    ).all()
    covered: dict[int, list[ProposalAccount]] = {}
    for version, account in rows:
        covered.setdefault(version.id, []).append(account)
    return list(dict.fromkeys(version for version, _account in rows)), covered


def _chain(version: Proposal) -> int:
    """Its first version: those of one chain answer each other."""
    return version.root_id or version.id


def _arrangements(session: Session, plans: list[Plan]) -> dict[int, Arrangement]:
    found = session.scalars(select(Arrangement).where(Arrangement.id.in_([plan.id for plan in plans])))
    return {each.id: each for each in found}


def _view(
    version: Proposal | None, covered: Mapping[int, list[ProposalAccount]], names: Mapping[int, str]
) -> Shown | None:
    if version is None:
        return None
    theirs = covered[version.id]
    named = {each.account_id: names.get(each.account_id, "") for each in theirs}
    return shown(schedule_shown(version, theirs), named, version.calendar, version.currency)


def _agreed_view(plan: Plan, agreed: Arrangement, names: Mapping[int, str]) -> Shown:
    order = dict.fromkeys(share.account for each in plan.instalments for share in each.shares)
    named = {account: names.get(account, "") for account in order}
    return shown_agreed(plan.instalments, plan.row, named, agreed.calendar, plan.currency)
