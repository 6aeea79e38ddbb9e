"""The admin's face: which plans of a creditor, and of one kind of its debts, are agreed without a person looking.

Admins work here. Each change stands in the history with the old values and the new ones.
"""

from typing import Any, Final

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.arrangements import limits as room
from cases.db import act_now
from cases.debts.account import AccountTerms
from cases.debts.creditor import Creditor
from portal.access import asking, not_found, staff, visitor
from portal.collector.face import debt_words
from portal.fields import Shown
from portal.forms import Form, MoneyField
from portal.language import _, _l
from portal.told import tell
from portal.typed import whole_typed

blueprint = Blueprint("admin", __name__)
admin = staff("admin")
"""The keeper of every page here."""

ANY: Final = "any"
"""What stands in the address for every kind of debt without limits of its own."""


_TOGETHER: Final = _l("All debts of this kind together.")


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
    with asking() as session:
        row = _creditor(session, creditor, debt_type)
        now = room.limits_of(session, [row.id]).get((row.id, debt_type))
        for field in form:
            if isinstance(field, MoneyField):
                field.currency = row.currency
        if not form.is_submitted() and now is not None:
            for name in room.FIELDS:
                form[name].process_data(getattr(now, name))
        taken_away = request.form.get("do") == "take-away"
        fine = taken_away or bool(form.validate_on_submit())
        if fine and not taken_away and (form.old_days.data is None) != (form.most_old.data is None):
            form.old_days.refuse(_("Write both, the days and the sum, or leave both empty."))
            fine = False
        if not fine:
            page = _show("creditor-limits", form=form, creditor=row, kind=debt_type, now=now)
            return page, 422 if form.is_submitted() else 200
        values = None if taken_away else {name: form[name].data for name in room.FIELDS}
        act_now(session)
        room.set_limits(session, creditor=row.id, debt_type=debt_type, values=values, by=visitor().actor, at=g.now)
    tell(_("Saved"), _("A person looks at every plan there now.") if taken_away
         else _("Plans inside these limits that fit are agreed at once."))  # fmt: skip
    return redirect(url_for("admin.limits"), 303)


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
