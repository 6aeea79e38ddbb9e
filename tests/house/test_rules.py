"""The rules of the house: floors, rooms, names, who commits, and words for everything that may be said."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import cases
import messaging
import portal
import pretend
from cases.history import Kind
from cases.refusal import CODES
from messaging import notices
from portal import refusals
from portal.settings import ROOT

FLOORS = ("cases", "messaging", "payments", "portal", "pretend")
MOST_LINES = 400
LONGER = ("portal/migrations/versions/", "portal/timetable.py")
"""What may be longer: migrations and the timetable's page (templates, stylesheets and law tables are not Python)."""
DRAWERS = {"utils", "util", "helpers", "helper", "services", "service", "managers", "manager", "common", "base", "misc",
           "lib", "shared", "core", "models", "tools", "stuff"}  # fmt: skip
NOT_DRAWERS = {"portal/migrations/models.py"}
"""Alembic's way in: every room with rows, imported once."""


def _rooms() -> list[Path]:
    return sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py") if "__pycache__" not in path.parts)


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _modules(package: ModuleType) -> Iterator[str]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith((".__main__", ".wsgi", ".env")) and ".versions." not in found.name:
            yield found.name


# ---------------------------------------------------------------- floors and rooms


def test_the_floors_import_downward_alone() -> None:
    """What `make check` runs: floors, wings, the stand-in, and where providers' packages may be used."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_can_be_entered_by_itself() -> None:
    """No room needs another to have been imported before it."""
    for package in (cases, messaging, portal, pretend):
        for name in _modules(package):
            importlib.import_module(name)


def test_no_room_is_longer_than_a_reader_can_hold() -> None:
    long = {
        _named(path): lines
        for path in _rooms()
        if not _named(path).startswith(LONGER) and (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_no_room_is_a_drawer() -> None:
    drawers = [
        _named(path)
        for path in _rooms()
        if _named(path) not in NOT_DRAWERS and ({path.stem, *path.relative_to(ROOT).parent.parts} & DRAWERS)
    ]
    assert drawers == []


def test_every_room_says_what_it_is() -> None:
    silent = [
        _named(path) for path in _rooms() if path.read_text("utf-8").strip() and not ast.get_docstring(_tree(path))
    ]
    assert silent == []


def test_tests_never_hide_the_house() -> None:
    """Without `__init__.py`, `tests/cases` would stand where `cases` should."""
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}
    assert [_named(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


# ---------------------------------------------------------------- transactions and the clock


def _calls(path: Path, *names: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
    ]


def test_only_one_place_commits() -> None:
    """`cases/db.py`; beside it Alembic's environment, which saves its role, and the stand-in's own store."""
    found = {
        _named(p): lines
        for p in _rooms()
        if not _named(p).startswith("pretend/") and (lines := _calls(p, "commit", "rollback"))
    }
    assert set(found) == {"cases/db.py", "portal/migrations/env.py"}


def test_no_room_reads_the_clock_but_the_clock() -> None:
    ours = [p for p in _rooms() if not _named(p).startswith("pretend/") and _named(p) != "cases/clock.py"]
    reading = {
        _named(path)
        for path in ours
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr)
        in {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
    }  # fmt: skip
    assert reading == set()


def test_no_act_of_the_ground_or_first_floor_knows_the_clock_or_prints() -> None:
    asked = {
        _named(p)
        for p in _rooms()
        if _named(p).startswith(("cases/", "messaging/", "payments/")) and _named(p) != "cases/clock.py"
        for node in ast.walk(_tree(p))
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "cases.clock"
            and any(a.name == "Clock" for a in node.names)
        )
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print")
    }
    assert asked == set()


def test_money_is_never_a_float() -> None:
    floating = {
        _named(p)
        for p in _rooms()
        if _named(p).startswith(("cases/debts/", "cases/arrangements/", "cases/money", "cases/arrears/"))
        for node in ast.walk(_tree(p))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
    }
    assert floating == set()


# ---------------------------------------------------------------- words for everything


def test_every_kind_of_line_is_answered_or_silent_for_a_reason() -> None:
    assert set(notices.ANSWERED) | set(notices.SILENT) == set(Kind)
    assert not set(notices.ANSWERED) & set(notices.SILENT)
    assert all(notices.SILENT.values())


def test_every_refusal_has_a_sentence() -> None:
    """Every code in the staff's words; a debtor who can meet none of these has the general sentence."""
    for package in (cases, messaging, portal):
        for name in _modules(package):
            importlib.import_module(name)
    ours = [code for code in sorted(CODES) if "test." not in code.partition(".")[0] + "."]  # a test registers its own
    assert [code for code in ours if not refusals.has_sentence(code, "staff")] == []


def test_no_sentence_is_of_a_refusal_that_nobody_makes() -> None:
    for package in (cases, messaging, portal):
        for name in _modules(package):
            importlib.import_module(name)
    written = set(refusals.STAFF) | set(refusals.DEBTOR)
    assert written - set(CODES) == set()


@pytest.mark.parametrize("domain", ["debtor", "staff"])
def test_a_sentence_names_only_facts_that_its_refusal_has(domain: str) -> None:
    written = refusals.DEBTOR if domain == "debtor" else refusals.STAFF
    for code, sentence in written.items():
        facts = dict.fromkeys(CODES[code].facts, "x")
        assert sentence % facts, code


# ---------------------------------------------------------------- background life


def test_every_task_is_in_the_timetable_or_woken_by_name() -> None:
    from_worker = importlib.import_module("portal.worker")
    timetable = importlib.import_module("portal.timetable")
    tasks = {name for name in from_worker.celery.tasks if name.startswith("evenly.")}
    planned = {entry["task"] for entry in timetable.schedule().values()}
    assert tasks, "the worker has no task"
    assert planned - tasks == set(), "the timetable wakes what nobody does"
    woken = {f"evenly.{name}" for path in _rooms() if _named(path).startswith("portal/") for name in _woken(path)}
    assert tasks - planned - woken == set(), "nobody wakes these"
    assert woken - tasks == set(), "a door wakes what nobody does"


def _woken(path: Path) -> set[str]:
    """The names that a door wakes: `wake("answers")`."""
    return {
        node.args[0].value
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in ("wake", "ring")
    }  # fmt: skip
