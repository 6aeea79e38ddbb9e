"""What stands at the end of letters: what to do when something looks wrong, and who advises for nothing."""

from messaging.advice import adviser_in
from messaging.figures import NO_BREAK, phone_text
from messaging.paper import Letterhead, Paper
from messaging.tongue import Tongue


def wrong(paper: Paper, tongue: Tongue, us: Letterhead) -> None:
    """How to say that something looks wrong."""
    _ = tongue._
    paper.heading(_("Does something look wrong?"))
    if us.phone:
        paper.text(_("Sign in at %(url)s and write to us, or ring %(phone)s. It costs you nothing to ask.",
                     url=us.url, phone=_unbroken(us.phone)))  # fmt: skip
    else:
        paper.text(_("Sign in at %(url)s and write to us. It costs you nothing to ask.", url=us.url))


def advice(paper: Paper, tongue: Tongue, country: str | None) -> None:
    """Free advice in the person's country, or where to look for it."""
    _ = tongue._
    adviser = adviser_in(country)
    words = [_("A debt adviser can help you and speak for you. It costs nothing.")]
    if adviser:
        ring = f", {_unbroken(phone_text(adviser.telephone))}" if adviser.telephone else ""
        words.append(f"{adviser.name}: {adviser.site.removeprefix('https://')}{ring}")
    paper.note(_("Free, independent advice"), *words)


def _unbroken(number: str) -> str:
    """A telephone number that stays on one line."""
    return number.replace(" ", NO_BREAK)
