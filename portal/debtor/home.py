"""Home: what is owed, what comes next, each debt."""

from portal.access import asking, debtor
from portal.debtor.face import blueprint, show, waiting


@blueprint.get("/")
@debtor
def home() -> str:
    """Where things stand."""
    with asking() as session:
        wait = waiting(session)
    return show("debtor/home.html", wait)
