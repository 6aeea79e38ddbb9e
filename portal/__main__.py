"""`python -m portal`: the demo, by the shortest way to its first page.

What `evenly demo` becomes. It imports little, for whoever starts it waits: the sample book, which needs
most of the house, is loaded by a process of its own.
"""

import os
import signal
import subprocess
import sys

import click

from portal import up
from portal.place import NotStarted, dies_with_us
from portal.settings import ROOT, Settings, SettingsRefused


def main() -> int:
    """Runs the demo until Ctrl-C. 0: stopped as asked, 1: refused or broken."""
    try:
        settings = Settings.read(os.environ | {"EVENLY_ENV": "demo"})
    except SettingsRefused as refused:
        for name, remedy in refused.problems:
            click.echo(f"{name} {remedy}", err=True)
        return 1
    return up.run(settings, demo=True, load_book=load_book)


def load_book(settings: Settings) -> None:
    """Loads the sample book into the running servers. NotStarted when that did not end well."""
    ended = subprocess.run(
        [sys.executable, "-m", "portal.demo.story"], cwd=ROOT, env=dict(os.environ) | settings.environ(), check=False,
        preexec_fn=dies_with_us(signal.SIGTERM),
    )  # fmt: skip
    if ended.returncode:
        raise NotStarted("The sample book was not loaded. The next start begins it anew.")


if __name__ == "__main__":
    sys.exit(main())
