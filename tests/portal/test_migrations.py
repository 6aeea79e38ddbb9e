"""The schema: one head, models and migrations agree, and what Alembic does not see is written down."""

from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from portal import cluster
from portal.migrations import catalogue

SCHEMA = Path(catalogue.__file__).with_name("schema.txt")


def test_there_is_one_head() -> None:
    assert len(cluster.heads()) == 1


def test_models_and_migrations_agree(addresses) -> None:
    command.check(cluster.config(addresses.owner, addresses.prefix))


def test_policies_triggers_functions_and_grants_are_those_written_down(superuser: Connection, addresses) -> None:
    """`python -m portal.migrations.catalogue URL > schema.txt` writes them anew after a change."""
    assert catalogue.lines(superuser, addresses.prefix) == SCHEMA.read_text("utf-8").splitlines()


def test_migrating_again_changes_nothing(addresses) -> None:
    assert cluster.upgrade(addresses.owner, prefix=addresses.prefix) is False
