"""The agreement: what was agreed, with whom, every date and sum, who said yes to which words, and one's rights.

Each person who owes under a plan has one, with the debts and shares that are theirs. Whoever said yes has the
words that they said yes to, with their fingerprint; the others are told what was agreed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.arrangements.arrangement import Arrangement
from cases.arrangements.consent import consent_to
from messaging.figures import reference
from messaging.paper import Column, Letterhead, Paper, Words, figure
from messaging.papers.ending import advice, wrong
from messaging.papers.recipient import Recipient
from messaging.papers.terms import Covered, Deal, called, fingerprint, terms_words, told_words
from messaging.tongue import Tongue


@dataclass(frozen=True, slots=True)
class Yes:
    """A kept consent: who gave it, when, how and from where; its words (None: erased) and their fingerprint."""

    name: str
    at: datetime
    channel: str
    origin: str | None
    words: tuple[str, ...] | None
    sha: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """A plan as one of its people may see it. `shares`: of each payment, minor units by debt, in the debts' order."""

    deal: Deal
    shares: Sequence[Sequence[int]]
    agreed_at: datetime
    yes: Yes | None
    theirs: bool
    """Whether the recipient is the one who agreed."""


def agreement_of(session: Session, plan: int, people: Sequence[int]) -> Agreement:
    """What was agreed, as far as these ids (one person's, all joined) owe it. Four statements."""
    row = session.get_one(Arrangement, plan)
    debts = session.execute(_DEBTS, {"plan": plan, "people": list(people)}).all()
    nth = {debt.id: n for n, debt in enumerate(debts)}
    payments: dict[int, list[int]] = {}
    order: list[tuple[date, list[int]]] = []
    for due_on, instalment, account, amount in session.execute(_SHARES, {"plan": plan, "accounts": list(nth)}):
        if instalment not in payments:
            payments[instalment] = [0] * len(debts)
            order.append((due_on, payments[instalment]))
        payments[instalment][nth[account]] = amount
    covered = [Covered(debt.creditor, debt.kind, debt.ref, debt.country, sum(shares[n] for _, shares in order),
                       debt.interest or 0, debt.rate, debt.base or 0)
               for n, debt in enumerate(debts)]  # fmt: skip
    deal = Deal(row.currency, row.rhythm, row.tolerance_days, [(on, sum(shares)) for on, shares in order], covered)
    return Agreement(deal, [shares for _, shares in order], row.agreed_at, _yes(session, row), row.person_id in people)


def agreement_paper(
    agreed: Agreement, tongue: Tongue, us: Letterhead, *, to: Recipient, made_on: date, large: bool
) -> Paper:
    """The letter. Pure."""
    _, deal = tongue._, agreed.deal
    creditors = list(dict.fromkeys(debt.creditor for debt in deal.debts))
    paper = Paper(
        tongue, us, title=_("Your agreement"), to=to.lines, made_on=made_on, large=large,
        lead=_("A plan to pay %(creditors)s.", creditors=", ".join(creditors)),
        about=[(_("Your reference"), figure(reference(to.case))),
               (_("Agreed on"), tongue.moment(agreed.agreed_at, to.zone)), (_("Made on"), tongue.day(made_on))],
    )  # fmt: skip
    paper.heading(_("Who agrees")).facts([
        (_("Who pays"), to.lines[0] if agreed.theirs else _("You, and who owes this together with you")),
        (_("Who is paid"), ", ".join(creditors)), (_("Who looks after it"), us.company or us.name),
    ])  # fmt: skip
    said = agreed.yes.words if agreed.theirs and agreed.yes else None
    words = said or (terms_words if agreed.theirs else told_words)(deal, tongue, us.name)
    paper.heading(_("What was agreed")).text(*words)
    _said_yes(paper, agreed, tongue, to)
    _who_gets_what(paper, deal, tongue)
    _every_payment(paper, agreed, tongue, large)
    _rights(paper, tongue, us)
    wrong(paper, tongue, us)
    advice(paper, tongue, to.country)
    return paper


def _yes(session: Session, row: Arrangement) -> Yes | None:
    kept = consent_to(session, row.proposal_id)
    if kept is None:
        return None
    name: str = session.scalar(text("select name from person where id = :id"), {"id": kept.person_id})
    words = tuple(kept.words.split("\n")) if kept.words else None
    assert words is None or fingerprint(words) == kept.words_sha.hex()
    return Yes(name, kept.given_at, kept.channel, kept.origin, words, kept.words_sha.hex())


def _said_yes(paper: Paper, agreed: Agreement, tongue: Tongue, to: Recipient) -> None:
    _, yes = tongue._, agreed.yes
    if yes is None:
        return
    when = tongue.moment(yes.at, to.zone)
    if not agreed.theirs:
        paper.text(_("Who owes this together with you agreed to it on %(when)s.", when=when))
        return
    how = _("on the telephone") if yes.channel == "telephone" else _("in the portal, after signing in with a code")
    facts: list[tuple[str, Words]] = [(_("Who said yes"), yes.name), (_("When"), when), (_("How"), how)]
    if yes.origin:
        facts.append((_("From the network address"), figure(yes.origin)))
    facts.append(
        (_("Fingerprint of these words (SHA-256)"), figure(" ".join(yes.sha[n : n + 16] for n in range(0, 64, 16))))
    )
    paper.heading(_("Who said yes to these words"), level=3).facts(facts)


def _who_gets_what(paper: Paper, deal: Deal, tongue: Tongue) -> None:
    _ = tongue._
    rows: list[tuple[Words, str]] = [
        (called(debt, tongue), tongue.money(debt.minor - debt.interest, deal.currency)) for debt in deal.debts
    ]
    rows += [
        (_("Interest of %(rate)s a year, %(reference)s", rate=tongue.percent(debt.rate or Decimal(0)),
           reference=debt.ref), tongue.money(debt.interest, deal.currency))
        for debt in deal.bearing
    ] or [(_("Interest of this plan"), tongue.money(0, deal.currency))]  # fmt: skip
    rows.append((_("Charge for a late payment"), tongue.money(0, deal.currency)))
    paper.heading(_("Who gets what")).sum(rows, (_("In all"), tongue.money(deal.total, deal.currency)))


_MOST_COLUMNS: Final = 3
"""So many debts have a column each; more stand in sum alone."""
_LONGEST_HEAD: Final = 18


def _every_payment(paper: Paper, agreed: Agreement, tongue: Tongue, large: bool) -> None:
    """Each payment with its shares; in large print, and of many debts, the shares stand above in words."""
    _, deal = tongue._, agreed.deal
    paper.heading(_("Every date and amount"))
    each = 1 < len(deal.debts) <= _MOST_COLUMNS and not large
    if len(deal.debts) > 1 and not each:
        shares = agreed.shares[min(1, len(agreed.shares) - 1)]
        parts = "; ".join(
            _("%(sum)s to %(creditor)s, %(reference)s", sum=tongue.money(share, deal.currency), creditor=debt.creditor,
              reference=debt.ref)
            for share, debt in zip(shares, deal.debts, strict=True)
        )  # fmt: skip
        paper.text(_("Of each %(sum)s: %(parts)s.", sum=tongue.money(sum(shares), deal.currency), parts=parts)
                   + " " + _("The last payment takes what is left of each."))  # fmt: skip
    columns = [Column(_("No.")), Column(_("Date"), wide=True, title=True)]
    if each:
        names = [debt.creditor for debt in deal.debts]
        columns += [Column(_head(debt, names.count(debt.creditor) == 1), figures=True) for debt in deal.debts]
    columns += [Column(_("Sum"), figures=True, main=True), Column(_("Left after"), figures=True)]
    left, rows = deal.total, []
    for n, ((on, minor), shares) in enumerate(zip(deal.payments, agreed.shares, strict=True), 1):
        left -= minor
        split = [tongue.money(share, deal.currency) for share in shares] if each else []
        rows.append(
            [str(n), tongue.weekday(on), *split, tongue.money(minor, deal.currency), tongue.money(left, deal.currency)]
        )
    sums = [tongue.money(debt.minor, deal.currency) for debt in deal.debts] if each else []
    foot: list[Words] = ["", _("In all"), *sums, tongue.money(deal.total, deal.currency), ""]
    paper.table(columns, rows, foot)


def _head(debt: Covered, alone: bool) -> str:
    """What a debt's column is called: by its creditor, where that is short and has no other debt here."""
    return debt.creditor if alone and len(debt.creditor) <= _LONGEST_HEAD else debt.ref


def _rights(paper: Paper, tongue: Tongue, us: Letterhead) -> None:
    _ = tongue._
    paper.heading(_("Your rights")).listed([
        _("You can ask to change or end this plan at any time. It costs nothing."),
        _("You can pay more, or all of it, at any time."),
        _("You can ask for a copy of this letter at any time. It also stands in the portal."),
        _("You can complain. We answer, and tell you who else can look at it."),
        _("If you agree to another plan over these debts, it takes the place of this one."),
    ])  # fmt: skip


_DEBTS: Final = text("""
select a.id, c.name as creditor, coalesce(t.debt_type, '') as kind, a.ref, c.country, x.interest, x.rate, x.base
from arrangement_account x
join account a on a.id = x.account_id
join creditor c on c.id = x.creditor_id
left join account_terms t on t.account_id = a.id and t.replaced_at is null
where x.arrangement_id = :plan and exists (
  select from liability l where l.account_id = a.id and l.person_id = any(:people)
    and l.replaced_at is null and not l.withdrawn)
order by x.nth
""")

_SHARES: Final = text("""
select i.due_on, i.n, s.account_id, s.amount
from instalment i join instalment_share s on s.instalment_id = i.id
where i.arrangement_id = :plan and s.account_id = any(:accounts) order by i.n, s.account_id
""")
