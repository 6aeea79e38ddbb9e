"""A paper becomes a tagged PDF that is the same on every machine, in every script that we write."""

from datetime import date
from typing import Any

import pytest

from messaging import typeset
from messaging.paper import Column, Letterhead, Paper, figure, written
from messaging.tongue import Tongue

US = Letterhead("Evenly", "Evenly Example Ltd, 4 Weir Yard, Ashmere", "0808 157 0123", "my.example.org")


def a_paper(*words: str, to: tuple[str, ...] = ("Marta Lindqvist",), **given: Any) -> str:
    paper = Paper(Tongue("en"), US, title="Your statement for 2025", to=to, about=[("Your reference", figure("EV 7QX4"))],
                  made_on=date(2026, 11, 28), large=given.pop("large", False))  # fmt: skip
    paper.heading("In pounds").sum([("Owed on 1 January", "£0.00")], ("Owed on 31 December", "£12.00"), "so far")
    paper.table([Column("Date", title=True), Column("Sum", figures=True, main=True)], [["1 Jan", "£1.00"]], ["In all", "£1.00"])
    paper.text(*words).listed(["one", "two"]).facts([("Name", figure("T4471"))]).note("Free advice")
    return written(paper.json | given)


def test_the_same_paper_gives_the_same_bytes_and_another_gives_others() -> None:
    first, again, other = (typeset.Typesetter().pdf(a_paper(each)) for each in ("a", "a", "b"))
    assert first == again != other


def test_it_is_tagged_and_says_its_title_and_language() -> None:
    """PDF/UA-1, which Typst refuses to write where a rule of it is broken."""
    pdf = typeset.typesetter().pdf(a_paper("a"))
    assert pdf.startswith(b"%PDF-") and b"/MarkInfo" in pdf and b"/StructTreeRoot" in pdf
    assert b"pdfuaid" in pdf and b"/Lang(en" in pdf


@pytest.mark.parametrize(
    "words",
    [
        "Åsa Öberg, 1 940,00 kr, −£20.00, “quoted”, … – ’",
        "Zażółć gęślą jaźń. Ångström, Łódź, Škoda, Ðorđević, ĳ, ő, ţ",
        "مرحبا يا مارتا. هذا كشف حسابك لعام 2025",
        "Ελένη, Наталія, Nguyễn Thị Ánh",
    ],
)
@pytest.mark.parametrize("large", [False, True])
def test_names_and_words_of_many_languages_leave_no_hole(words: str, large: bool) -> None:
    assert typeset.typesetter().pdf(a_paper(words, to=(words, "14 Kestrel Court"), large=large))


def test_a_letter_that_our_fonts_lack_is_refused_and_never_quoted() -> None:
    with pytest.raises(typeset.NotSet) as refused:
        typeset.typesetter().pdf(a_paper("王小明"))
    assert refused.value.why == "glyph" and str(refused.value) == "glyph" and refused.value.__cause__ is None


def test_what_is_no_paper_is_refused() -> None:
    with pytest.raises(typeset.NotSet, match="template"):
        typeset.typesetter().pdf("{}")


@pytest.mark.parametrize("hostile", ['#panic("x")', "= Heading", "$x^2$", "#read(\"/etc/passwd\")", "*bold* _it_ `raw` <a>"])
def test_words_are_words_and_no_program(hostile: str) -> None:
    """They come as data; a name that looks like markup is printed as it is."""
    assert typeset.typesetter().pdf(a_paper(hostile, to=(hostile,)))


def test_right_to_left_pages_keep_figures_left_to_right() -> None:
    pictures = typeset.typesetter().pictures(a_paper("مرحبا", dir="rtl", language="ar"), ppi=36)
    assert len(pictures) == 1 and pictures[0].startswith(b"\x89PNG")


def test_the_version_names_the_template_the_program_and_the_fonts() -> None:
    assert typeset.version().startswith("paper ")
    assert all(name in typeset.version() for name in ("typst ", "fontpkg-figtree ", "fontpkg-noto-sans-arabic "))
