"""Requests that nobody means well: nothing breaks, nothing leads away, no markup comes alive.

`make chaos ARGS=hostile` sends ten thousand; here are some hundreds, the same each time.
"""

from pathlib import Path

import pytest

from cases.clock import Clock
from cases.people.staff import USER_ROLES
from chaos._asking import Answer, wrong_with
from chaos._visitors import world_of
from chaos.hostile import applied, attack
from tests.house.test_access_matrix import DEBTORS, World
from tests.house.test_access_matrix import world as world
from tests.portal.doors import an_app
from tests.portal.face import face_settings

REQUESTS = 600
NOBODY = "http://127.0.0.1:9"
"""Nothing listens there: carriers and the card processor are away."""


@pytest.mark.slow
def test_hundreds_of_hostile_requests_break_nothing_and_lead_nowhere(world: World, tmp_path: Path) -> None:
    app = an_app(
        world.db, Clock(tmp_path / "clock"), tmp_path, stripe_api_key="sk_test_hostile", stripe_webhook_secrets=("whsec_hostile",),
        stripe_base_url=NOBODY, twilio_auth_tokens=("token",), hurry=60,
    )  # fmt: skip
    app.extensions["wake"] = [].append
    people, users = ([world.people[name] for name in names] for names in (DEBTORS, USER_ROLES))
    hostile = world_of(app, world.db, people=people, users=dict(zip(USER_ROLES, users, strict=True)))
    wrong, answers = attack(hostile, 4711, REQUESTS)
    wrong += applied(hostile)
    assert not wrong, "\n".join(wrong)
    assert sum(answers.values()) == REQUESTS
    # It went deep, and not only to the sign-in page.
    assert answers[200] > REQUESTS / 5 and answers[422] > 10 and answers[404] > 10 and answers[400] > 10


@pytest.mark.parametrize(
    ("status", "header", "body"),
    [
        (500, ("X", "y"), ""),
        (303, ("Location", "https://x4711.example/sign-in"), ""),
        (303, ("Location", "//x4711.example/"), ""),
        (303, ("Location", "/\\x4711.example"), ""),
        (200, ("X-X4711", "1"), ""),
        (200, ("Content-Type", "text/html"), "<p><x4711></p>"),
        (200, ("Content-Type", "text/html"), '<input value="" x4711="1">'),
        (200, ("Content-Type", "text/html"), "<script>x4711</script>"),
        (200, ("Content-Type", "text/html"), '<a href="javascript:x4711">'),
    ],
)
def test_each_kind_of_wrong_answer_is_noticed(tmp_path: Path, status: int, header: tuple[str, str], body: str) -> None:
    assert wrong_with(Answer(status, (header,), body.encode()), face_settings(tmp_path))


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (("Location", "/sign-in"), ""),
        (("Location", "http://127.0.0.1:8000/sign-in"), ""),
        (("Location", "https://checkout.stripe.com/c/pay/cs_1"), ""),
        (("Content-Type", "text/html"), "<p>&lt;x4711&gt; &#34;x4711=1</p><textarea>javascript:x4711</textarea>"),
    ],
)
def test_what_is_as_it_should_be_is_not_called_wrong(tmp_path: Path, header: tuple[str, str], body: str) -> None:
    assert wrong_with(Answer(200, (header,), body.encode()), face_settings(tmp_path)) == []
