"""What is told once for many tests: the first one tells it, and every other finds its rows put back as they stood.

Sequences only go on, so what a test adds has numbers of its own.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, text

T = TypeVar("T")

_TABLES = """select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
and relname <> 'alembic_version' order by relname"""


class Retold:
    """Keeps rows beside the tables, in temporary ones of its connection, and puts them back without triggers."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._known: dict[str, tuple[Any, str]] = {}

    def once(self, name: str, tell: Callable[[], T]) -> T:
        """What `tell` gives, told into an empty database the first time and put back into it from then on."""
        known = self._known.get(name)
        if known is not None:
            with self.connection.begin():
                self.connection.execute(text(known[1]))
            return known[0]  # type: ignore[no-any-return]
        given = tell()
        with self.connection.begin():
            known_tables = self.connection.scalars(text(_TABLES)).all()
            tables = [each for each in known_tables if self.connection.scalar(text(f'select true from "{each}" limit 1'))]
            for table in tables:
                self.connection.execute(text(f'create temp table "{name}_{table}" as table public."{table}"'))
        back = "".join(
            f'insert into public."{table}" overriding system value table pg_temp."{name}_{table}"; ' for table in tables
        )
        self._known[name] = (
            given, f"do $$ begin perform set_config('session_replication_role', 'replica', true); {back} end $$",
        )  # fmt: skip
        return given
