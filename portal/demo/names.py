# ruff: noqa: E501 - lists of names read better wide
"""Invented people: names, streets and numbers for the sample book.

Telephone numbers come from ranges that regulators keep for fiction: Ofcom's
07700 900000 to 900999, and 070-174 06 05 to 06 99 of the Swedish PTS. Swedish identity
numbers use the serials 238 and 239, which Skatteverket gives to test persons.
Poland keeps no range free, so Polish people of the book have British test numbers
and no identity number. Mail addresses lie under example.org.
"""

import random
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

FIRST: Final = {
    "GB": ("Amelia Oliver Isla George Ava Noah Mia Arthur Freya Muhammad Lily Leo Sophie Harry Evie Oscar Ruby Archie Ella "
           "Jack Grace Henry Maisie Theo Nadia Kofi Chloe Callum Rhys Bronwen Imani Dermot Fatima Ewan Priscilla Desmond").split(),
    "SE": "Alice Elsa Astrid Wilma Maja Saga Ebba Karin Liv Lucas William Elias Nils Axel Oskar Viktor Björn Åke Sören Örjan".split(),
    "PL": "Zofia Hanna Maja Julia Oliwia Łucja Małgorzata Zuzanna Antoni Jan Jakub Szymon Stanisław Michał Paweł Wojciech".split(),
}  # fmt: skip
LAST: Final = {
    "GB": ("Ashdown Barlow Carrick Dunmore Eastgate Fenwick Garside Hadley Inkpen Jessop Kirkham Langley Marsden Norbury "
           "Oakes Penrose Quaife Ridley Sayer Thorne Underhill Vickery Whitlock Yarrow Adeyemi Okafor Rahman Begum Osei "
           "Llewellyn MacRae Pryce Tindall Brackley").split(),
    "SE": "Lindqvist Åkerblom Björklund Dahlgren Ekström Forsgren Hallström Ljungberg Nyström Sjödin Törnqvist Wallin Öberg".split(),
    "PL": "Wrona Zieliński Kaczmarek Jabłoński Dąbrowski Świątek Grabowska Pawlak Wójtowicz Żuraw Łapiński Sowa".split(),
}  # fmt: skip
STREETS: Final = {
    "GB": "Sluice Row,Kestrel Court,Larch Walk,Tannery Lane,Weir Yard,Chandlers Quay,Orchard Hill,Mill Bank,Foundry Street".split(","),
    "SE": "Gärdesvägen,Ängsgatan,Kvarnbacken,Slussgatan,Björkallén".split(","),
    "PL": "ul. Lipowa,ul. Źródlana,ul. Młyńska,ul. Ogrodowa,ul. Świerkowa".split(","),
}  # fmt: skip
TOWNS: Final = {
    "GB": [("Ashmere", "ZZ9"), ("Tidewell", "ZZ8"), ("Low Marsh", "ZZ7")],
    "SE": [("Uppsala", "753"), ("Gävle", "803")],
    "PL": [("Gdynia", "81-"), ("Toruń", "87-")],
}


@dataclass(frozen=True, slots=True)
class Invented:
    """One person of the book, as every creditor writes them down."""

    ref: str
    name: str
    born: date
    national_id: str
    line1: str
    city: str
    postcode: str
    country: str
    phone: str
    email: str
    language: str

    def columns(self) -> dict[str, str]:
        """The person columns of Evenly's layout."""
        return {
            "person_ref": self.ref,
            "name": self.name,
            "date_of_birth": self.born.isoformat(),
            "national_id": self.national_id,
            "address_line1": self.line1,
            "city": self.city,
            "postcode": self.postcode,
            "country": self.country,
            "phone": self.phone,
            "email": self.email,
            "language": self.language,
        }


def invent(n: int, country: str, dice: random.Random, today: date) -> Invented:
    """The `n`th person of the book (0 to 899), the same for the same dice."""
    first, last = dice.choice(FIRST[country]), dice.choice(LAST[country])
    if country == "PL" and last.endswith("ski") and first.endswith("a"):
        last = f"{last[:-1]}a"
    born = today - timedelta(days=dice.randrange(20 * 365, 82 * 365))
    city, code = dice.choice(TOWNS[country])
    postcode = {
        "GB": f"{code} {dice.randrange(1, 10)}{dice.choice('ABDEFGHJLNPQRSTUWXYZ')}{dice.choice('ABDEFGHJLNPQRSTUWXYZ')}",
        "SE": f"{code} {dice.randrange(10, 100)}",
        "PL": f"{code}{dice.randrange(100, 1000)}",
    }[country]
    return Invented(
        ref=f"P{1000 + n}",
        name=f"{first} {last}",
        born=born,
        national_id=_personnummer(born, n) if country == "SE" else "",
        line1=f"{dice.choice(STREETS[country])} {dice.randrange(1, 90)}",
        city=city,
        postcode=postcode,
        country=country,
        phone=f"+44 7700 900{n:03d}",
        email=f"{_plain(first)}.{_plain(last)}.{n}@example.org",
        language="en",
    )


def swedish_number(n: int) -> str:
    """The `n`th (0 to 94) of the Swedish mobile numbers kept for fiction."""
    return f"+46 70 174 06 {5 + n:02d}"


def _personnummer(born: date, n: int) -> str:
    """A test person's number: a serial of 238 or 239, and the Luhn digit over ten digits."""
    nine = f"{born:%y%m%d}{238 + n % 2}"
    doubled = (int(c) * (2 if i % 2 == 0 else 1) for i, c in enumerate(nine))
    check = -sum(d - 9 if d > 9 else d for d in doubled) % 10
    return f"{born:%Y%m%d}-{nine[6:]}{check}"


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKD", word.lower().replace("ł", "l").replace("ø", "o"))
    return "".join(c for c in folded if c.isascii() and c.isalnum())
