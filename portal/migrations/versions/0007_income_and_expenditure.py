"""Income and expenditure: what comes in and goes out, as it was said; how proposals are judged by it, and the limits."""

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
    op.create_table(
        "assessment",
        sa.Column("proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("proposed", sa.BigInteger(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=True),
        sa.Column("reasons", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verdict in ('affordable', 'counter_offer', 'token_or_hold')", name=op.f("assessment_verdict")
        ),
        sa.CheckConstraint("num_nulls(statement_id, verdict, available) in (0, 3)", name=op.f("assessment_judged")),
        sa.CheckConstraint("not accepted or cardinality(reasons) = 0", name=op.f("assessment_accepted")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("assessment_person_id_fkey")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("assessment_proposal_id_fkey")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["statement_of_affairs.id"], name=op.f("assessment_statement_id_fkey")
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("assessment_pkey")),
    )
    op.create_table(
        "plan_limits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("debt_type", sa.Text(), nullable=True),
        sa.Column("least_instalment", sa.BigInteger(), nullable=True),
        sa.Column("most_months", sa.Integer(), nullable=True),
        sa.Column("start_within_days", sa.Integer(), nullable=True),
        sa.Column("least_debt", sa.BigInteger(), nullable=True),
        sa.Column("most_debt", sa.BigInteger(), nullable=True),
        sa.Column("old_days", sa.Integer(), nullable=True),
        sa.Column("most_old", sa.BigInteger(), nullable=True),
        sa.Column("years_since_plan", sa.Integer(), nullable=True),
        sa.Column("share_percent", sa.Integer(), nullable=True),
        sa.Column("statement_above", sa.BigInteger(), nullable=True),
        sa.Column("round_to", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(old_days is null) = (most_old is null)", name=op.f("plan_limits_old")),
        sa.CheckConstraint("share_percent between 1 and 100", name=op.f("plan_limits_share")),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("plan_limits_stamp")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("plan_limits_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["plan_limits.id"], name=op.f("plan_limits_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("plan_limits_pkey")),
    )
    op.create_index(
        "plan_limits_replaced_once", "plan_limits", ["replaces"], unique=True,
        postgresql_where=sa.text("replaces is not null"),
    )  # fmt: skip
    op.create_index(
        "plan_limits_live", "plan_limits", ["creditor_id", sa.text("coalesce(debt_type, '')")], unique=True,
        postgresql_where=sa.text("replaced_at is null"),
    )  # fmt: skip
    run_sql("0007_after")
