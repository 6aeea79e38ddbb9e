"""Paper: what a letter says, block by block, before it is set.

A paper is a JSON object with words chosen and figures written; `typeset.py` makes a PDF of it and a page
shows the same blocks (`templates/parts/paper.html`). It is kept with the document: a template that changes
later changes nothing that was issued.

Blocks: heading, text (paragraphs), list, sum (names and figures, the last one their total), table, facts
(names and words), note (set apart). `figure()` marks what runs left to right in every language: figures,
addresses, references.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

from messaging.tongue import Tongue

Words = str | dict[str, str]
"""Words of the paper's language, or a figure."""


def figure(value: str) -> dict[str, str]:
    """What runs left to right in every language."""
    return {"ltr": value}


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: our name, who answers by law with the address, the number to ring, where to sign in."""

    name: str
    company: str
    phone: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its head, whether it holds figures, whether it takes the room that is left.

    On a narrow page a row is its `title` with its `main` figure beside it, and the rest below.
    """

    head: str
    figures: bool = False
    wide: bool = False
    title: bool = False
    main: bool = False


class Paper:
    """A letter that is being written: `heading`, `text` … add a block each, and return the paper."""

    def __init__(
        self,
        tongue: Tongue,
        us: Letterhead,
        *,
        title: str,
        lead: str = "",
        to: Sequence[str],
        about: Sequence[tuple[str, Words]],
        made_on: date,
        large: bool = False,
    ) -> None:
        _ = tongue._
        ring = [_("Telephone %(number)s.", number=us.phone)] if us.phone else []
        self.json: Final[dict[str, Any]] = {
            "language": tongue.code,
            "dir": tongue.direction,
            "large": large,
            "title": title,
            "lead": lead,
            "made_on": {"year": made_on.year, "month": made_on.month, "day": made_on.day},
            "us": {
                "name": us.name,
                "foot": [
                    ". ".join([(us.company or us.name).rstrip(". "), *ring]),
                    _("%(us)s is a private company. We work for the organisations you owe.", us=us.name)
                    + " " + _("We are not a court, a government office or bailiffs."),
                ],
            },
            "page": _("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
            "to": list(to),
            "about": [[name, value] for name, value in about],
            "blocks": [],
        }  # fmt: skip

    def heading(self, words: Words, level: int = 2) -> Self:
        """A heading; the title alone is level 1."""
        return self._add("heading", level=level, text=words)

    def text(self, *paragraphs: Words) -> Self:
        """Paragraphs."""
        return self._add("text", paragraphs=list(paragraphs))

    def listed(self, items: Sequence[Words]) -> Self:
        """A list without an order."""
        return self._add("list", items=list(items))

    def sum(self, rows: Sequence[tuple[Words, str]], total: tuple[Words, str], note: str = "") -> Self:
        """Names and figures that add up to the last one; `note` stands under its name."""
        told = [{"name": name, "value": value, "note": "", "total": False} for name, value in rows]
        return self._add("sum", rows=[*told, {"name": total[0], "value": total[1], "note": note, "total": True}])

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[Words]], foot: Sequence[Words] = ()) -> Self:
        """A table; `foot` is its row of totals. One column is its rows' title, another their main figure."""
        return self._add("table", head=[c.head for c in columns], figures=[c.figures for c in columns],
                         wide=[c.wide for c in columns], title=next(n for n, c in enumerate(columns) if c.title),
                         main=next(n for n, c in enumerate(columns) if c.main),
                         rows=[list(row) for row in rows], foot=list(foot))  # fmt: skip

    def facts(self, rows: Sequence[tuple[str, Words]]) -> Self:
        """Names with words beside them."""
        return self._add("facts", rows=[[name, value] for name, value in rows])

    def note(self, *paragraphs: Words) -> Self:
        """Paragraphs set apart from the others."""
        return self._add("note", paragraphs=list(paragraphs))

    def _add(self, kind: str, **block: Any) -> Self:
        self.json["blocks"].append({"kind": kind, **block})
        return self


def written(paper: dict[str, Any]) -> str:
    """The paper as it is kept: the same words are always the same bytes."""
    return json.dumps(paper, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
