"""The probability of still paying, by how long a customer is silent and how often it used to pay."""

import datetime as dt

import numpy as np
import pandas as pd

from analysis.finding import Exhibit, Finding
from analysis.stats.intervals import wilson
from analysis.study.disclosed import is_tellable
from analysis.study.lifetime_model import BANDS, DORMANT_DAYS, LOW_ALIVE
from analysis.wording import Message, say

PACES = 5
MARKED = 0.1


def alive_cells(customers: pd.DataFrame) -> pd.DataFrame:
    """Open payers with their `alive` → band, pace (fifths by payment days a week since the first, 1 to PACES, the busiest), customers,
    alive (mean probability of still paying); cells of few customers are left out."""
    pace = (customers["purchases"] / (customers["age"] + 1 / 7)).rank(pct=True, method="average")
    fifth = np.ceil(pace * PACES).clip(1, PACES).astype(int).rename("pace")
    cells = customers.groupby(["band", fifth], observed=True)["alive"].agg(customers="size", alive="mean").reset_index()
    return cells[cells["customers"].map(is_tellable)].reset_index(drop=True)


def alive_exhibit(customers: pd.DataFrame, as_of: dt.date) -> Exhibit:
    """The same silence tells the more the more often a customer used to pay."""
    cells, average = alive_cells(customers), float(customers["alive"].mean())
    frame = pd.DataFrame(
        {
            "row": [say("Silent {band}", band=BANDS[band][2]) for band in cells["band"]],
            "column": [say("Pace {pace:count}", pace=pace) for pace in cells["pace"]],
            "value": cells["alive"] - average,
            "text": [say("{share:share}", share=share) for share in cells["alive"]],
        }
    )
    return Exhibit(
        name="alive",
        title=_title(cells),
        subtitle=say(
            "Open customers at {as_of:date} by days since the last own payment and by payment days a week (fifths, 5 most); printed: mean probability of still paying; colour: against the mean of all, {average:share}",
            as_of=as_of, average=average,
        ),
        frame=frame,
    )  # fmt: skip


def _title(cells: pd.DataFrame) -> Message:
    """The band in which the paces differ most, if they differ by MARKED."""
    spread = cells.groupby("band", observed=True)["alive"].agg(["min", "max"])
    spread = spread[spread["max"] - spread["min"] >= MARKED]
    if spread.empty:
        return say("Probability of still paying by silence and pace")
    band = (spread["max"] - spread["min"]).idxmax()
    row = cells[cells["band"].eq(band)].sort_values("pace")
    return say(
        "By the model the same silence means different things: at {band}, {slow:share} still pay at pace {first:count} and {busy:share} at pace {last:count}",
        band=BANDS[band][2], slow=row["alive"].iloc[0], first=row["pace"].iloc[0], busy=row["alive"].iloc[-1], last=row["pace"].iloc[-1],
    )  # fmt: skip


def early_findings(customers: pd.DataFrame, checked: pd.DataFrame | None, base: int | None) -> list[Finding]:
    """Whom the model doubts before the rule of dormancy does, and how many of such customers paid again in the year held out;
    `base` is the number of customers as it may be told."""
    early = int(_is_early(customers).sum())
    if not early or not is_tellable(early) or not is_tellable(len(customers) - early):
        return []
    text = say(
        "**{early:count}** customers have been silent for less than {days:count} days, yet by the model probably no longer pay (probability below 50%){then}.",
        early=early, days=DORMANT_DAYS, then=_then(checked),
    )  # fmt: skip
    return [Finding("lifetime.silent_early", text, early, base, "count", exhibit="alive", is_headline=False)]


def _is_early(customers: pd.DataFrame) -> pd.Series:
    return customers["alive"].lt(LOW_ALIVE) & customers["silent_days"].lt(DORMANT_DAYS)


def _then(checked: pd.DataFrame | None) -> Message | str:
    if checked is None:
        return ""
    part = checked[_is_early(checked)]
    again = int(part["again"].sum())
    if part.empty or not is_tellable(again) or not is_tellable(len(part) - again):
        return ""
    share = wilson(again, len(part))
    return say(
        "; of those of a year ago {share:share} paid again (interval {low:share} to {high:share}), {expected:share} were expected to",
        share=share.value, low=share.low, high=share.high, expected=part["expected_again"].mean(),
    )  # fmt: skip
