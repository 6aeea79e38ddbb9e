"""The kinds of field: what each reads from what was typed, and the remedy when it cannot.

`portal.forms` says how they are used. A kind (`kind`) is what the page draws (templates/parts/forms.html).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from wtforms import Field
from wtforms.validators import StopValidation

from cases.money import decimals_of
from messaging.figures import figures
from portal.language import _, day, day_plain, decimal_text, language, money_text
from portal.typed import amount_typed, month_typed, printable, tidy, whole_typed

Text = Any  # a sentence: a `_l` text, or a string already in the reader's language

LONGEST = 200
LONGEST_NOTE = 4000


class Shown(Field):  # type: ignore[misc]
    """A field with what its page needs to know. The kinds below add what they read.

    `hint`: a line above the control. `needed`: the remedy when it is empty; None: it may be empty.
    `check`: called with the value that was read; gives the remedy, or None if all is well.
    `autocomplete`, `inputmode`, `width` (`m`, `l` or nothing): of the control.
    """

    kind = "text"

    def __init__(
        self,
        label: Text,
        *,
        hint: Text = None,
        needed: Text = None,
        check: Callable[[Any], Text] | None = None,
        autocomplete: str | None = None,
        inputmode: str | None = None,
        width: str = "",
        label_hidden: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.hint, self.needed, self.check = hint, needed, check
        self.autocomplete, self.inputmode, self.width = autocomplete, inputmode, width
        self.label_hidden = label_hidden
        self.typed: str = ""

    @property
    def anchor(self) -> str:
        """The id of the control that the summary leads to."""
        return str(self.id)

    @property
    def optional(self) -> bool:
        """Whether it may stay empty."""
        return self.needed is None

    def refuse(self, sentence: Text) -> None:
        """What was typed can be read and still will not do."""
        self.errors: list[str] = [*self.errors, str(sentence)]

    def process_data(self, value: Any) -> None:
        """The value that the page begins with, and how it is typed."""
        self.data = value
        self.typed = "" if value is None else self.written(value)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """What was typed; it is kept as it is, and read."""
        if valuelist:
            self.typed = tidy(valuelist[0])
            self.data = self.read(self.typed) if self.typed else None

    def read(self, typed: str) -> Any:
        """The value of what was typed. ValueError with the remedy when it cannot be read."""
        return typed

    def written(self, value: Any) -> str:
        """How a value is typed."""
        return str(value)

    def empty(self) -> bool:
        """Whether nothing was typed."""
        return not self.typed

    def pre_validate(self, form: Any) -> None:
        """Needed, readable, within its limits: the first that fails is the one that is said."""
        if self.process_errors:
            raise StopValidation()
        if self.empty():
            if self.needed is not None:
                raise StopValidation(str(self.needed))
            raise StopValidation()  # an empty optional field has nothing to check
        remedy = self.limits(self.data) or (self.check(self.data) if self.check else None)
        if remedy is not None:
            raise StopValidation(str(remedy))

    def limits(self, value: Any) -> Text:
        """The remedy when the value is outside the field's own limits."""
        return None


class TextField(Shown):
    """One line of text; spaces at the ends and doubled ones do not matter."""

    def __init__(self, label: Text, *, longest: int = LONGEST, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.longest = longest

    def limits(self, value: Any) -> Text:
        """No longer than fits."""
        if len(value) > self.longest:
            return _("Write it in at most %(count)s letters", count=self.longest)
        return None


class PasswordField(TextField):
    """A password: kept exactly as typed, and never sent back to the page."""

    kind = "password"

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Spaces belong to a password."""
        self.data = valuelist[0] if valuelist else None
        self.typed = self.data or ""


class NoteField(TextField):
    """Several lines of text."""

    kind = "note"

    def __init__(self, label: Text, *, rows: int = 4, longest: int = LONGEST_NOTE, **kwargs: Any) -> None:
        super().__init__(label, longest=longest, **kwargs)
        self.rows = rows

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Line ends stay, spaces at the ends go."""
        if valuelist:
            self.typed = printable(valuelist[0].replace("\r\n", "\n"), keep="\n").strip()
            self.data = self.typed or None


class CodeField(Shown):
    """Six digits, with or without spaces; pasting works."""

    kind = "code"

    def read(self, typed: str) -> str:
        """The digits alone."""
        digits = "".join(typed.replace("-", "").split())
        if not re.fullmatch(r"[0-9]{6}", digits):
            raise ValueError(_("Write the six digits of the code, like 482 106"))
        return digits


class ReferenceField(TextField):
    """A reference: letters and digits; spaces, hyphens and case do not matter."""

    kind = "reference"

    def read(self, typed: str) -> str:
        """Upper case, single spaces gone."""
        return "".join(typed.split()).upper()


class MoneyField(Shown):
    """An amount in minor units, typed as people type: 62, 62.50, 62,50, £1,234.50, 1 234,50 kr.

    `least` and `most` are minor units. `named` is how the remedy calls it: "groceries".
    """

    kind = "money"

    def __init__(
        self,
        label: Text,
        *,
        currency: str = "GBP",
        least: int = 0,
        most: int | None = None,
        named: Text = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.currency, self.least, self.most, self.named = currency, least, most, named

    def read(self, typed: str) -> int:
        """Minor units."""
        minor = amount_typed(typed, self.currency, figures(language()).group)
        if minor is None:
            decimals = decimals_of(self.currency)
            other = decimal_text(625 * 10**decimals // 10, self.currency) if decimals else "75"
            like = {"whole": "62", "other": other}
            if self.named is None:
                raise ValueError(_("Write the amount as a number, like %(whole)s or %(other)s", **like))
            raise ValueError(
                _("Write %(named)s as a number, like %(whole)s or %(other)s", named=str(self.named), **like)
            )
        return minor

    def written(self, value: Any) -> str:
        """As it is typed, without its symbol."""
        return decimal_text(value, self.currency)

    def limits(self, value: Any) -> Text:
        """At least `least`, at most `most`."""
        if value < self.least:
            return _("Write an amount of at least %(least)s", least=money_text(self.least, self.currency))
        if self.most is not None and value > self.most:
            return _("Write an amount of at most %(most)s", most=money_text(self.most, self.currency))
        return None


class DayField(Shown):
    """A date in three fields, day, month and year. The month may be a name.

    `earliest` and `latest` are allowed themselves. `birth`: a date of birth, with its autocomplete.
    """

    kind = "day"
    parts = ("day", "month", "year")

    def __init__(
        self,
        label: Text,
        *,
        earliest: date | None = None,
        latest: date | None = None,
        birth: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, **kwargs)
        self.earliest, self.latest, self.birth = earliest, latest, birth
        self.typed_parts: dict[str, str] = dict.fromkeys(self.parts, "")
        self.wrong_parts: set[str] = set()

    @property
    def anchor(self) -> str:
        """The first of the three that is wrong, else the day."""
        first = next((part for part in self.parts if part in self.wrong_parts), "day")
        return f"{self.id}-{first}"

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Reads `name-day`, `name-month` and `name-year`."""
        self.process_errors: list[str] = []
        value = self.default() if callable(self.default) else self.default
        self.data = self.object_data = value if data is None or not isinstance(data, date) else data
        if self.data is not None:
            self.typed_parts = {
                "day": str(self.data.day), "month": str(self.data.month), "year": str(self.data.year),
            }
        if formdata is None or not any(f"{self.name}-{part}" in formdata for part in self.parts):
            return
        self.typed_parts = {p: tidy(formdata.get(f"{self.name}-{p}", ""))[:20] for p in self.parts}
        self.data = None
        if self.empty():
            return
        try:
            self.data = self._day()
        except ValueError as unread:
            self.process_errors.append(str(unread))

    def empty(self) -> bool:
        """Whether all three are empty."""
        return not any(self.typed_parts.values())

    def limits(self, value: Any) -> Text:
        """Between the earliest and the latest day."""
        early = self.earliest is not None and value < self.earliest
        late = self.latest is not None and value > self.latest
        if not early and not late:
            return None
        if self.earliest is not None and self.latest is not None:
            return _("Choose a day from %(first)s to %(last)s",
                     first=day_plain(self.earliest), last=day_plain(self.latest, year=True))
        if self.earliest is not None:
            return _("Choose %(first)s or a later day", first=day(self.earliest, year=True))
        assert self.latest is not None
        return _("Choose %(last)s or an earlier day", last=day(self.latest, year=True))

    def _day(self) -> date:
        typed = self.typed_parts
        self.wrong_parts = {part for part in self.parts if not typed[part]}
        if self.wrong_parts:
            missing = [_month_words()[part] for part in self.parts if part in self.wrong_parts]
            if len(missing) == 1:
                raise ValueError(_("Add the %(part)s to the date", part=missing[0]))
            raise ValueError(_("Write the day, the month and the year, like 27 3 1984"))
        number, month_number, year = whole_typed(typed["day"]), month_typed(typed["month"]), whole_typed(typed["year"])
        if not 1 <= number <= 31:
            self.wrong_parts = {"day"}
            raise ValueError(_("Write the day as a number from 1 to 31"))
        if not 1 <= month_number <= 12:
            self.wrong_parts = {"month"}
            raise ValueError(_("Write the month as a number from 1 to 12"))
        if not re.fullmatch(r"[0-9]{4}", typed["year"]) or year < 1800:
            self.wrong_parts = {"year"}
            raise ValueError(_("Write the year with four digits, like 1984"))
        try:
            return date(year, month_number, number)
        except ValueError:
            self.wrong_parts = {"day"}
            month_name = figures(language()).months[month_number - 1]
            raise ValueError(
                _("There is no %(day)s %(month)s in %(year)s", day=number, month=month_name, year=year)
            ) from None


class OneOfField(Shown):
    """One of several values. `options` are (value, label) or (value, label, hint); set them early."""

    kind = "select"

    def __init__(self, label: Text, *, options: Iterable[tuple[Any, ...]] = (), **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.options = list(options)

    def limits(self, value: Any) -> Text:
        """Only what is offered."""
        if value not in {str(option[0]) for option in self.options}:
            return self.needed or _("Choose one of the answers in the list")
        return None


class SelectField(OneOfField):
    """One of many, in a list that opens."""


class ChoiceField(OneOfField):
    """One of a few, each a card; `two` sets them in two columns where there is room."""

    kind = "choice"

    def __init__(self, label: Text, *, two: bool = False, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.two = two

    @property
    def anchor(self) -> str:
        """The first card."""
        return f"{self.id}-0"


class SeveralField(ChoiceField):
    """Any number of a few, each a card with a box. `data` is a list of values."""

    kind = "several"

    def process_data(self, value: Any) -> None:
        """The values that the page begins with."""
        self.data = [str(one) for one in value or ()]
        self.typed = ",".join(self.data)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Every box that is ticked; none at all is an answer too."""
        self.data = [tidy(one) for one in valuelist]
        self.typed = ",".join(self.data)

    def limits(self, value: Any) -> Text:
        """Only what is offered."""
        if not set(value) <= {str(option[0]) for option in self.options}:
            return self.needed or _("Choose one of the answers in the list")
        return None


class TickField(Shown):
    """A lone box. `data` is True or False; `needed` is the remedy when it must be ticked."""

    kind = "tick"

    @property
    def optional(self) -> bool:
        """A box never says "(optional)"."""
        return False

    def process_data(self, value: Any) -> None:
        """Ticked or not."""
        self.data = bool(value)
        self.typed = "yes" if value else ""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """A box that is not sent is not ticked."""
        self.data = bool(valuelist)
        self.typed = "yes" if valuelist else ""


class HiddenField(Shown):
    """Something the page carries and nobody types: a version, the address to return to."""

    kind = "hidden"


def _month_words() -> dict[str, str]:
    return {"day": _("day"), "month": _("month"), "year": _("year")}
