"""Finding a case by name, reference or telephone number. What is looked for never stands in an address."""

from flask import request
from flask.typing import ResponseReturnValue

from cases.work.find import find as cases_like
from portal.access import asking
from portal.collector.face import blueprint, desk, show, to_case

MOST = 20


@blueprint.post("/find")
@desk
def find() -> ResponseReturnValue:
    """The case, when one alone fits; else a list."""
    typed = request.form.get("find", "")[:100].strip()
    with asking() as session:
        found = cases_like(session, typed, limit=MOST)
        if len(found) == 1:
            return to_case(found[0].case_ref)
        return show(session, "found", found=found, typed=typed, most=MOST)
