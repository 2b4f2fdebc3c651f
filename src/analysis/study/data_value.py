"""What each field is good for: is it filled, does a study use it, and does it help to foresee who leaves?"""

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from analysis.bank.contracts import TABLES
from analysis.finding import Column, Exhibit, Finding
from analysis.stats.comparison import auc_difference
from analysis.stats.intervals import Estimate, simultaneous
from analysis.study.churn import ChurnRule, matured
from analysis.study.trust_scores import TABLE_NAMES
from analysis.study.trust_sources import terms_of, used_by
from analysis.study.warning_model import MOST_VALIDATIONS, panel
from analysis.study.warning_model import _validate as predictions
from analysis.wording import Message, listed, say

SHOWN = 30
NAMED_REPORTS = 3
ROW = ["landmark", "customer_id"]
Names = Mapping[str, Message | str]


def information(history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule) -> pd.DataFrame:
    """field, value (AUC of the warning model at later landmarks less that of one fitted anew without the terms that need the field),
    low, high (all fields at once, Bonferroni; fields behind the same terms count once), base (rows scored). Empty where leavers
    are too few; keys, and fields whose terms the model leaves out anyhow, have no row."""
    days = matured(list(history), as_of, rule)
    whole = panel(dict(history), days, rule) if days else pd.DataFrame()
    by_terms: dict[tuple[str, ...], list[str]] = {}
    for field, terms in terms_of().items():
        if not _is_key(field):
            by_terms.setdefault(tuple(term for term in terms if term in whole), []).append(field)
    with_all = predictions(whole, days[-MOST_VALIDATIONS:], rule) if days else pd.DataFrame()
    rows = []
    for terms, fields in by_terms.items() if len(with_all) else ():
        without = predictions(whole.drop(columns=list(terms)), days[-MOST_VALIDATIONS:], rule)
        both = with_all.merge(without[[*ROW, "probability"]], on=ROW, suffixes=("", "_without"))
        if len(both) and not both["probability"].equals(both["probability_without"]):
            change = auc_difference(both["probability"], both["probability_without"], both["outcome"], both["customer_id"])
            rows.append({"field": fields, **change._asdict()})
    found = pd.DataFrame(rows, columns=["field", *Estimate._fields])
    found = (simultaneous(found) if len(found) else found).explode("field")
    return found.sort_values(["value", "field"], ascending=[False, True], ignore_index=True)


def filled(quality: pd.DataFrame) -> pd.DataFrame:
    """field (table.column), filled (share), checked (rows asked): of every field that should be filled."""
    rules = quality[quality["rule"].str.endswith(".empty")]
    counts = rules.groupby(["table", "column"], as_index=False)[["checked", "failed"]].sum()
    return counts.assign(field=counts["table"] + "." + counts["column"], filled=1 - counts["failed"] / counts["checked"])[
        ["field", "filled", "checked"]
    ]


def value_table(fields: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """field, filled, used (the reports that use it), value, low, high: of the delivered fields but keys; those tried by what they
    add, then the others, those that are filled least first, of equals those that are used."""
    uses = used_by()
    brought = {_table(field) for field in fields["field"]}
    names = [name for name in dict.fromkeys([*fields["field"], *uses]) if _table(name) in brought and not _is_key(name)]
    table = (
        pd.DataFrame({"field": pd.Series(names, dtype="str")})
        .merge(fields, on="field", how="left")
        .merge(found, on="field", how="left")
    )
    table["filled"] = table["filled"].fillna(table["field"].map(_required).astype(float))
    table["used"] = [uses.get(name, ()) for name in table["field"]]
    table = table[table["filled"].notna() | table["value"].notna()]
    table["is_used"] = table["used"].map(bool)
    order = {"value": False, "filled": True, "is_used": False, "field": True}
    return table.sort_values(list(order), ascending=list(order.values()), na_position="last", ignore_index=True)


def value_exhibit(fields: pd.DataFrame, found: pd.DataFrame, columns: Names) -> Exhibit:
    """The first of `value_table`."""
    table = value_table(fields, found).head(SHOWN)
    none = say("no study yet")
    table = table.assign(
        label=[say("{name:capital}", name=_name(field, columns)) for field in table["field"]],
        used=[_told(used) or none for used in table["used"]],
        adds=[_adds(row) for row in table.itertuples()],
    )
    return Exhibit(
        name="value",
        title=_title(found, columns),
        subtitle=say("Share of rows in which the field is filled; the reports that use it; and how much the warning model loses at later landmarks when it is fitted anew without what is made of the field (AUC, 95% interval for all fields at once); fields that only serve together share a figure"),
        frame=table,
        columns=(
            Column("label", say("Field")),
            Column("filled", say("Filled"), "share"),
            Column("used", say("Used by")),
            Column("adds", say("Adds (AUC)")),
        ),
    )  # fmt: skip


def _table(field: str) -> str:
    return field.partition(".")[0]


def _is_key(field: str) -> bool:
    return field.partition(".")[2] in TABLES[_table(field)].key


def _required(field: str) -> float | None:
    """1 for a field that no accepted row may lack."""
    return 1.0 if TABLES[_table(field)].column(field.partition(".")[2]).required else None


def _name(field: str, columns: Names) -> Message:
    return say("{table}, {column}", table=TABLE_NAMES[_table(field)], column=columns.get(field, field))


def _adds(row) -> Message | None:
    if pd.isna(row.value):
        return None
    text = say("{value:number.3} ({low:number.3} to {high:number.3})", value=row.value, low=row.low, high=row.high)
    return text if row.low > 0 else say("{text}, within noise", text=text)


def _told(used: Sequence[Message]) -> Message | None:
    """The reports by name, or how many they are."""
    return listed(used) if len(used) <= NAMED_REPORTS else say("{n:count} reports", n=len(used))


def _title(found: pd.DataFrame, columns: Names) -> Message:
    clear = found[found["low"].gt(0)]
    if found.empty:
        return say("Which fields help to foresee who leaves cannot be told: too few customers left")
    if clear.empty:
        return say("No single field adds beyond noise to what the others tell about who leaves")
    return say("Adds most to foreseeing who leaves: {field}", field=_name(clear.iloc[0]["field"], columns))


def value_finding(found: pd.DataFrame, columns: Names) -> list[Finding]:
    """data_value.fields: how many fields add to the model beyond noise."""
    if found.empty:
        return []
    clear = found[found["low"].gt(0)]
    first = {"field": _name(clear.iloc[0]["field"], columns), "value": clear.iloc[0]["value"]} if len(clear) else {}
    text = say(
        "**{n:count} of {all:count}** fields tried add to foreseeing who leaves, beyond noise, at later landmarks{most}.",
        n=len(clear), all=len(found), most=say(", most of all {field} ({value:number.3} of AUC)", **first) if first else "",
    )  # fmt: skip
    return [
        Finding(
            "data_value.fields", text, len(clear), int(found["base"].max()), "count",
            evidence="association", exhibit="value", base_of="observations", is_headline=False,
        )
    ]  # fmt: skip
