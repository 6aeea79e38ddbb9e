"""What is answered is kept: over a stop, a kill and a line cut short."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.pretend.running import ACCOUNT_SID, PHONE, ROOT, Hook, Pretend, until
from tests.pretend.test_sendgrid import ADDRESS, client, mail


def test_everything_answered_is_there_after_a_kill(another: Callable[..., Pretend], hook: Hook) -> None:
    world = another(environ={"PRETEND_INBOUND_URL": f"{hook.url}/in"}).start()
    world.behave(too_many=1, times=3)
    for _ in range(2):
        try:
            world.send(body="one")
        except TwilioRestException as refused:
            assert refused.status == 429
    client(world).send(mail())
    world.reply("STOP")
    before = world.control("log")
    behaviour = world.control(f"numbers/{PHONE}")
    world.stop(9)
    world.start()
    after = world.control("log")
    still = ("status", "callbacks")
    for kind in ("texts", "inbound", "mails", "refused"):
        assert len(after[kind]) == len(before[kind]) > 0
        for was, now in zip(before[kind], after[kind], strict=True):
            assert {k: v for k, v in was.items() if k not in still} == {k: v for k, v in now.items() if k not in still}
    assert after["opted_out"] == before["opted_out"]
    assert world.control(f"numbers/{PHONE}") == behaviour and behaviour["behaviour"]["times"] == 2
    assert len(world.log(ADDRESS)["mails"]) == 1


def test_a_line_cut_short_was_never_answered_and_is_dropped(another: Callable[..., Pretend]) -> None:
    world = another().start()
    first = world.send()
    world.stop(9)
    log = world.state / "pretend.jsonl"
    with log.open("a") as file:
        file.write('["text", {"sid": "SM')
    world.start()
    second = world.send()
    world.stop(9)
    world.start()
    assert {text["sid"] for text in world.log()["texts"]} == {first.sid, second.sid}


def test_a_broken_line_is_named_and_nothing_is_thrown_away(another: Callable[..., Pretend]) -> None:
    world = another().start()
    world.send()
    world.stop()
    log = world.state / "pretend.jsonl"
    words = "nonsense\n" + log.read_text()
    log.write_text(words)
    done = run(world.state)
    assert done.returncode == 1 and "line 1" in done.stderr and log.read_text() == words


def test_reset_forgets_on_disk_too(another: Callable[..., Pretend]) -> None:
    world = another().start()
    world.send()
    world.control("reset", {})
    world.stop(9)
    world.start()
    assert world.control("log")["texts"] == []


def test_a_second_program_over_the_same_folder_is_refused(another: Callable[..., Pretend]) -> None:
    world = another().start()
    done = run(world.state)
    assert done.returncode == 1 and "Another program" in done.stderr


def test_the_state_is_for_its_owner_alone(another: Callable[..., Pretend]) -> None:
    world = another().start()
    assert (world.state / "pretend.jsonl").stat().st_mode & 0o077 == 0


def test_it_stops_when_asked(another: Callable[..., Pretend]) -> None:
    world = another().start()
    world.behave(delay_ms=600_000)
    assert world.stop() == 0


def test_it_stops_cleanly_in_the_middle_of_its_callbacks_and_goes_on_later(
    another: Callable[..., Pretend], hook: Hook
) -> None:
    world = another().start()
    world.behave(step_ms=0, repeat=20)
    for _ in range(5):
        world.send(status_callback=f"{hook.url}/s")
    hook.wait(1)
    assert world.stop() == 0
    world.start()
    until(lambda: world.control("owed")["owed"] == 0)
    log = world.log()["texts"]
    assert [len(text["callbacks"]) for text in log] == [63] * 5 and len(hook.posts) >= 315


def test_everything_missing_is_named_at_once(tmp_path: Path) -> None:
    done = run(tmp_path, TWILIO_ACCOUNT_SID="AC1", TWILIO_AUTH_TOKEN="", SENDGRID_API_KEY="", PRETEND_INBOUND_URL="x")
    assert done.returncode == 1
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SENDGRID_API_KEY", "PRETEND_INBOUND_URL"):
        assert name in done.stderr


@pytest.mark.parametrize("arguments", [["--delay-ms", "-1"], ["--port", "99999"]])
def test_a_wrong_argument_is_refused_in_words(tmp_path: Path, arguments: list[str]) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 1 and "Traceback" not in done.stderr and done.stderr.startswith("pretend: ")


def test_the_delay_told_at_the_start_holds_for_every_number(another: Callable[..., Pretend]) -> None:
    world = another(arguments=("--delay-ms", "30")).start()
    assert world.control(f"numbers/{PHONE}")["behaviour"]["delay_ms"] == 30
    world.behave(outcome="failed")
    assert world.control(f"numbers/{PHONE}")["behaviour"]["delay_ms"] == 30
    world.behave(delay_ms=0)
    assert world.control(f"numbers/{PHONE}")["behaviour"]["delay_ms"] == 0


def run(state: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    told = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": "x", "SENDGRID_API_KEY": "x", **environ}
    command = [sys.executable, "-m", "pretend", "--state", str(state), *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | told, capture_output=True, text=True, timeout=30)
