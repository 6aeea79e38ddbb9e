"""The whole map of the house: who may come to each route, what its address holds, and what happens then."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cases.people.staff import USER_ROLES
from tests.portal.addresses import AT_DESK

DESK = ("collector", "supervisor")
DEBTORS = ("debtor", "joint tenant", "stranger")
VISITORS = ("nobody", *DEBTORS, *USER_ROLES)


@dataclass(frozen=True)
class Route:
    """Who may come (a keeper's kind, and roles), and the answer to whoever may.

    `ids`: what stands in the address, by the name of a key of the world's ids. `ids_of`: for whom the
    ids of that name are their own; everybody else who may come gets 404 by them. `sends`: the form.
    """

    kind: str
    answers: int
    roles: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    ids_of: tuple[str, ...] = VISITORS
    sends: Mapping[str, str] = field(default_factory=dict)


def everyone(answers: int, **ids: str) -> Route:
    return Route("public", answers, ids=ids)


def debtors(answers: int, *, own: tuple[str, ...] = DEBTORS, **ids: str) -> Route:
    return Route("debtor", answers, ("debtor",), ids, own)


def desk(answers: int, sends: Mapping[str, str] | None = None, **ids: str) -> Route:
    return Route("staff", answers, DESK, ids, DESK, sends or {})


def users(answers: int) -> Route:
    return Route("staff", answers, USER_ROLES)


def limits(answers: int) -> Route:
    return Route("staff", answers, ("admin",), {"creditor": "creditor", "kind": "debt kind"})


AT_THE_DESK: dict[tuple[str, str], Route] = {
    # For those who work cases, below the address of the desk.
    ("GET", "/"): desk(200),
    ("POST", "/find"): desk(200),
    ("POST", "/next"): desk(404),  # its case is named in the form, and the form names none
    ("GET", "/case/<ref>"): desk(200, ref="case"),
    ("POST", "/case/<ref>/take"): desk(303, ref="case"),
    ("POST", "/case/<ref>/release"): desk(303, ref="case"),
    ("GET", "/case/<ref>/postpone"): desk(200, ref="case"),
    ("POST", "/case/<ref>/postpone"): desk(422, ref="case"),
    ("GET", "/case/<ref>/pass-on"): desk(200, ref="case"),
    ("POST", "/case/<ref>/pass-on"): desk(422, ref="case"),
    ("GET", "/case/<ref>/plan"): desk(200, ref="case"),
    ("POST", "/case/<ref>/plan"): desk(422, ref="case"),
    ("GET", "/case/<ref>/payment"): desk(200, ref="case"),
    ("POST", "/case/<ref>/payment"): desk(422, ref="case"),
    ("GET", "/case/<ref>/payment/<int:number>/take-back"): desk(200, ref="case", number="payment"),
    ("POST", "/case/<ref>/payment/<int:number>/take-back"): desk(422, ref="case", number="payment"),
    ("GET", "/case/<ref>/income"): desk(200, ref="case"),
    ("POST", "/case/<ref>/income"): desk(303, ref="case"),
    ("GET", "/case/<ref>/income/<section>"): desk(303, ref="case", section="section"),
    ("POST", "/case/<ref>/income/<section>"): desk(303, ref="case", section="section"),
    ("GET", "/case/<ref>/income/check"): desk(303, ref="case"),
    ("POST", "/case/<ref>/income/check"): desk(303, ref="case"),
    ("GET", "/case/<ref>/income/version/<int:number>"): desk(200, ref="case", number="affairs"),
    ("GET", "/case/<ref>/contact"): desk(200, ref="case"),
    ("POST", "/case/<ref>/contact"): desk(422, ref="case"),
    ("POST", "/case/<ref>/contact/<int:number>/erase"): desk(303, ref="case", number="contact"),
    ("GET", "/case/<ref>/note"): desk(200, ref="case"),
    ("POST", "/case/<ref>/note"): desk(422, ref="case"),
    ("POST", "/case/<ref>/note/<int:number>/erase"): desk(303, ref="case", number="note"),
    ("GET", "/case/<ref>/ways"): desk(200, ref="case"),
    ("POST", "/case/<ref>/ways"): desk(422, ref="case"),
    ("GET", "/case/<ref>/ways/<int:number>"): desk(200, ref="case", number="way"),
    ("POST", "/case/<ref>/ways/<int:number>"): desk(422, ref="case", number="way"),
    ("POST", "/case/<ref>/ways/<int:number>/end"): desk(303, ref="case", number="way"),
    ("GET", "/case/<ref>/support"): desk(200, ref="case"),
    ("POST", "/case/<ref>/support"): desk(303, ref="case"),
    ("POST", "/case/<ref>/support/reason"): Route("staff", 200, DESK, {"ref": "case"}, ("supervisor",)),
    ("GET", "/case/<ref>/hold"): desk(200, ref="case"),
    ("GET", "/case/<ref>/hold/<basis>"): desk(200, ref="case", basis="basis"),
    ("POST", "/case/<ref>/hold/<basis>"): desk(422, ref="case", basis="basis"),
    ("GET", "/case/<ref>/holds/<int:number>"): desk(200, ref="case", number="hold"),
    ("POST", "/case/<ref>/holds/<int:number>"): desk(422, ref="case", number="hold"),
    ("POST", "/case/<ref>/holds/<int:number>/end"): desk(422, ref="case", number="hold"),
    ("GET", "/case/<ref>/dispute"): desk(200, ref="case"),
    ("POST", "/case/<ref>/dispute"): desk(422, ref="case"),
    ("GET", "/case/<ref>/dispute/<int:number>"): desk(200, ref="case", number="dispute"),
    ("POST", "/case/<ref>/dispute/<int:number>"): desk(422, ref="case", number="dispute"),
    ("POST", "/case/<ref>/statement"): desk(303, ref="case"),
    ("GET", "/case/<ref>/letter/<int:number>"): desk(200, ref="case", number="letter"),
    ("GET", "/case/<ref>/letter/<int:number>.pdf"): desk(200, ref="case", number="letter"),
    ("POST", "/case/<ref>/write"): desk(422, ref="case"),
    ("POST", "/case/<ref>/approve/<int:number>"): desk(303, ref="case", number="approved"),
    ("GET", "/case/<ref>/decline/<int:number>"): desk(200, ref="case", number="declined"),
    ("POST", "/case/<ref>/decline/<int:number>"): desk(422, ref="case", number="declined"),
    ("GET", "/case/<ref>/offer/<int:number>"): desk(200, ref="case", number="declined"),
    ("POST", "/case/<ref>/offer/<int:number>"): desk(422, ref="case", number="declined"),
    ("POST", "/case/<ref>/withdraw/<int:number>"): desk(303, ref="case", number="offered"),
    ("POST", "/case/<ref>/done/<int:item>"): desk(303, ref="case", item="message item"),
    ("POST", "/case/<ref>/stop/<int:item>"): desk(303, ref="case", item="stop item"),
    ("POST", "/case/<ref>/uncertain/<int:message>"): desk(303, {"went": "yes"}, ref="case", message="message"),
}

ROUTES: dict[tuple[str, str], Route] = {
    # For anyone.
    ("GET", "/healthz"): everyone(200),
    ("GET", "/readyz"): everyone(200),
    ("GET", "/metrics"): everyone(200),
    ("GET", "/static/<version_asked>/<path:name>"): everyone(200, version_asked="any", name="file"),
    ("GET", "/accessibility"): everyone(200),
    ("GET", "/advice"): everyone(200),
    ("GET", "/complaints"): everyone(200),
    ("GET", "/helping"): everyone(200),
    ("GET", "/not-me"): everyone(200),
    ("GET", "/your-data"): everyone(200),
    ("GET", "/sign-in"): everyone(200),
    ("POST", "/sign-in"): everyone(422),
    ("GET", "/l/<token>"): everyone(303, token="any"),
    ("GET", "/sign-in/link"): everyone(303),
    ("POST", "/sign-in/link"): everyone(303),
    ("GET", "/code"): everyone(303),
    ("POST", "/code"): everyone(303),
    ("GET", "/code/none"): everyone(303),
    ("POST", "/code/<any(sms, email):channel>"): everyone(303, channel="channel"),
    ("GET", "/staff/sign-in"): everyone(200),
    ("POST", "/staff/sign-in"): everyone(422),
    ("GET", "/demo/"): everyone(200),
    ("POST", "/demo/next"): everyone(303),
    ("POST", "/demo/day"): everyone(422),
    # For programs that sign.
    ("POST", "/hooks/twilio/status"): Route("hook", 403),
    ("POST", "/hooks/twilio/inbound"): Route("hook", 403),
    ("POST", "/hooks/stripe"): Route("hook", 400),
    ("POST", "/hooks/sendgrid/events"): Route("hook", 403),
    ("POST", "/hooks/sendgrid/inbound"): Route("hook", 403),
    ("GET", "/u/<mark>"): everyone(404, mark="any"),
    ("POST", "/u/<mark>"): Route("hook", 404, ids={"mark": "any"}),
    # For the person who owes.
    ("GET", "/"): debtors(200),
    ("GET", "/debt/<int:account>"): debtors(200, own=("debtor",), account="account"),
    ("GET", "/debt/<int:account>/dispute"): debtors(200, own=("debtor",), account="account"),
    ("POST", "/debt/<int:account>/dispute"): debtors(422, own=("debtor",), account="account"),
    ("POST", "/debt/<int:account>/dispute/<int:number>/take-back"): debtors(
        303, own=("debtor",), account="disputed account", number="dispute taken back"
    ),
    ("GET", "/support"): debtors(200),
    ("POST", "/support"): debtors(303),
    ("GET", "/income"): debtors(200),
    ("POST", "/income"): debtors(303),
    ("GET", "/income/<section>"): debtors(303, section="section"),
    ("POST", "/income/<section>"): debtors(303, section="section"),
    ("GET", "/income/check"): debtors(303),
    ("POST", "/income/check"): debtors(303),
    ("GET", "/income/version/<int:number>"): debtors(200, own=("debtor",), number="affairs"),
    ("GET", "/messages"): debtors(200),
    ("POST", "/messages"): debtors(422),
    ("GET", "/plan"): debtors(200),
    ("POST", "/plan"): debtors(422),
    ("POST", "/plan/send"): debtors(422),
    ("GET", "/pay"): debtors(200),
    ("POST", "/pay"): debtors(422),
    ("POST", "/pay/begin"): debtors(422),
    ("GET", "/payments"): debtors(200),
    ("GET", "/payments/<int:attempt>"): debtors(200, own=("debtor",), attempt="payment"),
    ("POST", "/payments/<int:attempt>/go"): debtors(303, own=("debtor",), attempt="payment"),
    ("POST", "/payments/<int:attempt>/stop"): debtors(303, own=("debtor",), attempt="payment"),
    ("GET", "/statement"): debtors(200),
    ("POST", "/statement"): debtors(303),
    ("GET", "/statement/dates"): debtors(200),
    ("POST", "/statement/dates"): debtors(422),
    ("GET", "/letters"): debtors(200),
    ("GET", "/letters/<int:document>"): debtors(200, own=("debtor",), document="letter"),
    ("GET", "/letters/<int:document>.pdf"): debtors(200, own=("debtor",), document="letter"),
    ("GET", "/my-plan"): debtors(200),
    ("GET", "/reach"): debtors(200),
    ("POST", "/reach"): debtors(422),
    ("GET", "/reach/<any(sms, email):channel>"): debtors(200, channel="channel"),
    ("POST", "/reach/<any(sms, email):channel>"): debtors(422, channel="channel"),
    ("GET", "/reach/code"): debtors(303),
    ("POST", "/reach/code"): debtors(303),
    ("POST", "/my-plan/<int:proposal>/accept"): debtors(303, own=("debtor",), proposal="offered"),
    ("POST", "/my-plan/<int:proposal>/decline"): debtors(303, own=("debtor",), proposal="offered"),
    ("POST", "/my-plan/<int:proposal>/withdraw"): debtors(303, own=("debtor",), proposal="taken back"),
    ("GET", "/sign-out/everywhere"): debtors(200),
    ("POST", "/sign-out/everywhere"): debtors(303),
    ("POST", "/sign-out"): debtors(303),
    # For users of every role.
    ("GET", "/staff/"): users(200),
    ("GET", "/staff/still-here"): users(204),
    ("GET", "/still-here"): debtors(204),
    ("POST", "/staff/sign-out"): users(303),
    ("POST", "/staff/sign-out/everywhere"): users(303),
    **{(method, AT_DESK + rule): row for (method, rule), row in AT_THE_DESK.items()},
    # For those who administer.
    ("GET", "/admin/limits"): Route("staff", 200, ("admin",)),
    ("GET", "/admin/limits/<int:creditor>/<path:kind>"): limits(200),
    ("POST", "/admin/limits/<int:creditor>/<path:kind>"): limits(303),
}
