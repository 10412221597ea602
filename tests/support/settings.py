"""A home's settings, changed as a person with an editor would."""

from __future__ import annotations

import json
from pathlib import Path


def change_home(folder: Path, **settings: object) -> None:
    """Put these into `home.json`."""
    file = folder / "home.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))
