"""Quoted: what is new in an answer by mail, without what it quotes and without its signature.

Mail programs write the mail that is answered below or above the answer, each in its own way. What begins with `>`
is quoted; so is all that follows a line such as *On Tuesday … wrote:* where no `>` follows it, a line such as
*Original Message*, or a block of *From:*, *Sent:*, *To:*. Answers between quoted lines are kept. What follows
`-- ` is a signature. Where nothing would be left, all is kept: better too much than a lost answer.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Final

_BEGINS: Final = re.compile(
    r"^\s*(?:on|den|på|w dniu|dnia|am|le|el|il|op|في|بتاريخ)\b|^\s*\w{2,12}\.?,?\s+\d{1,2}\b|^\s*\d{1,4}[-./ ]",
    re.IGNORECASE,
)
_WROTE: Final = re.compile(
    r"(?:\bwrote|\bskrev\b.{0,100}|\bnapisał(?:\(a\)|a)?|\bpisze|كتب.{0,100}|\bschrieb\b.{0,100}|\ba écrit)\s?:\s*$",
    re.IGNORECASE,
)
_DATED: Final = re.compile(r"\d|@")
_DIVIDER: Final = re.compile(
    r"^\s*(?:[-_*]{2,}\s*(?:original message|forwarded message|original appointment|ursprungligt meddelande|"
    r"vidarebefordrat meddelande|wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana dalej|"
    r"الرسالة الأصلية|ursprüngliche nachricht)\s*[-_*]{0,}|_{20,})\s*$",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(
    r"^\s*\*?(from|från|od|من|sent|skickat|wysłano|data|date|datum|تم الإرسال|to|till|do|إلى|"
    r"subject|ämne|temat|الموضوع)\s?:\*?\s",
    re.IGNORECASE,
)
_FROM: Final = re.compile(r"^\s*\*?(?:from|från|od|من)\s?:\*?\s", re.IGNORECASE)
_SIGNATURE: Final = re.compile(r"^-- ?$")
_DEVICE: Final = re.compile(
    r"^\s*(?:sent from (?:my |outlook|yahoo|proton|mail for)|get outlook for|skickat från (?:min|outlook)|"
    r"hämta outlook för|wysłane z |pobierz outlook|أُرسلت من|تم الإرسال من)\S?.{0,80}$",
    re.IGNORECASE,
)


def fresh(text: str) -> str:
    """What a mail says anew."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    kept = _unsigned(_unquoted(lines))
    found = "\n".join(kept).strip()
    return re.sub(r"\n{3,}", "\n\n", found) or text.strip()


def _unquoted(lines: list[str]) -> list[str]:
    kept: list[str] = []
    last = max((n for n, line in enumerate(lines) if line.lstrip().startswith(">")), default=-1)
    n = 0
    while n < len(lines):
        line = lines[n]
        if line.lstrip().startswith(">"):
            n += 1
            continue
        if _DIVIDER.match(line) or _begins_headers(lines, n):
            break
        length = _wrote(lines, n)
        if length:
            n += length
            if n > last:
                break  # the program marks no line: all that follows is the mail that is answered
            continue
        kept.append(line)
        n += 1
    return kept


def _wrote(lines: list[str], n: int) -> int:
    """How many lines, from line `n` on, say who wrote what follows: such a line may be broken in two or three."""
    if not _BEGINS.match(lines[n]):
        return 0
    for length in (1, 2, 3):
        joined = " ".join(each.strip() for each in lines[n : n + length])
        if len(joined) < 300 and _WROTE.search(joined) and _DATED.search(joined):
            return length
    return 0


def _begins_headers(lines: list[str], n: int) -> bool:
    """Whether a block of *From:*, *Sent:*, *To:* begins here."""
    if not _FROM.match(lines[n]):
        return False
    return sum(1 for each in lines[n : n + 6] if _HEADER.match(each)) >= 3


def _unsigned(lines: list[str]) -> list[str]:
    for n, line in enumerate(lines):
        if _SIGNATURE.match(line):
            lines = lines[:n]
            break
    end = len(lines)
    while end and (not lines[end - 1].strip() or _DEVICE.match(lines[end - 1])):
        end -= 1
    return lines[:end]


class _Words(HTMLParser):
    """The words of a mail's HTML, with its lines; what it quotes stays out."""

    _LINES: Final = frozenset("p div br tr li h1 h2 h3 h4 blockquote table ul ol hr".split())
    _SILENT: Final = frozenset(["style", "script", "head", "title"])
    _EMPTY: Final = frozenset("br hr img meta link input area base col embed source track wbr".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._open: list[tuple[str, bool]] = []
        self._names: Counter[str] = Counter()
        self._silenced = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        marks = f"{given.get('class') or ''} {given.get('id') or ''}".lower()
        quoted = tag == "blockquote" or "gmail_quote" in marks or "yahoo_quoted" in marks or "divrplyfwdmsg" in marks
        if tag in self._LINES:
            self.pieces.append("\n")
        if tag not in self._EMPTY:
            silent = quoted or tag in self._SILENT
            self._open.append((tag, silent))
            self._names[tag] += 1
            self._silenced += silent

    def handle_endtag(self, tag: str) -> None:
        while self._names[tag]:
            ended, silent = self._open.pop()
            self._names[ended] -= 1
            self._silenced -= silent
            if ended == tag:
                break
        if tag in ("p", "div", "tr", "li", "table"):
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silenced:
            self.pieces.append(re.sub(r"\s+", " ", data))


def words_of(html: str) -> str:
    """The words of a mail that came as HTML alone."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
