"""What pages speak of that is neither delivered nor computed: tables that the bank edits, its lists, the release before."""

import datetime as dt

from analysis import digest
from analysis.project import Folders


def decisions_digest(places: Folders) -> str | None:
    """The digest of the bank's decisions.csv, of which the monthly report alone speaks; None where there is none."""
    from analysis.bank.decisions import DECISIONS

    path = places.definition.with_name(DECISIONS)
    return digest.of_file(path) if path.is_file() else None


def kept_beside(places: Folders, as_of: str) -> dict[str, str]:
    """What pages speak of and is neither delivered nor computed: digests of the tables that the bank keeps beside its bank.yaml and
    of the lots of its lists of early warning, and the name of the release before."""
    from analysis.bank.actions import COLUMNS
    from analysis.bank.alert_lists import lots_until
    from analysis.report.earlier import last_release

    edited = [path for name in COLUMNS if (path := places.definition.with_name(name)).is_file()]
    before = last_release(places.published, dt.date.fromisoformat(as_of))
    kept = {path.name: digest.of_file(path) for path in [*edited, *lots_until(places.state, dt.date.fromisoformat(as_of))]}
    return kept | ({"last release": before.name} if before else {})
