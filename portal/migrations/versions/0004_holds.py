"""Holds: dated stops on debts with their terms, and disputes, which place one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from portal.migrations.sql import run_sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WORK = (
    "kind in ('proposal', 'message', 'uncertain', 'undelivered', 'stop', 'broken', 'stuck', 'refund', 'dispute',"
    " 'payment', 'document', 'statement', 'disputed', 'hold')"
)


def upgrade() -> None:
    op.create_table(
        "hold",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("stops", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("salt", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "basis in ('breathing_space', 'crisis', 'dispute', 'vulnerability', 'insolvency', 'deceased')",
            name=op.f("hold_basis"),
        ),
        sa.CheckConstraint(
            "cardinality(stops) > 0 and"
            " stops <@ array['reminders', 'messages', 'plans', 'judging', 'interest', 'money']",
            name=op.f("hold_stops"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("hold_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("hold_pkey")),
        sa.UniqueConstraint("person_id", "key", name=op.f("hold_person_id_key_key")),
    )
    op.create_table(
        "hold_account",
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("hold_account_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("hold_account_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("hold_account_hold_id_fkey")),
        sa.PrimaryKeyConstraint("hold_id", "account_id", name=op.f("hold_account_pkey")),
    )
    op.create_index("hold_account_account", "hold_account", ["account_id"], unique=False)
    op.create_table(
        "hold_term",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("last_on is not null or review_on is not null", name=op.f("hold_term_until")),
        sa.CheckConstraint(
            "why in ('placed', 'prolonged', 'reason_gone', 'mistake', 'answered', 'taken_back', 'over')",
            name=op.f("hold_term_why"),
        ),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("hold_term_stamp")),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("hold_term_hold_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["hold_term.id"], name=op.f("hold_term_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("hold_term_pkey")),
    )
    op.create_index(
        "hold_term_replaced_once", "hold_term", ["replaces"], unique=True,
        postgresql_where=sa.text("replaces is not null"),
    )  # fmt: skip
    op.create_index(
        "hold_term_live", "hold_term", ["hold_id"], unique=True, postgresql_where=sa.text("replaced_at is null")
    )
    op.create_index(
        "hold_term_open", "hold_term", ["last_on", "review_on"], unique=False,
        postgresql_where=sa.text("replaced_at is null and why in ('placed', 'prolonged')"),
    )  # fmt: skip
    op.create_table(
        "dispute",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("hold_id", sa.BigInteger(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("note_salt", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("words_salt", sa.Uuid(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ground in ('not_mine', 'paid', 'wrong_amount')", name=op.f("dispute_ground")),
        sa.CheckConstraint(
            "answer in ('stands', 'corrected', 'agreed', 'taken_back')", name=op.f("dispute_answer")
        ),
        sa.CheckConstraint(
            "(answer is null) = (answered_at is null) and (answer is null) = (answered_by is null)",
            name=op.f("dispute_answered"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("dispute_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("dispute_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("dispute_hold_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("dispute_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("dispute_pkey")),
        sa.UniqueConstraint("hold_id", name=op.f("dispute_hold_id_key")),
        sa.UniqueConstraint("person_id", "key", name=op.f("dispute_person_id_key_key")),
    )
    op.create_index(
        "dispute_open", "dispute", ["person_id", "account_id"], unique=True,
        postgresql_where=sa.text("answered_at is null"),
    )  # fmt: skip
    op.drop_constraint(op.f("work_item_kind"), "work_item")
    op.create_check_constraint("kind", "work_item", WORK)
    run_sql("0004_after")
