"""The ground: people, debts, ledger, history and seals; plans, work, messages, visits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from portal.migrations.sql import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql("0001_before")
    op.create_table(
        "carrier_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('status', 'inbound')", name=op.f("carrier_event_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("carrier_event_pkey")),
        sa.UniqueConstraint("provider", "key", name=op.f("carrier_event_provider_key_key")),
    )
    op.create_index(
        "carrier_event_waiting",
        "carrier_event",
        ["kind", "id"],
        unique=False,
        postgresql_where=sa.text("applied_at is null"),
    )
    op.create_table(
        "creditor",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.CHAR(length=2), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("fees", sa.Text(), server_default=sa.text("'first'"), nullable=False),
        sa.Column("reminds_contractual", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("fees in ('first', 'last', 'apart')", name=op.f("creditor_fees")),
        sa.PrimaryKeyConstraint("id", name=op.f("creditor_pkey")),
        sa.UniqueConstraint("ref", name=op.f("creditor_ref_key")),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tx", sa.BigInteger(), server_default=sa.FetchedValue(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSON(astext_type=sa.Text()), server_default=sa.FetchedValue(), nullable=True),
        sa.Column("salt", sa.Uuid(), server_default=sa.FetchedValue(), nullable=True),
        sa.Column("facts_sha", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("actor ~ '^[a-z_]+(:[0-9]+)?$'", name=op.f("history_actor")),
        sa.CheckConstraint("json_typeof(facts) = 'object'", name=op.f("history_facts")),
        sa.CheckConstraint("tx > 0", name=op.f("history_tx")),
        sa.CheckConstraint("kind ~ '^[a-z_]+(\\.[a-z_]+)*$'", name=op.f("history_kind")),
        sa.CheckConstraint("subject ~ '^[a-z_]+:[0-9]+$'", name=op.f("history_subject")),
        sa.CheckConstraint(
            "(facts is null) = (salt is null) and (facts is null) = (facts_sha is not null)",
            name=op.f("history_redacted"),
        ),
        sa.CheckConstraint("length(facts_sha) = 32", name=op.f("history_facts_sha")),
        sa.PrimaryKeyConstraint("id", name=op.f("history_pkey")),
    )
    op.create_index("history_account", "history", ["account_id", "id"], unique=False)
    op.create_index("history_person", "history", ["person_id", "id"], unique=False)
    op.create_index("history_tx", "history", ["tx", "id"], unique=False)
    op.create_table(
        "knock",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("whom_sha", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("knock_pkey")),
    )
    op.create_index("knock_whom", "knock", ["what", "whom_sha", "at"], unique=False)
    op.create_table(
        "notice_cursor",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tx", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("notice_cursor_pkey")),
    )
    op.create_table(
        "permission",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("because in ('word', 'carrier', 'staff', 'person')", name=op.f("permission_because")),
        sa.CheckConstraint("channel in ('sms', 'email')", name=op.f("permission_channel")),
        sa.PrimaryKeyConstraint("id", name=op.f("permission_pkey")),
    )
    op.create_index("permission_address", "permission", ["channel", "address", "id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("case_ref", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_norm", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("case_ref ~ '^EV[2-9BCDFGHJ-NP-TV-Z]{8}$'", name=op.f("person_case_ref")),
        sa.PrimaryKeyConstraint("id", name=op.f("person_pkey")),
        sa.UniqueConstraint("case_ref", name=op.f("person_case_ref_key")),
    )
    op.create_index(
        "person_name_norm", "person", ["name_norm"], unique=False, postgresql_ops={"name_norm": "text_pattern_ops"}
    )
    op.create_table(
        "seal",
        sa.Column("no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_tx", sa.BigInteger(), nullable=False),
        sa.Column("to_tx", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.Column("prev", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.FetchedValue(), nullable=False),
        sa.CheckConstraint("from_tx < to_tx and length(leaves) = 32 * rows", name=op.f("seal_shape")),
        sa.CheckConstraint("length(hash) = 32", name=op.f("seal_hash")),
        sa.CheckConstraint("no > 0", name=op.f("seal_no")),
        sa.CheckConstraint("rows > 0", name=op.f("seal_rows")),
        sa.PrimaryKeyConstraint("no", name=op.f("seal_pkey")),
        sa.UniqueConstraint("to_tx", name=op.f("seal_to_tx_key")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("ref_norm", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("account_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("account_pkey")),
        sa.UniqueConstraint("creditor_id", "system", "ref", name=op.f("account_creditor_id_system_ref_key")),
        sa.UniqueConstraint("id", "creditor_id", "currency", name=op.f("account_id_creditor_id_currency_key")),
    )
    op.create_index("account_ref_norm", "account", ["ref_norm"], unique=False)
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("batch_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("batch_pkey")),
    )
    op.create_table(
        "extra_fact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("file in ('liable', 'instalments', 'entries')", name=op.f("extra_fact_file")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("extra_fact_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("extra_fact_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("extra_fact_pkey")),
    )
    op.create_index("extra_fact_account", "extra_fact", ["account_id", "file", "ref", "id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_norm", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(source = 'creditor') = (creditor_id is not null)", name=op.f("contact_creditor")),
        sa.CheckConstraint("kind in ('mobile', 'phone', 'email')", name=op.f("contact_kind")),
        sa.CheckConstraint("source in ('creditor', 'person', 'staff')", name=op.f("contact_source")),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("contact_stamp")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("contact_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("contact_person_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["contact.id"], name=op.f("contact_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("contact_pkey")),
    )
    op.create_index(
        "contact_person", "contact", ["person_id"], unique=False, postgresql_where=sa.text("replaced_at is null")
    )
    op.create_index(
        "contact_replaced_once", "contact", ["replaces"], unique=True, postgresql_where=sa.text("replaces is not null")
    )
    op.create_index(
        "contact_value", "contact", ["value_norm"], unique=False, postgresql_where=sa.text("replaced_at is null")
    )
    op.create_table(
        "joined",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("into_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("parted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("person_id > into_id", name=op.f("joined_younger")),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("joined_stamp")),
        sa.ForeignKeyConstraint(["into_id"], ["person.id"], name=op.f("joined_into_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("joined_person_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["joined.id"], name=op.f("joined_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("joined_pkey")),
    )
    op.create_index(
        "joined_into",
        "joined",
        ["into_id"],
        unique=False,
        postgresql_where=sa.text("replaced_at is null and not parted"),
    )
    op.create_index(
        "joined_once",
        "joined",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("replaced_at is null and not parted"),
    )
    op.create_index(
        "joined_replaced_once", "joined", ["replaces"], unique=True, postgresql_where=sa.text("replaces is not null")
    )
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("value_date", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tx", sa.BigInteger(), server_default=sa.FetchedValue(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("returns", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(returns is null) = (amount > 0)", name=op.f("payment_returns")),
        sa.CheckConstraint("amount <> 0", name=op.f("payment_amount")),
        sa.CheckConstraint("tx > 0", name=op.f("payment_tx")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("payment_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["returns"], ["payment.id"], name=op.f("payment_returns_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("payment_pkey")),
        sa.UniqueConstraint("creditor_id", "key", name=op.f("payment_creditor_id_key_key")),
        sa.UniqueConstraint("returns", name=op.f("payment_returns_key")),
    )
    op.create_index("payment_tx", "payment", ["tx", "id"], unique=False)
    op.create_table(
        "proposal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("root_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'submitted'"), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("upfront", sa.BigInteger(), nullable=False),
        sa.Column("upfront_on", sa.Date(), nullable=True),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("month_day", sa.Integer(), nullable=True),
        sa.Column("calendar", sa.Text(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("note_salt", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answer_salt", sa.Uuid(), nullable=True),
        sa.CheckConstraint("reason in ('too_little','too_long','too_late','other_way','other')", name=op.f("proposal_reason")),
        sa.CheckConstraint("(reason is null and answer is null) or state = 'declined'", name=op.f("proposal_declined")),
        sa.CheckConstraint("(state = 'submitted') = (decided_at is null)", name=op.f("proposal_decided")),
        sa.CheckConstraint("kind in ('plan', 'promise')", name=op.f("proposal_kind")),
        sa.CheckConstraint("rhythm in ('weekly','two_weekly','four_weekly','monthly')", name=op.f("proposal_rhythm")),
        sa.CheckConstraint("side in ('person', 'staff')", name=op.f("proposal_side")),
        sa.CheckConstraint(
            "state in ('submitted','countered','agreed','declined','withdrawn','expired','superseded')",
            name=op.f("proposal_state"),
        ),
        sa.CheckConstraint(
            "amount > 0 and upfront >= 0 and (upfront > 0) = (upfront_on is not null)", name=op.f("proposal_amount")
        ),
        sa.CheckConstraint("month_day between 1 and 31", name=op.f("proposal_month_day")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("proposal_person_id_fkey")),
        sa.ForeignKeyConstraint(["root_id"], ["proposal.id"], name=op.f("proposal_root_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("proposal_pkey")),
        sa.UniqueConstraint("person_id", "key", name=op.f("proposal_person_id_key_key")),
    )
    op.create_index(
        "proposal_open", "proposal", ["person_id"], unique=False, postgresql_where=sa.text("state = 'submitted'")
    )
    op.create_index("proposal_root", "proposal", ["root_id", "version"], unique=False)
    op.create_table(
        "record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_norm", sa.Text(), nullable=False),
        sa.Column("born", sa.Date(), nullable=True),
        sa.Column("national_id", sa.Text(), nullable=True),
        sa.Column("national_id_norm", sa.Text(), nullable=True),
        sa.Column("line1", sa.Text(), nullable=True),
        sa.Column("line2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("postcode_norm", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("phone_norm", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_norm", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("extra", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("record_stamp")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("record_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("record_person_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["record.id"], name=op.f("record_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("record_pkey")),
    )
    op.create_index(
        "record_live",
        "record",
        ["creditor_id", "system", "ref"],
        unique=True,
        postgresql_where=sa.text("replaced_at is null"),
    )
    op.create_index(
        "record_name",
        "record",
        ["name_norm", "born", "postcode_norm"],
        unique=False,
        postgresql_where=sa.text("replaced_at is null"),
    )
    op.create_index(
        "record_national_id",
        "record",
        ["national_id_norm", "born"],
        unique=False,
        postgresql_where=sa.text("replaced_at is null"),
    )
    op.create_index(
        "record_person", "record", ["person_id"], unique=False, postgresql_where=sa.text("replaced_at is null")
    )
    op.create_index(
        "record_replaced_once", "record", ["replaces"], unique=True, postgresql_where=sa.text("replaces is not null")
    )
    op.create_table(
        "said",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("salt", sa.Uuid(), nullable=True),
        sa.Column("reading", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.CheckConstraint("channel in ('sms', 'portal')", name=op.f("said_channel")),
        sa.CheckConstraint("reading in ('revoke', 'review', 'start', 'help', 'none')", name=op.f("said_reading")),
        sa.CheckConstraint("side in ('person', 'staff')", name=op.f("said_side")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("said_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("said_pkey")),
        sa.UniqueConstraint("person_id", "key", name=op.f("said_person_id_key_key")),
        sa.UniqueConstraint("provider_id", "person_id", name=op.f("said_provider_id_person_id_key")),
    )
    op.create_index("said_person", "said", ["person_id", "id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("mail", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=True),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("totp", sa.Text(), nullable=False),
        sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sample", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(role = 'creditor') = (creditor_id is not null)", name=op.f("staff_creditor")),
        sa.CheckConstraint("role in ('collector', 'supervisor', 'ops', 'creditor', 'admin')", name=op.f("staff_role")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("staff_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("staff_pkey")),
    )
    op.create_index("staff_mail", "staff", [sa.literal_column("lower(mail)")], unique=True)
    op.create_table(
        "work_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=True),
        sa.Column("not_before", sa.Date(), nullable=True),
        sa.Column("taken_by", sa.BigInteger(), nullable=True),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_to", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind in ('proposal', 'message', 'uncertain', 'undelivered', 'stop')", name=op.f("work_item_kind")
        ),
        sa.CheckConstraint("subject ~ '^[a-z_]+:[0-9]+$'", name=op.f("work_item_subject")),
        sa.CheckConstraint("(done_at is null) = (done_by is null)", name=op.f("work_item_done")),
        sa.CheckConstraint("urgency between 0 and 2", name=op.f("work_item_urgency")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("work_item_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("work_item_pkey")),
    )
    op.create_index(
        "work_item_open",
        "work_item",
        ["urgency", "opened_at", "id"],
        unique=False,
        postgresql_where=sa.text("done_at is null"),
    )
    op.create_index(
        "work_item_person", "work_item", ["person_id"], unique=False, postgresql_where=sa.text("done_at is null")
    )
    op.create_index(
        "work_item_subject", "work_item", ["subject"], unique=True, postgresql_where=sa.text("done_at is null")
    )
    op.create_table(
        "account_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("debt_type", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("original_amount", sa.BigInteger(), nullable=True),
        sa.Column("interest_rate", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("interest_from", sa.Date(), nullable=True),
        sa.Column("agreed_fees", sa.Text(), nullable=True),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("extra", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("account_terms_stamp")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("account_terms_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("account_terms_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["account_terms.id"], name=op.f("account_terms_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("account_terms_pkey")),
    )
    op.create_index(
        "account_terms_live",
        "account_terms",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("replaced_at is null"),
    )
    op.create_index(
        "account_terms_replaced_once",
        "account_terms",
        ["replaces"],
        unique=True,
        postgresql_where=sa.text("replaces is not null"),
    )
    op.create_table(
        "announced",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_on", sa.Date(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ending", sa.Text(), nullable=True),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(ending = 'booked') = (payment_id is not null)", name=op.f("announced_booked")),
        sa.CheckConstraint("channel in ('card', 'bank')", name=op.f("announced_channel")),
        sa.CheckConstraint("ending in ('booked', 'failed', 'cancelled')", name=op.f("announced_ending")),
        sa.CheckConstraint("(ending is null) = (ended_on is null)", name=op.f("announced_ended")),
        sa.CheckConstraint("amount > 0", name=op.f("announced_amount")),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("announced_stamp")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("announced_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("announced_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("announced_payment_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["announced.id"], name=op.f("announced_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("announced_pkey")),
    )
    op.create_index(
        "announced_account", "announced", ["account_id"], unique=False, postgresql_where=sa.text("replaced_at is null")
    )
    op.create_index(
        "announced_key",
        "announced",
        ["creditor_id", "key"],
        unique=True,
        postgresql_where=sa.text("replaced_at is null"),
    )
    op.create_index(
        "announced_replaced_once",
        "announced",
        ["replaces"],
        unique=True,
        postgresql_where=sa.text("replaces is not null"),
    )
    op.create_table(
        "arrangement",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=True),
        sa.Column("tolerance_days", sa.Integer(), server_default=sa.text("5"), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'live'"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tx", sa.BigInteger(), server_default=sa.FetchedValue(), nullable=False),
        sa.CheckConstraint("(state in ('live', 'broken')) = (ended_at is null)", name=op.f("arrangement_ended")),
        sa.CheckConstraint("kind in ('plan', 'promise')", name=op.f("arrangement_kind")),
        sa.CheckConstraint(
            "state in ('live','broken','completed','superseded','cancelled')", name=op.f("arrangement_state")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("arrangement_person_id_fkey")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("arrangement_proposal_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("arrangement_pkey")),
        sa.UniqueConstraint("proposal_id", name=op.f("arrangement_proposal_id_key")),
    )
    op.create_index("arrangement_person", "arrangement", ["person_id"], unique=False)
    op.create_table(
        "due",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("component", sa.Text(), server_default=sa.text("'principal'"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("component in ('principal', 'interest', '')", name=op.f("due_component")),
        sa.CheckConstraint("amount >= 0", name=op.f("due_amount")),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("due_stamp")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("due_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("due_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["due.id"], name=op.f("due_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("due_pkey")),
    )
    op.create_index(
        "due_account",
        "due",
        ["account_id", "due_on", "id"],
        unique=False,
        postgresql_include=["amount"],
        postgresql_where=sa.text("replaced_at is null"),
    )
    op.create_index("due_believed", "due", ["account_id", "recorded_at"], unique=False)
    op.create_index("due_day", "due", ["due_on"], unique=False, postgresql_where=sa.text("replaced_at is null"))
    op.create_index(
        "due_replaced_once", "due", ["replaces"], unique=True, postgresql_where=sa.text("replaces is not null")
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("book", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("value_date", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tx", sa.BigInteger(), server_default=sa.FetchedValue(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("reverses", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "book in ('lent','charged','interest','fees','costs','paid_in','written_off','refunded','adjusted')",
            name=op.f("entry_book"),
        ),
        sa.CheckConstraint(
            "component in ('principal', 'interest', 'fee', 'cost', 'credit')", name=op.f("entry_component")
        ),
        sa.CheckConstraint("due_on is null or kind = 'charge'", name=op.f("entry_due_on")),
        sa.CheckConstraint(
            "kind in ('charge', 'payment', 'interest', 'fee', 'cost', 'adjustment', 'refund', 'write_off')",
            name=op.f("entry_kind"),
        ),
        sa.CheckConstraint("payment_id is null or kind = 'payment'", name=op.f("entry_payment")),
        sa.CheckConstraint(
            "reverses is not null or case when kind in ('charge','interest','fee','cost','refund') then amount > 0 when kind in ('payment','write_off') then amount < 0 else true end",
            name=op.f("entry_direction"),
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("entry_amount")),
        sa.CheckConstraint("tx > 0", name=op.f("entry_tx")),
        sa.ForeignKeyConstraint(
            ["account_id", "creditor_id", "currency"],
            ["account.id", "account.creditor_id", "account.currency"],
            name=op.f("entry_account_id_creditor_id_currency_fkey"),
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("entry_payment_id_fkey")),
        sa.ForeignKeyConstraint(["reverses"], ["entry.id"], name=op.f("entry_reverses_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("entry_pkey")),
        sa.UniqueConstraint("creditor_id", "key", name=op.f("entry_creditor_id_key_key")),
    )
    op.create_index(
        "entry_account",
        "entry",
        ["account_id", "value_date", "id"],
        unique=False,
        postgresql_include=["component", "amount"],
    )
    op.create_index(
        "entry_payment", "entry", ["payment_id"], unique=False, postgresql_where=sa.text("payment_id is not null")
    )
    op.create_index(
        "entry_reversed_once", "entry", ["reverses"], unique=True, postgresql_where=sa.text("reverses is not null")
    )
    op.create_index("entry_tx", "entry", ["tx", "id"], unique=False)
    op.create_table(
        "liability",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces", sa.BigInteger(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('holder', 'joint', 'guarantor')", name=op.f("liability_role")),
        sa.CheckConstraint("replaced_at >= recorded_at", name=op.f("liability_stamp")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("liability_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("liability_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("liability_person_id_fkey")),
        sa.ForeignKeyConstraint(["replaces"], ["liability.id"], name=op.f("liability_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("liability_pkey")),
    )
    op.create_index(
        "liability_live",
        "liability",
        ["account_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("replaced_at is null and not withdrawn"),
    )
    op.create_index(
        "liability_person",
        "liability",
        ["person_id"],
        unique=False,
        postgresql_where=sa.text("replaced_at is null and not withdrawn"),
    )
    op.create_index(
        "liability_replaced_once",
        "liability",
        ["replaces"],
        unique=True,
        postgresql_where=sa.text("replaces is not null"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'planned'"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("body_salt", sa.Uuid(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("why_facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'withheld') = (why is not null)", name=op.f("message_why")),
        sa.CheckConstraint("channel in ('sms', 'email')", name=op.f("message_channel")),
        sa.CheckConstraint(
            "state in ('planned','sending','sent','delivered','failed','uncertain','withheld')",
            name=op.f("message_state"),
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("message_contact_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("message_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("message_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("message_pkey")),
    )
    op.create_index("message_person", "message", ["person_id", "id"], unique=False)
    op.create_index(
        "message_planned", "message", ["not_before", "id"], unique=False, postgresql_where=sa.text("state = 'planned'")
    )
    op.create_index("message_provider_id", "message", ["provider", "provider_id"], unique=True)
    op.create_index(
        "message_sending", "message", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'sending'")
    )
    op.create_index(
        "message_uncertain", "message", ["id"], unique=False, postgresql_where=sa.text("state = 'uncertain'")
    )
    op.create_table(
        "position",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("fallen", sa.BigInteger(), nullable=False),
        sa.Column("met", sa.BigInteger(), nullable=False),
        sa.Column("overdue", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("rest", sa.BigInteger(), nullable=True),
        sa.Column("next_due", sa.Date(), nullable=True),
        sa.Column("band", sa.Text(), nullable=True),
        sa.Column("next_change", sa.Date(), nullable=True),
        sa.Column("facts_tx", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("position_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("position_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("position_pkey")),
    )
    op.create_index("position_next_change", "position", ["creditor_id", "next_change", "account_id"], unique=False)
    op.create_table(
        "proposal_account",
        sa.Column("proposal_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("proposal_account_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("proposal_account_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("proposal_account_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("proposal_account_proposal_id_fkey")),
        sa.PrimaryKeyConstraint("proposal_id", "account_id", name=op.f("proposal_account_pkey")),
    )
    op.create_index("proposal_account_account", "proposal_account", ["account_id"], unique=False)
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("token_sha", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(person_id is null) <> (staff_id is null)", name=op.f("visit_who")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("visit_person_id_fkey")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("visit_staff_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("visit_pkey")),
        sa.UniqueConstraint("token_sha", name=op.f("visit_token_sha_key")),
    )
    op.create_index("visit_person", "visit", ["person_id"], unique=False, postgresql_where=sa.text("ended_at is null"))
    op.create_index("visit_staff", "visit", ["staff_id"], unique=False, postgresql_where=sa.text("ended_at is null"))
    op.create_table(
        "arrangement_account",
        sa.Column("arrangement_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("arrangement_account_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("arrangement_account_account_id_fkey")),
        sa.ForeignKeyConstraint(
            ["arrangement_id"], ["arrangement.id"], name=op.f("arrangement_account_arrangement_id_fkey")
        ),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("arrangement_account_creditor_id_fkey")),
        sa.PrimaryKeyConstraint("arrangement_id", "account_id", name=op.f("arrangement_account_pkey")),
    )
    op.create_index(
        "arrangement_account_live",
        "arrangement_account",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "attempt",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("attempt_message_id_fkey")),
        sa.PrimaryKeyConstraint("message_id", "attempt", name=op.f("attempt_pkey")),
    )
    op.create_table(
        "code_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("browser_sha", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("channel in ('sms', 'email')", name=op.f("code_request_channel")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("code_request_contact_id_fkey")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("code_request_message_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("code_request_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("code_request_pkey")),
    )
    op.create_index("code_request_browser", "code_request", ["browser_sha", "id"], unique=False)
    op.create_index("code_request_person", "code_request", ["person_id", "asked_at"], unique=False)
    op.create_index(
        "code_request_unsent",
        "code_request",
        ["id"],
        unique=False,
        postgresql_where=sa.text("message_id is null and made_at is null"),
    )
    op.create_table(
        "instalment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("arrangement_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("nominal_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.CheckConstraint("part in ('upfront', 'regular')", name=op.f("instalment_part")),
        sa.CheckConstraint("due_on >= nominal_on", name=op.f("instalment_never_earlier")),
        sa.ForeignKeyConstraint(["arrangement_id"], ["arrangement.id"], name=op.f("instalment_arrangement_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("instalment_pkey")),
        sa.UniqueConstraint("arrangement_id", "n", name=op.f("instalment_arrangement_id_n_key")),
    )
    op.create_index("instalment_day", "instalment", ["due_on"], unique=False)
    op.create_table(
        "reason",
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("reason_message_id_fkey")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("reason_person_id_fkey")),
        sa.PrimaryKeyConstraint("cause", "subject", "step", "person_id", "channel", name=op.f("reason_pkey")),
    )
    op.create_index("reason_message", "reason", ["message_id"], unique=False)
    op.create_table(
        "instalment_share",
        sa.Column("instalment_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("creditor_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("instalment_share_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("instalment_share_account_id_fkey")),
        sa.ForeignKeyConstraint(["creditor_id"], ["creditor.id"], name=op.f("instalment_share_creditor_id_fkey")),
        sa.ForeignKeyConstraint(["instalment_id"], ["instalment.id"], name=op.f("instalment_share_instalment_id_fkey")),
        sa.PrimaryKeyConstraint("instalment_id", "account_id", name=op.f("instalment_share_pkey")),
    )
    op.create_index("instalment_share_account", "instalment_share", ["account_id"], unique=False)
    run_sql("0001_after")
