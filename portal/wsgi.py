"""The web process's way in: `granian --interface wsgi portal.wsgi:application`."""

import os

from portal.app import create_app
from portal.settings import Settings

application = create_app(Settings.read(os.environ))
