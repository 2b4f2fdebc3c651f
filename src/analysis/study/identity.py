"""Who is who: how many records became how many customers, and how far that can be trusted."""

from collections.abc import Mapping

from analysis.finding import Finding
from analysis.wording import Message, say


def identity_findings(stated: Mapping) -> list[Finding]:
    """From what identity states of itself (records, customers, accuracy with precision, recall and blocking, each value, low,
    high, base): identity.customers, identity.precision, identity.recall, identity.blocking. None in a bank without records."""
    if not stated or not stated["customers"]:
        return []
    accuracy = stated["accuracy"]
    return [_customers(stated), *([_unknown(stated)] if accuracy is None else _accuracy(accuracy))]


def _customers(stated: Mapping) -> Finding:
    records, customers = int(stated["records"]), int(stated["customers"])
    text = say(
        "**{records:count} records** of the departments are **{customers:count} customers**: {ratio:ratio} records each.",
        records=records, customers=customers, ratio=records / customers,
    )  # fmt: skip
    return Finding("identity.customers", text, customers, records, "count", exhibit="records", base_of="records")


def _unknown(stated: Mapping) -> Finding:
    text = say(
        "How many of them are joined rightly **cannot be told**: too few records, or too few fields, to learn from; only core numbers and decisions joined them."
    )
    return Finding("identity.precision", text, None, int(stated["records"]), "share", exhibit="records", base_of="records")


def _accuracy(accuracy: Mapping) -> list[Finding]:
    texts = {
        "precision": say(
            "Of the pairs of records that were joined, an estimated **{value:share.2}** are one customer ({interval})."
        ),
        "recall": say(
            "Of the pairs of records that are one customer, an estimated **{value:share.2}** were joined ({interval})."
        ),
        "blocking": say("Of these pairs, {value:share.2} were compared at all ({interval})."),
    }
    return [_one(name, text, accuracy[name]) for name, text in texts.items() if accuracy[name]["value"] is not None]


def _one(name: str, text: Message, found: Mapping) -> Finding:
    interval = say("interval {low:share.2} to {high:share.2}", low=found["low"], high=found["high"])
    return Finding(
        f"identity.{name}", text.filled(value=found["value"], interval=interval), found["value"], int(found["base"]), "share",
        low=found["low"], high=found["high"], exhibit="records", base_of="pairs", is_headline=name != "blocking",
    )  # fmt: skip
