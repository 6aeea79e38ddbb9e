"""The catalogues: every text that a person reads, gathered for its translators.

`python -m portal.catalogues` gathers the texts of both domains from the programs and templates,
brings `translations/` up to date and compiles what a language other than English has. With
`--check` it changes nothing and exits 1 when a text is missing from its catalogue.

What belongs to a domain is decided by where a text stands: `FOLDERS`. A text in a part, a layout
or a form stands in both. `_d` and `_s` mark a text of a shared module for one domain alone.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from portal.language import SHIPPED, TRANSLATIONS

ROOT: Final = TRANSLATIONS.parent

_SHARED: Final = ("templates/layout", "templates/parts", "templates/errors")
FOLDERS: Final = {
    "debtor": ("messaging", "portal/debtor", "templates/debtor", "templates/messages", "templates/pages"),
    "staff": ("portal/admin", "portal/collector", "portal/demo", "templates/admin", "templates/collector",
              "templates/demo", "templates/staff"),
}
"""What each domain has besides `portal/*.py` and the shared templates."""

_KEYWORDS: Final[dict[str, dict[str, tuple[int | tuple[int, str], ...] | None]]] = {
    domain: {
        "_": None, "_l": None, "_b": None, own: None, "gettext": None,
        "_n": (1, 2), "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
    }
    for domain, own in (("debtor", "_d"), ("staff", "_s"))
}


def gathered(domain: str) -> Catalog:
    """The catalogue's template, as the programs and templates are now."""
    catalog = Catalog(domain=domain, fuzzy=False, charset="utf-8")
    for path in _sources(domain):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        options = {} if path.suffix == ".py" else {"trimmed": "true"}
        with path.open("rb") as source:
            found = extract(method, source, keywords=_KEYWORDS[domain], comment_tags=("Translators:",),
                            options={"encoding": "utf-8", **options})
            for _line, message, comments, context in found:
                # Files without lines: a text that moves is not a change for its translator.
                catalog.add(message, None, [(path.relative_to(ROOT).as_posix(), None)],  # type: ignore[list-item]
                            auto_comments=comments, context=context)
    return catalog


def missing(domain: str) -> list[str]:
    """Texts that stand in a page and not in the kept template of the domain."""
    kept = _read(TRANSLATIONS / f"{domain}.pot")
    return sorted(
        str(message.id) for message in gathered(domain)
        if message.id and kept.get(message.id, message.context) is None
    )


def bring_up_to_date(domain: str) -> None:
    """Writes the template and merges it into each shipped language; compiles all but English."""
    template = gathered(domain)
    _write(TRANSLATIONS / f"{domain}.pot", template)
    for code in SHIPPED[domain]:
        path = TRANSLATIONS / code / "LC_MESSAGES" / f"{domain}.po"
        catalog = _read(path, code) if path.exists() else Catalog(locale=code, domain=domain)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.fuzzy = False
        _write(path, catalog)
        if code != "en":  # English is what the texts themselves are
            with path.with_suffix(".mo").open("wb") as out:
                write_mo(out, catalog)


def _sources(domain: str) -> Iterator[Path]:
    yield from sorted((ROOT / "portal").glob("*.py"))
    for folder in (*_SHARED, *FOLDERS[domain]):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".html", ".j2"):
                yield path


def _read(path: Path, code: str | None = None) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=code)


def _write(path: Path, catalog: Catalog) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.BytesIO()
    write_po(text, catalog, sort_output=True, width=100, include_lineno=False, omit_header=False)
    # Who made it and when says nothing, and would change at each run.
    kept = (b'"Language:', b'"Plural-Forms:', b'"MIME', b'"Content')
    lines = text.getvalue().splitlines()
    begin = lines.index(b'msgid ""')
    head = [line for line in lines[begin : lines.index(b"", begin)] if line.startswith((b"msg", *kept))]
    path.write_bytes(b"\n".join([*head, *lines[lines.index(b"", begin) :]]) + b"\n")


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when a text is missing.")
def main(check: bool) -> None:
    """Gather every text into translations/."""
    if not check:
        for domain in SHIPPED:
            bring_up_to_date(domain)
        return
    lines = [f"{domain}: {text!r}" for domain in SHIPPED for text in missing(domain)]
    if lines:
        click.echo("\n".join(["Not in translations/. Run python -m portal.catalogues", *lines]), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
