"""The debtor's face: its blueprint, its menu, and what waits for an answer.

Every page asks one question for its menu (`waiting`): answers unread, an offer of ours to answer, a
plan that runs. A debtor's page does at most eight statements (who asks is not counted); the loader's
and this one are two of them.
"""

import gzip
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, current_app, render_template, request, url_for
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.access import visitor
from portal.language import _, _n

blueprint = Blueprint("debtor", __name__)

LETTERS: Final = ("debtor.letters", "debtor.letter", "debtor.statement", "debtor.statement_dates")
"""The pages under Letters in the menu."""

SQUEEZED_FROM: Final = 8 * 1024
"""A page of so many bytes is sent squeezed: a five-year schedule is long and says little new in each line.

Squeezing a page can betray a secret in it to whoever makes the page repeat guesses and sees its length.
No page here repeats anything from its address, and no other site can post to it (SameSite, CSRF token).
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for this person. `offer`: a proposal of ours to answer; `sent`: one of theirs, not yet answered.

    `texts`, `mails`: whether these may come at all, so that no page promises one that cannot: there is such a
    contact, and nothing said there, nor at another of theirs, that ends them. `prefers`: which of them the person
    wants. `paying`: a card payment that is not finished.
    """

    unread: int
    offer: int | None
    sent: int | None
    plan: int | None
    paying: int | None
    texts: bool
    mails: bool
    prefers: str | None

    @property
    def told_by(self) -> str | None:
        """How the person is told that something waits here: sms or email, or not at all."""
        order = ("email", "sms") if self.prefers == "email" else ("sms", "email")
        may = {"sms": self.texts, "email": self.mails}
        return next((each for each in order if may[each]), None)


_WAITING: Final = text("""
with open as (select id, side from proposal where person_id = any(:people) and state = 'submitted')
select
  (select count(*) from said s where s.person_id = any(:people) and s.side = 'staff' and s.read_at is null) as unread,
  (select max(id) from open where side = 'staff') as offer,
  (select max(id) from open where side = 'person') as sent,
  (select max(a.arrangement_id) from arrangement_account a where a.ended_at is null) as plan,
  (select max(t.id) from payment_attempt t
   where t.person_id = any(:people) and t.state in ('started', 'open')) as paying,
  exists (select from contact c
    where c.person_id = any(:people) and c.kind = 'mobile' and c.replaced_at is null and not c.withdrawn
      and coalesce((select p.allowed from permission p where p.channel = 'sms' and p.address = c.value_norm
                    order by p.id desc limit 1), true))
  and coalesce((select p.allowed from permission p join contact c on c.value_norm = p.address
                where p.channel = 'sms' and c.person_id = any(:people) order by p.id desc limit 1), true) as texts,
  exists (select from contact c
    where c.person_id = any(:people) and c.kind = 'email' and c.replaced_at is null and not c.withdrawn
      and coalesce((select p.allowed from permission p where p.channel = 'email' and p.address = c.value_norm
                    order by p.id desc limit 1), true))
  and coalesce((select p.allowed from permission p join contact c on c.value_norm = p.address
                where c.person_id = any(:people) order by p.id desc limit 1), true) as mails,
  (select p.channel from preference p where p.person_id = any(:people) and p.replaced_at is null
   order by array_position(cast(:people as bigint[]), p.person_id) limit 1) as prefers
""")


def waiting(session: Session) -> Waiting:
    """What waits for whoever asks. One statement; plans are those of accounts that the asker owes."""
    return Waiting(*session.execute(_WAITING, {"people": list(visitor().people)}).one())


def answered_here(wait: Waiting) -> str:
    """Where and how our answer comes."""
    if wait.told_by == "sms":
        return _("We answer here, and a text tells you when.")
    if wait.told_by == "email":
        return _("We answer here, and an email tells you when.")
    return _("We answer here. Please look in again in a few days.")


def show(template: str, wait: Waiting, **given: Any) -> str:
    """A page of the signed-in person, with its menu."""
    return render_template(template, **(_furniture(wait) | given))


@blueprint.after_request
def squeeze(response: Response) -> Response:
    """Sends a long page squeezed to whoever can read that."""
    if response.mimetype == "text/html" and "gzip" in request.accept_encodings and response.is_sequence:
        page = response.get_data()
        if len(page) >= SQUEEZED_FROM:
            response.set_data(gzip.compress(page, 6, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    return response


def _furniture(wait: Waiting) -> dict[str, Any]:
    here = request.endpoint or ""
    items = [
        (_("Home"), "debtor.home", ("debtor.home", "debtor.debt"), 0),
        (_("My plan"), "debtor.my_plan", ("debtor.my_plan",), int(bool(wait.offer))),
        (_("Payments"), "debtor.payments", ("debtor.payments", "debtor.payment"), 0),
        (_("Letters"), "debtor.letters", LETTERS, 0),
        (_("Messages"), "debtor.messages", ("debtor.messages",), wait.unread),
    ]
    return {
        "menu": [
            {
                "label": label,
                "href": url_for(endpoint),
                "current": here in pages,
                "count": count,
                "waiting": _n("new", "new", count) if endpoint == "debtor.messages" else _("to answer"),
            }
            for label, endpoint, pages, count in items
        ],
        "sign_out": url_for("sign_in.sign_out"),
        "still_here": url_for("sign_in.still_here"),
        "write_to_us": url_for("debtor.messages", _anchor="write"),
        "wait": wait,
        "answered_here": answered_here(wait),
        "can_pay": current_app.extensions["till"] is not None,
    }
