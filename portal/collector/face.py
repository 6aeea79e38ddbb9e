"""The collector's face: its blueprint, who may come, its menu, and how a case is looked up.

Collectors and supervisors work here. A case is named by its reference in the address; a foreign or
unknown one is answered 404. Each view asks as staff, looks the case up, and only then acts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask import Blueprint, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.utils import redirect

from cases.history import Actor
from cases.people.staff import User
from cases.refusal import Refusal
from cases.work import worklist
from portal.access import asking, not_found, staff, visitor
from portal.language import NAMES, _, _l, _n, _s, clock_time, day, day_of, moment, today
from portal.refusals import sentence

blueprint = Blueprint("collector", __name__)

ROLES: Final = ("collector", "supervisor")
desk = staff(*ROLES)
"""The keeper of every page here."""

_ROLE: Final = {"collector": _l("Collector"), "supervisor": _l("Supervisor")}

_DEBTS: Final = {
    "rent": _l("Rent"), "council_tax": _l("Council tax"), "loan": _l("Loan"), "energy": _l("Energy"),
    "electricity": _l("Electricity"), "heating": _l("Heating"), "garden_waste": _l("Garden waste"),
    "care_alarm": _l("Care alarm"), "overpayment": _l("Benefit paid too much"), "consumer_loan": _l("Loan"),
    "credit": _l("Credit"), "water": _l("Water"), "service_charge": _l("Service charge"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """The person whose case a page is about: `people` are all ids, the elder first."""

    people: tuple[int, ...]
    ref: str
    name: str
    language: str | None
    country: str | None
    organisation: bool

    @property
    def person(self) -> int:
        """The elder's id."""
        return self.people[0]


_CASE: Final = text("""
select p.case_ref, p.name, p.language, p.country, p.organisation, array(
    select p.id union all (select k.person_id from joined k where k.into_id = p.id and k.replaced_at is null
                           and not k.parted order by 1)) as people
from person a
left join joined j on j.person_id = a.id and j.replaced_at is null and not j.parted
join person p on p.id = coalesce(j.into_id, a.id)
where a.case_ref = :ref
""")


def case_named(session: Session, ref: str) -> Case:
    """The case with this reference; 404 when there is none."""
    if not ref.isalnum():
        not_found("no case reference")
    row = session.execute(_CASE, {"ref": ref}).one_or_none()
    if row is None:
        not_found("no such case")
    return Case(tuple(row.people), row.case_ref, row.name, row.language, row.country, row.organisation)


def user() -> int:
    """The id of the collector who asks."""
    who = visitor().user
    assert who is not None  # the keeper admits users alone
    return who


def actor() -> Actor:
    """The collector, as the history names them."""
    return visitor().actor


def colleagues(session: Session) -> dict[int, str]:
    """The names of all users by id, also of those who have left."""
    return {row.id: row.name for row in session.execute(select(User.id, User.name))}


def show(session: Session, template: str, *, waiting: worklist.Counts | None = None, **given: Any) -> str:
    """A page of the desk, with its menu. One statement counts the queue, unless the page has counted it."""
    who = visitor()
    waiting = waiting or worklist.counts(session, user=user(), on=today())
    menu = [
        {"label": _("My queue"), "href": url_for("collector.queue"), "current": request.endpoint == "collector.queue",
         "count": waiting.all, "waiting": _("waiting")},
    ]  # fmt: skip
    return render_template(
        f"collector/{template}.html", menu=menu, role=str(_ROLE[who.role]), search=url_for("collector.find"),
        sign_out=url_for("staff_sign_in.sign_out"), still_here=url_for("staff_sign_in.still_here"),
        signed_in_as=who.name, waiting=waiting,
        **({"form": None} | given),
    )  # fmt: skip


def to_case(ref: str, anchor: str | None = None) -> ResponseReturnValue:
    """On to a case, after an act."""
    return redirect(url_for("collector.case", ref=ref, _anchor=anchor), 303)


def tell(heading: str, words: str = "", kind: str = "good") -> None:
    """Says on the next page what was done."""
    flash((heading, words), kind)  # type: ignore[arg-type]


def told(refusal: Refusal) -> None:
    """Tells on the next page why an act was refused; of a colleague who was quicker, who and when."""
    heading, said = _("That was not done"), sentence(refusal, "staff")
    if refusal.code == "proposal.decided":
        who = Actor.read(refusal.facts["by"])
        heading = _("This was answered already")
        said = _(_DECIDED[refusal.facts["state"]], who=_name(who), when=moment(refusal.facts["at"]))
    elif refusal.code == "work.taken":
        heading = _("A colleague has this case open")
        said = _("%(who)s has it open until %(when)s.", who=_name(Actor("collector", refusal.facts["by"])),
                 when=clock_time(refusal.facts["until"]))  # fmt: skip
    tell(heading, said, "wait")


_DECIDED: Final = {
    "agreed": _s("%(who)s agreed to it on %(when)s."),
    "declined": _s("%(who)s declined it on %(when)s."),
    "countered": _s("%(who)s offered something else on %(when)s."),
    "withdrawn": _s("%(who)s took it back on %(when)s."),
    "superseded": _s("%(who)s put another proposal in its place on %(when)s."),
    "expired": _s("It was open until %(when)s. Nobody answered."),
}


def _name(who: Actor) -> str:
    """The name of whoever decided, looked up in a transaction of its own: the refused one is over."""
    if who.role == "debtor" or who.id is None:
        return _("The person")
    with asking() as session:
        found = session.scalar(select(User.name).where(User.id == who.id))
    return found or _("A colleague")


# ------------------------------------------------------------------------------ words


def debt_words(debt_type: str) -> str:
    """A kind of debt in plain words; one that we have no words for, as the creditor calls it."""
    known = _DEBTS.get(debt_type)
    return str(known) if known is not None else debt_type.replace("_", " ").capitalize()


def language_words(code: str | None) -> str | None:
    """A language by its own name; nothing when the person has not said, or it is English."""
    return NAMES.get(code, code) if code and code != "en" else None


def waited(minutes: int) -> str:
    """How long something has waited: 26 min, 3 h 12 min, 2 days."""
    if minutes < 60:
        return _("%(minutes)s min", minutes=max(minutes, 0))
    if minutes < 24 * 60:
        return _("%(hours)s h %(minutes)02d min", hours=minutes // 60, minutes=minutes % 60)
    return _n("%(num)s day", "%(num)s days", minutes // (24 * 60))


def due_words(answer_by: date | None) -> str:
    """By when an answer is due."""
    if answer_by is None:
        return ""
    if answer_by == today():
        return _("Today")
    if answer_by < today():
        return _("Was due on %(day)s", day=day(answer_by))
    return day(answer_by)


def minutes_since(moment_: Any) -> int:
    """Whole minutes from a moment to now."""
    return int((g.now - moment_).total_seconds() // 60)


def day_words(moment_: Any) -> str:
    """The day of a moment, with *Today* before today's."""
    that = day_of(moment_)
    return _("Today, %(day)s", day=day(that)) if that == today() else day(that)


def sums_words(sums: Mapping[str, int]) -> Iterable[tuple[int, str]]:
    """Sums by currency as (minor, currency), largest first; nought is said once, and where there is no more to say."""
    found = sorted(sums.items(), key=lambda each: -each[1])
    return [(minor, currency) for currency, minor in found if minor] or [(m, c) for c, m in found[:1]]
