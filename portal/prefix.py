"""The installation's own beginning of role names, so that several can share one cluster."""

import re


def in_prefix(sql: str, prefix: str) -> str:
    """The SQL with this installation's role names. Only role names begin with `evenly_` in our files."""
    return sql if prefix == "evenly" else re.sub(r"\bevenly_", f"{prefix}_", sql)
