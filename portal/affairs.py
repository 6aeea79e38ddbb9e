"""The form of a statement of affairs: one definition, for the person's pages and for the desk.

A page asks one section. Whatever is typed is kept, also what cannot be read; it stands on the page again,
with its remedy, on any device. The list of how often ends in *not sure* and *rather not say*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import g, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from cases.arrangements import statement_of_affairs as room
from cases.arrangements.affordability import A_MONTH, monthly
from cases.arrangements.offer import coverable
from cases.arrangements.standard_statement import CHOICES, COUNTS, GROUPS, NAMED, SECTIONS, lines_of, next_section
from cases.arrangements.statement_of_affairs import (
    GAPS,
    NOTHING,
    Answer,
    StatementOfAffairs,
    Totals,
    answered,
    to_put_right,
    totals,
)
from cases.db import act_now
from cases.history import Actor
from messaging.figures import figures
from portal import affairs_words as words
from portal.fields import MoneyField, SelectField, Shown, TextField
from portal.forms import Form
from portal.language import _, decimal_text, language, money_text
from portal.typed import amount_typed, tidy, whole_typed

MOST: Final = 10_000_000_00
"""The most that one line may hold, minor units."""
MOST_PEOPLE: Final = 50


class LineField(MoneyField):
    """An amount and how often it comes; empty: there is none. `often`: a rhythm, or one of `GAPS`."""

    def __init__(self, label: Any, **kwargs: Any) -> None:
        super().__init__(label, most=MOST, **kwargs)
        self.often = "monthly"
        self.oftens = [(code, words.OFTEN[code]) for code in A_MONTH] + [(code, words.GAPS[code]) for code in GAPS]

    @property
    def optional(self) -> bool:
        """The page says once that a line may be left empty."""
        return False

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Reads `name`, and `name-often`; what is not in the list is every month."""
        super().process(formdata, data, extra_filters)
        chosen = tidy(formdata.get(f"{self.name}-often", "")) if formdata else ""
        if chosen in A_MONTH or chosen in GAPS:
            self.often = chosen

    def read(self, typed: str) -> int:
        """Minor units. The remedy names the line: a page has many alike."""
        minor = amount_typed(typed, self.currency, figures(language()).group)
        if minor is None:
            like = decimal_text(6250, self.currency)
            raise ValueError(_("%(line)s: write a number, like 62 or %(other)s", line=self.label.text, other=like))
        return minor

    def limits(self, value: Any) -> Any:
        """An amount comes at some rhythm, and not every one is an amount of money."""
        if self.often in GAPS:
            return _("%(line)s: choose how often, or take the amount out", line=self.label.text)
        return super().limits(value)


class CountField(Shown):
    """How many; empty: none."""

    @property
    def optional(self) -> bool:
        """As above."""
        return False

    def read(self, typed: str) -> int:
        """A whole number."""
        count = whole_typed(typed)
        if not 0 <= count <= MOST_PEOPLE:
            raise ValueError(_("%(line)s: write a number, like 2", line=self.label.text))
        return count


class OneField(SelectField):
    """One of a list, or nothing."""

    @property
    def optional(self) -> bool:
        """As above."""
        return False


def page_of(section: str, currency: str, answers: Mapping[str, Answer] | None = None) -> Form:
    """The form of a section: with what came by POST, or with these answers as they were typed."""
    fields: dict[str, Any] = {}
    for line in lines_of(section):
        if line in NAMED:
            fields[f"{line}-named"] = _NameField(words.LINES[line], hint=_("What it is for"), width="l")
        fields[line] = _field(line, currency)
    form: Form
    if answers is None:
        form = type("Page", (Form,), fields)()
    else:
        form = type("Page", (Form,), fields)(formdata=_typed(section, answers), meta={"csrf": False})
        if section in to_put_right(answers):
            well(form, section)
    return form


def well(form: Form, section: str) -> bool:
    """Whether all of a page can be read. A free line has both, what it is for and how much, or neither."""
    fine = bool(form.validate())
    for line in lines_of(section):
        if line in NAMED and form[line].typed and not form[f"{line}-named"].typed and not form[line].errors:
            form[f"{line}-named"].refuse(_("Write what this cost is for"))
            fine = False
        if line in NAMED and form[f"{line}-named"].typed and not form[line].typed and form[line].often not in GAPS:
            form[line].refuse(_("Write how much it is, or leave both empty"))
            fine = False
    return fine


def answers_in(form: Form, section: str) -> dict[str, Answer]:
    """What a page says, line by line, once `well` has looked at it."""
    found = {}
    for line in lines_of(section):
        field, named = form[line], None
        typed = field.typed[:200]
        wrong = bool(field.errors or field.process_errors)
        if line in NAMED:
            named = form[f"{line}-named"].typed[:200] or None
            wrong = wrong or bool(form[f"{line}-named"].errors)
        if line in COUNTS or line in CHOICES:
            said = "unread" if wrong else ("rather_not" if typed == "rather_not" else "known" if typed else "none")
            found[line] = Answer(said, typed)
            continue
        rhythm = field.often if field.often in A_MONTH else None
        if wrong:
            found[line] = Answer("unread", typed, None, rhythm, named)
        elif field.often in GAPS:
            found[line] = Answer(field.often, "", None, None, named)
        elif typed:
            found[line] = Answer("known", typed, field.data, rhythm, named)
        else:
            found[line] = NOTHING
    return found


def _field(line: str, currency: str) -> Any:
    label = words.LINES[line]
    if line in COUNTS:
        return CountField(label, inputmode="numeric", autocomplete="off")
    if line in CHOICES:
        options = [("", _("Choose")), *((code, words.CHOICES[code]) for code in CHOICES[line])]
        return OneField(label, options=[*options, ("rather_not", words.GAPS["rather_not"])], width="l")
    return LineField(_("How much each time") if line in NAMED else label, currency=currency)


class _NameField(TextField):
    @property
    def optional(self) -> bool:
        return False


def _typed(section: str, answers: Mapping[str, Answer]) -> MultiDict[str, str]:
    found: MultiDict[str, str] = MultiDict()
    for line in lines_of(section):
        each = answers.get(line, NOTHING)
        found[line] = each.typed
        if line in NAMED:
            found[f"{line}-named"] = each.named or ""
        if each.said in GAPS and line not in CHOICES:
            found[f"{line}-often"] = each.said
        elif each.rhythm:
            found[f"{line}-often"] = each.rhythm
    return found


# ------------------------------------------------------------------------------ a page asked


@dataclass(frozen=True, slots=True)
class Asked:
    """A section on its page, once what came by POST is kept. `fine`: all of it was read."""

    draft: StatementOfAffairs
    section: str
    answers: Mapping[str, Answer]
    form: Form
    fine: bool

    @property
    def stops(self) -> bool:
        """Whether it was saved to go on another time."""
        return request.method == "POST" and request.form.get("do") == "stop"

    @property
    def goes_on(self) -> bool:
        """Whether it was saved and the next section follows."""
        return request.method == "POST" and self.fine and not self.stops

    @property
    def following(self) -> str | None:
        """The section after this one; None after the last."""
        return next_section(self.section)

    @property
    def status(self) -> int:
        """Of the page: what was typed and cannot be read has to be put right."""
        return 422 if request.method == "POST" else 200

    @property
    def page(self) -> dict[str, Any]:
        """What the page shows: the form, where it stands among the sections, and the month so far."""
        order, made = list(SECTIONS), totals(self.answers)
        nth = order.index(self.section)
        heading, lead = words.SECTIONS[self.section]
        return {
            "form": self.form, "section": self.section, "heading": heading, "lead": lead, "no": nth + 1,
            "of": len(order), "before": order[nth - 1] if nth else None, "made": made, "spent": spent(made),
            "currency": self.draft.currency,
            "saved": self.draft.saved_at if self.section in answered(self.answers) else None,
        }  # fmt: skip


def asked(session: Session, draft: StatementOfAffairs, section: str, *, by: Actor) -> Asked:
    """One section of a draft on its page. What was typed is kept, also where it cannot be read."""
    answers = room.answers_of(session, draft.id)
    if request.method != "POST":
        return Asked(draft, section, answers, page_of(section, draft.currency, answers), fine=True)
    form = page_of(section, draft.currency)
    fine = well(form, section)
    act_now(session)
    room.save(session, draft.id, section, answers_in(form, section), by=by, at=g.now)
    return Asked(draft, section, room.answers_of(session, draft.id), form, fine)


# ------------------------------------------------------------------------------ what pages show


def currencies_of(session: Session, people: Sequence[int]) -> list[str]:
    """The currencies in which these ids owe, most debts first."""
    found = [each.currency for each in coverable(session, people, g.now)]
    return sorted(set(found), key=lambda each: (-found.count(each), each))


def first_open(answers: Mapping[str, Answer]) -> str | None:
    """The first section that is not done; None where all are."""
    return next((step.section for step in steps(answers) if step.state != "done"), None)


def checked(row: StatementOfAffairs, answers: Mapping[str, Answer]) -> dict[str, Any]:
    """What a page with all answers shows, of a draft or of a version."""
    todo = steps(answers)
    return {"row": row, "steps": todo, "made": result_of(row, answers), "ready": all(s.state == "done" for s in todo),
            "said": {s.section: said_in(s.section, answers, row.currency) for s in todo}}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """A section in the list of what is done. `state`: done, wrong or open."""

    section: str
    heading: str
    state: str


def steps(answers: Mapping[str, Answer]) -> list[Step]:
    """The sections in order, each with how far it is."""
    done, wrong = answered(answers), to_put_right(answers)
    return [
        Step(section, str(words.SECTIONS[section][0]),
             "wrong" if section in wrong else "done" if section in done else "open")
        for section in SECTIONS
    ]  # fmt: skip


def said_in(section: str, answers: Mapping[str, Answer], currency: str) -> list[tuple[str, str]]:
    """What was said of a section, line by line, in words; lines that were left empty are not among it."""
    found = []
    for line in lines_of(section):
        each = answers.get(line, NOTHING)
        if each.said != "none":
            found.append((each.named or str(words.LINES[line]), _said(line, each, currency)))
    return found


def _said(line: str, each: Answer, currency: str) -> str:
    if each.said in GAPS:
        return _("not sure") if each.said == "not_sure" else _("not said")
    if each.said == "unread":
        return _("“%(typed)s” cannot be read yet", typed=each.typed)
    if line in CHOICES:
        return str(words.CHOICES[each.typed])
    if each.amount is None or each.rhythm is None:
        return each.typed
    amount = money_text(each.amount, currency)
    if each.rhythm == "monthly":
        return _("%(amount)s every month", amount=amount)
    return _("%(amount)s %(often)s, so %(month)s a month", amount=amount, often=str(words.OFTEN[each.rhythm]),
             month=money_text(monthly(each.amount, each.rhythm), currency))  # fmt: skip


def spent(made: Totals) -> list[tuple[str, int]]:
    """What goes out each month, by section: heading and minor units; nothing at nought."""
    found = []
    for section, groups in SECTIONS.items():
        minor = sum(made.groups[name] for name in groups if GROUPS[name].side in ("fixed", "flexible"))
        if minor:
            found.append((str(words.SECTIONS[section][0]), minor))
    return found


@dataclass(frozen=True, slots=True)
class Result:
    """A version in plain words: what is left each month, for which debts, and what is not known."""

    statement: StatementOfAffairs
    answers: Mapping[str, Answer]
    totals: Totals

    @property
    def currency(self) -> str:
        """Of every sum."""
        return self.statement.currency

    @property
    def priority(self) -> int:
        """What is left for debts that come first."""
        return self.totals.month.available_priority - self.totals.month.priority_offers

    @property
    def others(self) -> int:
        """What is left for the other debts."""
        return self.priority - self.totals.other_repayments

    @property
    def reckoning(self) -> list[tuple[str, int, str]]:
        """Row by row from what comes in to what is left: label, minor units, kind of row."""
        month = self.totals.month
        rows = [(_("Comes in"), month.income, ""), (_("Goes out"), -month.outgoings, "")]
        parts = (
            (_("Fee of a debt management firm"), month.admin_fee), (_("Put aside, for what comes up"), month.savings),
            (_("Paid now to debts that come first"), month.priority_offers),
            (_("Paid now to other debts"), self.totals.other_repayments),
        )  # fmt: skip
        rows += [(label, -minor, "") for label, minor in parts if minor]
        return [*rows, (_("Left each month"), self.others, "total")]


def result_of(statement: StatementOfAffairs, answers: Mapping[str, Answer]) -> Result:
    """What a version comes to."""
    return Result(statement, answers, totals(answers))
