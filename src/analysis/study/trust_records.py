"""Who is who, and whether departments agree: what the linked records show."""

from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.intervals import Estimate, wilson
from analysis.study.disclosed import hidden, is_tellable
from analysis.study.identity import identity_findings
from analysis.study.trust_scores import ROWS_NEEDED
from analysis.wording import say

FIELDS = {
    "name": say("Name"), "sex": say("Sex"), "birth_date": say("Date of birth"), "id_number": say("Identity number"),
    "phone": say("Telephone"), "address": say("Address"),
}  # fmt: skip
MOST_RECORDS = 8
SURE = 0.95


def record_findings(identity: pd.DataFrame, stated: Mapping) -> list[Finding]:
    """What identity states, and the share of customers whom some department holds more than once."""
    return [*identity_findings(stated), *_held_back(stated), *_repeated(identity)]


def _held_back(stated: Mapping) -> list[Finding]:
    """Groups of records that had grown absurdly: not joined at all, or only by their surest links."""
    apart, split = stated.get("groups_held_back", []), stated.get("groups_split", [])
    if not apart and not split:
        return []
    text = say(
        "**{n:count} groups of records** had grown absurdly (the largest: {most:count} records); {apart:count} of them were not joined at all, the others only where the evidence is surest.",
        n=len(apart) + len(split), most=max([*apart, *split]), apart=len(apart),
    )  # fmt: skip
    return [
        Finding(
            "identity.held_back",
            text,
            len(apart) + len(split),
            sum([*apart, *split]),
            "count",
            exhibit="records",
            base_of="records",
        )
    ]


def _repeated(identity: pd.DataFrame) -> list[Finding]:
    if identity.empty:
        return []
    most = identity.groupby(["customer_id", "source"]).size().groupby("customer_id").max()
    twice, base = int(most.gt(1).sum()), len(most)
    if not is_tellable(twice):
        return []
    text = say("**{share:share}** of customers are held more than once by one department.", share=twice / base)
    return [Finding("identity.repeated", text, twice / base, base, "share", exhibit="records", is_headline=False)]


def records_exhibit(identity: pd.DataFrame, stated: Mapping) -> Exhibit:
    """Customers by number of records, and what is left to a person."""
    title = say("Records and customers")
    if identity.empty:
        return Exhibit("records", title, absent=say("The bank brings no records of several departments."))
    records = identity.groupby("customer_id").agg(
        records=("source", "size"), departments=("source", "nunique"), surest=("probability", "min")
    )
    held = records["records"].clip(upper=MOST_RECORDS)
    table = (
        records.groupby(held)
        .agg(customers=("records", "size"), unsure=("surest", lambda found: int(found.lt(SURE).sum())))
        .reset_index(names="size")
    )
    table = table[~hidden(table["customers"])]
    several = say("{n:count} or more", n=MOST_RECORDS)
    return Exhibit(
        name="records",
        title=say("{records:count} records are {customers:count} customers; {review:count} pairs wait for a person's decision",
                  records=int(stated["records"]), customers=int(stated["customers"]), review=int(stated["to_review"])),
        subtitle=say("Customers by how many records the departments hold of them; sure: every record is linked to another of the customer with a probability of {sure:share} or more", sure=SURE),
        frame=table.assign(
            label=[several if size == MOST_RECORDS else say("{n:count}", n=size) for size in table["size"]],
            share=table["customers"] / len(records), sure=1 - table["unsure"] / table["customers"],
        ),
        columns=(
            Column("label", say("Records")),
            Column("customers", say("Customers"), "count", say("in number")),
            Column("share", say("Share"), "share"),
            Column("sure", say("Sure"), "share"),
        ),
    )  # fmt: skip


def agreement(quality: pd.DataFrame) -> pd.DataFrame:
    """label (field), value (share of records that hold what most departments hold), low, high, base, lowest first."""
    rules = quality[quality["rule"].isin([f"parties.{field}.disagrees" for field in FIELDS])]
    counts = rules.groupby("column", as_index=False)[["checked", "failed"]].sum()
    counts = counts[counts["checked"].ge(ROWS_NEEDED)].reset_index(drop=True)
    found = [wilson(row.checked - row.failed, row.checked) for row in counts.itertuples()]
    table = pd.concat([counts, pd.DataFrame(found, columns=list(Estimate._fields))], axis=1)
    return table.assign(label=table["column"].map(FIELDS)).sort_values("value", ignore_index=True)


def agreement_exhibit(quality: pd.DataFrame) -> Exhibit:
    """Each field's agreement between departments."""
    table = agreement(quality)
    if table.empty:
        return Exhibit("agreement", say("Do departments agree?"), absent=say("No field is held by two departments."))
    worst = table.iloc[0]
    return Exhibit(
        name="agreement",
        title=say("Departments agree least on: {field}, {value:share} of records", field=worst["label"], value=worst["value"]),
        subtitle=say("Share of the records that hold what most departments hold of the customer (in a tie, what the core holds), after standardising; lines, 95% intervals; base: records that can be compared"),
        frame=table[["label", "value", "low", "high", "base"]],
    )  # fmt: skip
