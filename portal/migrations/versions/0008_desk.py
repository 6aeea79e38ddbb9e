"""The desk: notes, the contact diary, and postal addresses among the contacts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from portal.migrations.sql import run_sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WORK = (
    "kind in ('proposal', 'message', 'uncertain', 'undelivered', 'stop', 'broken', 'stuck', 'refund', 'dispute',"
    " 'payment', 'document', 'statement', 'disputed', 'hold', 'support', 'identity', 'unreachable', 'offer')"
)


def upgrade() -> None:
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("salt", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(words is null) = (salt is null)", name=op.f("note_erased")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("note_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("note_pkey")),
        sa.UniqueConstraint("person_id", "key", name=op.f("note_person_id_key_key")),
    )
    op.create_index("note_person", "note", ["person_id", "id"], unique=False)
    op.create_table(
        "diary_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_for", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("against", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("note_salt", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_salt", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel in ('call', 'visit', 'post', 'counter')", name=op.f("diary_entry_channel")),
        sa.CheckConstraint("direction in ('out', 'in')", name=op.f("diary_entry_direction")),
        sa.CheckConstraint(
            "outcome in ('call_back', 'disputed', 'left_message', 'no_answer', 'not_connected', 'not_them',"
            " 'promised', 'returned', 'sent', 'spoke', 'wrong_number', 'wrote')",
            name=op.f("diary_entry_outcome"),
        ),
        sa.CheckConstraint(
            "against <@ array['no_calls', 'on_hold', 'closed_day', 'outside_window', 'seven_calls_in_seven_days',"
            " 'conversation_within_7_days', 'unwanted_day', 'unwanted_hour']",
            name=op.f("diary_entry_against"),
        ),
        sa.CheckConstraint(
            "(note is null) = (note_salt is null) and (reason is null) = (reason_salt is null)",
            name=op.f("diary_entry_erased"),
        ),
        sa.CheckConstraint("made_at >= happened_at", name=op.f("diary_entry_moment")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("diary_entry_contact_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("diary_entry_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("diary_entry_pkey")),
        sa.UniqueConstraint("person_id", "key", name=op.f("diary_entry_person_id_key_key")),
    )
    op.create_index("diary_entry_person", "diary_entry", ["person_id", "happened_at"], unique=False)
    op.add_column("contact", sa.Column("origin", sa.Text(), nullable=True))
    op.drop_constraint(op.f("contact_kind"), "contact")
    op.create_check_constraint("kind", "contact", "kind in ('mobile', 'phone', 'email', 'address')")
    op.drop_constraint(op.f("work_item_kind"), "work_item")
    op.create_check_constraint("kind", "work_item", WORK)
    run_sql("0008_after")
