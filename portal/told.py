"""What an act says of itself on the next page: a heading and a sentence, at the top, read aloud."""

from typing import Any, cast

from flask import flash


def tell(heading: str, sentence: str = "", kind: str = "good") -> None:
    """Says it once, on the next page. `kind`: good, info, wait, bad."""
    flash(cast(Any, (heading, sentence)), kind)
