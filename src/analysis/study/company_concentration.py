"""How much of the business with companies hangs on few of them, or on few industries, and how that changed."""

import datetime as dt
from collections.abc import Mapping

import pandas as pd

from analysis.finding import Column, Exhibit, Finding
from analysis.stats.concentration import hhi, top_share
from analysis.stats.disclosure import dominates
from analysis.study.company_axes import companies_of
from analysis.study.company_disclosed import shown_sums
from analysis.study.company_matrix import lacking
from analysis.study.disclosed import hidden, told_base
from analysis.wording import Message, say

TOP = 10
MEASURES = {
    "loans": say("Loans"), "line": say("Credit lines"), "deposits": say("Deposits"), "contribution": say("Contribution"),
}  # fmt: skip
TREND = ("loans", "deposits", "contribution_12m")
TREND_NAMES = {"loans": say("Loans"), "deposits": say("Deposits"), "contribution_12m": say("Contribution, 12 months")}
YEAR_DAYS = 366
CONTRAST = 1e-4  # points of a share: a smaller change is shown as none


def concentration_of(amounts: pd.Series) -> dict | None:
    """holders, hhi, equal (how many equal companies would have this HHI) and top_ten (share) of the amounts above 0; None where
    fewer than twice ten hold any, or where two hold almost all of what the top ten hold."""
    held = amounts.fillna(0)
    held = held[held > 0]
    if len(held) < 2 * TOP or dominates(held.nlargest(TOP)):
        return None
    index = hhi(held)
    return {"holders": len(held), "hhi": index, "equal": 1 / index, "top_ten": top_share(held, TOP)}


def concentration_exhibit(rows: pd.DataFrame) -> Exhibit:
    """HHI and top ten of each measure, by company and by industry."""
    title = say("Concentration")
    table = concentration_table(rows)
    if table.empty:
        return Exhibit("concentration", title, absent=say("Too few companies hold loans, deposits or contribution."))
    most = table.loc[table["top_ten"].idxmax()]
    columns = [
        Column("label", say("Measure")), Column("holders", say("Companies"), "count", say("with any")),
        Column("top_ten", say("Top ten"), "share"), Column("hhi", say("HHI by company"), "number.3", say("0 to 1")),
        Column("equal", say("Equal companies"), "count", say("of the same HHI")),
        Column("industry_hhi", say("HHI by industry"), "number.3", say("0 to 1")),
        Column("industry_least", say("If industries were equal"), "number.3", say("0 to 1")),
    ]  # fmt: skip
    return Exhibit(
        name="concentration",
        title=say("Most concentrated: {measure}; the ten largest companies hold {share:share}", measure=most["label"], share=most["top_ten"]),
        subtitle=say(
            "Open companies with an amount above 0; HHI: sum of squared shares; single companies are counted, not groups of connected ones. The whole book is counted, so there is no interval"
        ),
        frame=table.assign(holders=[told_base(count, len(rows)) for count in table["holders"]]),
        columns=tuple(column for column in columns if column.name in table),
    )  # fmt: skip


def concentration_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a measure: name, label, holders, hhi, equal, top_ten, industry_hhi and industry_least (one ÷ industries)."""
    made = []
    for name, label in MEASURES.items():
        if name in rows and (found := concentration_of(rows[name])):
            made.append({"name": name, "label": label, **found, **_by_industry(rows, name)})
    return pd.DataFrame(made, columns=None if made else ["top_ten"])


def _by_industry(rows: pd.DataFrame, name: str) -> dict:
    if "industry" not in rows:
        return {}
    by_industry = rows[name].clip(lower=0).groupby(rows["industry"]).sum()
    return {"industry_hhi": hhi(by_industry), "industry_least": 1 / len(by_industry)}


def industry_exhibit(rows: pd.DataFrame) -> Exhibit:
    """What each industry has of companies, loans, deposits and contribution."""
    title = say("Shares of the industries")
    if absent := lacking(rows, "industry"):
        return Exhibit("industries", title, absent=absent)
    table = industry_table(rows)
    names = {"companies_share": say("Companies"), **{f"{name}_share": label for name, label in MEASURES.items()}}
    lead = "loans_share" if "loans_share" in table and table["loans_share"].notna().any() else "companies_share"
    if table[lead].isna().all():
        return Exhibit("industries", title, absent=say("Every industry holds few companies."))
    most = table.loc[table[lead].idxmax()]
    return Exhibit(
        name="industries",
        title=say("{industry}: {share:share} of company loans with {companies:share} of the companies, the largest part", industry=most["industry"], share=most[lead], companies=most["companies_share"])
        if lead == "loans_share" and pd.notna(most["companies_share"])
        else say("Largest industry: {industry}, {share:share}", industry=most["industry"], share=most[lead]),
        subtitle=say("Share of each industry, in %; a dash: few companies, or two that hold almost all"),
        frame=table,
        columns=(Column("industry", say("Industry")), *(Column(name, label, "share") for name, label in names.items() if name in table)),
    )  # fmt: skip


def industry_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row an industry, largest share of loans first: industry, companies_share, loans_share, line_share, deposits_share,
    contribution_share; missing where few stand behind it."""
    industry = rows["industry"].fillna("–")
    counts = industry.value_counts().sort_index()
    out = hidden(counts)
    shares = {"companies_share": (counts / len(rows)).mask(out)}
    for name in MEASURES:
        if name in rows and (total := rows[name].fillna(0).sum()) > 0:
            shares[f"{name}_share"] = shown_sums(rows[name], industry, counts.index[out]) / total
    table = pd.DataFrame(shares).rename_axis("industry").reset_index()
    lead = "loans_share" if "loans_share" in table else "companies_share"
    return table.sort_values([lead, "industry"], ascending=[False, True], ignore_index=True)


def trend_table(history: Mapping[dt.date, pd.DataFrame]) -> pd.DataFrame:
    """Share of the ten largest companies at each landmark, oldest first: measure, series, x (the day), value, hhi."""
    made = []
    for day in sorted(history):
        book = companies_of(history[day])
        for name in TREND:
            if name in book and (found := concentration_of(book[name])):
                made.append(
                    {
                        "measure": name,
                        "series": TREND_NAMES[name],
                        "x": day,
                        "value": found["top_ten"],
                        "hhi": found["hhi"],
                        "holders": found["holders"],
                    }
                )
    return pd.DataFrame(made, columns=["measure", "series", "x", "value", "hhi"])


def trend_exhibit(table: pd.DataFrame) -> Exhibit:
    """The shares of the ten largest over time."""
    title = say("Share of the ten largest companies over time")
    if table["x"].nunique() < 2:
        return Exhibit("trend", title, absent=say("Concentration is known on fewer than two days."))
    first, last = (table[table["measure"].eq(table["measure"].iloc[0])].iloc[place] for place in (0, -1))
    return Exhibit(
        name="trend",
        title=say(
            "{measure}: the share of the ten largest {moved} from {before:share} to {after:share} between {start:month} and {end:month}",
            measure=first["series"], moved=_moved(last["value"] - first["value"]), before=first["value"], after=last["value"],
            start=first["x"], end=last["x"],
        ),
        subtitle=say("Share of the ten largest open companies of each day, chosen anew for each day and measure; in %"),
        frame=table,
        x_unit="month",
    )  # fmt: skip


def hhi_trend_exhibit(table: pd.DataFrame) -> Exhibit:
    """How many equal companies would be as concentrated (1 ÷ HHI), over time."""
    title = say("HHI of companies over time")
    if table["x"].nunique() < 2:
        return Exhibit("hhi_trend", title, absent=say("Concentration is known on fewer than two days."))
    first, last = (table[table["measure"].eq(table["measure"].iloc[0])].iloc[place] for place in (0, -1))
    return Exhibit(
        name="hhi_trend",
        title=say(
            "{measure}: as concentrated as {before:count} equal companies in {start:month}, as {after:count} in {end:month}",
            measure=first["series"], before=1 / first["hhi"], after=1 / last["hhi"], start=first["x"], end=last["x"],
        ),
        subtitle=say("How many equal companies would have the HHI of each day's open companies: 1 ÷ HHI, the sum of squared shares"),
        frame=table.assign(value=1 / table["hhi"]),
        unit="count",
        x_unit="month",
    )  # fmt: skip


def _moved(change: float) -> Message:
    return say("stayed") if abs(change) < CONTRAST else say("rose") if change > 0 else say("fell")


def concentration_findings(rows: pd.DataFrame, trend: pd.DataFrame) -> list[Finding]:
    """HHI and top ten of loans and deposits, and by how much the top ten's share changed in a year."""
    table = concentration_table(rows)
    found = []
    for _, row in table[table.get("name", pd.Series(dtype=str)).isin(["loans", "deposits"])].iterrows():
        top = say(
            "The ten largest companies hold **{share:share}** of company {what}.", share=row["top_ten"], what=_what(row["name"])
        )
        index = say(
            "HHI of company {what}: **{hhi:number.3}**, as of {equal:count} equal companies.",
            what=_what(row["name"]), hhi=row["hhi"], equal=row["equal"],
        )  # fmt: skip
        rest = {"base": len(rows), "exhibit": "concentration"}
        found.append(
            Finding(
                f"companies.top_ten.{row['name']}",
                top,
                float(row["top_ten"]),
                unit="share",
                is_headline=row["name"] == "loans",
                **rest,
            )
        )
        found.append(Finding(f"companies.hhi.{row['name']}", index, float(row["hhi"]), unit="number", is_headline=False, **rest))
    return [*found, *_change_findings(trend, len(rows))]


def _change_findings(trend: pd.DataFrame, companies: int) -> list[Finding]:
    made = []
    for name in ("loans", "deposits"):
        own = trend[trend["measure"].eq(name)]
        earlier = own[[(own["x"].iloc[-1] - day).days in range(360, YEAR_DAYS + 1) for day in own["x"]]]
        if earlier.empty:
            continue
        before, after = float(earlier["value"].iloc[0]), float(own["value"].iloc[-1])
        text = say(
            "Within a year the ten largest companies' share of company {what} {moved} from {before:share} to {after:share} (**{change:points}** percentage points).",
            what=_what(name), moved=_moved(after - before), before=before, after=after, change=after - before,
        )  # fmt: skip
        made.append(
            Finding(
                f"companies.top_ten_change.{name}",
                text,
                after - before,
                companies,
                "points",
                compare_to=0.0,
                exhibit="trend",
                is_headline=False,
            )
        )
    return made


def _what(name: str) -> Message:
    return say("loans") if name == "loans" else say("deposits")
