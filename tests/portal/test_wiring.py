"""Each process of an installation knows every table, whatever else it imports."""

import subprocess
import sys

import pytest

CHECK = "import {module}; from cases.db import Base; [k.column for t in Base.metadata.tables.values() for k in t.foreign_keys]"


@pytest.mark.parametrize("module", ["portal.worker", "portal.app", "portal.door"])
def test_a_process_can_follow_every_key_of_every_table(module: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", CHECK.format(module=module)], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr[-500:]
