"""The ledger: what was charged, paid, adjusted and taken back, never edited.

One row (`entry`) is one transfer between a component of an account and a book of
the creditor, in signed minor units; plus raises what is owed. So books balance
by construction. A key posts once. A reversal is the mirror of its entry and
there is at most one. Money received is a `payment`; its entries always sum to
minus its amount, and returned money is a payment of its own (`returns`) whose
parts are the mirrors.

Which component a payment meets is decided once, when it is posted (costs and
fees, then interest, then principal then owed, the rest is credit; a creditor may
set fees last or apart), and kept as the entry's component. Which *due* it meets
is always derived (`arrears/position.py`).

No component falls below nought (credit: none above). When taking back a fee or
a charge that was already paid would make one so, the money that had met it moves
on: mirror and new part, within the same payment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    FetchedValue,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from cases.arrears import position
from cases.db import Base, Currency, Id, Minor, Moment, refers
from cases.debts.account import Account
from cases.debts.creditor import Creditor
from cases.history import Actor, Kind, record
from cases.refusal import refusal_code

AmountNotPositive = refusal_code("ledger.amount", "amount")
KeyTaken = refusal_code("ledger.key_taken", "key")
NothingToReverse = refusal_code("ledger.nothing_to_reverse", "key")
ReversedAlready = refusal_code("ledger.reversed_already", "key")
ReversedTooEarly = refusal_code("ledger.reversed_too_early", "key", "on")

KINDS: Final = ("charge", "payment", "interest", "fee", "cost", "adjustment", "refund", "write_off")
COMPONENTS: Final = ("principal", "interest", "fee", "cost", "credit")
BOOKS: Final = {
    "charge": "charged",
    "interest": "interest",
    "fee": "fees",
    "cost": "costs",
    "payment": "paid_in",
    "adjustment": "adjusted",
    "write_off": "written_off",
    "refund": "refunded",
}
RAISES: Final = {"charge": "principal", "interest": "interest", "fee": "fee", "cost": "cost"}
"""Kinds that raise what is owed, and the component each of them raises."""


class Payment(Base):
    """Money received (plus) or returned (minus), in minor units."""

    __tablename__ = "payment"

    id: Mapped[Id]
    creditor_id: Mapped[int] = refers("creditor.id")
    currency: Mapped[Currency]
    amount: Mapped[Minor]
    value_date: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[Moment]
    tx: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())
    key: Mapped[str] = mapped_column(Text)
    returns: Mapped[int | None] = refers("payment.id", nullable=True)

    __table_args__ = (
        CheckConstraint("amount <> 0", "amount"),
        CheckConstraint("(returns is null) = (amount > 0)", "returns"),
        UniqueConstraint("creditor_id", "key"),
        UniqueConstraint("returns"),
        Index("payment_tx", "tx", "id"),
    )


class Entry(Base):
    """One transfer between a component of an account and a book."""

    __tablename__ = "entry"

    id: Mapped[Id]
    creditor_id: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[Currency]
    kind: Mapped[str] = mapped_column(Text)
    component: Mapped[str] = mapped_column(Text)
    book: Mapped[str] = mapped_column(Text)
    amount: Mapped[Minor]
    value_date: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    recorded_at: Mapped[Moment]
    tx: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())
    key: Mapped[str] = mapped_column(Text)
    payment_id: Mapped[int | None] = refers("payment.id", nullable=True)
    reverses: Mapped[int | None] = refers("entry.id", nullable=True)

    __table_args__ = (
        CheckConstraint("amount <> 0", "amount"),
        CheckConstraint(f"kind in {KINDS}", "kind"),
        CheckConstraint(f"component in {COMPONENTS}", "component"),
        CheckConstraint(
            "book in ('lent','charged','interest','fees','costs','paid_in','written_off','refunded','adjusted')", "book"
        ),
        CheckConstraint(
            "reverses is not null or case when kind in ('charge','interest','fee','cost','refund') then amount > 0"
            " when kind in ('payment','write_off') then amount < 0 else true end",
            "direction",
        ),
        CheckConstraint("payment_id is null or kind = 'payment'", "payment"),
        CheckConstraint("due_on is null or kind = 'charge'", "due_on"),
        UniqueConstraint("creditor_id", "key"),
        ForeignKeyConstraint(
            ["account_id", "creditor_id", "currency"], ["account.id", "account.creditor_id", "account.currency"]
        ),
        Index("entry_reversed_once", "reverses", unique=True, postgresql_where=text("reverses is not null")),
        Index("entry_tx", "tx", "id"),
        Index("entry_account", "account_id", "value_date", "id", postgresql_include=["component", "amount"]),
        Index("entry_payment", "payment_id", postgresql_where=text("payment_id is not null")),
    )


@dataclass(frozen=True, slots=True)
class Part:
    """So many minor units of a payment, and the component that they meet."""

    component: str
    amount: int


def split(amount: int, owed: dict[str, int], fees: str) -> list[Part]:
    """The parts of a payment of `amount` minor units, given what each component owes now.

    Order: costs and fees (policy `first`), interest, principal; `last` puts fees behind
    principal, `apart` never lets them meet a payment that does not name them. The rest is credit.
    House rule after HB 9:5 (Sweden): costs before interest before principal.
    """
    order = {
        "first": ("cost", "fee", "interest", "principal"),
        "last": ("interest", "principal", "cost", "fee"),
        "apart": ("interest", "principal"),
    }[fees]
    parts, left = [], amount
    for component in order:
        taken = min(left, max(owed.get(component, 0), 0))
        if taken:
            parts.append(Part(component, taken))
            left -= taken
    return [*parts, Part("credit", left)] if left else parts


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

    An adjustment may be negative: it lowers principal, and what is over becomes credit.
    The same key with the same figures posts once. Raises AmountNotPositive, KeyTaken.
    """
    if amount == 0 or (amount < 0 and kind != "adjustment"):
        raise AmountNotPositive(amount=amount)
    _lock(session, [account.id])
    if _posted_before(session, account, key, kind, amount, value_date):
        return
    if amount > 0:
        rows = [Part(RAISES.get(kind, "principal"), amount)]
    else:
        owed = max(balance(session, [account.id]).get(account.id, {}).get("principal", 0), 0)
        lowered = min(-amount, owed)
        rows = [Part("principal", -lowered)] if lowered else []
        rows += [Part("credit", amount + lowered)] if amount + lowered else []
    for n, part in enumerate(rows):
        _insert(session, account, kind, part.component, part.amount, value_date, key if n == 0 else f"{key}/{n + 1}",
                at, due_on=due_on if n == 0 else None)  # fmt: skip
    position.refresh(session, [account.id], at)
    _told(session, Kind.ENTRY_POSTED, account, by, at, {"what": kind, "amount": amount, "key": key}, value_date)


def pay(
    session: Session,
    creditor: Creditor,
    shares: Sequence[tuple[Account, int]],
    *,
    value_date: date,
    key: str,
    by: Actor,
    at: datetime,
) -> Payment:
    """Posts one payment to a creditor, shared over its accounts in minor units.

    The same key with the same sum posts once. Raises AmountNotPositive, KeyTaken.
    """
    total = sum(amount for _, amount in shares)
    if total <= 0 or any(amount < 0 for _, amount in shares):
        raise AmountNotPositive(amount=total)
    _lock(session, [account.id for account, _ in shares])
    was = session.scalar(select(Payment).where(Payment.creditor_id == creditor.id, Payment.key == key))
    if was is not None:
        if (was.amount, was.value_date) != (total, value_date):
            raise KeyTaken(key=key)
        return was
    payment = Payment(creditor_id=creditor.id, currency=shares[0][0].currency, amount=total, value_date=value_date,
                      recorded_at=at, key=key)  # fmt: skip
    session.add(payment)
    session.flush()
    owed = balance(session, [account.id for account, _ in shares])
    for account, amount in shares:
        for part in split(amount, owed.get(account.id, {}), creditor.fees) if amount else ():
            _insert(session, account, "payment", part.component, -part.amount, value_date,
                    f"{key}/{account.id}/{part.component}", at, payment=payment.id)  # fmt: skip
        if amount:
            _told(session, Kind.PAYMENT_POSTED, account, by, at, {"amount": amount, "key": key}, value_date,
                  subject=f"payment:{payment.id}")  # fmt: skip
    position.refresh(session, [account.id for account, _ in shares], at)
    return payment


def give_back(session: Session, payment: Payment, *, on: date, key: str, by: Actor, at: datetime) -> Payment:
    """A payment that came back (dishonoured, recalled): its mirror, dated `on`; its dues open again.

    Raises ReversedAlready, ReversedTooEarly.
    """
    accounts = _accounts_of(session, payment.id)
    _lock(session, [account.id for account in accounts])
    again = session.scalar(select(Payment).where(Payment.returns == payment.id))
    if again is not None:
        if again.key == key:
            return again
        raise ReversedAlready(key=payment.key)
    if on < payment.value_date:
        raise ReversedTooEarly(key=payment.key, on=on)
    back = Payment(creditor_id=payment.creditor_id, currency=payment.currency, amount=-payment.amount, value_date=on,
                   recorded_at=at, key=key, returns=payment.id)  # fmt: skip
    session.add(back)
    session.flush()
    for part in _live_parts(session, payment.id):
        _mirror(session, part, on, f"{key}/{part.id}", at, payment=back.id)
    position.refresh(session, [account.id for account in accounts], at)
    for account in accounts:
        _told(session, Kind.PAYMENT_RETURNED, account, by, at, {"amount": payment.amount, "key": payment.key}, on,
              subject=f"payment:{payment.id}")  # fmt: skip
    return back


def reverse(session: Session, entry: Entry, *, on: date, key: str, by: Actor, at: datetime) -> None:
    """Takes back an entry that is no payment by its mirror, dated `on`.

    Money that had met it moves on within its payment. Raises NothingToReverse (a payment's part,
    a mirror), ReversedAlready, ReversedTooEarly.
    """
    if entry.kind == "payment" or entry.reverses is not None:
        raise NothingToReverse(key=entry.key)
    _lock(session, [entry.account_id])
    was = session.scalar(select(Entry).where(Entry.reverses == entry.id))
    if was is not None:
        if was.key == key:
            return
        raise ReversedAlready(key=entry.key)
    if on < entry.value_date:
        raise ReversedTooEarly(key=entry.key, on=on)
    _mirror(session, entry, on, key, at)
    account = session.get_one(Account, entry.account_id)
    move_surplus(session, account, entry.component, on=on, key=key, at=at)
    position.refresh(session, [account.id], at)
    _told(session, Kind.ENTRY_REVERSED, account, by, at, {"what": entry.kind, "amount": entry.amount, "key": entry.key},
          on, subject=f"entry:{entry.id}")  # fmt: skip


def move_surplus(session: Session, account: Account, component: str, *, on: date, key: str, at: datetime) -> None:
    """Moves money that met a component now below nought on to interest, principal and credit."""
    over = -balance(session, [account.id])[account.id].get(component, 0)
    if over <= 0 or component == "credit":
        return
    for part in _newest_parts(session, account.id, component):
        moved_on = max(on, part.value_date)  # never before the money came
        _mirror(session, part, moved_on, f"{key}/back/{part.id}", at, payment=part.payment_id)
        kept = max(-part.amount - over, 0)
        owed = {c: b for c, b in balance(session, [account.id])[account.id].items() if c != component}
        rows = [Part(component, kept)] if kept else []
        rows += split(-part.amount - kept, owed, "first")
        for row in rows:
            _insert(session, account, "payment", row.component, -row.amount, moved_on,
                    f"{key}/to/{part.id}/{row.component}", at, payment=part.payment_id)  # fmt: skip
        over -= -part.amount - kept
        if over <= 0:
            return


def balance(session: Session, accounts: Iterable[int], on: date | None = None) -> dict[int, dict[str, int]]:
    """What each component of each account owes in minor units, all entries or those valued by `on`."""
    query = select(Entry.account_id, Entry.component, func.sum(Entry.amount)).where(
        Entry.account_id.in_(list(accounts))
    )
    if on is not None:
        query = query.where(Entry.value_date <= on)
    found: dict[int, dict[str, int]] = {}
    for account, component, amount in session.execute(query.group_by(Entry.account_id, Entry.component)):
        found.setdefault(account, {})[component] = int(amount)
    return found


def entry_called(session: Session, creditor: int, key: str) -> Entry:
    """The entry posted under this key. Raises NothingToReverse."""
    found = session.scalar(select(Entry).where(Entry.creditor_id == creditor, Entry.key == key))
    if found is None:
        raise NothingToReverse(key=key)
    return found


def _lock(session: Session, accounts: Iterable[int]) -> None:
    """Holds these accounts, in order of id: what a component owes must not change while money is shared."""
    ids = sorted(set(accounts))
    session.execute(select(Account.id).where(Account.id.in_(ids)).order_by(Account.id).with_for_update(key_share=True))


def _insert(
    session: Session, account: Account, kind: str, component: str, amount: int, value_date: date, key: str,
    at: datetime, *, due_on: date | None = None, payment: int | None = None, reverses: int | None = None,
) -> None:  # fmt: skip
    session.add(Entry(creditor_id=account.creditor_id, account_id=account.id, currency=account.currency, kind=kind,
                      component=component, book=BOOKS[kind], amount=amount, value_date=value_date, due_on=due_on,
                      recorded_at=at, key=key, payment_id=payment, reverses=reverses))  # fmt: skip
    session.flush()


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


def _newest_parts(session: Session, account: int, component: str) -> list[Entry]:
    mirror = aliased(Entry)
    return list(
        session.scalars(
            select(Entry)
            .where(
                Entry.account_id == account,
                Entry.component == component,
                Entry.kind == "payment",
                Entry.reverses.is_(None),
                ~select(mirror.id).where(mirror.reverses == Entry.id).exists(),
            )
            .order_by(Entry.value_date.desc(), Entry.id.desc())
        )
    )


def _accounts_of(session: Session, payment: int) -> list[Account]:
    ids = select(Entry.account_id).where(Entry.payment_id == payment)
    return list(session.scalars(select(Account).where(Account.id.in_(ids)).order_by(Account.id)))


def _posted_before(session: Session, account: Account, key: str, kind: str, amount: int, on: date) -> bool:
    was = session.scalars(
        select(Entry).where(
            Entry.creditor_id == account.creditor_id,
            (Entry.key == key) | (Entry.key.startswith(f"{key}/", autoescape=True)),
            Entry.kind == kind,
        )
    ).all()
    if not was:
        return False
    if (was[0].account_id, sum(e.amount for e in was), was[0].value_date) != (account.id, amount, on):
        raise KeyTaken(key=key)
    return True


def _told(
    session: Session, kind: Kind, account: Account, by: Actor, at: datetime, facts: dict[str, object], on: date,
    subject: str | None = None,
) -> None:  # fmt: skip
    record(session, kind, by=by, at=at, creditor=account.creditor_id, account=account.id, subject=subject,
           facts={**facts, "currency": account.currency, "on": on.isoformat()})  # fmt: skip
