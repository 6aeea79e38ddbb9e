"""axe-core in the browser of a test: `assert_no_violations(page)`.

axe is run as text by `evaluate`, which the page's content security policy does not stop; nothing of
it is served. The stylesheet is not fetched once more (`preload`): that serves one rule, about pages locked
to one orientation, and costs half the time. All details are opened first, since what is folded away must be right too.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _axe() -> str:
    spec = find_spec("axe_playwright_python")
    assert spec is not None and spec.submodule_search_locations is not None
    return (Path(spec.submodule_search_locations[0]) / "axe.min.js").read_text("utf-8")


OF_THE_LOOK = ("color-contrast", "target-size", "link-in-text-block")
"""The rules that a width or a colour scheme can break; the others see the same page again."""


def violations(page: Page, *, leave_out: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> list[str]:
    """One line for each element that breaks a rule: the rule, what it asks, and where. `only`: these rules."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate(
        "run => axe.run(document, {runOnly: run, resultTypes: ['violations'], preload: false})",
        {"type": "rule", "values": list(only)} if only else {"type": "tag", "values": _RULES},
    )
    return [
        f"{rule['id']}: {rule['help']}: {node['target']} {node['html'][:160]} {node['failureSummary'][:300]}"
        for rule in found["violations"]
        if rule["id"] not in leave_out
        for node in rule["nodes"]
    ]


def assert_no_violations(page: Page, *, leave_out: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> None:
    """Fails with each violation by name. `leave_out`: rules that cannot be judged in this mode."""
    found = violations(page, leave_out=leave_out, only=only)
    assert not found, f"{page.url}\n" + "\n".join(found)


def assert_no_sideways_scroll(page: Page) -> None:
    """Fails when the page is wider than its window, and names what is."""
    wide = page.evaluate(
        """() => {
          const room = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= room) return [];
          return [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > room + 1 && !e.matches('.vh, .skip'))
            .slice(0, 5).map(e => e.outerHTML.slice(0, 120));
        }"""
    )
    assert not wide, f"{page.url} at {page.viewport_size}\n" + "\n".join(wide)
