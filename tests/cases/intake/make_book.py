"""Makes the book in tests/data/book: `python -m tests.cases.intake.make_book`. All of it is invented.

Of the shape of a real loan book: ten loans by equal instalments on the 12th, one of them far behind,
joint borrowers, a fee, a payment that came back, a reference with a stroke. Telephone numbers are Ofcom's
for fiction. `expected.csv` was reckoned by hand from the rule of the due date as day 0, oldest first.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.cases.intake.books import write_book

FOLDER = Path(__file__).resolve().parents[2] / "data" / "book"
NAMES = ("Berit Aldous", "Conrad Vey", "Ilse Thornbury", "Padma Quill", "Rhys Marrow", "Sunniva Holt", "Teo Lindqvist",
         "Una Farrow", "Wim Castellan", "Yara Penhale")  # fmt: skip
MONTHS = 12
OPENED = date(2025, 6, 20)


def main() -> None:
    """Writes the four files and what is expected on 20 June 2026."""
    accounts, instalments, entries, expected = [], [], [], []
    for n, name in enumerate(NAMES, start=1):
        ref, part = f"L{n:03d}", 100 + 10 * n
        accounts.append({
            "account_ref": ref, "person_ref": f"P{n:03d}", "name": name, "date_of_birth": f"19{60 + n}-0{1 + n % 9}-1{n % 10}",
            "national_id": "", "address_line1": f"{n} Quay Road", "city": "Tidewell", "postcode": f"TW{n} 1AB",
            "country": "GB", "phone": f"+4477009001{n:02d}", "email": f"p{n:03d}@example.org", "language": "en",
            "debt_type": "loan", "currency": "GBP", "opened_on": OPENED, "original_amount": f"{part * MONTHS}.00",
            "branch": "Harbour" if n % 2 else "Hill",
        })  # fmt: skip
        days = [_month(k) for k in range(1, MONTHS + 1)]
        instalments += [
            {"account_ref": ref, "due_on": d, "amount": f"{part}.00", "component": "principal"} for d in days
        ]
        entries.append(_entry(ref, f"{ref}-C", OPENED, "charge", part * MONTHS))
        met = 3 if n == 4 else MONTHS
        entries += [_entry(ref, f"{ref}-P{k:02d}", d, "payment", part) for k, d in enumerate(days[:met], start=1)]
        if n == 2:  # a fee is met first: 8.00 of the last instalment stay open
            entries.append(_entry(ref, f"{ref}/F", date(2026, 2, 1), "fee", 8))
        if n == 7:  # the last payment came back
            entries.append(_entry(ref, f"{ref}-R", date(2026, 6, 15), "reversal", part, reverses=f"{ref}-P12"))
        overdue, since = {2: (8, days[11]), 4: (140 * 9, days[3]), 7: (170, days[11])}.get(n, (0, None))
        expected.append({
            "account_ref": ref, "as_of": "2026-06-20", "amount_overdue": f"{overdue}.00", "oldest_unmet_due": since or "",
            "days_in_arrears": (date(2026, 6, 20) - since).days if since else 0,
        })  # fmt: skip
    liable = [
        {"account_ref": "L001", "person_ref": "P002", "role": "joint", "from": OPENED, "name": ""},
        {"account_ref": "L003", "person_ref": "P011", "role": "guarantor", "from": OPENED, "name": "Zeno Aldous"},
    ]
    write_book(FOLDER, accounts=accounts, liable=liable, instalments=instalments, entries=entries, expected=expected)


def _month(k: int) -> date:
    whole = OPENED.year * 12 + OPENED.month - 1 + k
    return date(whole // 12, whole % 12 + 1, 12)


def _entry(ref: str, entry: str, on: date, kind: str, amount: int, reverses: str = "") -> dict[str, object]:
    return {
        "account_ref": ref,
        "entry_ref": entry,
        "value_date": on,
        "kind": kind,
        "amount": f"{amount}.00",
        "reverses": reverses,
    }


if __name__ == "__main__":
    main()
