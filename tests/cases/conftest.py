"""What the tests of the domain share: a session in which they act."""

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from cases.db import Database


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.acting() as open_session:
        yield open_session
