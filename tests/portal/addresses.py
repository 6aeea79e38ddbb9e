"""Where the faces of the portal are (`portal/app.py`)."""

AT_DESK = "/work"
"""The collectors' pages stand below it."""
