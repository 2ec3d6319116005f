"""`python -m salle.demo.simulators`."""

from __future__ import annotations

import sys

from salle.demo.simulators.server import run
from salle.demo.simulators.settings import Settings

if __name__ == "__main__":
    sys.exit(run(Settings.from_env()))
