"""The application with a clock that is set by hand; and the face by itself, without a database, also for a browser."""

import threading
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from cases.db import Database
from portal.app import Evenly
from tests.portal.doors import SetClock, the_app
from tests.portal.face import face_app


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def app(db: Database, clock: SetClock) -> Evenly:
    return the_app(db, clock)


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> Evenly:
    return face_app(tmp_path_factory.mktemp("face"))


@pytest.fixture
def visitor(face: Evenly) -> FlaskClient:
    return face.test_client()


@pytest.fixture(scope="session")
def face_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the demo's face, served on loopback."""
    app = face_app(tmp_path_factory.mktemp("served"), pretend_url="http://127.0.0.1:8010")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
