"""Mail: what people answer by mail, the link that ends it, and how people want to be reached."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from portal.migrations.sql import run_sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NEW = (
    "(new_kind is null) = (new_norm is null) and (new_kind is null) = (new_value is null)"
    " and (new_kind is null or contact_id is null)"
)


def upgrade() -> None:
    op.create_table(
        "preference",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("days_off", postgresql.ARRAY(sa.SmallInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("earliest", sa.Time(), nullable=True),
        sa.Column("latest", sa.Time(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("source in ('person', 'staff')", name=op.f("preference_source")),
        sa.CheckConstraint("channel in ('sms', 'email')", name=op.f("preference_channel")),
        sa.CheckConstraint("earliest < latest", name=op.f("preference_hours")),
        sa.CheckConstraint(
            "days_off <@ array[1,2,3,4,5,6,7]::smallint[] and cardinality(days_off) < 7",
            name=op.f("preference_days_off"),
        ),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("preference_stamp")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("preference_person_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["preference.id"], name=op.f("preference_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("preference_pkey")),
    )
    op.create_index(
        "preference_live", "preference", ["person_id"], unique=True, postgresql_where=sa.text("replaced_at is null")
    )
    op.create_index(
        "preference_replaced_once", "preference", ["replaces"], unique=True,
        postgresql_where=sa.text("replaces is not null"),
    )  # fmt: skip
    op.add_column("said", sa.Column("known", sa.Boolean(), nullable=True))
    op.add_column("said", sa.Column("cut", sa.Boolean(), nullable=True))
    op.add_column("said", sa.Column("attachments", sa.Integer(), nullable=True))
    op.add_column("message", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("code_request", sa.Column("new_kind", sa.Text(), nullable=True))
    op.add_column("code_request", sa.Column("new_value", sa.Text(), nullable=True))
    op.add_column("code_request", sa.Column("new_norm", sa.Text(), nullable=True))
    op.create_check_constraint("new", "code_request", NEW)
    op.drop_constraint(op.f("said_channel"), "said")
    op.create_check_constraint("channel", "said", "channel in ('sms', 'portal', 'email')")
    op.drop_constraint(op.f("permission_because"), "permission")
    op.create_check_constraint(
        "because", "permission", "because in ('word', 'carrier', 'staff', 'person', 'link')"
    )
    run_sql("0006_after")
