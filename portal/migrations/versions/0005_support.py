"""Support: what people need, and, apart from it, why."""

import sqlalchemy as sa
from alembic import op

from portal.migrations.sql import run_sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORK = (
    "kind in ('proposal', 'message', 'uncertain', 'undelivered', 'stop', 'broken', 'stuck', 'refund', 'dispute',"
    " 'payment', 'document', 'statement', 'disputed', 'hold', 'support')"
)


def upgrade() -> None:
    op.create_table(
        "support_need",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "need in ('large_print', 'no_calls', 'extra_time', 'someone_helps', 'interpreter')",
            name=op.f("support_need_need"),
        ),
        sa.CheckConstraint("source in ('person', 'staff')", name=op.f("support_need_source")),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("support_need_stamp")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("support_need_person_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["support_need.id"], name=op.f("support_need_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("support_need_pkey")),
    )
    op.create_index(
        "support_need_replaced_once", "support_need", ["replaces"], unique=True,
        postgresql_where=sa.text("replaces is not null"),
    )  # fmt: skip
    op.create_index(
        "support_need_live", "support_need", ["person_id", "need"], unique=True,
        postgresql_where=sa.text("replaced_at is null"),
    )  # fmt: skip
    op.create_index(
        "support_need_review", "support_need", ["review_on"], unique=False,
        postgresql_where=sa.text("replaced_at is null and not withdrawn"),
    )  # fmt: skip
    op.create_table(
        "support_reason",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("salt", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source in ('person', 'staff')", name=op.f("support_reason_source")),
        sa.CheckConstraint("(sealed is null) = (salt is null)", name=op.f("support_reason_erased")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("support_reason_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("support_reason_pkey")),
    )
    op.create_index("support_reason_person", "support_reason", ["person_id", "id"], unique=False)
    op.drop_constraint(op.f("work_item_kind"), "work_item")
    op.create_check_constraint("kind", "work_item", WORK)
    run_sql("0005_after")
