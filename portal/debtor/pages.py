"""All pages of the debtor's face, gathered: importing this gives the blueprint its routes."""

from portal.debtor import (
    affairs,
    debt,
    dispute,
    home,
    letters,
    messages,
    my_plan,
    pay,
    payments,
    plan,
    reach,
    statement,
    support,
)
from portal.debtor.face import blueprint

__all__ = [
    "blueprint", "affairs", "debt", "dispute", "home", "letters", "messages", "my_plan",
    "pay", "payments", "plan", "reach", "statement", "support",
]  # fmt: skip
