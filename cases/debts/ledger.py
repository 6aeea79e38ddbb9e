"""The ledger: what was charged, paid, adjusted and taken back, never edited.

One row (`entry`) is one transfer between a component of an account and a book of
the creditor, in signed minor units; plus raises what is owed. So books balance
by construction. A key posts once. A reversal is the mirror of its entry and
there is at most one. Money received is a `payment`; its entries always sum to
minus its amount, and returned money is a payment of its own (`returns`) whose
parts are the mirrors.

Which component a payment meets is decided once, when it is posted (costs and
fees, then interest, then principal, the rest is credit; a creditor may set fees
last or apart), and kept as the entry's component. It meets what is owed on its
value date and goes on being owed (`running.py`). Which *due* it meets is always
derived (`arrears/position.py`), and so is what it meets of a plan that it may be
named for (`arrangements/paid.py`). Every act re-derives the positions of its
accounts and judges their plans, in its own transaction.

No component falls below nought on any day (credit: none above). When taking back
a fee or a charge that was already paid would make one so, what had met it by
that day moves on: money first, newest first (mirror and new part, within the
same payment), then lowering adjustments, which become credit. What had met something
moves once: where a taking back is dated before an earlier one, days between the two
may show principal below nought and so much credit above it. What the account owes is
right on those days too, and its components are from the later day on.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from cases.arrangements import monitoring
from cases.arrangements.arrangement import ArrangementAccount
from cases.arrears import position
from cases.debts import paid_off
from cases.debts.account import Account
from cases.debts.creditor import Creditor
from cases.debts.entry import BOOKS as BOOKS
from cases.debts.entry import RAISES as RAISES
from cases.debts.entry import Entry as Entry
from cases.debts.entry import Named
from cases.debts.entry import Payment as Payment
from cases.debts.entry import balance as balance
from cases.debts.parts import Part, first_to_move, moved
from cases.debts.parts import split as split
from cases.debts.running import Running, least, running
from cases.history import Actor, Kind, record
from cases.refusal import refusal_code

AmountNotPositive = refusal_code("ledger.amount", "amount")
KeyTaken = refusal_code("ledger.key_taken", "key")
NothingToReverse = refusal_code("ledger.nothing_to_reverse", "key")
ReversedAlready = refusal_code("ledger.reversed_already", "key")
ReversedTooEarly = refusal_code("ledger.reversed_too_early", "key", "on")


def post(
    session: Session,
    account: Account,
    kind: str,
    amount: int,
    *,
    value_date: date,
    key: str,
    by: Actor,
    at: datetime,
    due_on: date | None = None,
) -> None:
    """Posts a charge, interest, fee, cost or adjustment of `amount` minor units.

    An adjustment may be negative: it lowers principal owed on its day, and what is over becomes credit
    (a second row, its key the first one's with `/2`). `due_on` is for a charge alone.
    The same key with the same figures posts once. Raises AmountNotPositive, KeyTaken.
    """
    if kind not in (*RAISES, "adjustment") or (due_on is not None and kind != "charge"):
        raise ValueError(f"not posted here: {kind}")
    if amount == 0 or (amount < 0 and kind != "adjustment"):
        raise AmountNotPositive(amount=amount)
    monitoring.hold(session, [account.id])
    if _posted_before(session, account, key, kind, amount, value_date, due_on):
        return
    if amount > 0:
        rows = [Part(RAISES.get(kind, "principal"), amount)]
    else:
        owed = least(running(session, [account.id], value_date)[account.id], value_date)
        lowered = min(-amount, owed.get("principal", 0))
        rows = [Part("principal", -lowered)] if lowered else []
        rows += [Part("credit", amount + lowered)] if amount + lowered else []
    for n, part in enumerate(rows):
        _insert(session, account, kind, part.component, part.amount, value_date, key if n == 0 else f"{key}/{n + 1}",
                at, due_on=due_on if n == 0 else None)  # fmt: skip
    _told(session, Kind.ENTRY_POSTED, account, by, at, {"what": kind, "amount": amount, "key": key}, value_date)
    _follows(session, [account.id], by, at)


def pay(
    session: Session,
    creditor: Creditor,
    shares: Sequence[tuple[Account, int]],
    *,
    value_date: date,
    key: str,
    by: Actor,
    at: datetime,
    named_for: int | None = None,
) -> Payment:
    """Posts one payment to a creditor, shared over its accounts in minor units.

    `named_for`: the plan whose instalments it is meant to meet (`arrangements/paid.py`); it covers the accounts,
    and one that has ended meanwhile takes nothing.
    The same key with the same figures posts once. Raises AmountNotPositive, KeyTaken.
    """
    total = sum(amount for _, amount in shares)
    if total <= 0 or any(amount < 0 for _, amount in shares):
        raise AmountNotPositive(amount=total)
    if {(a.creditor_id, a.currency) for a, _ in shares} != {(creditor.id, shares[0][0].currency)}:
        raise ValueError("one payment goes to one creditor's accounts in one currency")
    if len({a.id for a, _ in shares}) < len(shares):
        raise ValueError("an account has one share of a payment")
    monitoring.hold(session, [account.id for account, _ in shares])
    was = session.scalar(select(Payment).where(Payment.creditor_id == creditor.id, Payment.key == key))
    if was is not None:
        if (was.amount, was.value_date, _named(session, was.id), _shares_of(session, was.id)) != (
            total, value_date, named_for, {account.id: amount for account, amount in shares if amount},
        ):  # fmt: skip
            raise KeyTaken(key=key)
        return was
    payment = Payment(creditor_id=creditor.id, currency=shares[0][0].currency, amount=total, value_date=value_date,
                      recorded_at=at, key=key)  # fmt: skip
    session.add(payment)
    session.flush()
    if named_for is not None:
        _name(session, payment, named_for, [account.id for account, _ in shares])
    owed = running(session, [account.id for account, _ in shares], value_date)
    for account, amount in shares:
        for part in split(amount, least(owed[account.id], value_date), creditor.fees) if amount else ():
            _insert(session, account, "payment", part.component, -part.amount, value_date,
                    f"{key}/{account.id}/{part.component}", at, payment=payment.id)  # fmt: skip
        if amount:
            _told(session, Kind.PAYMENT_POSTED, account, by, at, {"amount": amount, "key": key}, value_date,
                  subject=f"payment:{payment.id}")  # fmt: skip
    _follows(session, [account.id for account, _ in shares], by, at)
    paid_off.tell(session, [account.id for account, amount in shares if amount], by=by, at=at)
    return payment


def give_back(session: Session, payment: Payment, *, on: date, key: str, by: Actor, at: datetime) -> Payment:
    """A payment that came back (dishonoured, recalled): its mirror, dated `on`; its dues open again.

    Raises NothingToReverse (it is itself money given back), ReversedAlready, ReversedTooEarly, KeyTaken.
    """
    if payment.returns is not None:
        raise NothingToReverse(key=payment.key)
    accounts = _accounts_of(session, payment.id)
    monitoring.hold(session, [account.id for account in accounts])
    again = session.scalar(select(Payment).where(Payment.returns == payment.id))
    if again is not None:
        if again.key == key:
            return again
        raise ReversedAlready(key=payment.key)
    if on < payment.value_date:
        raise ReversedTooEarly(key=payment.key, on=payment.value_date)
    if session.scalar(select(Payment.id).where(Payment.creditor_id == payment.creditor_id, Payment.key == key)):
        raise KeyTaken(key=key)
    back = Payment(creditor_id=payment.creditor_id, currency=payment.currency, amount=-payment.amount, value_date=on,
                   recorded_at=at, key=key, returns=payment.id)  # fmt: skip
    session.add(back)
    session.flush()
    for part in _live_parts(session, payment.id):
        _mirror(session, part, on, f"{key}/{part.id}", at, payment=back.id)
    for account in accounts:
        _told(session, Kind.PAYMENT_RETURNED, account, by, at, {"amount": payment.amount, "key": payment.key}, on,
              subject=f"payment:{payment.id}")  # fmt: skip
    _follows(session, [account.id for account in accounts], by, at)
    return back


def reverse(session: Session, entry: Entry, *, on: date, key: str, by: Actor, at: datetime) -> None:
    """Takes back an entry that is no payment by its mirror, dated `on`.

    What had met it moves on. Raises NothingToReverse (a payment's part, a mirror), ReversedAlready,
    ReversedTooEarly, KeyTaken.
    """
    if entry.kind == "payment" or entry.reverses is not None:
        raise NothingToReverse(key=entry.key)
    monitoring.hold(session, [entry.account_id])
    rows, mirrors = _standing(session, _rows_of(session, entry))
    if not rows:
        if key in mirrors:
            return
        raise ReversedAlready(key=entry.key)
    if on < entry.value_date:
        raise ReversedTooEarly(key=entry.key, on=entry.value_date)
    _refuse_taken(session, entry.creditor_id, key)
    account = session.get_one(Account, entry.account_id)
    for n, row in enumerate(rows):
        _mirror(session, row, on, key if n == 0 else f"{key}/{n + 1}", at)
    for row in rows:
        move_surplus(session, account, row.component, on=on, key=key, at=at)
    _told(session, Kind.ENTRY_REVERSED, account, by, at,
          {"what": entry.kind, "amount": sum(row.amount for row in rows), "key": entry.key}, on,
          subject=f"entry:{rows[0].id}")  # fmt: skip
    _follows(session, [account.id], by, at)


def move_surplus(session: Session, account: Account, component: str, *, on: date, key: str, at: datetime) -> None:
    """Moves on what met a component that is now below nought on a day from `on`.

    Of what was valued by that day: money, newest first, to what else is owed by the creditor's order and
    then to credit; after it lowering adjustments, to credit.
    """
    if component == "credit":
        return
    fees = session.get_one(Creditor, account.creditor_id).fees
    stands = _lowering(session, account.id, component)
    owed = running(session, [account.id], on)[account.id]
    while found := first_to_move(stands, owed[component].below(on)):
        part, over = found
        stands.remove(part)
        moved_on = max(on, part.value_date)  # never before the money came
        _mirror(session, part, moved_on, f"{key}/back/{part.id}", at, payment=part.payment_id)
        owed[component].add(moved_on, -part.amount)
        for new in moved(part.kind, component, -part.amount, over, least(owed, moved_on), fees):
            made = _insert(session, account, part.kind, new.component, -new.amount, moved_on,
                           f"{key}/to/{part.id}/{new.component}", at, payment=part.payment_id)  # fmt: skip
            owed.setdefault(new.component, Running()).add(moved_on, -new.amount)
            if new.component == component:
                stands.append(made)


def entry_called(session: Session, creditor: int, key: str) -> Entry:
    """The entry posted under this key. Raises NothingToReverse."""
    found = session.scalar(select(Entry).where(Entry.creditor_id == creditor, Entry.key == key))
    if found is None:
        raise NothingToReverse(key=key)
    return found


def _follows(session: Session, accounts: Sequence[int], by: Actor, at: datetime) -> None:
    """What follows at once from what was posted: positions, and whether plans are kept."""
    position.refresh(session, accounts, by=by, at=at)
    monitoring.judge(session, accounts, by=by, at=at)


def _name(session: Session, payment: Payment, plan: int, accounts: Sequence[int]) -> None:
    covered = select(ArrangementAccount.account_id).where(ArrangementAccount.arrangement_id == plan)
    if set(accounts) - set(session.scalars(covered)):
        raise ValueError("money is named for a plan that covers its accounts")
    session.add(Named(payment_id=payment.id, creditor_id=payment.creditor_id, arrangement_id=plan))
    session.flush()


def _named(session: Session, payment: int) -> int | None:
    return session.scalar(select(Named.arrangement_id).where(Named.payment_id == payment))


def _insert(
    session: Session, account: Account, kind: str, component: str, amount: int, value_date: date, key: str,
    at: datetime, *, due_on: date | None = None, payment: int | None = None,
) -> Entry:  # fmt: skip
    made = Entry(creditor_id=account.creditor_id, account_id=account.id, currency=account.currency, kind=kind,
                 component=component, book=BOOKS[kind], amount=amount, value_date=value_date, due_on=due_on,
                 recorded_at=at, key=key, payment_id=payment)  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _mirror(session: Session, entry: Entry, on: date, key: str, at: datetime, *, payment: int | None = None) -> None:
    session.add(Entry(creditor_id=entry.creditor_id, account_id=entry.account_id, currency=entry.currency,
                      kind=entry.kind, component=entry.component, book=entry.book, amount=-entry.amount,
                      value_date=max(on, entry.value_date), due_on=entry.due_on, recorded_at=at, key=key,
                      payment_id=payment, reverses=entry.id))  # fmt: skip
    session.flush()


def _live_parts(session: Session, payment: int) -> list[Entry]:
    mirror = aliased(Entry)
    return list(
        session.scalars(
            select(Entry)
            .where(
                Entry.payment_id == payment,
                Entry.reverses.is_(None),
                ~select(mirror.id).where(mirror.reverses == Entry.id).exists(),
            )
            .order_by(Entry.id)
        )
    )


def _lowering(session: Session, account: int, component: str) -> list[Entry]:
    """What lowers a component and stands, in the order of recording."""
    mirror = aliased(Entry)
    return list(
        session.scalars(
            select(Entry)
            .where(
                Entry.account_id == account,
                Entry.component == component,
                Entry.amount < 0,
                Entry.reverses.is_(None),
                ~select(mirror.id).where(mirror.reverses == Entry.id).exists(),
            )
            .order_by(Entry.id)
        )
    )


def _rows_of(session: Session, entry: Entry) -> list[Entry]:
    """The rows of one posting: an adjustment that lowers more than principal has a second, on credit."""
    if entry.kind != "adjustment":
        return [entry]
    first = entry.key.removesuffix("/2")
    return list(
        session.scalars(
            select(Entry)
            .where(
                Entry.account_id == entry.account_id,
                Entry.kind == entry.kind,
                Entry.tx == entry.tx,
                Entry.reverses.is_(None),
                Entry.key.in_({entry.key, first, f"{first}/2"}),
            )
            .order_by(Entry.id)
        )
    )


def _standing(session: Session, rows: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """What still stands of these rows, followed to where it moved; and the keys of what took the others back."""
    standing, mirrors = [], []
    for row in rows:
        mirror = session.scalar(select(Entry.key).where(Entry.reverses == row.id))
        if mirror is None:
            standing.append(row)
            continue
        moved: list[Entry] = []
        if "/back/" in mirror:  # mirror and new rows of a move are named alike
            by, _, number = mirror.rpartition("/back/")
            like = Entry.key.startswith(f"{by}/to/{number}/", autoescape=True)
            same = select(Entry).where(Entry.account_id == row.account_id, like).order_by(Entry.id)
            moved = list(session.scalars(same))
        further, taken = _standing(session, moved)
        standing += further
        mirrors += taken if moved else [mirror]
    return standing, mirrors


def _shares_of(session: Session, payment: int) -> dict[int, int]:
    sums = select(Entry.account_id, -func.sum(Entry.amount)).where(Entry.payment_id == payment)
    return {account: int(amount) for account, amount in session.execute(sums.group_by(Entry.account_id))}


def _accounts_of(session: Session, payment: int) -> list[Account]:
    ids = select(Entry.account_id).where(Entry.payment_id == payment)
    return list(session.scalars(select(Account).where(Account.id.in_(ids)).order_by(Account.id)))


def _posted_before(
    session: Session, account: Account, key: str, kind: str, amount: int, on: date, due_on: date | None
) -> bool:
    was = session.scalar(select(Entry).where(Entry.creditor_id == account.creditor_id, Entry.key == key))
    if was is None:
        return False
    posted = sum(row.amount for row in _rows_of(session, was))
    if was.reverses is not None or (was.account_id, was.kind, posted, was.value_date, was.due_on) != (
        account.id, kind, amount, on, due_on,
    ):  # fmt: skip
        raise KeyTaken(key=key)
    return True


def _refuse_taken(session: Session, creditor: int, key: str) -> None:
    if session.scalar(select(Entry.id).where(Entry.creditor_id == creditor, Entry.key == key)):
        raise KeyTaken(key=key)


def _told(
    session: Session, kind: Kind, account: Account, by: Actor, at: datetime, facts: dict[str, object], on: date,
    subject: str | None = None,
) -> None:  # fmt: skip
    record(session, kind, by=by, at=at, creditor=account.creditor_id, account=account.id, subject=subject,
           facts={**facts, "currency": account.currency, "on": on.isoformat()})  # fmt: skip
