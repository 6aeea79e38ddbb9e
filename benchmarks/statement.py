"""`statement` and `statement-two`: how fast statements are set, from a person's paper to the bytes of its PDF.

`statement`: one process, against WeasyPrint setting the same words on the same page (`_weasyprint.py`, its own
style sheet) in one process; both have varied data, for Typst remembers what it has set before. Rate at least 7.0.
`statement-two`: two processes that only set; forty a second. WeasyPrint is fetched into a folder that goes
afterwards; it needs Pango on the system (Debian: libpango-1.0-0 libpangoft2-1.0-0).
"""

import json
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cases.debts.statement import Debt, Line, Purse, Statement
from messaging.paper import Letterhead, written
from messaging.papers.recipient import Recipient
from messaging.papers.statement import statement_paper
from messaging.tongue import Tongue
from messaging.typeset import typesetter

ROOT = Path(__file__).resolve().parent.parent
WEASYPRINT = "weasyprint==70.0"
ROUNDS = 3
OURS, THEIRS = 60, 12
SECONDS = 10.0
US = Letterhead("Evenly", "Evenly Example Ltd, 4 Weir Yard, Ashmere", "0808 157 0123", "my.example.org")


def a_paper(seed: int) -> str:
    """A year of rent and a council bill: two pages. No two seeds say the same."""
    chance, first = random.Random(seed), date(2025, 1, 1)
    debts = []
    for n, (creditor, kind, count) in enumerate((("Tidewell Housing", "rent", 24), ("Ashmere Council", "garden_waste", 6))):
        opening = after = chance.randrange(0, 90000)
        lines = []
        for step in range(count):
            amount = chance.randrange(1000, 60000) * (1 if step % 2 == 0 else -1)
            after += amount
            on = first + timedelta(days=step * 364 // count)
            lines.append(Line(on, "charge" if amount > 0 else "payment", False, amount, after))
        debts.append(Debt(n, f"T{chance.randrange(10**6)}", creditor, kind, "GBP", False, opening, tuple(lines)))
    statement = Statement(first, date(2025, 12, 31), (Purse("GBP", tuple(debts)),), ())
    to = Recipient(seed, (seed,), "EV7QX4M2HC", (f"Marta Lindqvist {seed}", "14 Kestrel Court", "Ashmere ZZ9 4MK"), "GB",
                   "Europe/London", "en")  # fmt: skip
    return written(statement_paper(statement, Tongue("en"), US, to=to, made_on=date(2026, 11, 28), large=False).json)


def _statement() -> dict[str, Any]:
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="evenly-bench-") as folder:
        install = [sys.executable, str(ROOT / "portal/uv.py"), "pip", "install", "-q", "--target", folder, WEASYPRINT]
        subprocess.run(install, check=True)
        typesetter().pdf(a_paper(0))
        for turn in range(ROUNDS):
            papers = [a_paper(1000 * (turn + 1) + n) for n in range(OURS)]
            began = time.perf_counter()
            for paper in papers:
                typesetter().pdf(paper)
            ours.append(OURS / (time.perf_counter() - began))
            theirs.append(_weasyprint(folder, papers[:THEIRS]))
    mine, other = sorted(ours)[ROUNDS // 2], sorted(theirs)[ROUNDS // 2]
    return {"ours": round(mine, 1), "limit": round(other, 2), "ratio": round(mine / other, 2), "least": 7.0}


def _weasyprint(folder: str, papers: Sequence[str]) -> float:
    """Statements a second of WeasyPrint, its first one left out."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/_weasyprint.py"), folder], input="\n".join(papers), text=True,
        capture_output=True, check=True, cwd=ROOT,
    )  # fmt: skip
    return float(json.loads(done.stdout)["rate"])


def _two() -> dict[str, Any]:
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        pool.map(_warm, range(2), chunksize=1)
        counts = pool.map(_for_a_while, (10**6, 2 * 10**6), chunksize=1)
    rate = sum(counts) / SECONDS
    return {"ours": round(rate, 1), "limit": 40, "ratio": round(rate / 40, 2)}


def _warm(seed: int) -> None:
    typesetter().pdf(a_paper(seed))


def _for_a_while(seed: int) -> int:
    """How many statements this process sets in SECONDS; papers are written before."""
    papers, count = [a_paper(seed + n) for n in range(600)], 0
    ends = time.perf_counter() + SECONDS
    while time.perf_counter() < ends:
        typesetter().pdf(papers[count])
        count += 1
    return count


MEASURES = {"statement": cache(_statement), "statement-two": cache(_two)}
