"""The form of a statement of affairs: the groups and lines of the Standard Financial Statement. Pure.

Groups stand in the order of the form. *Fixed* spending is taken as it is; *flexible* spending has guidelines
for members of the scheme, which are not ours to ship. A *section* is what one page asks.
Names of lines are those of version 1.1; members of the scheme neither add, remove nor rename any.
(moneyadviceservice/sfs-developer-toolkit, dds/v1.1)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that belong together. `side`: income, fixed, flexible or debts."""

    side: str
    lines: tuple[str, ...]


GROUPS: Final[Mapping[str, Group]] = {
    "earnings": Group("income", ("client-salary-or-wages", "partner-salary-or-wages", "other-earnings")),
    "benefits": Group("income", (
        "tax-credits-universal-credit", "jobseekers-allowance-income-based", "jobseekers-allowance-contribution-based",
        "income-support", "working-tax-credit", "child-tax-credit", "child-benefit", "employment-support-allowance",
        "disability-benefits", "carers-allowance", "local-housing-allowance", "council-tax-support", "other-benefits",
    )),
    "pensions": Group("income", ("state-pensions", "private-work-pensions", "pension-credit", "other-pensions")),
    "other-income": Group("income", (
        "maintenance-child-support", "boarders-lodgers", "non-dependants-contributions", "student-loans-grants",
        "other-other-income",
    )),
    "home-contents": Group("fixed", (
        "rent", "ground-rent-service-charges", "mortgage", "mortgage-endowment", "secured-loans", "council-tax-rates",
        "appliance-furniture-rental", "tv-licence", "other-home-contents",
    )),
    "utilities": Group("fixed", ("gas", "electricity", "other-utilities", "other-utilities-expenditure")),
    "water": Group("fixed", ("water-supply", "water-waste")),
    "care-health": Group("fixed", (
        "childcare-costs", "adult-care-costs", "child-maintenance-child-support", "prescriptions-medicines",
        "dentistry-opticians", "other-care-health",
    )),
    "transport-travel": Group("fixed", (
        "public-transport", "hire-purchase-conditional-sale-vehicle", "car-insurance", "road-tax",
        "mot-ongoing-maintenance", "breakdown-cover", "fuel-parking-toll-road-charges", "other-transport-travel",
    )),
    "school": Group("fixed", ("school-uniform", "after-school-clubs-school-trips", "other-school")),
    "pensions-insurance": Group("fixed", (
        "pension-payments", "life-insurance", "mortgage-payment-protection-insurance", "buildings-contents-insurance",
        "health-insurance", "other-pensions-insurances",
    )),
    "professional": Group("fixed", ("professional-courses", "union-fees", "professional-fees", "other-professional")),
    "other-essential": Group("fixed", ("other-essential-1", "other-essential-2", "other-essential-3")),
    "communications-leisure": Group("flexible", (
        "home-phone-internet-tv", "mobile-phone", "hobbies-leisure-sport", "gifts", "pocket-money",
        "newspapers-magazines-stationery-postage", "other-communications-leisure",
    )),
    "food-housekeeping": Group("flexible", (
        "groceries", "nappies-baby-items", "school-work-meals", "laundry-dry-cleaning", "alcohol", "smoking-products",
        "vet-bills-pet-insurance", "house-repairs-maintenance", "other-food-housekeeping",
    )),
    "personal": Group("flexible", ("clothing-footwear", "hairdressing", "toiletries", "other-personal")),
    "debts": Group("debts", ("priority-repayments", "non-priority-repayments", "debt-admin-fee")),
}  # fmt: skip
"""Every group by its name. `debts`: what a person pays each month to creditors who are not ours."""

NAMED: Final = frozenset(GROUPS["other-essential"].lines)
"""The free lines of the form: the person says what each is for."""

COUNTS: Final = (
    "dependent-children-under-16", "dependent-children-16-18", "other-dependents", "non-dependents", "vehicles",
)  # fmt: skip
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "housing-tenure": ("owner", "mortgage", "with-parents", "private-tenant", "social-tenant", "other"),
    "client-employment-status": (
        "full-time", "part-time", "unemployed", "ill-disabled", "self-employed", "retired", "carer", "student", "other",
    ),
}  # fmt: skip
"""The lines about the household: how many, and one of a few."""

SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "household": (),
    "earnings": ("earnings",),
    "benefits": ("benefits",),
    "other-income": ("pensions", "other-income"),
    "home": ("home-contents",),
    "utilities": ("utilities", "water"),
    "care": ("care-health", "school"),
    "travel": ("transport-travel",),
    "insurance": ("pensions-insurance", "professional", "other-essential"),
    "leisure": ("communications-leisure",),
    "food": ("food-housekeeping",),
    "personal": ("personal",),
    "debts": ("debts",),
}
"""What one page asks, in order: its groups."""

SIDE_OF: Final[Mapping[str, str]] = {line: group.side for group in GROUPS.values() for line in group.lines}
"""The side of each line that holds money."""


def lines_of(section: str) -> tuple[str, ...]:
    """The lines of a section, in order. KeyError for a section that there is not."""
    if section == "household":
        return (*COUNTS, *CHOICES)
    return tuple(line for group in SECTIONS[section] for line in GROUPS[group].lines)


def next_section(section: str) -> str | None:
    """The section after this one; None after the last."""
    order = list(SECTIONS)
    place = order.index(section) + 1
    return order[place] if place < len(order) else None


def section_of(line: str) -> str:
    """The section that asks for a line. KeyError for a line that there is not."""
    return _SECTION_OF[line]


_SECTION_OF: Final = {line: section for section in SECTIONS for line in lines_of(section)}
