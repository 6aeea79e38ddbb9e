"""People to write to, and messages at a given point of their way."""

from datetime import datetime

from sqlalchemy import text

from cases.db import Database
from messaging import outbox
from tests.factories import a_creditor, a_person

NUMBER = "+447700900145"
PROACTIVE = "plan_started"
"""The template of a message of our own accord."""


def someone(db: Database, *, mobile: str | None = NUMBER, **given: object) -> int:
    """The id of a person with a telephone, in a book of their own."""
    with db.acting() as session:
        return a_person(session, a_creditor(session), mobile=mobile, **given).id  # type: ignore[arg-type]


def a_message(db: Database, at: datetime, person: int, *, template: str = "answer_waits", **given: object) -> int:
    """A planned message with a reason of its own."""
    with db.acting() as session:
        seen = session.execute(text("select count(*) from reason")).scalar_one()
        made = outbox.write(session, person=person, channel="sms", template=template, cause=f"history:{seen + 1}",
                            subject=f"person:{person}", step="test", at=at, **given)  # type: ignore[arg-type]  # fmt: skip
        assert made is not None
        return made


def a_text_sent(db: Database, at: datetime, person: int, sid: str, *, provider: str = "twilio") -> int:
    """A message that the carrier has accepted under this id."""
    message = a_message(db, at, person)
    with db.acting() as session:
        session.execute(
            text("insert into attempt (message_id, attempt, started_at) values (:id, 1, :at)"),
            {"id": message, "at": at},
        )
        session.execute(
            text(
                "update message set state = 'sent', attempt = 1, provider = :provider, provider_id = :sid, sent_at = :at,"
                " contact_id = (select id from contact where person_id = :person limit 1) where id = :id"
            ),
            {"id": message, "provider": provider, "sid": sid, "at": at, "person": person},
        )
    return message
