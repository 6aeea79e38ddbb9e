"""Hands pip's settings to uv, and becomes uv.

uv reads neither pip.conf nor PIP_* variables. Where a mirror, a proxy or a certificate is set for
pip, uv would go past it. So `python portal/uv.py pip install …` asks pip what is set, says the same
in uv's own variables and gives way to uv. What is already set for uv wins. Standard library only:
it runs before anything is installed. Nothing of it is written down anywhere.
"""

import ast
import os
import pathlib
import subprocess
import sys

RANK = {"global": 0, "install": 1, ":env:": 2}
"""Where a setting of pip stands; the higher number wins."""

NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
"""pip's name of a setting and uv's variable for it."""


def settings_of_pip() -> dict[str, str]:
    """The settings that `pip install` would use here, by pip's own names."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout.splitlines()
    rows = []
    for line in said:
        key, _, value = line.partition("=")
        place, _, name = key.rpartition(".")
        if place in RANK and name in NAMES:
            rows.append((RANK[place], name, value))
    return {name: str(ast.literal_eval(value)) for _, name, value in sorted(rows)}


def is_there(address: str) -> bool:
    """False for a folder that is set and does not exist: pip passes over it, uv would stop."""
    path = pathlib.Path(address.removeprefix("file://"))
    return not path.is_absolute() or path.exists()


def environment() -> dict[str, str]:
    """The environment for uv: ours, and pip's settings where uv has none of its own."""
    pip = settings_of_pip()
    if "UV_INDEX_URL" in os.environ:
        pip.pop("index-url", None)
    said = {}
    for name, value in pip.items():
        words = value.split()
        if name in ("extra-index-url", "find-links"):
            words = [word for word in words if is_there(word)]
        if words:
            said[NAMES[name]] = ("," if name == "find-links" else " ").join(words)
    # Best match over all indexes, as pip does; the hashes make that safe.
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_LINK_MODE": "copy"} | said | os.environ


if __name__ == "__main__":
    uv = pathlib.Path(sys.executable).with_name("uv")
    os.execve(uv, [str(uv), *sys.argv[1:], "--python", sys.executable], environment())
