"""Every room that has rows, imported once, so that migrations see the whole house."""

from cases import history, seal
from cases.arrangements import arrangement, assessment, charging, consent, limits, statement_of_affairs, version
from cases.arrears import day_run, position
from cases.db import Base
from cases.debts import account, announced, creditor, dispute, due, hold, ledger
from cases.intake import result
from cases.people import contact, joint, permission, person, preference, staff, support
from cases.work import diary, note, queue
from messaging import conversation, cursor, documents, outbox, pace, receipt
from payments import attempt, callback
from portal import visit

ROOMS = (
    account, announced, arrangement, assessment, attempt, callback, charging, consent, contact, conversation,
    creditor, cursor, day_run, diary, dispute, documents, due, history, hold, joint, ledger, limits, note, outbox,
    pace, permission, person, position, preference, queue, receipt, result, seal, staff, statement_of_affairs,
    support, version, visit,
)  # fmt: skip
METADATA = Base.metadata
