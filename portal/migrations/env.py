"""Alembic's environment: everything is made and owned by the installation's owner role."""

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from portal.migrations.models import METADATA

url = context.config.attributes["url"]
prefix = context.config.attributes.get("prefix", "evenly")
engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
with engine.connect() as connection:
    connection.execute(text("select set_config('role', :role, false)"), {"role": f"{prefix}_owner"})
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_type=True,
        transaction_per_migration=True,
        include_object=lambda thing, name, kind, reflected, other: name != "obligation",
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
