"""One pretend world for all these tests, emptied before each; the few that stop it make their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pretend.running import SENDGRID_SECRET, Hook, Pretend


@pytest.fixture(scope="session")
def _hook() -> Iterator[Hook]:
    with Hook().listening() as hook:
        yield hook


@pytest.fixture(scope="session")
def _running(_hook: Hook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pretend]:
    environ = {
        "PRETEND_INBOUND_URL": f"{_hook.url}/hooks/twilio/inbound?from=phone",
        "PRETEND_STRIPE_HOOK_URL": f"{_hook.url}/hooks/stripe",
        "PRETEND_SENDGRID_SECRET": SENDGRID_SECRET,
        "PRETEND_SENDGRID_EVENTS_URL": f"{_hook.url}/hooks/sendgrid/events",
        "PRETEND_SENDGRID_INBOUND_URL": f"{_hook.url}/hooks/sendgrid/inbound",
        "PRETEND_NAME": "Evenly",
    }
    running = Pretend(tmp_path_factory.mktemp("pretend"), environ).start()
    yield running
    running.stop()


@pytest.fixture
def hook(_hook: Hook) -> Hook:
    """The product's hook, empty."""
    _hook.clear()
    return _hook


@pytest.fixture
def world(_running: Pretend, hook: Hook) -> Pretend:
    """The pretend world, empty; texts move on in hundredths of a second."""
    _running.control("reset", {})
    _running.control("numbers/default", {"step_ms": 10})
    _running.control("mailboxes/default", {"step_ms": 10})
    hook.clear()
    return _running


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Callable[..., Pretend]]:
    """Makes a world of one's own, to be stopped and started."""
    made: list[Pretend] = []

    def make(**facts: Any) -> Pretend:
        made.append(Pretend(tmp_path / "state", **facts))
        return made[-1]

    yield make
    for running in made:
        if running.process is not None and running.process.poll() is None:
            running.stop()
