"""The interest of a plan: its rates and bases with version and plan, and each part as it was posted."""

import sqlalchemy as sa
from alembic import op

from portal.migrations.sql import run_sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposal", sa.Column("bears_from", sa.Date(), nullable=True))
    for table in ("proposal_account", "arrangement_account"):
        op.add_column(table, sa.Column("rate", sa.Numeric(precision=9, scale=6), nullable=True))
        op.add_column(table, sa.Column("base", sa.BigInteger(), nullable=True))
        op.create_check_constraint("rate", table, "(rate is null) = (base is null) and rate > 0 and base > 0")
    op.add_column("arrangement_account", sa.Column("bears_from", sa.Date(), nullable=True))
    op.add_column("arrangement_account", sa.Column("interest", sa.BigInteger(), nullable=True))
    op.add_column("arrangement_account", sa.Column("interest_next", sa.Date(), nullable=True))
    op.create_check_constraint(
        "interest", "arrangement_account",
        "(interest is null) = (rate is null) and (interest is null) = (bears_from is null)"
        " and (interest is not null or interest_next is null) and interest > 0",
    )  # fmt: skip
    op.create_index(
        "arrangement_account_interest", "arrangement_account", ["interest_next"], unique=False,
        postgresql_where=sa.text("interest_next is not null"),
    )  # fmt: skip
    op.create_table(
        "plan_interest",
        sa.Column("arrangement_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("charged", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("charged between 0 and expected", name=op.f("plan_interest_charged")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("plan_interest_account_id_fkey")),
        sa.ForeignKeyConstraint(["arrangement_id"], ["arrangement.id"], name=op.f("plan_interest_arrangement_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("plan_interest_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("arrangement_id", "account_id", "until", name=op.f("plan_interest_pkey")),
    )
    run_sql("0009_after")
