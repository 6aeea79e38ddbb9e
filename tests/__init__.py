"""The tests. A slow machine never fails one: Hypothesis looks for wrong answers, not for late ones."""

from hypothesis import settings

settings.register_profile("evenly", settings(), deadline=None)
settings.load_profile("evenly")
