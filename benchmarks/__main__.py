"""Runs the benchmarks named, or all, and ends with one JSON object a line on standard output.

`{"measure": …, "ours": …, "limit": …, "ratio": …}`: what a measure says beside
these four (rows a second, positions apart) follows them.
"""

import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Mapping
from typing import Any

import benchmarks

Measure = Callable[[], Mapping[str, Any]]


def measures() -> dict[str, Measure]:
    """Every measure by name, of all modules beside this one."""
    found: dict[str, Measure] = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if not module.name.startswith("_"):
            found |= getattr(importlib.import_module(f"benchmarks.{module.name}"), "MEASURES", {})
    return dict(sorted(found.items()))


def main(names: list[str]) -> int:
    """Runs them one after another; 2 for a name that is none."""
    known = measures()
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.stderr.write(f"No such measure: {', '.join(unknown)}. There are: {', '.join(known)}\n")
        return 2
    lines = []
    for name in names or known:
        sys.stderr.write(f"Measuring {name} ...\n")
        lines.append(json.dumps({"measure": name, **known[name]()}))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
