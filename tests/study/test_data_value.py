"""What a field is good for: the declared sources against the features' own SQL and the studies' code; what a field adds."""

import ast
import datetime as dt
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest
import sqlglot
from scipy.special import ndtri
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from analysis.bank.contracts import TABLES, TYPES
from analysis.bank.features import _BUILDERS, features
from analysis.bank.identity.records import KINDS
from analysis.stats.intervals import Z95, Estimate
from analysis.study import data_value, trust_sources
from analysis.study import warning_model as warning
from analysis.study.churn import ChurnRule
from analysis.study.trust_sources import (
    CHURN,
    COMPANIES,
    COMPLAINTS,
    DRIVERS,
    FEATURE_SOURCES,
    FEATURES_USED,
    LIFECYCLE,
    LIFETIME,
    LINKING,
    RELATIONS,
    SATISFACTION,
    SEGMENTS,
    TERM_FEATURES,
    VALUE,
)
from analysis.study.warning_model import design, warning_model

STUDY = Path(data_value.__file__).parent
AS_OF = dt.date(2025, 6, 30)
ENTRIES = {
    SEGMENTS: [("segmentation", "segmentation")],
    SATISFACTION: [("satisfaction", "satisfaction"), ("groups", "customer_groups")],
    CHURN: [("attribution", "churn_attribution"), ("churn_model", "churn_model")],
    RELATIONS: [("relation_groups", "relation_groups")],
    VALUE: [("value", "value")],
    LIFETIME: [("lifetime_value", "lifetime_value")],
    LIFECYCLE: [("lifecycle", "lifecycle")],
    COMPANIES: [("companies", "companies")],
}
READERS = {
    SATISFACTION: ENTRIES[SATISFACTION],
    DRIVERS: [("satisfaction_drivers", "satisfaction_drivers")],
    COMPLAINTS: [("complaints", "complaints")],
}
HOMONYMS = {
    "customer_id",
    "size",
    (SATISFACTION, "branch_id"),
    (RELATIONS, "assets"),
    (RELATIONS, "kind"),
    (COMPANIES, "assets"),
}


@pytest.fixture(scope="module")
def lineage() -> dict[str, set[str]]:
    """Feature → the fields that its value comes from, filters included, as the SQL of `features` has it."""
    names = ("customers", *_BUILDERS)
    tables = {name: ibis.table({c.name: TYPES[c.type] for c in TABLES[name].columns}, name=name) for name in names}
    sql = ibis.to_sql(features(tables, AS_OF), dialect="duckdb")
    schema = {name: {column.name: "text" for column in TABLES[name].columns} for name in names}
    scope = build_scope(
        qualify(sqlglot.parse_one(sql, read="duckdb"), schema=schema, dialect="duckdb", validate_qualify_columns=False)
    )
    return {column.alias_or_name: _sources(scope, column.alias_or_name, {}) for column in scope.expression.selects}


def _sources(scope: Scope, name: str, known: dict) -> set[str]:
    if (id(scope), name) not in known:
        column = next(column for column in scope.expression.selects if column.alias_or_name == name)
        where = scope.expression.args.get("where")
        used = [*column.find_all(exp.Column), *(where.find_all(exp.Column) if where else ())]
        known[id(scope), name] = set().union(*(_behind(scope, one, known) for one in used))
    return known[id(scope), name]


def _behind(scope: Scope, column: exp.Column, known: dict) -> set[str]:
    source = scope.sources[column.table]
    return {f"{source.name}.{column.name}"} if isinstance(source, exp.Table) else _sources(source, column.name, known)


def test_each_feature_comes_from_the_fields_that_its_sql_reads(lineage):
    assert {name: set(fields) for name, fields in FEATURE_SOURCES.items()} == {name: lineage[name] for name in FEATURE_SOURCES}


@cache
def _module(name: str) -> ast.Module:
    return ast.parse((STUDY / f"{name}.py").read_text(encoding="utf-8"))


def _said_by(entries: list[tuple[str, str]]) -> set[str]:
    """Every string in the functions and constants of study that these reach."""
    seen, todo, found = set(), list(entries), set()
    while todo:
        module, name = todo.pop()
        if (module, name) in seen or not (STUDY / f"{module}.py").is_file():
            continue
        seen.add((module, name))
        body = _module(module).body
        imported = {
            alias.name: (node.module.rpartition(".")[2], alias.name)
            for node in body
            if isinstance(node, ast.ImportFrom) and node.module.startswith("analysis.study")
            for alias in node.names
        }
        for node in [node for node in body if name in _defined(node)]:
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    found.add(part.value)
                if isinstance(part, ast.Name):
                    todo.append(imported.get(part.id, (module, part.id)))
    return found


def _defined(node: ast.stmt) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {getattr(node, "name", None), *(getattr(target, "id", None) for target in targets)}


@pytest.mark.parametrize("study", ENTRIES, ids=str)
def test_a_study_uses_the_features_that_its_code_names(study, lineage):
    named = {name for name in _said_by(ENTRIES[study]) & set(lineage) if not {name, (study, name)} & HOMONYMS}
    assert set(FEATURES_USED[study]) == named


def test_fields_that_are_read_as_they_are_exist_and_are_those_of_the_code():
    for fields in trust_sources.FIELDS_READ.values():
        for field in fields:
            table, _, column = field.partition(".")
            assert column in TABLES[table].column_names
    assert set(trust_sources.FIELDS_READ[LINKING]) == {f"parties.{name}" for name in KINDS}
    for report, entries in READERS.items():
        read = {field.partition(".")[2] for field in trust_sources.FIELDS_READ[report]}
        assert read - _said_by(entries) == set(), report


def test_a_term_moves_with_its_features_alone(simulate_history):
    frame = next(iter(simulate_history(60).values())).assign(transactions_30d=np.arange(60) % 5, web_share=np.arange(60) / 100)
    frame = frame.assign(
        assets_12m=frame["assets"] * (1 + np.arange(60) / 60), assets_3m=frame["assets"] * (2 - np.arange(60) / 60)
    )
    terms = design(frame)
    assert set(terms) == set(TERM_FEATURES)
    random = np.random.default_rng(3)
    for feature in sorted({name for names in TERM_FEATURES.values() for name in names}):
        other = frame.assign(**{feature: random.permutation(frame[feature].to_numpy())})
        moved = {name for name in terms if not design(other)[name].equals(terms[name])}
        assert moved == {name for name, names in TERM_FEATURES.items() if feature in names}, feature


@pytest.fixture(scope="module")
def found(simulate_history) -> pd.DataFrame:
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(data_value, "MOST_VALIDATIONS", 1)
        return data_value.information(simulate_history(monthly_hazard=0.02, product_effect=-1.2), AS_OF, ChurnRule())


@pytest.fixture
def few_terms(monkeypatch) -> None:
    """Three sets of terms alone, at one later landmark: each costs a model there."""
    for module in (data_value, warning):
        monkeypatch.setattr(module, "MOST_VALIDATIONS", 1)
    tried = ("holdings.product", "holdings.closed_date", "complaints.resolved_at", "contacts.wait_minutes")
    monkeypatch.setattr(data_value, "terms_of", lambda: {field: trust_sources.terms_of()[field] for field in tried})


def test_the_field_on_which_leaving_hangs_adds_most_and_one_without_any_relation_nothing(found):
    rows = found.set_index("field")
    assert set(found["field"].head(2)) == {"holdings.product", "holdings.closed_date"}
    assert rows.loc["holdings.product", "low"] > 0
    assert rows.loc["customers.kind", "low"] < 0 < rows.loc["customers.kind", "high"]


def test_fields_behind_the_same_terms_share_a_figure_and_keys_have_none(found):
    rows = found.set_index("field")
    assert rows.loc["balances.deposits"].equals(rows.loc["balances.wealth"])
    assert not set(found["field"]) & {"balances.month", "balances.basis"}
    assert found["field"].is_unique


def test_the_churn_report_s_own_model_is_held_against_one_without_each_set_of_terms(simulate_history, few_terms, monkeypatch):
    history, seen = simulate_history(), []

    def spy(score, other, outcome, groups):
        seen.append(np.asarray(score))
        return Estimate(0.0, -1.0, 1.0, len(outcome))

    monkeypatch.setattr(data_value, "auc_difference", spy)
    fields = data_value.information(history, AS_OF, ChurnRule())
    assert len(seen) == 3
    assert np.array_equal(seen[0], warning_model(history, AS_OF, ChurnRule()).validation["probability"])
    assert fields["high"].tolist() == pytest.approx([ndtri(1 - 0.025 / len(seen)) / Z95] * len(fields))


def test_a_flag_that_nobody_bears_at_first_and_a_table_not_brought_stop_nothing(simulate_history, few_terms):
    history = simulate_history()
    rare = {day: frame.assign(open_complaints=frame["open_complaints"] if day == AS_OF else 0) for day, frame in history.items()}
    rare = {day: frame.drop(columns="wait_minutes_90d") for day, frame in rare.items()}
    assert set(data_value.information(rare, AS_OF, ChurnRule())["field"]) == {"holdings.product", "holdings.closed_date"}


def test_too_few_leavers_are_too_few_to_tell(simulate_history):
    few = {day: frame.head(100) for day, frame in simulate_history(100, seed=2, monthly_hazard=0.002).items()}
    none = data_value.information(few, AS_OF, ChurnRule())
    assert none.empty
    assert data_value.information({}, AS_OF, ChurnRule()).empty
    assert data_value.value_finding(none, {}) == []
    assert "too few customers left" in data_value.value_exhibit(_filled(), none, {}).title.render()


def _filled() -> pd.DataFrame:
    rows = [("customers", "sex", 100, 5), ("customers", "industry", 50, 40), ("balances", "deposits", 90, 0)]
    quality = pd.DataFrame(rows, columns=["table", "column", "checked", "failed"])
    return data_value.filled(quality.assign(rule=quality["table"] + "." + quality["column"] + ".empty"))


def test_fields_are_told_by_what_they_add_then_the_emptiest(found):
    table = data_value.value_table(_filled(), found)
    assert not set(table["field"].str.partition(".")[0]) - {"customers", "balances"}
    untried = table[table["value"].isna()]
    assert untried["field"].head(2).tolist() == ["customers.industry", "customers.sex"]
    assert untried["filled"].head(2).tolist() == pytest.approx([0.2, 0.95])
    assert table["value"].dropna().is_monotonic_decreasing


def test_a_field_that_no_study_uses_says_so_and_one_within_noise_too(found):
    shown = data_value.value_exhibit(_filled(), found, {"customers.sex": "sex"}).frame.set_index("field")
    assert shown.loc["customers.industry", "used"].render() == "Companies"
    assert shown.loc["customers.sex", "used"].render() == "Customer satisfaction"
    assert shown.loc["customers.sex", "label"].render() == "Customers, sex"
    assert shown.loc["customers.kind", "adds"].render().endswith("within noise")
    likely = found.assign(value=0.1, low=-0.1, high=0.3)
    adds = data_value.value_exhibit(_filled(), likely, {}).frame.set_index("field")["adds"]
    assert adds["balances.deposits"].render() == "0.100 (−0.100 to 0.300), within noise"


def test_the_finding_counts_the_fields_beyond_noise(found):
    (told,) = data_value.value_finding(found, {})
    assert told.id == "data_value.fields"
    assert told.value == (found["low"] > 0).sum() >= 2
    assert told.base == found["base"].max()
