"""In the making."""
from portal.access import asking, debtor
from portal.debtor.face import blueprint, show, waiting


@blueprint.get("/plan")
@debtor
def plan() -> str:
    with asking() as session:
        wait = waiting(session)
    return show("debtor/home.html", wait)
