"""``python -m pretend --port N --state DIR [--delay-ms N] [--quiet]``: runs the pretend world.

Port 0 takes a free one. When it listens it prints one JSON line with the port and the address.
Interrupt and terminate stop it; what it knows is on disk already.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
from pathlib import Path

from pretend import acquirer, carrier, mailbox, settings, web, world
from pretend.store import StateBroken, StateTaken


def main() -> int:
    """Exit 0 stopped, 1 cannot run and says why, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m pretend", description="A stand-in for the carriers.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps what was carried")
    parser.add_argument("--delay-ms", type=int, default=0, help="how long a carrier takes to answer")
    parser.add_argument("--quiet", action="store_true", help="no line for each request")
    asked = parser.parse_args()
    try:
        told = settings.read(os.environ, state=asked.state, delay_ms=asked.delay_ms, quiet=asked.quiet)
        asyncio.run(_run(told, asked.port))
    except settings.SettingsRefused as refused:
        return _cannot(refused.reasons)
    except StateTaken:
        return _cannot([f"Another program uses {asked.state}. Stop it, or choose another --state."])
    except StateBroken as broken:
        return _cannot([f"{broken} cannot be read. Move the file away to start with an empty world."])
    except (OSError, OverflowError) as error:
        return _cannot([f"{error}."])
    return 0


async def _run(told: settings.Settings, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    here = world.make(told)
    server, port = await web.listen(world.router(here), port, quiet=told.quiet)
    owing = carrier.resume(here) + acquirer.resume(here) + mailbox.resume(here)
    watch = asyncio.ensure_future(acquirer.keep_time(here))
    ready = {"pretend": told.name, "port": port, "url": f"http://127.0.0.1:{port}", "owing": owing}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    # Records are kept for good: looking through all of them for waste would only delay answers.
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    await stop.wait()
    server.close()
    watch.cancel()
    await here.postman.stop()
    await here.courier.stop()
    await here.mail_hooks.stop()


def _cannot(reasons: list[str]) -> int:
    sys.stderr.write("".join(f"pretend: {reason}\n" for reason in reasons))
    return 1


if __name__ == "__main__":
    sys.exit(main())
