"""What the tests of the debtor's pages share: Marta with her debts, and how pages and sums are read."""

from __future__ import annotations

import re
from html import unescape

import pytest

from cases.db import Database
from tests.portal.debtor.households import Marta, marta
from tests.retold import Retold


@pytest.fixture
def home_of_marta(db: Database, retold: Retold) -> Marta:
    def tell() -> Marta:
        with db.acting() as session:
            return marta(session)

    return retold.once("marta", tell)


def words(page: str) -> str:
    """What a person reads on a page: its text, spaces single."""
    main = page.split("<main", 1)[-1].split("</main>", 1)[0]
    main = re.sub(r"</?(?:bdi|b|a|span|time)\b[^>]*>", "", main)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\N{NO-BREAK SPACE}", " ").split())


def minor(written: str) -> int:
    """Minor units of an amount as a page writes it."""
    sign = -1 if "\N{MINUS SIGN}" in written else 1
    return sign * int("".join(c for c in written if c.isdigit()))


def reckonings(page: str) -> list[list[tuple[str, int]]]:
    """Every reckoning of a page: its rows, label and minor units."""
    found = []
    for block in re.findall(r'<dl class="sum[^"]*">(.*?)</dl>', page, re.S):
        rows = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", block, re.S)
        found.append([(words(label), minor(words(figure))) for label, figure in rows])
    return found


def whys(page: str) -> list[tuple[int, list[tuple[str, int]]]]:
    """Every *Why …?*: the figure it asks about and the rows that answer."""
    found = []
    for summary, body in re.findall(r'<details class="why"><summary>(.*?)</summary>(.*?)</details>', page, re.S):
        found.append((minor(words(summary)), reckonings(body)[0]))
    return found
