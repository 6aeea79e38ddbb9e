"""Runs the checks named, or all, and ends with one JSON object a line on standard output; 1 when one is wrong."""

import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import chaos

Check = Callable[[], Iterable[Mapping[str, Any]]]


def checks() -> dict[str, Check]:
    """Every check by name, of all modules beside this one."""
    found: dict[str, Check] = {}
    for module in pkgutil.iter_modules(chaos.__path__):
        if not module.name.startswith("_"):
            found |= getattr(importlib.import_module(f"chaos.{module.name}"), "CHECKS", {})
    return dict(sorted(found.items()))


def main(names: list[str]) -> int:
    """Runs them one after another; 2 for a name that is none."""
    known = checks()
    if unknown := [name for name in names if name not in known]:
        sys.stderr.write(f"No such check: {', '.join(unknown)}. There are: {', '.join(known)}\n")
        return 2
    lines: list[Mapping[str, Any]] = []
    for name in names or known:
        sys.stderr.write(f"Trying {name} ...\n")
        lines += known[name]()
    sys.stdout.write("".join(json.dumps(line) + "\n" for line in lines))
    return 1 if any(line["wrong"] for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
