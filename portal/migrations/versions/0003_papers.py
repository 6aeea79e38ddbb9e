"""Papers: documents made once and kept, and the statements of a creditor's people asked for together."""

import sqlalchemy as sa
from alembic import op

from portal.migrations.sql import run_sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WORK = (
    "kind in ('proposal', 'message', 'uncertain', 'undelivered', 'stop', 'broken', 'stuck', 'refund', 'dispute',"
    " 'payment', 'document', 'statement')"
)


def upgrade() -> None:
    op.create_table(
        "document_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("large", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("document_batch_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("document_batch_pkey")),
    )
    op.create_index("document_batch_once", "document_batch", ["creditor_id", "first", "last", "large"], unique=True)
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("large", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'asked'"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paper", sa.Text(), nullable=True),
        sa.Column("paper_sha", sa.LargeBinary(), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pdf", sa.LargeBinary(), nullable=True),
        sa.Column("pdf_sha", sa.LargeBinary(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('statement', 'agreement', 'receipt', 'closing')", name=op.f("document_kind")),
        sa.CheckConstraint("subject ~ '^[a-z_]+:[0-9]+$'", name=op.f("document_subject")),
        sa.CheckConstraint(
            "(kind = 'statement') = (first is not null and last is not null)", name=op.f("document_period")
        ),
        sa.CheckConstraint("state in ('asked', 'issued', 'failed')", name=op.f("document_state")),
        sa.CheckConstraint("(state = 'issued') = (pdf_sha is not null)", name=op.f("document_issued")),
        sa.CheckConstraint("(state = 'issued') = (issued_at is not null)", name=op.f("document_issued_at")),
        sa.CheckConstraint("(state = 'failed') = (why is not null)", name=op.f("document_why")),
        sa.CheckConstraint("version > 0", name=op.f("document_version")),
        sa.ForeignKeyConstraint(["batch_id"], ["document_batch.id"], name=op.f("document_batch_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("document_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("document_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("document_pkey")),
    )
    op.create_index(
        "document_asked", "document", ["lease_until", "id"], unique=False, postgresql_where=sa.text("state = 'asked'")
    )
    op.create_index(
        "document_of_batch", "document", ["batch_id", "state"], unique=False,
        postgresql_where=sa.text("batch_id is not null"),
    )  # fmt: skip
    op.create_index(
        "document_once", "document",
        ["person_id", "kind", "subject", "first", "last", "large", "language", "version"],
        unique=True, postgresql_nulls_not_distinct=True,
    )  # fmt: skip
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("words_sha", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel in ('portal', 'telephone')", name=op.f("consent_channel")),
        sa.CheckConstraint("length(words_sha) = 32", name=op.f("consent_words_sha")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("consent_person_id_fkey")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("consent_proposal_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("consent_pkey")),
    )
    op.create_index("consent_proposal", "consent", ["proposal_id"], unique=True)
    op.drop_constraint(op.f("work_item_kind"), "work_item")
    op.create_check_constraint("kind", "work_item", WORK)
    run_sql("0003_after")
