import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from analysis.errors import NotProduced, UserError
from analysis.report.tables import table as html_table
from analysis.study.companies import companies
from analysis.study.company_axes import CompanyRules, company_rows
from analysis.study.company_classes import class_exhibit, class_findings, class_table
from analysis.study.company_concentration import (
    concentration_of,
    concentration_table,
    industry_exhibit,
    industry_table,
    trend_table,
)
from analysis.study.company_disagreement import cross_exhibit, disagreement_exhibit, disagreements, typical_classes
from analysis.study.company_disclosed import hidden_in_table, may_tell_sum, shown_sums
from analysis.study.company_groups import CompanyGroups, find_groups
from analysis.study.company_levels import due_level, level_table, misplaced_table, placement
from analysis.study.company_matrix import grade_counts, matrix_exhibit, profit_risk_exhibit
from analysis.study.disclosed import told_base

AS_OF = dt.date(2025, 6, 30)
RULES = CompanyRules()
BRANCHES = pd.DataFrame({"branch_id": ["B1", "B2", "B3"], "level": ["county", "city", "head_office"]})
COMPANY = {
    "kind": "corporate", "closed_date": pd.NaT, "branch_id": "B1", "industry": "trade", "size": "small", "risk_grade": "R2",
    "months_seen": 12, "assets": 1e6, "assets_12m": 1e6, "deposits": 1e6, "wealth": 0.0, "loans": 0.0, "contribution_12m": 1e4,
    "transactions_365d": 50, "products_held": 2,
}  # fmt: skip


def features(*rows: dict) -> pd.DataFrame:
    frame = pd.DataFrame([{"customer_id": f"C{number:03}", **COMPANY, **row} for number, row in enumerate(rows)])
    return frame.assign(closed_date=pd.to_datetime(frame["closed_date"]))


def rows_of(*rows: dict, rules=RULES, exposures=None) -> pd.DataFrame:
    return company_rows({AS_OF: features(*rows)}, BRANCHES, exposures, rules)


def book(size: int = 240, seed: int = 1, planted: bool = True) -> pd.DataFrame:
    """Companies of two kinds, borrowers of thin margin and savers of high margin, or all of one kind."""
    random = np.random.default_rng(seed)
    borrows = (np.arange(size) % 2 == 0) & planted
    loans = np.where(borrows, random.lognormal(14, 0.4, size), 0.0)
    assets = random.lognormal(13, 0.6, size)
    margin = np.where(borrows, 0.008, 0.014) + random.normal(0, 0.001, size)
    return features(*[{}] * size).assign(
        industry=random.choice(["trade", "farming", "building"], size), size=random.choice(["micro", "small", "medium"], size),
        risk_grade=random.choice(["R1", "R2", "R4"], size), branch_id=random.choice(["B1", "B2", "B3"], size), deposits=assets,
        assets=assets, assets_12m=assets, loans=loans, contribution_12m=margin * (assets + loans),
        transactions_365d=random.poisson(60, size), products_held=np.where(borrows, 4, 2) + random.integers(0, 2, size),
    )  # fmt: skip


@pytest.fixture(scope="module")
def planted():
    history = {AS_OF: book(), dt.date(2024, 6, 30): book(220)}
    return companies(history, BRANCHES, None, "CNY", RULES, k_max=3, bootstraps=8)


def test_the_margin_is_yearly_over_assets_and_mean_loans_of_the_year_and_not_known_early():
    history = {
        AS_OF: features({"loans": 2e6, "risk_grade": "R4"}, {"months_seen": 6}, {"months_seen": 5}),
        dt.date(2025, 3, 31): features({"loans": 0.0}),
        dt.date(2024, 3, 31): features({"loans": 9e9}),
    }
    rows = company_rows(history, None, None, RULES)
    assert rows["margin"].tolist()[:2] == pytest.approx([1e4 / 2e6, 2e4 / 1e6])
    assert math.isnan(rows["margin"].iloc[2])
    assert "level" not in rows
    assert rows["rule"].isna().tolist() == [False, False, True]


def test_the_rule_takes_risk_from_grade_or_industry_and_profit_within_the_size_class():
    small = [{"contribution_12m": 1e4 * rank, "risk_grade": grade} for rank, grade in ((1, "R2"), (2, "R2"), (3, "R2"))]
    large = [{"size": "large", "contribution_12m": 1e6 * rank, "risk_grade": "R5"} for rank in (1, 2, 3)]
    assert list(rows_of(*small, *large)["rule"]) == ["keep", "keep", "grow", "exit", "watch", "watch"]
    watched = [{**row, "industry": "mining"} for row in small]
    rules = CompanyRules(high_risk_grades="R5", watched_industries="mining，trade")
    assert list(rows_of(*watched, *large, rules=rules)["rule"]) == ["exit", "watch", "watch"] * 2


def test_an_unknown_industry_or_mad_amounts_end_in_one_sentence_and_unknown_grades_in_no_rule():
    rows = rows_of({}, {}, rules=CompanyRules(high_risk_grades="AAA"))
    assert "rule" not in rows
    assert "high_risk_grades" in class_exhibit(rows, "CNY").absent.render()
    with pytest.raises(UserError, match="watched_industries names mining, which no company has; they have trade"):
        rows_of({"risk_grade": "R4"}, rules=CompanyRules(watched_industries="mining"))
    with pytest.raises(UserError, match="city_from"):
        CompanyRules(city_from=2.0, province_from=1.0)


def test_exposure_is_the_larger_of_the_line_last_reported_and_loans():
    exposures = pd.DataFrame(
        [("C000", "this bank", "2025-03-31", 9e6, 1.0), ("C000", "this bank", "2025-06-30", 4e6, 1e6),
         ("C001", "bank A", "2025-06-30", 9e9, 1.0), ("C002", "this bank", "2025-03-31", 9e6, 1.0)],
        columns=["customer_id", "lender", "reported_date", "credit_line", "drawn"],
    )  # fmt: skip
    rows = rows_of({"loans": 1e6}, {"loans": 5e6}, {}, exposures=exposures)
    assert rows["exposure"].tolist() == [4e6, 5e6, 0.0]
    assert rows["drawn"].tolist() == [1e6, 0.0, 0.0]


def test_the_due_level_is_the_higher_of_size_and_exposure_on_a_level_that_the_bank_has():
    rows = rows_of(
        {"size": "micro"}, {"size": "medium", "branch_id": "B2"}, {"size": "large"}, {"size": "micro", "loans": 5e6},
        {"size": "medium", "loans": 5e7, "branch_id": "B3"}, {"size": None, "branch_id": "B3"},
    )  # fmt: skip
    assert list(due_level(rows, RULES)) == ["county", "city", "head_office", "city", "head_office", "county"]
    assert placement(rows, RULES)["place"].tolist() == ["fits", "fits", "below", "below", "fits", "above"]


def test_levels_and_placements_add_up_to_the_book():
    sizes = [{"size": "micro"}] * 40 + [{"size": "medium"}] * 20 + [{"size": "micro", "branch_id": "B2"}] * 30
    rows = rows_of(*sizes)
    assert level_table(rows)["companies"].tolist() == [60, 30]
    table = misplaced_table(rows, placement(rows, RULES)).set_index("verdict")
    assert table["companies"].to_dict() == {"below city": 20, "fits": 40, "above": 30}
    assert table.loc["below city", "assets"] == 20e6


def test_hidden_cells_leave_no_row_or_column_with_a_single_gap():
    counts = pd.DataFrame([[3, 12, 50], [60, 30, 40], [70, 80, 90]], list("abc"), list("xyz"))
    out = hidden_in_table(counts)
    assert out.loc["a", "x"]
    assert set(out.sum()) <= {0, 2, 3}
    assert set(out.sum(axis=1)) <= {0, 2, 3}


def test_sums_of_few_or_of_two_large_ones_are_hidden_and_so_is_what_gives_them_away():
    groups = pd.Series(["a"] * 20 + ["b"] * 12 + ["c"] * 30)
    amounts = pd.Series([1e9, 1e9, *[1.0] * 18, *[5.0] * 12, *[7.0] * 30])
    assert shown_sums(amounts, groups).isna().tolist() == [True, True, True]
    even = amounts.where(amounts < 1e9, 1.0)
    assert shown_sums(even, groups).tolist() == [20.0, 60.0, 210.0]
    assert shown_sums(even.where(groups != "b", 0.0), groups).tolist() == [20.0, 0.0, 210.0]
    assert shown_sums(even.where((groups != "b") | (even.index < 25), 0.0), groups).isna().tolist() == [True, True, False]
    assert may_tell_sum(even)
    assert not may_tell_sum(amounts)
    assert not may_tell_sum(even[:9])
    assert (told_base(90, 100), told_base(100, 100), told_base(91, 100)) == (90, 100, None)


def test_the_loans_of_high_risk_are_not_told_where_a_class_is_hidden():
    ranked = [{"contribution_12m": 1e4 + number, "loans": 1e6} for number in range(90)]
    many = [{**row, "risk_grade": "R5"} if number % 2 else row for number, row in enumerate(ranked)]
    few = [{**row, "risk_grade": "R5"} if number in (3, 4, *range(40, 60)) else row for number, row in enumerate(ranked)]
    assert class_table(rows_of(*many)).set_index("rule")["companies"].to_dict() == {
        "grow": 15,
        "keep": 30,
        "watch": 30,
        "exit": 15,
    }
    assert "companies.high_risk.loans_share" in {found.id for found in class_findings(rows_of(*many))}
    assert class_table(rows_of(*few)).set_index("rule").loc["exit", ["companies", "loans"]].isna().all()
    assert "companies.high_risk.loans_share" not in {found.id for found in class_findings(rows_of(*few))}


def test_concentration_of_equal_companies_and_of_a_book_that_two_carry():
    found = concentration_of(pd.Series([5.0] * 40 + [0.0, np.nan, -1.0]))
    assert (found["holders"], found["hhi"], found["top_ten"]) == (40, pytest.approx(1 / 40), 0.25)
    assert found["equal"] == pytest.approx(40)
    assert concentration_of(pd.Series([1e9, 1e9, *[1.0] * 40])) is None
    assert concentration_of(pd.Series([1.0] * 19)) is None
    assert trend_table({AS_OF: features(*[{"loans": 5.0}] * 40)})["value"].tolist() == [0.25] * 3


def test_industries_share_out_what_may_be_told():
    rows = rows_of(*[{"loans": 2.0}] * 30, *[{"industry": "farming", "loans": 1.0}] * 40, *[{"industry": "mining"}] * 12)
    assert industry_table(rows)["industry"].tolist() == ["trade", "farming", "mining"]
    assert industry_table(rows)["loans_share"].tolist() == [0.6, 0.4, 0.0]
    assert concentration_table(rows).set_index("name").loc["loans", "industry_hhi"] == pytest.approx(0.52)


def test_small_classes_of_size_are_counted_with_the_next():
    mixed = [
        {"size": size, "industry": industry}
        for industry in ("trade", "farming")
        for size in ["micro"] * 20 + ["small"] * 15 + ["large"] * 3
    ]
    shown = matrix_exhibit(rows_of(*mixed)).frame
    assert [(str(row.column), str(row.text)) for row in shown.itertuples()] == [("micro", "20"), ("small and larger", "18")] * 2


def graded(cells: dict[str, tuple[int, int, int]], new: int = 0) -> pd.DataFrame:
    """Companies by risk grade and third of the margin, `new` ones besides; high risk are R4 and R5."""
    held = [(risk, third) for risk, counts in cells.items() for third, n in zip(("low", "middle", "high"), counts, strict=True) for _ in range(n)]  # fmt: skip
    rows = pd.DataFrame([*held, *[("R1", None)] * new], columns=["risk", "profit"])
    thirds = pd.Categorical(rows["profit"], ["low", "middle", "high"], ordered=True)
    return rows.assign(profit=thirds, is_risky=rows["risk"].isin(["R4", "R5"]))


def test_grades_of_few_are_joined_on_their_side_of_the_rule_so_that_no_class_gives_a_cell_away():
    cells = {"R1": (27, 33, 17), "R2": (35, 42, 46), "R3": (45, 38, 43), "R4": (21, 16, 28), "R5": (10, 9, 6)}
    counts = grade_counts(graded(cells, new=15))
    assert list(counts.index) == ["R1", "R2", "R3", "R4, R5"]
    assert counts.loc["R4, R5"].tolist() == [31, 25, 34]
    assert profit_risk_exhibit(graded(cells)).frame["text"].notna().all()
    assert list(grade_counts(graded({**cells, "R3": (9, 20, 20)})).index) == ["R1", "R2, R3", "R4, R5"]


def test_risk_and_margin_are_not_shown_where_a_class_or_the_companies_without_one_are_few():
    cells = {"R1": (30, 30, 30), "R4": (9, 20, 20)}
    assert grade_counts(graded(cells)) is None
    assert "fewer than 10" in profit_risk_exhibit(graded(cells)).absent.render()
    assert grade_counts(graded({**cells, "R4": (10, 20, 20)}, new=9)) is None
    watched = graded({**cells, "R4": (10, 20, 20)})
    assert grade_counts(watched) is not None
    assert grade_counts(watched.assign(is_risky=watched["is_risky"] | (watched.index < 4))) is None


def grouped(cells: dict[str, tuple[int, int, int, int]], new: int = 0) -> tuple[pd.DataFrame, CompanyGroups]:
    """Companies by group and class of the rule; `new` ones are in the first group, without a class."""
    classes = ["grow", "keep", "watch", "exit"]
    held = [(group, name) for group, counts in enumerate(cells.values()) for name, n in zip(classes, counts, strict=True) for _ in range(n)]  # fmt: skip
    rows = pd.DataFrame([*held, *[(0, None)] * new], columns=["group", "rule"])
    rows = rows.assign(rule=pd.Categorical(rows["rule"], classes, ordered=True), risk="R1", profit="low", margin=0.01, loans=1.0)
    return rows, CompanyGroups(None, rows, dict(enumerate(cells)), {}, rows["group"])


def test_classes_are_joined_so_that_the_list_of_disagreements_is_complete(monkeypatch):
    monkeypatch.setattr("analysis.study.company_disagreement.groups_absent", lambda found: None)
    rows, found = grouped({"borrow": (14, 165, 22, 27), "save": (92, 55, 37, 4)})
    texts = [text.render() for text in cross_exhibit(rows, found).frame["text"]]
    assert texts == ["14", "165", "49", "92", "55", "41"]
    listed = disagreement_exhibit(rows, found, "CNY")
    assert sorted(listed.frame["companies"]) == [14, 41, 49, 55]
    assert "left out:" not in listed.subtitle.render()
    both = cross_exhibit(*grouped({"borrow": (4, 165, 22, 27), "save": (92, 55, 37, 4)})).frame
    assert [str(name) for name in both["column"]][:2] == ["grow or keep", "watch, reduce or exit"]


def test_companies_without_a_class_are_not_told_by_the_size_of_their_group(monkeypatch):
    monkeypatch.setattr("analysis.study.company_disagreement.groups_absent", lambda found: None)
    rows, found = grouped({"borrow": (14, 165, 20, 29), "save": (92, 55, 20, 21)}, new=5)
    shown = cross_exhibit(rows, found).frame
    assert shown["text"].isna().groupby(shown["row"]).any().all()
    listed = disagreement_exhibit(rows, found, "CNY")
    assert "left out:" in listed.subtitle.render()
    assert not listed.frame["is_hidden"].any()
    few = grouped({"borrow": (3, 60, 3, 3), "save": (3, 3, 30, 30)}, new=5)
    assert "give few away" in cross_exhibit(*few).absent.render()
    assert "give few away" in disagreement_exhibit(*few, "CNY").absent.render()


@pytest.mark.parametrize(("new", "told"), [(12, 228), (9, 240)])
def test_companies_without_a_margin_are_told_of_in_groups_only_where_they_are_few(new, told):
    rows = company_rows({AS_OF: book()}, BRANCHES, None, RULES)
    found = find_groups(rows.assign(margin=rows["margin"].where(np.arange(240) >= new)), 2, 2, 1)
    assert (len(found.labels), len(found.traits)) == (told, 240)


def test_fewer_than_a_hundred_companies_are_not_grouped():
    rows = company_rows({AS_OF: book(99)}, BRANCHES, None, RULES)
    assert find_groups(rows, 3, 2, 1) is None
    assert "Too few companies" in cross_exhibit(rows, None).absent.render()


def test_a_hostile_name_of_an_industry_stays_text():
    name = "<script>{x:share}**</script>"
    rows = rows_of(*[{"loans": 2.0, "industry": name}] * 30, *[{"loans": 1.0}] * 30)
    content = html_table(industry_exhibit(rows)).content["en"]
    assert "<script" not in content["title"] + content["body"]
    assert "&lt;script&gt;{x:share}**&lt;/script&gt;" in content["title"]


def test_disagreement_is_what_is_not_typical_of_a_group():
    counts = pd.DataFrame([[60, 20], [20, 60]], index=pd.Index([0, 1], name="group"), columns=["grow", "keep"])
    assert typical_classes(counts) == {0: "grow", 1: "keep"}
    assert typical_classes(counts * 0 + 30) == {}


def test_planted_groups_are_found_and_set_against_the_rule(planted):
    by_id = {found.id: found for found in planted.findings}
    assert by_id["companies.groups.k"].value == 2
    agreed = by_id["companies.agreement"]
    assert agreed.low > 0.3
    assert agreed.evidence == "association"
    assert agreed.base == 240
    risk = planted.agreement.frame.set_index("name").loc["risk"]
    assert risk["low"] == 0
    assert planted.agreement.title.render().endswith("Profitability")
    assert by_id["companies.disagreement"].base == 240
    assert len(planted.disagreement.frame) >= 1
    assert all(found.is_disclosable for found in planted.findings)


def test_a_combination_of_the_list_holds_the_companies_counted_by_hand():
    rows = company_rows({AS_OF: book()}, BRANCHES, None, RULES)
    found = find_groups(rows, 3, 8, 7)
    table = disagreements(rows, found)
    for row in table.itertuples():
        assert row.companies == (found.labels.eq(row.group) & rows["rule"].eq(row.rule)).sum()
        assert row.rule != row.typical


def test_without_structure_there_are_no_groups_and_the_page_says_so():
    result = companies({AS_OF: book(planted=False)}, BRANCHES, None, "CNY", RULES, k_max=3, bootstraps=8)
    ids = {found.id: found.value for found in result.findings}
    assert ids["companies.groups.k"] == 1
    assert "companies.agreement" not in ids
    for exhibit in (result.groups, result.agreement, result.cross, result.disagreement):
        assert "no stable groups" in exhibit.absent.render()


def test_a_bank_without_companies_or_without_columns_is_told_why():
    people = {AS_OF: features(*[{"kind": "personal"}] * 40)}
    with pytest.raises(NotProduced, match="Open companies: 0; the report needs 30"):
        companies(people, None, None, "CNY", RULES)
    bare = book(60).drop(columns=["contribution_12m"]).assign(industry=None, risk_grade=None)
    result = companies({AS_OF: bare}, None, None, "CNY", RULES)
    absent = {name for name in result.__dataclass_fields__ if name != "findings" and getattr(result, name).absent}
    assert absent == {"matrix", "profit_risk", "classes", "groups", "agreement", "cross", "disagreement", "levels", "misplaced", "industries", "trend", "hhi_trend"}  # fmt: skip
    with pytest.raises(UserError, match="k_max is 1"):
        companies({AS_OF: bare}, None, None, "CNY", RULES, k_max=1)
    assert isinstance(find_groups(company_rows({AS_OF: book()}, None, None, RULES), 2, 2, 1), CompanyGroups)


def test_companies_of_branches_that_are_not_known_have_no_level_and_the_rest_is_told():
    history = {AS_OF: book().assign(branch_id=None), dt.date(2024, 6, 30): book(220).assign(branch_id="elsewhere")}
    told = companies(history, BRANCHES, None, "CNY", RULES, k_max=2, bootstraps=2)
    assert told.levels.absent is not None
    assert told.misplaced.absent is not None
    assert told.matrix.absent is None
