"""The browser for the journeys: found by launching it, not by looking for its name.

Ubuntu's `chromium-browser` may be a stub for a snap, so a file that is there proves nothing. Run as
a program this installs a browser where none launches; `make test` does that first.
"""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without libatomic1 Playwright's own driver dies on a bare Debian; without Noto, Arabic is boxes.
APT = ["apt-get", "install", "-y", "--no-install-recommends", "chromium", "libatomic1", "fonts-noto-core"]


def launch(playwright: Playwright) -> Browser:
    """A browser without a window: EVENLY_CHROMIUM, the system's, or Playwright's own.

    Raises `RuntimeError` with the remedy when none launches.
    """
    for path in (os.environ.get("EVENLY_CHROMIUM"), *map(shutil.which, NAMES), ""):
        if path is None:
            continue
        try:
            return playwright.chromium.launch(executable_path=path or None)
        except Error:
            continue
    raise RuntimeError(f"No Chromium launches here. Type: sudo {' '.join(APT)}   Or set EVENLY_CHROMIUM to one.")


def launches() -> bool:
    """Whether one launches; asked in a process of its own, as a broken driver may take it along."""
    asked = "from playwright.sync_api import sync_playwright as s\nfrom tests.journeys.chromium import launch\n"
    asked += "with s() as p: launch(p).close()"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, timeout=120, check=False)
    return done.returncode == 0


def install() -> bool:
    """Tries to make one launch: the system's packages, then Playwright's own download."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    if os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write(f"Installing: {' '.join(APT)}\n")
        subprocess.run(["apt-get", "-qq", "update"], **quiet)
        subprocess.run(APT, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, **quiet)
        if launches():
            return True
    sys.stderr.write("Fetching Playwright's own Chromium (3 minutes at most) ...\n")
    try:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], timeout=180, **quiet)
    except subprocess.TimeoutExpired:
        return False
    return launches()


if __name__ == "__main__":
    if not launches() and not install():
        with sync_playwright() as playwright:
            try:
                launch(playwright).close()
            except RuntimeError as refused:
                sys.exit(str(refused))
