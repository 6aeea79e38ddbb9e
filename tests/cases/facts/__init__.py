"""Worked cases of the field, each with its id and source, as data for parametrized tests."""

import json
from pathlib import Path
from typing import Any

import pytest


def facts(name: str, keep: Any = None) -> list[Any]:
    """The cases of one file as pytest parameters named by their ids; `keep` picks some of them."""
    rows = json.loads((Path(__file__).parent / f"{name}.json").read_text("utf-8"))
    chosen = [row for row in rows if keep is None or keep(row)]
    assert chosen, f"no case of {name} is left to test"
    return [pytest.param(row["input"], row["expected"], id=row["id"]) for row in chosen]
