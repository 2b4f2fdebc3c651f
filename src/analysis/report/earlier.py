"""What the bank's last report said, for those that tell what has changed since."""

import datetime as dt
import json
import os
from pathlib import Path

from analysis.project import folders
from analysis.report.release import RESULTS, days


def last_results(bank: str, as_of: dt.date) -> dict:
    """What results.json of the latest release before `as_of` holds; empty where there is none."""
    home = last_release(folders(bank).published, as_of)
    return json.loads((home / RESULTS).read_text(encoding="utf-8")) if home and (home / RESULTS).is_file() else {}


def last_release(published: Path, as_of: dt.date) -> Path | None:
    """The release of the latest day before `as_of`, by the name that no later one bears."""
    day = last_day(published, str(as_of))
    return published / os.readlink(published / day) if day else None


def last_day(published: Path, as_of: str) -> str | None:
    """The latest day before `as_of` that has a release."""
    return next((day for day in days(published) if day < as_of), None)
