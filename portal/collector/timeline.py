"""The filters of a case's history: which Kinds stand under which name. A line stands under one at most."""

from collections.abc import Mapping
from typing import Any, Final

from cases.history import Kind
from portal.collector.history import MESSAGES
from portal.collector.money import MONEY
from portal.language import _l

PLANS: Final = (
    Kind.PROPOSAL_SUBMITTED, Kind.PROPOSAL_COUNTERED, Kind.PROPOSAL_DECLINED, Kind.PROPOSAL_WITHDRAWN,
    Kind.PROPOSAL_AGREED, Kind.PROPOSAL_EXPIRED, Kind.PROPOSAL_SUPERSEDED, Kind.CONSENT_GIVEN,
    Kind.ARRANGEMENT_STARTED, Kind.ARRANGEMENT_SUPERSEDED, Kind.ARRANGEMENT_CANCELLED, Kind.ARRANGEMENT_BROKEN,
    Kind.ARRANGEMENT_CURED, Kind.ARRANGEMENT_COMPLETED, Kind.ARRANGEMENT_REOPENED, Kind.ARRANGEMENT_RELIEVED,
    Kind.INSTALMENT_MISSED, Kind.AFFAIRS_BEGUN, Kind.AFFAIRS_FINISHED, Kind.PROPOSAL_JUDGED,
)  # fmt: skip
CONTACTS: Final = (
    Kind.CONTACT_MADE, Kind.PREFERENCE_SET, Kind.CONTACT_ADDED, Kind.CONTACT_CORRECTED, Kind.CONTACT_ENDED,
    Kind.NOTE_WRITTEN, Kind.NOTE_ERASED, Kind.DIARY_ERASED, Kind.DOCUMENT_ISSUED, Kind.DOCUMENT_FAILED,
)  # fmt: skip
HOLDS: Final = (
    Kind.HOLD_PLACED, Kind.HOLD_EXTENDED, Kind.HOLD_CHANGED, Kind.HOLD_ENDED, Kind.DEBT_DISPUTED, Kind.DISPUTE_ANSWERED,
    Kind.DISPUTE_TAKEN_BACK, Kind.SUPPORT_TOLD, Kind.SUPPORT_READ,
)  # fmt: skip
WORK: Final = (
    Kind.WORK_TAKEN, Kind.WORK_PASSED, Kind.WORK_POSTPONED, Kind.WORK_DONE, Kind.DAY_STUCK,
)  # fmt: skip

FILTERS: Final[Mapping[str, tuple[Any, tuple[Kind, ...]]]] = {
    "messages": (_l("Messages"), MESSAGES),
    "money": (_l("Money"), MONEY),
    "plans": (_l("Plans"), PLANS),
    "contacts": (_l("Contacts and notes"), CONTACTS),
    "holds": (_l("Holds and needs"), HOLDS),
    "work": (_l("Work"), WORK),
}
"""What each is called, and its Kinds."""


def kinds_of(name: str | None) -> tuple[Kind, ...]:
    """The Kinds of a filter; none for what is no filter, which shows all."""
    return FILTERS[name][1] if name is not None and name in FILTERS else ()
