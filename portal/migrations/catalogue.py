"""What Alembic does not see, as sorted lines: policies, functions, triggers, constraints, grants.

`schema.txt` beside this file holds them after the newest migration; a test compares,
and a reviewer reads it. `python -m portal.migrations.catalogue OWNER_URL` prints them.
"""

import sys

import click
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from portal.settings import sqlalchemy_url

_LINES = r"""
select 'table ' || relname || ' rls=' || relrowsecurity || ' forced=' || relforcerowsecurity from pg_class
  where relkind = 'r' and relnamespace = 'public'::regnamespace
union all select 'policy ' || tablename || '.' || policyname || ' for ' || cmd || ' to ' || array_to_string(roles, ',')
  || coalesce(' using ' || qual, '') || coalesce(' check ' || with_check, '') from pg_policies where schemaname = 'public'
union all select 'function ' || regexp_replace(pg_get_functiondef(p.oid), '\s+', ' ', 'g') || ' owner ' || pg_get_userbyid(p.proowner) from pg_proc p
  where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.proname <> 'history_base'
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
union all select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where not t.tgisinternal and c.relnamespace = 'public'::regnamespace
union all select 'constraint ' || conrelid::regclass || '.' || conname || ' ' || pg_get_constraintdef(c.oid) from pg_constraint c
  where connamespace = 'public'::regnamespace and conrelid <> 0 and contype <> 'n'
union all select 'grant ' || a.privilege_type || ' on ' || c.relname || ' to ' || a.grantee::regrole from pg_class c, aclexplode(c.relacl) a
  where c.relnamespace = 'public'::regnamespace and a.grantee <> c.relowner and a.privilege_type <> 'MAINTAIN' and c.relkind in ('r', 'S')
union all select 'grant ' || a.privilege_type || ' (' || t.attname || ') on ' || t.attrelid::regclass || ' to ' || a.grantee::regrole
  from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a where c.relnamespace = 'public'::regnamespace
union all select 'grant ' || a.privilege_type || ' on function ' || p.proname || ' to ' || case a.grantee when 0 then 'public' else a.grantee::regrole::text end
  from pg_proc p, aclexplode(p.proacl) a where p.pronamespace = 'public'::regnamespace and a.grantee <> p.proowner
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""


def lines(connection: Connection, prefix: str = "evenly") -> list[str]:
    """One sorted line an object, with role names as in our files."""
    found = (row[0].replace(f"{prefix}_", "evenly_") for row in connection.exec_driver_sql(_LINES))
    return sorted(" ".join(line.split()) for line in found)


def main(url: str) -> None:
    """Prints the lines of the database at `url`."""
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        for line in lines(connection):
            click.echo(line)
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
