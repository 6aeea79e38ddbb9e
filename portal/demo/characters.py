"""The people of the tour, and Idris' wife: their debts as files, as in the book.

- *Marta Lindqvist* owes rent, garden waste and a Swedish energy bill. She has asked for nothing yet.
- *Idris Farrow* and *Lena Farrow* share a tenancy. Idris told what comes in and goes out, asked for a plan and sent
  a text.
- *Zofia Wrona* has a plan over a loan in Poland; her next payment is a few days away.
- *Owen Ridley* has a plan too, and money of his is on its way.
- *Henryk Mazur* pays an ended loan back by a plan that bears the interest of its contract.
- *Tobias Quarshie* is in a breathing space, and says that he has paid for his garden waste.

What they did and said is told by `story.py`; here stands what their creditors know, and what Idris lives on.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask_babel import LazyString

from cases.clock import add_months, next_working_day
from portal.demo.book import Book, units
from portal.demo.names import Invented
from portal.language import _l

PASSWORD: Final = "evenly shows the way"
"""The sample users' password. It is public: production refuses a database with users marked as samples."""


@dataclass(frozen=True, slots=True)
class Character:
    """A person of the tour: who they are, the reference they sign in with, and a line about them."""

    who: Invented
    account: str
    line: LazyString


def _person(
    n: int, name: str, born: date, line1: str, city: str, postcode: str, country: str, language: str = "en"
) -> Invented:
    mail = name.lower().replace(" ", ".")
    return Invented(f"P90{n:02d}", name, born, "", line1, city, postcode, country, f"+44 7700 9009{n:02d}",
                    f"{mail}@example.org", language)  # fmt: skip


MARTA: Final = Character(
    _person(1, "Marta Lindqvist", date(1984, 5, 17), "Kestrel Court 14", "Ashmere", "ZZ9 4MK", "GB"),
    "T4471",
    _l("Owes three creditors and has not asked for anything yet."),
)
IDRIS: Final = Character(
    _person(2, "Idris Farrow", date(1979, 2, 8), "Sluice Row 3", "Tidewell", "ZZ8 2RB", "GB"),
    "T4481",
    _l("Told what comes in and goes out, asked for a plan this morning, and sent a text."),
)
LENA: Final = Character(
    _person(3, "Lena Farrow", date(1981, 11, 30), "Sluice Row 3", "Tidewell", "ZZ8 2RB", "GB"),
    "T4481",
    _l("Is joint tenant with Idris, and sees the rent but not his other debts."),
)
ZOFIA: Final = Character(
    _person(4, "Zofia Wrona", date(1992, 8, 21), "ul. Lipowa 7", "Gdynia", "81-240", "PL"),
    "L4491",
    _l("Keeps a plan, and has a payment in a few days."),
)
OWEN: Final = Character(
    _person(5, "Owen Ridley", date(1990, 3, 4), "Weir Yard 21", "Ashmere", "ZZ9 7QT", "GB"),
    "T4501",
    _l("Keeps a plan, and has money on its way."),
)
TOBIAS: Final = Character(
    _person(6, "Tobias Quarshie", date(1987, 9, 14), "Sluice Row 18", "Tidewell", "ZZ8 2RF", "GB"),
    "T4511",
    _l("Is in a breathing space, and says that one debt is paid already."),
)
HENRYK: Final = Character(
    _person(7, "Henryk Mazur", date(1974, 1, 26), "ul. Morska 52", "Gdynia", "81-225", "PL"),
    "L4521",
    _l("Keeps a plan that bears interest."),
)
IDRIS_TOLD: Final = {
    "client-salary-or-wages": 1486_20, "child-benefit": 110_93, "rent": 520_00, "council-tax-rates": 104_00,
    "tv-licence": 14_12, "gas": 52_00, "electricity": 61_50, "water-supply": 34_80, "childcare-costs": 86_00,
    "prescriptions-medicines": 9_90, "public-transport": 92_00, "school-uniform": 14_00, "mobile-phone": 16_00,
    "home-phone-internet-tv": 29_00, "groceries": 388_00, "school-work-meals": 42_00, "clothing-footwear": 36_00,
    "toiletries": 21_00, "hairdressing": 12_00,
}  # fmt: skip
"""What comes in and goes out each month in Idris' household, minor units: a little less than 60.00 is left."""
CHARACTERS: Final = (MARTA, IDRIS, LENA, ZOFIA, OWEN, TOBIAS, HENRYK)


def add(book: Book) -> None:
    """Adds the characters' rows to the book's files."""
    today = book.today
    month = today.replace(day=1)
    _rent(book, MARTA, 437_97, unpaid=3)
    _one(book, "ashmere", "S4472", MARTA.who, "garden_waste", 182_69, today - timedelta(days=40))
    _one(book, "lyngvik", "E4473", MARTA.who, "energy", 1_940_00, today - timedelta(days=21))

    _rent(book, IDRIS, 520_00, unpaid=2)
    tenancy = book.files["tidewell"]
    tenancy.liable.append({"account_ref": "T4481", "role": "joint", "from": ""} | LENA.who.columns())
    book.entry("tidewell", "T4481", "T4481-PX", add_months(month, -1) + timedelta(days=4), "payment", 470_00)
    _one(book, "ashmere", "S4482", IDRIS.who, "care_alarm", 148_20, today - timedelta(days=74))
    _loan(book, "L4483", IDRIS.who, 163_00, months=24, begun=4, unpaid=())

    _loan(book, "L4491", ZOFIA.who, 310_00, months=24, begun=9, unpaid=(3, 4, 5, 6))
    for n in (2, 1):
        book.entry("wierzba", "L4491", f"L4491-A{n}", zofia_pays(today, -n) - timedelta(days=1), "payment", 310_00)

    _one(book, "wierzba", "L4521", HENRYK.who, "loan", 2_400_00, henryk_pays(today, -3), rate="9.5")
    for n in (2, 1):
        book.entry("wierzba", "L4521", f"L4521-A{n}", henryk_pays(today, -n), "payment", 400_00)

    _rent(book, TOBIAS, 385_50, unpaid=2)
    _one(book, "ashmere", "S4512", TOBIAS.who, "garden_waste", 96_40, today - timedelta(days=61))
    _one(book, "lyngvik", "E4513", TOBIAS.who, "energy", 2_310_00, today - timedelta(days=33))

    _rent(book, OWEN, 420_00, unpaid=2, but_last=3)
    book.entry("tidewell", "T4501", "T4501-A1", owen_pays(today, -1), "payment", 70_00)
    arrives = today + timedelta(days=2)
    book.entry("tidewell", "T4501", "T4501-W1", arrives, "payment", 70_00)
    book.on_its_way.append(("tidewell", "T4501", "T4501-W1", 70_00, arrives))


def zofia_pays(today: date, n: int) -> date:
    """The `n`th monthly payment of Zofia's plan before (minus) or after the coming one.

    The coming one is at least four days away, on a working day in Poland.
    """
    coming = next_working_day("PL", today + timedelta(days=4))
    return add_months(coming, n, coming.day)


def henryk_pays(today: date, n: int) -> date:
    """The `n`th monthly payment of Henryk's plan before (minus) or after the coming one, nine days away or more."""
    coming = next_working_day("PL", today + timedelta(days=9))
    return add_months(coming, n, coming.day)


def owen_pays(today: date, n: int) -> date:
    """The `n`th four-weekly payment of Owen's plan before or after the coming one, on a working day."""
    return next_working_day("EW", today + timedelta(days=4)) + timedelta(days=28 * n)


def _account(
    book: Book, lender: str, ref: str, who: Invented, kind: str, opened: date, rate: str = ""
) -> None:
    currency = {"lyngvik": "SEK", "wierzba": "PLN"}.get(lender, "GBP")
    book.files[lender].accounts.append(
        {"account_ref": ref} | who.columns()
        | {"debt_type": kind, "currency": currency, "opened_on": opened.isoformat(), "branch": who.city}
        | ({"interest_rate": rate} if rate else {})
    )  # fmt: skip


def _rent(book: Book, character: Character, amount: int, *, unpaid: int, but_last: int = 0) -> None:
    """Rent for eighteen months; the `unpaid` newest months before the `but_last` newest were not paid."""
    ref, month = character.account, book.today.replace(day=1)
    _account(book, "tidewell", ref, character.who, "rent", add_months(month, -18))
    for n in range(18, -1, -1):
        on = add_months(month, -n)
        book.entry("tidewell", ref, f"{ref}-R{n:02d}", on, "charge", amount, due_on=on)
        if not but_last <= n < but_last + unpaid:
            book.entry("tidewell", ref, f"{ref}-P{n:02d}", on, "payment", amount)


def _one(
    book: Book, lender: str, ref: str, who: Invented, kind: str, amount: int, due: date, rate: str = ""
) -> None:
    opened = due - timedelta(days=28)
    _account(book, lender, ref, who, kind, opened, rate)
    book.entry(lender, ref, f"{ref}-C", opened, "charge", amount, due_on=due)


def _loan(book: Book, ref: str, who: Invented, part: int, *, months: int, begun: int, unpaid: tuple[int, ...]) -> None:
    """A loan of equal parts, begun so many months ago; the parts in `unpaid` (from 0) were not paid."""
    first = add_months(book.today, -begun, 10).replace(day=10)
    _account(book, "wierzba", ref, who, "loan", add_months(first, -1))
    book.entry("wierzba", ref, f"{ref}-C", add_months(first, -1), "charge", part * months)
    for n in range(months):
        on = add_months(first, n, 10)
        book.files["wierzba"].instalments.append(
            {"account_ref": ref, "due_on": on.isoformat(), "amount": units(part), "component": "principal"}
        )
        if on <= book.today and n not in unpaid:
            book.entry("wierzba", ref, f"{ref}-P{n:02d}", on, "payment", part)
