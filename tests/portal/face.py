"""The face by itself: its settings, and an application without a database."""

from pathlib import Path

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
