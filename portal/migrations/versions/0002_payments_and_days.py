"""Payments and the day: attempts to pay and what a processor reports; closed days, and how plans were judged."""

import sqlalchemy as sa
from alembic import op

from portal.migrations.sql import run_sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WORK = "kind in ('proposal', 'message', 'uncertain', 'undelivered', 'stop', 'broken', 'stuck', 'refund', 'dispute', 'payment')"


def upgrade() -> None:
    op.create_table(
        "day_run",
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tx", sa.BigInteger(), server_default=sa.FetchedValue(), nullable=False),
        sa.Column("after", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("looked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("day_run_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("creditor_id", "day", name=op.f("day_run_pkey")),
    )
    op.create_index(
        "day_run_open", "day_run", ["day", "creditor_id"], unique=False, postgresql_where=sa.text("finished_at is null")
    )
    op.create_table(
        "pace",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pace_pkey")),
    )
    op.create_table(
        "payment_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("arrangement_id", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'started'"), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_real", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_real", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_real", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("declined", sa.Text(), nullable=True),
        sa.Column("declined_real", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("value_date", sa.Date(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("words_salt", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state = 'taken_back') = (taken_back_at is not null)", name=op.f("payment_attempt_taken_back")
        ),
        sa.CheckConstraint(
            "(state in ('paid', 'taken_back')) = (booked_at is not null)", name=op.f("payment_attempt_booked")
        ),
        sa.CheckConstraint("method in ('card', 'cash', 'cheque', 'transfer')", name=op.f("payment_attempt_method")),
        sa.CheckConstraint("purpose in ('plan', 'overdue', 'all', 'other')", name=op.f("payment_attempt_purpose")),
        sa.CheckConstraint(
            "state in ('started', 'open', 'coming', 'paid', 'cancelled', 'expired', 'failed', 'taken_back')",
            name=op.f("payment_attempt_state"),
        ),
        sa.CheckConstraint(
            "state not in ('coming', 'paid', 'taken_back') or paid_at is not null", name=op.f("payment_attempt_paid")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("payment_attempt_amount")),
        sa.ForeignKeyConstraint(
            ["arrangement_id"], ["arrangement.id"], name=op.f("payment_attempt_arrangement_id_fkey")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("payment_attempt_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_attempt_pkey")),
        sa.UniqueConstraint("person_id", "key", name=op.f("payment_attempt_person_id_key_key")),
        sa.UniqueConstraint("provider", "session_id", name=op.f("payment_attempt_provider_session_id_key")),
    )
    op.create_index("payment_attempt_intent", "payment_attempt", ["provider", "intent"], unique=False)
    op.create_index(
        "payment_attempt_look",
        "payment_attempt",
        ["look_real"],
        unique=False,
        postgresql_where=sa.text("look_real is not null"),
    )
    op.create_index(
        "payment_attempt_one",
        "payment_attempt",
        ["person_id", "currency"],
        unique=True,
        postgresql_where=sa.text("state in ('started', 'open')"),
    )
    op.create_table(
        "payment_named",
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("arrangement_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["arrangement_id"], ["arrangement.id"], name=op.f("payment_named_arrangement_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("payment_named_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("payment_named_payment_id_fkey")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("payment_named_pkey")),
    )
    op.create_table(
        "stuck",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("arrangement_id", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("num_nonnulls(account_id, arrangement_id) = 1", name=op.f("stuck_one")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("stuck_account_id_fkey")),
        sa.ForeignKeyConstraint(["arrangement_id"], ["arrangement.id"], name=op.f("stuck_arrangement_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("stuck_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("stuck_pkey")),
    )
    op.create_index(
        "stuck_account", "stuck", ["account_id"], unique=True, postgresql_where=sa.text("cleared_at is null")
    )
    op.create_index(
        "stuck_plan", "stuck", ["arrangement_id"], unique=True, postgresql_where=sa.text("cleared_at is null")
    )
    op.create_table(
        "payment_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("attempt_id", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_real", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_real", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["payment_attempt.id"], name=op.f("payment_event_attempt_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_event_pkey")),
        sa.UniqueConstraint("provider", "key", name=op.f("payment_event_provider_key_key")),
    )
    op.create_index(
        "payment_event_waiting",
        "payment_event",
        ["look_real", "id"],
        unique=False,
        postgresql_where=sa.text("applied_at is null"),
    )
    op.create_table(
        "payment_share",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("payment_share_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("payment_share_account_id_fkey")),
        sa.ForeignKeyConstraint(["attempt_id"], ["payment_attempt.id"], name=op.f("payment_share_attempt_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("payment_share_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("attempt_id", "account_id", name=op.f("payment_share_pkey")),
    )
    op.create_index("payment_share_account", "payment_share", ["account_id"], unique=False)
    op.add_column("arrangement", sa.Column("judged_on", sa.Date(), nullable=True))
    op.add_column("arrangement", sa.Column("counted_on", sa.Date(), nullable=True))
    op.add_column("arrangement", sa.Column("missed", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("arrangement", sa.Column("next_change", sa.Date(), nullable=True))
    op.create_index(
        "entry_due", "entry", ["account_id", "due_on"], unique=False, postgresql_where=sa.text("due_on is not null")
    )
    op.create_index("arrangement_next_change", "arrangement", ["next_change"], unique=False)
    op.create_check_constraint("missed", "arrangement", "missed >= 0")
    op.drop_constraint(op.f("work_item_kind"), "work_item")
    op.create_check_constraint("kind", "work_item", WORK)
    run_sql("0002_after")
