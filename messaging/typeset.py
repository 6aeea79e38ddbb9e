"""Typeset: a paper in, a tagged PDF (PDF/UA-1) out, by Typst and our own fonts.

The same paper gives the same bytes, on any machine: no clock, no fonts of the system. A letter that our fonts
cannot show is refused, never printed with a hole in a name.

A compiler belongs to one process, and is made after the fork; it is fast because it remembers, so one process
keeps one. It needs no database: no transaction is open while a paper is set.
"""

import hashlib
import threading
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

import typst

TEMPLATE: Final = Path(__file__).resolve().parent.parent / "templates" / "documents" / "paper.typ"

_FONTS: Final = ("fontpkg-figtree", "fontpkg-noto-sans-arabic", "fontpkg-noto-sans")
_BY: Final = ("typst", *_FONTS)


class NotSet(Exception):
    """The paper could not be set: `glyph` where our fonts lack a letter, else `template`. Says nothing of its words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@cache
def version() -> str:
    """What set a paper: the template by its hash, and the versions of the program and the fonts."""
    template = hashlib.sha256(TEMPLATE.read_bytes()).hexdigest()[:16]
    return " ".join([f"paper {template}", *(f"{name} {metadata.version(name)}" for name in _BY)])


class Typesetter:
    """One compiler. Threads take turns."""

    def __init__(self) -> None:
        folders = [str(resources.files(name.replace("-", "_")).joinpath("files")) for name in _FONTS]
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
        self._compiler = typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=fonts)
        self._turn = threading.Lock()

    def pdf(self, paper: str) -> bytes:
        """The PDF of a paper as it is kept (`paper.written`). Raises NotSet."""
        made = self._set(paper, "pdf", pdf_standards=["ua-1"])
        assert isinstance(made, bytes)
        return made

    def pictures(self, paper: str, ppi: float = 72) -> list[bytes]:
        """Its pages as PNG: to look at. Raises NotSet."""
        made = self._set(paper, "png", ppi=ppi)
        return made if isinstance(made, list) else [made]

    def _set(self, paper: str, form: Any, **how: Any) -> Any:
        with self._turn:
            try:
                made, warnings = self._compiler.compile_with_warnings(
                    format=form, sys_inputs={"paper": paper}, timestamp=0, **how
                )
            except typst.TypstError as wrong:
                # What it says may quote the letter; it goes no further.
                raise NotSet("glyph" if "could not be displayed" in str(wrong) else "template") from None
        if warnings:
            raise NotSet("template")
        return made


@cache
def typesetter() -> Typesetter:
    """This process's compiler."""
    return Typesetter()
