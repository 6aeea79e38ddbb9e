"""Who works here: collectors, supervisors, ops, admins, and creditors' users.

A user signs in with a password (kept as argon2) and a time-based code whose
secret is kept encrypted by the installation's keys. Signing in stands in
`portal/sign_in.py`; this room holds only who they are.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Index, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cases.db import Base, Id, Moment, refers
from cases.history import Actor, Kind, record
from cases.refusal import refusal_code

UserExists = refusal_code("user.exists", "mail")
UserRole = refusal_code("user.role", "role", "roles")

USER_ROLES: Final = ("collector", "supervisor", "ops", "creditor", "admin")


class User(Base):
    """One user. `mail` in lower case; `totp_step` is the last time step used, so that a code counts once."""

    __tablename__ = "staff"

    id: Mapped[Id]
    mail: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    creditor_id: Mapped[int | None] = refers("creditor.id", nullable=True)
    password: Mapped[str] = mapped_column(Text)
    totp: Mapped[str] = mapped_column(Text)
    totp_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    disabled_at: Mapped[Moment | None]
    sample: Mapped[bool] = mapped_column(server_default="false")
    recorded_at: Mapped[Moment]

    __table_args__ = (
        CheckConstraint("role in ('collector', 'supervisor', 'ops', 'creditor', 'admin')", "role"),
        CheckConstraint("(role = 'creditor') = (creditor_id is not null)", "creditor"),
        Index("staff_mail", func.lower(mail), unique=True),
    )


def add_user(
    session: Session,
    *,
    mail: str,
    name: str,
    role: str,
    password: str,
    totp: str,
    by: Actor,
    at: datetime,
    creditor: int | None = None,
    sample: bool = False,
) -> User:
    """Adds a user; `password` is an argon2 hash, `totp` the encrypted secret. Raises UserExists, UserRole."""
    if role not in USER_ROLES:
        raise UserRole(role=role, roles=USER_ROLES)
    if user_with_mail(session, mail) is not None:
        raise UserExists(mail=mail)
    user = User(
        mail=mail.strip().lower(),
        name=name,
        role=role,
        creditor_id=creditor,
        password=password,
        totp=totp,
        sample=sample,
        recorded_at=at,
    )
    session.add(user)
    session.flush()
    record(
        session, Kind.USER_CREATED, by=by, at=at, creditor=creditor, subject=f"staff:{user.id}", facts={"role": role}
    )
    return user


def user_with_mail(session: Session, mail: str) -> User | None:
    """The user with this address, whatever its case."""
    return session.scalar(select(User).where(func.lower(User.mail) == mail.strip().lower()))


def names_of(session: Session, users: Sequence[int]) -> dict[int, str]:
    """Names of users by id, for the history."""
    return {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(users)))}
