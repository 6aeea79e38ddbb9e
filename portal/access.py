"""Access: who is visiting, and who may come to which page.

Every route states its *keeper*, above its view and below its route:

    @blueprint.get("/debt/<int:account>")
    @debtor
    def page(account: int) -> str: …

`public`: anyone, nothing is asked. `debtor`: the person who owes. `staff(*roles)`: users of these
roles. `hook`: programs that sign what they send. A route without a keeper is not opened to anyone.
The keeper's *scope* is how its transaction asks (`cases/db.py`): `asking()` opens it.

A visitor is kept signed in by flask-login: its session cookie holds a random token, the table
`visit` its hash. The loader reads it in a transaction of its own, before the door says who asks.
A visit ends on the server: after 15 minutes without a request, and an hour (people) or eight hours
(staff) after it began, whatever happens. What a visitor may not have is answered 404, and logged.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NoReturn, TypeVar, cast

import flask_login
import structlog
from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.orm import Session

from cases.clock import Clock
from cases.db import Database
from cases.debts.creditor import ZONES
from cases.history import Actor
from portal import language
from portal.keys import sha256
from portal.language import ZONE, _
from portal.told import tell

log = structlog.get_logger()

IDLE: Final = timedelta(minutes=15)
IDLE_LONGER: Final = timedelta(minutes=45)
"""For a person who needs extra time."""
WARNING: Final = timedelta(minutes=2)
"""So long before its end a page says that its visit ends soon. (WCAG 2.2.1)"""
LONGEST: Final = timedelta(hours=1)
LONGEST_STAFF: Final = timedelta(hours=8)
_SEEN_EVERY: Final = timedelta(seconds=30)
"""A visit's last request is noted no more often, so a page is not a write."""

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Visitor:
    """Who is signed in: a person who owes (`people`: all joined ids, the elder first) or a user."""

    visit: int
    token: str
    role: str
    name: str
    people: tuple[int, ...] = ()
    user: int | None = None
    creditor: int | None = None
    language: str | None = None
    zone: str = ZONE
    idle: timedelta = IDLE
    """How long a visit lasts without a click."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What the session cookie keeps."""
        return self.token

    @property
    def person(self) -> int:
        """The id of the person who owes. ValueError for a user."""
        if not self.people:
            raise ValueError("a user is no debtor")
        return self.people[0]

    @property
    def actor(self) -> Actor:
        """Who acts, for the history."""
        return Actor("debtor", self.person) if self.role == "debtor" else Actor(self.role, self.user)

    @property
    def scope(self) -> str:
        """The database role that this visitor asks as."""
        return self.role if self.role in ("debtor", "creditor") else "staff"


@dataclass(frozen=True)
class Keeper:
    """Who may come (`kind`, and for staff their roles), and how the door's transaction asks."""

    kind: str
    roles: frozenset[str] = frozenset()
    scope: str = "nothing"

    def admits(self, visitor: Visitor) -> bool:
        """Whether this visitor may come."""
        return visitor.role in self.roles


def public(view: View) -> View:
    """Anyone may come; nothing is asked as anyone."""
    return _kept(view, Keeper("public"))


def hook(view: View) -> View:
    """Programs come, and sign what they send; their door acts."""
    return _kept(view, Keeper("hook", scope="act"))


def debtor(view: View) -> View:
    """The person who owes."""
    return _kept(view, Keeper("debtor", frozenset({"debtor"}), "debtor"))


def staff(*roles: str) -> Callable[[View], View]:
    """Users of these roles."""
    scope = "creditor" if set(roles) == {"creditor"} else "staff"
    return lambda view: _kept(view, Keeper("staff", frozenset(roles), scope))


def keeper_of(view: Callable[..., Any]) -> Keeper | None:
    """The keeper of a view: for the guard and for the house test."""
    return getattr(view, "keeper", None)


def visitor() -> Visitor:
    """Who is signed in. Only behind a keeper that admits visitors."""
    found = flask_login.current_user
    if not found.is_authenticated:
        raise RuntimeError("this route has no keeper that admits visitors")
    return cast(Visitor, found._get_current_object())


def signed_in() -> Visitor | None:
    """Who is signed in, or nobody: for public pages."""
    return visitor() if flask_login.current_user.is_authenticated else None


@contextmanager
def asking() -> Iterator[Session]:
    """The door's transaction, asking as the visitor; `act_now(session)` widens it after the look-up."""
    who = visitor()
    database: Database = current_app.extensions["database"]
    with database.asking(who.scope, people=who.people, creditor=who.creditor) as opened:
        yield opened


def not_found(reason: str) -> NoReturn:
    """404 for what does not exist or belongs to someone else; the log says which route and why."""
    log.warning("turned_away", route=request.url_rule.rule if request.url_rule else "none", reason=reason)
    abort(404)


def sign_in_as(who: Visitor) -> None:
    """Begins a signed-in session anew: nothing of the old one, its CSRF token included, stays."""
    session.clear()
    flask_login.login_user(who)
    g.pop("csrf_token", None)


def sign_out_here() -> None:
    """Forgets the visitor in this browser."""
    flask_login.logout_user()
    session.clear()


def install(app: Flask) -> None:
    """Gives an application its visitors and sets the keepers at their doors."""
    login = flask_login.LoginManager()
    login.session_protection = None  # a phone changes its address; the visit's own token is the proof
    # Not by its init_app: that would look at the session on every answer, static files included.
    app.login_manager = login  # type: ignore[attr-defined]
    login.user_loader(_load)

    @app.before_request
    def guard() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None
        keeper = keeper_of(app.view_functions[request.endpoint])
        if keeper is None:
            log.error("no_keeper", route=request.url_rule.rule if request.url_rule else "none")
            abort(404)
        if keeper.kind in ("public", "hook"):
            return None
        if not flask_login.current_user.is_authenticated:
            return _to_sign_in(keeper)
        who = visitor()
        if not keeper.admits(who):
            if request.endpoint == "debtor.home":  # the start of all addresses: staff may well type it
                return redirect(url_for("sign_in.page"), 303)
            not_found("not for this role")
        language.prefer(who.language)
        g.zone, g.idle = who.zone, who.idle
        return None


def _kept(view: View, keeper: Keeper) -> View:
    view.keeper = keeper  # type: ignore[attr-defined]
    return view


def _to_sign_in(keeper: Keeper) -> ResponseReturnValue:
    if session.pop("_user_id", None) is not None:
        session.clear()
        tell(_("You were signed out"), _("Nothing happened for a while. Please sign in again."), "info")
    return redirect(url_for("staff_sign_in.page" if keeper.kind == "staff" else "sign_in.page"), 303)


_VISIT: Final = text("""
with v as (select id, person_id, staff_id, seen_at from visit
           where token_sha = :sha and ended_at is null and seen_at > :longer
             and started_at > case when staff_id is null then cast(:hour as timestamptz) else :day end),
w as (select v.*, exists (
        select from support_need n
        left join joined i on i.person_id = v.person_id and i.replaced_at is null and not i.parted
        where n.person_id in (v.person_id, i.into_id) and n.need = 'extra_time' and n.replaced_at is null
          and not n.withdrawn) as slow
      from v),
held as (select * from w where seen_at > :idle or slow),
seen as (update visit set seen_at = :now from held where visit.id = held.id and held.seen_at <= :lately)
select v.id, v.slow, s.id as staff, s.name as staff_name, s.role, s.creditor_id, p.name, p.country,
  coalesce((select w.language from preference w where w.person_id = p.id and w.replaced_at is null),
    p.language) as language,
  array(select p.id union all (select j.person_id from joined j where j.into_id = p.id
    and j.replaced_at is null and not j.parted order by 1)) as people
from held v
left join staff s on s.id = v.staff_id and s.disabled_at is null
left join joined i on i.person_id = v.person_id and i.replaced_at is null and not i.parted
left join person p on p.id = coalesce(i.into_id, v.person_id)
where s.id is not null or p.id is not null
""")
"""Who a token belongs to, if the visit still holds. Notes that it was seen, in the same statement."""


def _load(token: str) -> Visitor | None:
    database: Database | None = current_app.extensions["database"]
    clock: Clock = current_app.extensions["clock"]
    if database is None:
        return None
    now = clock.real()
    limits = {
        "idle": now - IDLE,
        "longer": now - IDLE_LONGER,
        "hour": now - LONGEST,
        "day": now - LONGEST_STAFF,
        "lately": now - _SEEN_EVERY,
    }
    with database.acting() as opened:
        row = opened.execute(_VISIT, {"sha": sha256(token), "now": now, **limits}).one_or_none()
    if row is None:
        return None
    if row.staff is not None:
        return Visitor(row.id, token, row.role, row.staff_name, user=row.staff, creditor=row.creditor_id)
    return Visitor(row.id, token, "debtor", row.name, people=tuple(row.people), language=row.language,
                   zone=ZONES.get(row.country, ZONE), idle=IDLE_LONGER if row.slow else IDLE)  # fmt: skip
