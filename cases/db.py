"""The database: sessions, who asks, and the only place that commits.

Every door's transaction says once, and first, who asks. The login itself may
read nothing: it only switches, for one transaction, to the role of the asker
(debtor, staff, creditor, act), and row-level security does the rest. A door
that forgets gets "permission denied", not a foreign row.

Words:
- *asking*: a transaction that reads as the asker; `act_now` widens it, after
  the look-up and in the same transaction, to the acting role. Never back: the
  identity map would answer from what the wider role has seen.
- *acting*: a transaction of a named job, acting from its first statement.
- *unasked*: the login alone. It may call `sign_in_find` and nothing else.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Final

from sqlalchemy import (
    CHAR,
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    MetaData,
    create_engine,
    text,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker
from sqlalchemy.pool import NullPool

ROLES: Final = ("debtor", "creditor", "partner", "staff", "act")

_PASSING: Final = ("08", "40", "53", "55", "57", "25006")
"""What the database may well do the next time, by SQLSTATE: no connection, a deadlock or a lost race, no room,
a lock that is held, an operator who intervened, a stand-in that only reads for now."""

Id = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
Minor = Annotated[int, mapped_column(BigInteger)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Currency = Annotated[str, mapped_column(CHAR(3))]
Sha256 = Annotated[bytes, mapped_column(LargeBinary)]


def refers(target: str, *, nullable: bool = False, primary_key: bool = False) -> Any:
    """A bigint column that refers to `target` (table.column)."""
    return mapped_column(BigInteger, ForeignKey(target), nullable=nullable, primary_key=primary_key)


class Base(DeclarativeBase):
    """Rows of every floor; constraint names are stable, so that migrations match."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )


class Database:
    """One process's way to the database: an engine and its transactions.

    `prefix` is the installation's own beginning of role names; `pooled` says
    that a transaction pooler stands between, where prepared statements fail.
    """

    def __init__(self, url: str, *, prefix: str = "evenly", pooled: bool = False, size: int = 5) -> None:
        connect: dict[str, Any] = {"prepare_threshold": None} if pooled else {}
        kind: dict[str, Any] = (
            {"poolclass": NullPool} if pooled else {"pool_size": size, "max_overflow": size, "pool_pre_ping": True}
        )
        self.prefix = prefix
        # hide_parameters: an error must not carry names or numbers into a log
        self.engine: Engine = create_engine(url, connect_args=connect, hide_parameters=True, **kind)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def asking(self, role: str, *, people: Sequence[int] = (), creditor: int | None = None) -> Iterator[Session]:
        """A transaction in which `role` asks.

        `people`: the ids of the person who asks, all joined ones; `creditor`:
        the creditor's id. Commits at the end, rolls back on any exception.
        """
        if role not in ROLES:
            raise ValueError(f"unknown role: {role}")
        with self._sessions() as session, transaction(session):
            session.info["prefix"] = self.prefix
            session.execute(
                text(
                    "select set_config('role', :role, true), set_config('evenly.people', :people, true),"
                    " set_config('evenly.creditor', :creditor, true)"
                ),
                {
                    "role": f"{self.prefix}_{role}",
                    "people": "{" + ",".join(str(int(p)) for p in people) + "}",
                    "creditor": str(creditor or ""),
                },
            )
            yield session

    def acting(self) -> Any:
        """A transaction of a job or of the sign-in: acting from its first statement."""
        return self.asking("act")

    @contextmanager
    def unasked(self) -> Iterator[Session]:
        """A transaction of the bare login, which may only find who wants to sign in."""
        with self._sessions() as session, transaction(session):
            yield session

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()


@contextmanager
def transaction(session: Session) -> Iterator[Session]:
    """Commits when the block ends well, rolls back when it does not; forgets what was read."""
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.expunge_all()


def act_now(session: Session) -> None:
    """Widens an asker's transaction to the acting role, after the look-up."""
    session.flush()
    session.execute(
        text("select set_config('role', :role, true)"), {"role": f"{session.info.get('prefix', 'evenly')}_act"}
    )


def passing(error: Exception) -> bool:
    """Whether what failed may well be done the next time, because the database was at fault."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state.startswith(_PASSING) if state else isinstance(error, OperationalError | InterfaceError)
