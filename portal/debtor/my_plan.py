"""In the making."""
from portal.access import asking, debtor
from portal.debtor.face import blueprint, show, waiting


@blueprint.get("/my-plan")
@debtor
def my_plan() -> str:
    with asking() as session:
        wait = waiting(session)
    return show("debtor/home.html", wait)
