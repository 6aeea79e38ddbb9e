"""Income and expenditure: what comes in and goes out, as it was said."""

import sqlalchemy as sa
from alembic import op

from portal.migrations.sql import run_sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statement_of_affairs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_by", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("salt", sa.Uuid(), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "num_nulls(version, finished_by, finished_at) in (0, 3)", name=op.f("statement_of_affairs_finished")
        ),
        sa.CheckConstraint("salt is null or finished_at is not null", name=op.f("statement_of_affairs_salt")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("statement_of_affairs_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("statement_of_affairs_pkey")),
    )
    draft = sa.text("finished_at is null and forgotten_at is null")
    op.create_index(
        "statement_of_affairs_draft", "statement_of_affairs", ["person_id"], unique=True, postgresql_where=draft
    )
    op.create_index(
        "statement_of_affairs_version", "statement_of_affairs", ["person_id", "version"], unique=True,
        postgresql_where=sa.text("version is not null"),
    )  # fmt: skip
    op.create_index(
        "statement_of_affairs_idle", "statement_of_affairs", ["saved_at"], unique=False, postgresql_where=draft
    )
    op.create_table(
        "affairs_answer",
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("typed", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("rhythm", sa.Text(), nullable=True),
        sa.Column("named", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "said in ('none', 'known', 'not_sure', 'rather_not', 'unread')", name=op.f("affairs_answer_said")
        ),
        sa.CheckConstraint(
            "rhythm in ('weekly', 'two_weekly', 'four_weekly', 'monthly', 'quarterly', 'yearly')",
            name=op.f("affairs_answer_rhythm"),
        ),
        sa.CheckConstraint(
            "amount >= 0 and (amount is null or (rhythm is not null and said = 'known'))",
            name=op.f("affairs_answer_amount"),
        ),
        sa.CheckConstraint(
            "length(typed) <= 200 and length(named) <= 200", name=op.f("affairs_answer_length")
        ),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement_of_affairs.id"], name=op.f("affairs_answer_statement_id_fkey")
        ),
        sa.PrimaryKeyConstraint("statement_id", "line", name=op.f("affairs_answer_pkey")),
    )
    run_sql("0007_after")
