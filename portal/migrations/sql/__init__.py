"""SQL that Alembic does not write: functions, triggers, policies, grants. A file is frozen once released."""

from importlib import resources

from alembic import context, op

from portal.prefix import in_prefix


def run_sql(name: str) -> None:
    """Runs `name`.sql as it stands: the driver's cursor reads neither % nor : as a parameter."""
    sql = resources.files(__name__).joinpath(f"{name}.sql").read_text("utf-8")
    prefix = context.config.attributes.get("prefix", "evenly")
    op.get_bind().connection.cursor().execute(in_prefix(sql, prefix).encode())
