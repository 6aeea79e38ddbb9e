"""The `evenly` command for tests: run as an operator runs it, against the test's own database."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cases.db import Database
from portal.commands import main
from tests.conftest import Addresses

Evenly = Callable[..., Result]


@pytest.fixture
def evenly(db: Database, addresses: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Evenly:
    """Runs the command against this test's database."""
    for name in ("REDIS_URL", "EVENLY_BROKER_URL", "EVENLY_ENV"):
        monkeypatch.delenv(name, raising=False)
    given = {
        "DATABASE_URL": addresses.app,
        "EVENLY_OWNER_URL": addresses.owner,
        "EVENLY_PREFIX": addresses.prefix,
        "EVENLY_VAR": str(tmp_path / "var"),
        "EVENLY_KEYS": "k1:" + "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, list(words), catch_exceptions=False)

    return run


def answer(result: Result) -> Any:
    """What a command answered with `--json`."""
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)
