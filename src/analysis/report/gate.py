"""The gate: a report whose data fall short of a floor opens with what cannot be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass

from analysis.report.provenance import TABLES, table_label
from analysis.wording import Message, say

TRUST_REPORT = "data_trust"
QUALITY, IDENTITY = "quality.", "identity."
MOST_DECIMALS = 4
HEADING = say("Read with reservation: the data fall short of what this report needs")
LINK = say("What is wrong with the data, and where")
SHORT = say("With reservation")
HIDDEN, SHOWN = '<p class="trust noprint" hidden="">', '<p class="trust noprint">'
JOINING = {
    "identity.precision": say("records joined that are one customer (precision)"),
    "identity.recall": say("records of one customer that were joined (recall)"),
}
RESTS_ON = {
    "identity.precision": say("sums and histories by customer, as two may have been taken for one"),
    "identity.recall": say("numbers of customers, as one may be counted twice"),
    "quality.customers": say("numbers of customers, new and lost ones, churn rates"),
    "quality.parties": say("who is one customer, and whatever is counted by customer"),
    "quality.branches": say("comparisons of branches"),
    "quality.holdings": say("products held"),
    "quality.balances": say("assets, tiers, run-off"),
    "quality.contributions": say("contribution and customers' value"),
    "quality.transactions": say("activity, time since the last transaction, dormancy"),
    "quality.contacts": say("contacts and waits"),
    "quality.complaints": say("complaints and their time to resolution"),
    "quality.invitations": say("response rates, weighting"),
    "quality.surveys": say("satisfaction, net promoter score"),
    "quality.answers": say("drivers of satisfaction"),
    "quality.assignments": say("changes of the customer's manager"),
    "quality.tariffs": say("fee rises and what goes with them"),
    "quality.campaigns": say("uplift of campaigns"),
}


@dataclass(frozen=True)
class Score:
    """How far data can be trusted: a share in 0-1 (None: it could not be measured), its 95 % interval (None: it has none) and how
    many rows (`quality.<table>`) or pairs of records (`identity.…`) it rests on."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    base: int = 0


def score_names() -> list[str]:
    """The ids that a floor may be set for."""
    return [*JOINING, *(f"{QUALITY}{table}" for table in TABLES)]


def reservations(floors: Mapping[str, float], scores: Mapping[str, Score], tables: Set[str]) -> list[dict]:
    """What falls short, in the order of `floors` (score id → least value): score, value, low, high, base, floor. A score
    itself counts, not its interval's ends. One of a table that the bank does not bring is not held against it; one that could
    not be measured, though the table is there, falls short."""
    judged = {name: scores.get(name, Score()) for name in floors if _table_of(name) in tables}
    return [
        {"score": name, **{key: _plain(number) for key, number in asdict(score).items()}, "floor": floors[name]}
        for name, score in judged.items()
        if score.value is None or not score.value >= floors[name]
    ]


def notice(found: Sequence[dict], language: str) -> dict:
    """The words of the notice as HTML: `heading`, `items` (what cannot be relied on, and why) and the `link` to the report
    on the data; `short` stands on every printed sheet."""
    return {
        "heading": HEADING.html(language),
        "items": [
            {"rests": say("Not to be relied on: {what}.", what=_rests_on(one["score"])).html(language), "why": _why(one).html(language)}
            for one in found
        ],
        "link": LINK.html(language),
        "to": f"{TRUST_REPORT}.html",
        "opening": HIDDEN,
        "short": SHORT.render(language),
    }  # fmt: skip


def summary(found: Sequence[dict]) -> Message:
    """All that falls short, in one line."""
    first, *others = (_brief(one) for one in found)
    for other in others:
        first = say("{first}; {second}", first=first, second=other)
    return first


def lead_to_trust(page: str, is_published: bool) -> str:
    """The page with its way to the report on the data open, or shut where the release holds no such report."""
    return page.replace(HIDDEN, SHOWN) if is_published else page.replace(SHOWN, HIDDEN)


def _table_of(score: str) -> str:
    return "parties" if score.startswith(IDENTITY) else score.removeprefix(QUALITY)


def _plain(number: float | None) -> float | None:
    return None if number is None or number != number else number


def _name(score: str) -> Message:
    return JOINING.get(score) or say("quality of {table}", table=table_label(_table_of(score)))


def _rests_on(score: str) -> Message:
    return RESTS_ON.get(score) or say("whatever is computed from {table}", table=table_label(_table_of(score)))


def _why(one: dict) -> Message:
    numbers = _numbers(one)
    if one["value"] is None:
        return say("{score:capital}: could not be measured; the floor is {floor}.", **numbers)
    if one["low"] is None or one["high"] is None:
        return say("{score:capital}: {value} ({base}), below the floor of {floor}.", **numbers)
    return say("{score:capital}: {value} (95% interval {low} to {high}; {base}), below the floor of {floor}.", **numbers)


def _brief(one: dict) -> Message:
    if one["value"] is None:
        return say("{score} not measured (floor {floor})", **_numbers(one))
    return say("{score} {value} (floor {floor})", **_numbers(one))


def _numbers(one: dict) -> dict[str, Message]:
    decimals = _decimals(one["value"], one["floor"])
    of = say("{base:count} pairs of records") if one["score"].startswith(IDENTITY) else say("{base:count} rows")
    shares = {key: Message(f"{{share:share.{decimals}}}", {"share": one[key]}) for key in ("value", "low", "high", "floor")}
    return {"score": _name(one["score"]), "base": of.filled(base=one["base"]), **shares}


def _decimals(value: float | None, floor: float) -> int:
    """As few as tell the value from the floor."""
    told = (n for n in range(1, MOST_DECIMALS) if value is None or f"{value * 100:.{n}f}" != f"{floor * 100:.{n}f}")
    return next(told, MOST_DECIMALS)
