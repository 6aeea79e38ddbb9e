"""The words for what the facts hold as codes: kinds of debt, lines, rhythms, currencies.

Pages, papers and mails say the same word for the same thing. `_d` marks a text of those who owe; it is
looked up where it is used.
"""

from typing import Final


def _d(text: str) -> str:
    """Marks a text as the debtor's; it is looked up where it is used."""
    return text


KINDS: Final = {
    "rent": _d("Rent"),
    "council_tax": _d("Council tax"),
    "energy": _d("Electricity or gas"),
    "water": _d("Water"),
    "loan": _d("Loan"),
    "credit_card": _d("Credit card"),
    "overdraft": _d("Overdraft"),
    "telecom": _d("Phone or internet"),
    "mortgage": _d("Mortgage"),
    "service_charge": _d("Service charge"),
    "parking": _d("Parking"),
    "garden_waste": _d("Garden waste"),
    "care_alarm": _d("Care alarm"),
    "business_rates": _d("Business rates"),
    "hire_purchase": _d("Hire purchase"),
    "store_card": _d("Store card"),
    "overpayment": _d("Money paid to you by mistake"),
}
LINES: Final = {
    "charged": _d("Charged"),
    "interest": _d("Interest"),
    "fees": _d("Fees"),
    "costs": _d("Costs"),
    "raised": _d("Added by a correction"),
    "paid": _d("Paid"),
    "lowered": _d("Taken off"),
    "refunded": _d("Paid back to you"),
}
ENTRIES: Final = {
    "charge": _d("Charge"),
    "interest": _d("Interest"),
    "fee": _d("Fee"),
    "cost": _d("Cost"),
    "payment": _d("Payment"),
    "adjustment": _d("Correction"),
    "refund": _d("Paid back to you"),
    "write_off": _d("Taken off"),
}
COMPONENTS: Final = {
    "principal": _d("for the debt itself"),
    "interest": _d("for interest"),
    "fee": _d("for fees"),
    "cost": _d("for costs"),
    "credit": _d("more than was owed"),
}
METHODS: Final = {
    "card": _d("By card"),
    "cash": _d("In cash"),
    "cheque": _d("By cheque"),
    "transfer": _d("By bank transfer"),
}
CURRENCIES: Final = {
    "GBP": _d("pounds"),
    "EUR": _d("euros"),
    "SEK": _d("Swedish kronor"),
    "NOK": _d("Norwegian kroner"),
    "DKK": _d("Danish kroner"),
    "PLN": _d("Polish zloty"),
    "CZK": _d("Czech koruna"),
    "USD": _d("US dollars"),
}
RHYTHMS: Final = {
    "weekly": _d("Every week"),
    "two_weekly": _d("Every 2 weeks"),
    "four_weekly": _d("Every 4 weeks"),
    "monthly": _d("Every month"),
}
EACH: Final = {
    "weekly": _d("a week"),
    "two_weekly": _d("every 2 weeks"),
    "four_weekly": _d("every 4 weeks"),
    "monthly": _d("a month"),
}
