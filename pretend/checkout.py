"""The checkout page, where a person pays, and the bank's page for its second step.

A form posts here and is sent on by 303: to the shop, or back to the form with what was wrong, so that
going back never asks whether to send a form again. A browser lets a form lead only where the page
says it may, so each page allows exactly the origins of its own session's addresses. Whatever is
clicked twice, or in two tabs, or after going back: a session that is paid leads on to the shop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pretend import acquirer, pages
from pretend.acquirer import CONFIRM, PAID, Outcome
from pretend.cards import CARDS, DECLINES, SECOND_STEP, plain
from pretend.payment import COMPLETE, EXPIRED, NEEDS_STEP, Session
from pretend.turn import Turn, behaviour_of_card
from pretend.web import Request, Response, Route

if TYPE_CHECKING:
    from pretend.world import World

PLACEHOLDER = "{CHECKOUT_SESSION_ID}"
WHOLE_UNITS = ("jpy",)

_NONE, _UNKNOWN = "no_card", "not_a_test_card"
_SAID = {code: decline.sentence for code, decline in DECLINES.items()} | {
    _NONE: "Choose a test card.",
    _UNKNOWN: "Only the test cards below work here. Never type a real card.",
}
"""What the form says above the cards, by the code in its address."""


def routes(world: World) -> list[Route]:
    """The pages of a session."""

    def on_session(act: Any) -> Any:
        def handler(request: Request, id: str) -> Response:
            session = world.store.till.sessions.get(id)
            if session is None:
                return pages.missing(world)
            response: Response = act(world, request, session)
            return response

        return handler

    return [
        ("GET", "/checkout/{session}", on_session(_checkout)),
        ("POST", "/checkout/{session}", on_session(_pay)),
        ("GET", "/checkout/{session}/confirm", on_session(_bank)),
        ("POST", "/checkout/{session}/confirm", on_session(_confirm)),
    ]


def money(amount: int, currency: str) -> str:
    """An amount of minor units in digits, with its currency."""
    if currency in WHOLE_UNITS:
        return f"{currency.upper()} {amount:,}"
    return f"{currency.upper()} {amount // 100:,}.{amount % 100:02}"


# Pages -------------------------------------------------------------------------------------------


def _checkout(world: World, request: Request, session: Session) -> Response:
    if session.status != "open":
        return _over(world, session)
    return pages.page(
        world,
        "checkout.html",
        policy=_policy(session),
        session=session,
        amount=money(session.amount, session.currency),
        items=[(item, money(item.amount * item.quantity, session.currency)) for item in session.items],
        cards=list(CARDS.values()),
        problem=_SAID.get(dict(request.query()).get("said", ""), ""),
        here=_path(session),
    )


def _pay(world: World, request: Request, session: Session) -> Response:
    form = dict(request.form())
    card = plain(form.get("number", "").strip()) or form.get("card", "")
    if session.status == "open" and card not in CARDS:
        return _say(session, _UNKNOWN if card else _NONE)
    turn = Turn(world)
    outcome = acquirer.pay(turn, session, card)
    turn.write()
    return _led_on(world, session, outcome)


def _bank(world: World, request: Request, session: Session) -> Response:
    intent = world.store.till.intents.get(session.intent or "")
    if session.status != "open":
        return _over(world, session)
    if intent is None or intent.status != NEEDS_STEP or intent.card is None:
        return _see(_path(session))
    return pages.page(
        world,
        "confirm.html",
        policy=_policy(session),
        amount=money(session.amount, session.currency),
        descriptor=intent.descriptor,
        last4=CARDS[intent.card].last4,
        here=f"{_path(session)}/confirm",
    )


def _confirm(world: World, request: Request, session: Session) -> Response:
    answer = dict(request.form()).get("answer", "")
    if answer not in ("approve", "refuse"):
        return _bank(world, request, session)
    turn = Turn(world)
    outcome = acquirer.confirm(turn, session, approved=answer == "approve")
    turn.write()
    if outcome.what == acquirer.DECLINED:
        return _say(session, SECOND_STEP) if outcome.decline else _see(_path(session))
    return _led_on(world, session, outcome)


def _over(world: World, session: Session) -> Response:
    """The page of a session at which nothing can be paid any more."""
    is_paid = session.status == COMPLETE
    back = _success(session) if is_paid and not _is_withheld(world, session) else session.cancel_url
    return pages.page(
        world,
        "checkout_over.html",
        policy=_policy(session),
        is_paid=is_paid,
        back=None if is_paid and _is_withheld(world, session) else back,
        amount=money(session.amount, session.currency),
    )


def _led_on(world: World, session: Session, outcome: Outcome) -> Response:
    """Where the browser goes after a try to pay."""
    session = world.store.till.sessions[session.id]
    if outcome.what in (PAID, COMPLETE):
        card = acquirer.card_of(world, session)
        behaviour = behaviour_of_card(world, card) if card else None
        delay = (behaviour.delay_ms or 0) / 1000 if behaviour else 0.0
        if _is_withheld(world, session):
            return pages.page(world, "checkout_withheld.html", policy=_policy(session), delay=delay)
        return _see(_success(session), delay=delay)
    if outcome.what == CONFIRM:
        return _see(f"{_path(session)}/confirm")
    if outcome.what == EXPIRED:
        return _see(_path(session))
    return _say(session, outcome.decline or "generic_decline")


# Pure rules --------------------------------------------------------------------------------------


def _is_withheld(world: World, session: Session) -> bool:
    card = acquirer.card_of(world, session)
    return card is not None and behaviour_of_card(world, card).back == "withhold"


def _success(session: Session) -> str:
    return session.success_url.replace(PLACEHOLDER, session.id)


def _path(session: Session) -> str:
    return f"/checkout/{quote(session.id)}"


def _see(where: str, *, delay: float = 0.0) -> Response:
    return Response(303, headers=(("Location", where), *pages.SAFE), delay=delay)


def _say(session: Session, what: str) -> Response:
    """Back to the form, which then says what was wrong."""
    return _see(f"{_path(session)}?said={what}")


def _policy(session: Session) -> str:
    """The pages' policy, with the origins to which this session's forms may lead."""
    origins = []
    for url in (session.success_url, session.cancel_url or session.success_url):
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if origin not in origins and not any(mark in origin for mark in " ;,'\""):
            origins.append(origin)
    return pages.POLICY.replace("form-action 'self'", " ".join(["form-action 'self'", *origins]))
