"""The face by itself: an application without a database, also served on loopback for a browser."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from portal.app import Evenly, create_app
from portal.environ import Key
from portal.settings import Settings
from tests.portal import sink


def face_settings(var: Path, **changed: object) -> Settings:
    """Settings of an installation with a telephone, an address and one key."""
    given: dict[str, object] = {
        "env": "test", "var": var, "keys": (Key("k1", b"x" * 32),), "telephone": "+447700900145",
        "company": "Even Ltd, 1 High Street, Leeds LS1 1AA",
        "mail": "help@example.org", "log_level": "warning",
    }
    return Settings(**(given | changed))  # type: ignore[arg-type]


def face_app(var: Path, **changed: object) -> Evenly:
    """The application with the page of parts beside its own."""
    app = create_app(face_settings(var, **changed))
    app.register_blueprint(sink.blueprint)
    return app


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
