"""The pretend world beside the tests of messaging, as its own process with the official clients."""

from collections.abc import Iterator

import pytest

from messaging.providers.sendgrid import SendGrid
from messaging.providers.twilio import Twilio
from tests.pretend.running import ACCOUNT_SID, AUTH_TOKEN, OURS, SENDGRID_KEY, Hook, Pretend


@pytest.fixture(scope="session")
def hook() -> Iterator[Hook]:
    """Where the pretend carrier reports to."""
    with Hook().listening() as listening:
        yield listening


@pytest.fixture(scope="session")
def world_process(tmp_path_factory: pytest.TempPathFactory, hook: Hook) -> Iterator[Pretend]:
    pretend = Pretend(tmp_path_factory.mktemp("world") / "state", environ={"PRETEND_INBOUND_URL": hook.url})
    pretend.start()
    yield pretend
    pretend.stop()


@pytest.fixture
def world(world_process: Pretend, hook: Hook) -> Pretend:
    """The pretend world, empty."""
    world_process.control("reset", {})
    hook.clear()
    return world_process


@pytest.fixture
def twilio(world: Pretend, hook: Hook) -> Twilio:
    """Our way to the pretend carrier."""
    return Twilio(ACCOUNT_SID, AUTH_TOKEN, OURS, callback=f"{hook.url}/hooks/twilio/status", base_url=world.url)


@pytest.fixture
def sendgrid(world: Pretend) -> SendGrid:
    return SendGrid(SENDGRID_KEY, "codes@evenly.example", "Evenly", base_url=world.url)
