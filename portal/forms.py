"""Forms: what people type, read into exact values, with the remedy beside what could not be read.

One convention for every page:

    class Offer(Form):
        amount = MoneyField(_l("I can pay"), hint=_l("…"), currency="GBP", least=1,
                            needed=_l("Write what you can pay, like 62 or 62.50"))
        rhythm = ChoiceField(_l("How often"), options=[("monthly", _l("Every month"))],
                             needed=_l("Choose how often"))
        first = DayField(_l("First payment"), earliest=…, latest=…)

    form = Offer()                          # POST: what was typed; GET: nothing
    form = Offer.asked()                    # a GET form: what the address says
    if form.validate_on_submit():           # CSRF is checked before the view is called
        form.amount.data                    # 6250: minor units, whole
    return render_template("debtor/plan.html", form=form), 200 or 422

- A form lives beside its page. Labels, hints and remedies are `_l` texts; nothing is refused with
  a library's own words.
- `needed` is the remedy when nothing was typed; a field without it is optional and its label says
  so. Every remedy names what to do, and is the same beside the field and in the summary.
- What was typed stays, also when it cannot be read (`field.typed`).
- The page draws a field with `ui.field(form.amount)`: the kind of field knows its control. The
  summary (`ui.errors(form)`) links to `field.anchor`, the control's id.
- A refusal that comes from an act belongs to a field or to the form:
  `form.amount.refuse(sentence)`, `form.refuse(sentence)`; both appear in the summary.
- Limits that a page only knows at run time are set after construction:
  `form.first.earliest = day`, `form.amount.currency = "SEK"`.
"""

from typing import Any, Self

from flask import request
from flask_wtf import FlaskForm
from wtforms.meta import DefaultMeta

from portal.fields import (
    ChoiceField,
    CodeField,
    DayField,
    HiddenField,
    MoneyField,
    NoteField,
    OneOfField,
    PasswordField,
    ReferenceField,
    SelectField,
    SeveralField,
    Shown,
    Text,
    TextField,
    TickField,
)

__all__ = [
    "ChoiceField", "CodeField", "DayField", "Form", "HiddenField", "MoneyField", "NoteField", "OneOfField",
    "PasswordField", "ReferenceField", "SelectField", "SeveralField", "Shown", "TextField", "TickField",
]


class Form(FlaskForm):  # type: ignore[misc]
    """The base of every form that posts."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """Our sentences, never the library's."""

        locales = False

        def get_translations(self, form: FlaskForm) -> Any:
            """The library's own sentences stay untranslated: none of them is ever shown."""
            return DefaultMeta.get_translations(self, form)

    def __init__(self, **kwargs: Any) -> None:
        if "formdata" not in kwargs:
            # What was typed and that alone: the library would take a file, or JSON, for it.
            kwargs["formdata"] = (request.form or None) if self.is_submitted() else None
        super().__init__(**kwargs)
        self._refusals: list[str] = []

    @classmethod
    def asked(cls) -> Self:
        """A form that came by GET: its fields hold what the address says; no CSRF, nothing changes."""
        return cls(formdata=request.args, meta={"csrf": False})

    def refuse(self, sentence: Text) -> None:
        """Something is wrong that belongs to no single field."""
        self._refusals.append(str(sentence))

    @property
    def wrong(self) -> list[tuple[str | None, str]]:
        """What is to be put right, in the order of the page: the control's id and the remedy."""
        found: list[tuple[str | None, str]] = [(None, text) for text in self._refusals]
        for field in self:
            if field.errors and field.short_name != "csrf_token":
                found.append((getattr(field, "anchor", field.id), str(field.errors[0])))
        return found
