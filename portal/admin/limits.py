"""The admin's face: which plans of a creditor, and of one kind of its debts, are agreed without a person looking.

Admins work here. What was set when, and by whom, stands under the limits, with the old values and the new ones.
Of two admins at once the second is told, and sees what the first has set before anything is changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import limits as room
from cases.arrangements.limits import PlanLimits
from cases.db import act_now
from cases.debts.account import AccountTerms
from cases.debts.creditor import Creditor
from cases.history import Actor
from cases.people.staff import names_of
from cases.refusal import Refusal
from portal.access import asking, not_found, staff, visitor
from portal.collector.face import debt_words
from portal.fields import Shown
from portal.forms import Form, HiddenField, MoneyField
from portal.language import _, _l, money_text
from portal.refusals import sentence
from portal.told import tell
from portal.typed import whole_typed

blueprint = Blueprint("admin", __name__)
admin = staff("admin")
"""The keeper of every page here."""

ANY: Final = "any"
"""What stands in the address for every kind of debt without limits of its own."""


_TOGETHER: Final = _l("All debts of this kind together.")
CHANGES: Final = 30
"""How many of the last changes stand on the page."""


class NumberField(Shown):
    """A whole number from `least` to `most`; empty: no limit."""

    def __init__(self, label: Any, *, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(label, inputmode="numeric", autocomplete="off", width="m", **kwargs)
        self.least, self.most = least, most

    def read(self, typed: str) -> int:
        """The number."""
        number = whole_typed(typed)
        if not self.least <= number <= self.most:
            raise ValueError(_("Write a whole number from %(least)s to %(most)s", least=self.least, most=self.most))
        return number


class Limits(Form):
    """The limits of one creditor and kind of debt; what is empty limits nothing."""

    least_instalment = MoneyField(_l("Least that each payment brings to a debt"), least=1)
    most_months = NumberField(_l("Longest time, in months"), least=1, most=60)
    start_within_days = NumberField(_l("First payment within so many days"), least=0, most=31)
    least_debt = MoneyField(_l("Least debt"), least=1)
    most_debt = MoneyField(_l("Highest debt"), least=1, hint=_TOGETHER)
    old_days = NumberField(_l("A part of a debt is old after so many days"), least=1, most=9999)
    most_old = MoneyField(_l("Highest old part"), hint=_TOGETHER)
    years_since_plan = NumberField(_l("No plan over it within so many years"), least=0, most=50)
    share_percent = NumberField(_l("Largest share of what is left each month, in per cent"), least=1, most=100)
    statement_above = MoneyField(_l("Income and spending is needed above this debt"),
                                 hint=_l("All debts of this kind together. Empty: it is always needed."))  # fmt: skip
    round_to = MoneyField(_l("Sums that we suggest are rounded to"), least=1,
                          hint=_l("Always to what still fits. So are the ends of a range that we show."))  # fmt: skip
    seen = HiddenField("seen")
    """The newest row that the page showed."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one admin set: each field with what it is and what it was, in words."""

    row: PlanLimits
    who: str
    heading: str
    fields: list[tuple[str, str]]


@blueprint.get("/limits")
@admin
def limits() -> str:
    """Every creditor, its kinds of debt, and which have limits."""
    with asking() as session:
        creditors = list(session.scalars(select(Creditor).order_by(Creditor.name, Creditor.id)))
        set_ = room.limits_of(session, [each.id for each in creditors])
        kinds: dict[int, list[str]] = {}
        for creditor, kind in session.execute(
            select(AccountTerms.creditor_id, AccountTerms.debt_type)
            .where(AccountTerms.replaced_at.is_(None), AccountTerms.debt_type.is_not(None))
            .distinct()
            .order_by(AccountTerms.creditor_id, AccountTerms.debt_type)
        ):
            kinds.setdefault(creditor, []).append(kind)
        rows = [
            (each, [(kind, (each.id, kind) in set_) for kind in [None, *kinds.get(each.id, [])]]) for each in creditors
        ]
        return _show("limits", form=None, rows=rows, any=ANY)


@blueprint.route("/limits/<int:creditor>/<path:kind>", methods=["GET", "POST"])
@admin
def creditor_limits(creditor: int, kind: str) -> ResponseReturnValue:
    """The limits of one creditor, or of one kind of its debts."""
    form, debt_type = Limits(), None if kind == ANY else kind
    taken_away = request.form.get("do") == "take-away"
    try:
        with asking() as session:
            row = _creditor(session, creditor, debt_type)
            for field in form:
                if isinstance(field, MoneyField):
                    field.currency = row.currency
            if not form.is_submitted() or not (taken_away or _well(form)):
                return _limits_page(session, form, row, debt_type), 422 if form.is_submitted() else 200
            values = None if taken_away else {name: form[name].data for name in room.FIELDS}
            seen = int(form.seen.data) if (form.seen.data or "").isdecimal() else None
            act_now(session)
            room.set_limits(session, creditor=row.id, debt_type=debt_type, values=values, seen=seen,
                            by=visitor().actor, at=g.now)  # fmt: skip
    except Refusal as refusal:
        form.refuse(sentence(refusal, "staff"))
        with asking() as session:
            return _limits_page(session, form, _creditor(session, creditor, debt_type), debt_type), 422
    tell(_("Saved"), _("A person looks at every plan there now.") if taken_away
         else _("Plans inside these limits that fit are agreed at once."))  # fmt: skip
    return redirect(url_for("admin.limits"), 303)


def _well(form: Limits) -> bool:
    """Whether it can be read; how old and how much of it go together."""
    fine = bool(form.validate_on_submit())
    if fine and (form.old_days.data is None) != (form.most_old.data is None):
        form.old_days.refuse(_("Write both, the days and the sum, or leave both empty."))
        fine = False
    return fine


def _limits_page(session: Session, form: Limits, creditor: Creditor, kind: str | None) -> str:
    """The limits as they are, or as they were typed, and how they came to be so."""
    versions = room.versions_of(session, creditor.id, kind, most=CHANGES + 1)
    now = versions[0].values if versions else None
    if not form.is_submitted():
        for name, value in (now or {}).items():
            form[name].process_data(value)
    form.seen.process_data(str(versions[0].id if versions else 0))
    return _show("creditor-limits", form=form, creditor=creditor, kind=kind, now=now,
                 changes=_changes(session, form, versions, creditor.currency))  # fmt: skip


def _changes(session: Session, form: Limits, versions: Sequence[PlanLimits], currency: str) -> list[Change]:
    """Who set what, newest first; fields that stayed as they were are left out."""
    actors = [Actor.read(row.made_by) for row in versions]
    users = names_of(session, [by.id for by in actors if by.id is not None])
    found = []
    for row, by, before in list(zip(versions, actors, [*versions, None][1:], strict=True))[:CHANGES]:
        was, now = (before.values if before else None) or {}, row.values or {}
        fields = []
        for name in room.FIELDS:
            old, new = (_value(form[name], each.get(name), currency) for each in (was, now))
            if old != new:
                fields.append((str(form[name].label.text), _("%(new)s, before %(old)s", new=new, old=old)))
        heading = _("Taken away") if row.withdrawn else _("Changed") if was else _("Set")
        found.append(Change(row, users.get(by.id or 0, _("By the system")), heading, fields))
    return found


def _value(field: Any, value: int | None, currency: str) -> str:
    if value is None:
        return _("empty")
    return money_text(value, currency) if isinstance(field, MoneyField) else str(value)


def _creditor(session: Session, creditor: int, debt_type: str | None) -> Creditor:
    row = session.get(Creditor, creditor)
    if row is None:
        not_found("no such creditor")
    known = select(AccountTerms.id).where(AccountTerms.creditor_id == creditor, AccountTerms.debt_type == debt_type)
    if debt_type is not None and session.scalar(known.limit(1)) is None:
        not_found("no such kind of debt")
    return row


def _show(template: str, **given: Any) -> str:
    menu = [{"label": _("Limits"), "href": url_for("admin.limits"), "current": True, "count": 0, "waiting": ""}]
    return render_template(f"admin/{template}.html", menu=menu, debt_words=debt_words, role=_("Admin"),
                           signed_in_as=visitor().name, sign_out=url_for("staff_sign_in.sign_out"),
                           still_here=url_for("staff_sign_in.still_here"), **given)  # fmt: skip
