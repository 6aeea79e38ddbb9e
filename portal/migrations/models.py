"""Every room that has rows, imported once, so that migrations see the whole house."""

from cases import history, seal
from cases.arrangements import arrangement, charging, consent, proposal
from cases.arrears import day_run, position
from cases.db import Base
from cases.debts import account, announced, creditor, dispute, due, hold, ledger
from cases.intake import result
from cases.people import contact, joint, permission, person, preference, staff, support
from cases.work import queue
from messaging import conversation, cursor, documents, outbox, pace, receipt
from payments import attempt, callback
from portal import visit

ROOMS = (
    account, announced, arrangement, attempt, callback, charging, consent, contact, conversation, creditor, cursor, day_run, dispute,
    documents, due, history, hold, joint, ledger, outbox, pace, permission, person, position, preference, proposal, queue,
    receipt, result, seal, staff, support, visit,
)  # fmt: skip
METADATA = Base.metadata
