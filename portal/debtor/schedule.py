"""A schedule as a page shows it: its years, its columns, why a date moved, and who gets what of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cases.arrangements.paid import InstalmentPaid
from cases.arrangements.schedule import Schedule
from cases.clock import is_holiday
from portal.language import _, day_plain


@dataclass(frozen=True, slots=True)
class Column:
    """What one creditor gets: its name (two debts of one creditor are told apart by number), account and sums.

    `total`: without the plan's `interest`, whose yearly `rate` is in per cent. `regular`: of each regular payment
    but the last. Minor units.
    """

    name: str
    account: int
    total: int
    regular: int
    interest: int = 0
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One payment: its day, why it moved, minor units in all and by account, what is left of the plan after it."""

    no: int
    on: date
    moved: str | None
    minor: int
    shares: Mapping[int, int]
    left: int
    state: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A whole schedule."""

    currency: str
    total: int
    columns: tuple[Column, ...]
    lines: tuple[PaymentLine, ...]
    upfront: PaymentLine | None

    @property
    def interest(self) -> int:
        """The interest of the plan, which its last payment holds; minor units."""
        return sum(column.interest for column in self.columns)

    @property
    def years(self) -> list[tuple[int, list[PaymentLine]]]:
        """The payments of each year."""
        found: dict[int, list[PaymentLine]] = {}
        for line in self.lines:
            found.setdefault(line.on.year, []).append(line)
        return list(found.items())

    @property
    def regular(self) -> list[PaymentLine]:
        """The payments but the sum upfront."""
        return [line for line in self.lines if line is not self.upfront]

    @property
    def moves(self) -> bool:
        """Whether any date moved."""
        return any(line.moved for line in self.lines)


def shown(schedule: Schedule[int], names: Mapping[int, str], calendar: str | None, currency: str) -> Shown:
    """A schedule that is not agreed yet. `names`: the creditor of each account, in the plan's order."""
    rows = [
        (each.number, str(each.part), each.nominal_on, each.due_on, {s.key: s.minor for s in each.shares}, "")
        for each in schedule.instalments
    ]
    return _shown(rows, names, calendar, currency, {each.key: (each.minor, each.rate) for each in schedule.interest})


def shown_agreed(
    instalments: Sequence[InstalmentPaid], row: Sequence[str], names: Mapping[int, str], calendar: str | None,
    currency: str,
) -> Shown:  # fmt: skip
    """An agreed schedule, with the state of each payment; the shares that the asker may see."""
    rows = [
        (n, each.part, each.nominal_on, each.due_on, {s.account: s.due for s in each.shares}, state)
        for n, (each, state) in enumerate(zip(instalments, row, strict=True), 1)
    ]
    borne = {s.account: (s.interest, s.rate) for each in instalments for s in each.shares if s.interest}
    return _shown(rows, names, calendar, currency, borne)


Row = tuple[int, str, date, date, dict[int, int], str]


def _shown(
    rows: Iterable[Row], names: Mapping[int, str], calendar: str | None, currency: str,
    borne: Mapping[int, tuple[int, Decimal | None]],
) -> Shown:  # fmt: skip
    rows = list(rows)
    totals: dict[int, int] = {}
    for *_rest, shares, _state in rows:
        for account, minor in shares.items():
            totals[account] = totals.get(account, 0) + minor
    left = total = sum(totals.values())
    lines = []
    for no, _part, nominal, due, shares, state in rows:
        minor = sum(shares.values())
        left -= minor
        lines.append(PaymentLine(no, due, _moved(nominal, due, calendar), minor, shares, left, state))
    upfront = lines[0] if rows and rows[0][1] == "upfront" else None
    regular = [line for line in lines if line is not upfront]
    order = [account for account in names if account in totals]
    columns = tuple(
        Column(_told_apart(account, order, names), account, totals[account] - borne.get(account, (0,))[0],
               regular[0].shares.get(account, 0) if regular else 0, *borne.get(account, ()))
        for account in order
    )  # fmt: skip
    return Shown(currency, total, columns, tuple(lines), upfront)


def _told_apart(account: int, order: Sequence[int], names: Mapping[int, str]) -> str:
    same = [each for each in order if names[each] == names[account]]
    return names[account] if len(same) == 1 else f"{names[account]} {same.index(account) + 1}"


def _moved(nominal: date, due: date, calendar: str | None) -> str | None:
    if nominal == due:
        return None
    holiday = calendar is not None and nominal.weekday() < 5 and is_holiday(calendar, nominal)
    if holiday:
        return _("moved from %(day)s, bank holiday", day=day_plain(nominal, year=False))
    return _("moved from %(day)s, weekend", day=day_plain(nominal, year=False))
