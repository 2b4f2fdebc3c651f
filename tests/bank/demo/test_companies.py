import numpy as np
import pandas as pd
import pytest

from analysis.bank.demo.companies import (
    GROUP_LIMIT,
    LENDERS,
    OVER_LENT_SHARE,
    SINGLE_LIMIT,
    make_exposures,
    make_ties,
    true_groups,
)

AS_OF = np.datetime64("2025-06-30")
FIRST_DAY = np.datetime64("2022-07-01")


def make_companies(count, seed=1):
    rng = np.random.default_rng(seed)
    days = np.where(rng.random(count) < 0.7, -rng.integers(1, 5000, count), rng.integers(0, 1460, count))
    return pd.DataFrame(
        {
            "customer": np.arange(count) * 10,
            "customer_id": [f"C{number:06d}" for number in range(count)],
            "opened": FIRST_DAY + np.sort(days),
            "size": rng.choice(["micro", "small", "medium", "large"], count, p=[0.5, 0.3, 0.15, 0.05]),
            "industry": "x",
            "assets": 700_000 * np.exp(1.4 * rng.standard_normal(count)),
        }
    )


def literal_ties(*rows):
    ties = pd.DataFrame(rows, columns=["parent_id", "child_id", "kind", "share", "since", "until"])
    return ties.astype({"since": "datetime64[s]", "until": "datetime64[s]"})


def literal_groups(ids, *rows):
    groups = true_groups(
        literal_ties(*((*row, "2020-01-01", None)[:6] for row in rows)), pd.DataFrame({"customer_id": list(ids)})
    )
    return parts(groups)


def parts(groups):
    return {frozenset(members) for members in groups.groupby("group_id")["customer_id"].agg(list)}


def joined(pairs):
    """Connected sets of names, by merging one pair after another."""
    sets = {}
    for one, other in pairs:
        merged = sets.get(one, {one}) | sets.get(other, {other})
        sets.update(dict.fromkeys(merged, merged))
    return {frozenset(found) for found in sets.values()}


def running(ties):
    return ties[(ties["since"] <= AS_OF) & (ties["until"].isna() | (ties["until"] > AS_OF))]


def owned_by_inverse(ties):
    """Pairs of owner and company with more than half: A (I - A)^-1."""
    equity = ties[ties["kind"] == "equity"]
    names = sorted({*equity["parent_id"], *equity["child_id"]})
    row = {name: place for place, name in enumerate(names)}
    direct = np.zeros((len(names), len(names)))
    for parent, child, share in zip(equity["parent_id"], equity["child_id"], equity["share"], strict=True):
        direct[row[parent], row[child]] += share
    whole = direct @ np.linalg.inv(np.eye(len(names)) - direct)
    return [(names[one], names[other]) for one, other in np.argwhere(whole > 0.5 + 1e-9)]


def owned_by_votes(ties):
    """Pairs of owner and company with more than half of the votes, those of whom the owner controls included."""
    equity = ties[ties["kind"] == "equity"]
    holders = {child: list(zip(rows["parent_id"], rows["share"], strict=True)) for child, rows in equity.groupby("child_id")}
    pairs = []
    for owner in sorted(set(equity["parent_id"])):
        controlled, before = {owner}, None
        while controlled != before:
            before = set(controlled)
            controlled |= {
                child for child, shares in holders.items() if sum(share for one, share in shares if one in before) > 0.5 + 1e-9
            }
        pairs += [(owner, child) for child in controlled - {owner}]
    return pairs


def brute_force_groups(ties, companies, owned):
    ids = set(companies["customer_id"])
    linked = owned(ties)
    for parent, child, kind in zip(ties["parent_id"], ties["child_id"], ties["kind"], strict=True):
        if kind == "executive" or (kind == "guarantee" and {parent, child} <= ids):
            linked.append((parent, child))
    return {found & ids for found in joined(linked) if len(found & ids) > 1}


@pytest.fixture(scope="module")
def companies():
    return make_companies(900)


@pytest.fixture(scope="module")
def drawn(companies):
    return make_ties(np.random.default_rng(5), companies)


@pytest.fixture(scope="module")
def exposures(companies, drawn):
    return make_exposures(np.random.default_rng(6), companies, drawn[1])


def test_a_share_above_one_half_makes_a_group_and_one_half_does_not():
    assert literal_groups("AB", ("A", "B", "equity", 0.51)) == {frozenset("AB")}
    assert literal_groups("ABC", ("A", "C", "equity", 0.5), ("B", "C", "equity", 0.5)) == set()


def test_paths_to_a_company_add_up():
    rows = [("A", "B", "equity", 0.8), ("A", "C", "equity", 0.25), ("B", "C", "equity", 0.4)]
    assert literal_groups("ABC", *rows) == {frozenset("ABC")}
    assert literal_groups("ABC", *rows[:2]) == {frozenset("AB")}


def test_cross_holdings_count_as_often_as_they_run_round():
    assert literal_groups("AB", ("A", "B", "equity", 0.38), ("B", "A", "equity", 0.38)) == set()
    assert literal_groups("AB", ("A", "B", "equity", 0.45), ("B", "A", "equity", 0.45)) == {frozenset("AB")}


def test_an_outside_owner_links_without_being_a_member():
    assert literal_groups("AB", ("X1", "A", "equity", 0.6), ("X1", "B", "equity", 0.9)) == {frozenset("AB")}
    assert literal_groups("AB", ("X1", "A", "equity", 0.6), ("X1", "B", "equity", 0.4)) == set()


def test_an_executive_and_a_guarantor_of_the_book_link_an_outside_guarantor_and_the_register_do_not():
    none = float("nan")
    assert literal_groups("AB", ("P1", "A", "executive", none), ("P1", "B", "executive", none)) == {frozenset("AB")}
    assert literal_groups("ABC", ("A", "B", "guarantee", none), ("B", "C", "guarantee", none)) == {frozenset("ABC")}
    assert literal_groups("AB", ("X1", "A", "guarantee", none), ("X1", "B", "guarantee", none)) == set()
    assert literal_groups("AB", ("A", "B", "registered", none)) == set()


@pytest.mark.parametrize(("since", "until", "runs"), [("2025-06-30", None, True), ("2025-07-01", None, False), ("2020-01-01", "2025-06-30", False), ("2020-01-01", "2025-07-01", True)])  # fmt: skip
def test_only_a_tie_that_runs_on_the_day_counts(since, until, runs):
    ties = literal_ties(("A", "B", "equity", 0.7, since, until))
    assert len(true_groups(ties, pd.DataFrame({"customer_id": ["A", "B"]}), AS_OF)) == 2 * runs


@pytest.mark.parametrize("owned", [owned_by_inverse, owned_by_votes])
@pytest.mark.parametrize("seed", [5, 6, 7])
def test_the_truth_is_what_brute_force_finds_by_either_notion_of_control(owned, seed):
    companies = make_companies(700, seed)
    ties, groups = make_ties(np.random.default_rng(seed), companies)
    assert parts(groups) == brute_force_groups(running(ties), companies, owned)


def test_groups_differ_in_size_and_most_companies_are_in_none(drawn, companies):
    _, groups = drawn
    sizes = groups["group_id"].value_counts()
    assert groups["customer_id"].is_unique
    assert (sizes.min(), sizes.max() >= 8, sizes.max() <= 24) == (2, True, True)
    assert 0.12 < len(groups) / len(companies) < 0.32


def test_ties_have_their_key_and_run_between_customers(drawn, companies):
    ties, _ = drawn
    opened = companies.set_index("customer_id")["opened"]
    assert not ties.duplicated(["parent_id", "child_id", "kind"]).any()
    assert set(ties["kind"]) == {"equity", "guarantee", "executive", "registered"}
    assert ties["child_id"].isin(opened.index).all()
    assert (ties["parent_id"].isin(opened.index) | ties["parent_id"].str[0].isin(["X", "P"])).all()
    assert (ties["parent_id"] != ties["child_id"]).all()
    for side in ("parent_id", "child_id"):
        inside = ties[ties[side].isin(opened.index)]
        assert (inside["since"].to_numpy() >= opened.loc[inside[side]].to_numpy()).all()
    assert ties["since"].max() <= pd.Timestamp("2026-06-30")
    assert (ties["until"].isna() | (ties["until"] > ties["since"])).all()
    assert (ties["share"].notna() == (ties["kind"] == "equity")).all()
    equity = ties[ties["kind"] == "equity"]
    assert equity.groupby("child_id")["share"].sum().max() <= 1


def test_what_looks_like_a_group_and_is_none_is_there(drawn):
    ties, groups = drawn
    group = groups.set_index("customer_id")["group_id"]
    equity = ties[ties["kind"] == "equity"]
    same = equity["parent_id"].map(group).eq(equity["child_id"].map(group))
    minority = equity[equity["share"].between(0.20, 0.49) & ~same]
    assert len(minority) > 30
    assert (equity["share"] == 0.5).sum() > 5
    assert minority.merge(minority, left_on=["parent_id", "child_id"], right_on=["child_id", "parent_id"]).shape[0] > 0
    assert ((equity["until"] < pd.Timestamp(AS_OF)) & (equity["share"] > 0.5) & ~same).sum() > 5
    guarantors = ties[(ties["kind"] == "guarantee") & ties["parent_id"].str.startswith("X")]
    assert guarantors["parent_id"].value_counts().max() > 1


def test_some_groups_hang_on_an_outside_holding_alone(drawn):
    ties, groups = drawn
    group = groups.set_index("customer_id")["group_id"]
    direct = running(ties[ties["kind"] != "registered"])
    inside = direct[direct["parent_id"].isin(group.index)]
    linked = set(inside["child_id"].map(group)) & set(inside["parent_id"].map(group))
    by_holding = direct[direct["parent_id"].str.startswith("X") & (direct["share"] > 0.5)]
    assert set(by_holding["child_id"].map(group).dropna()) - linked


def test_the_banks_register_is_wrong_in_each_of_its_ways(drawn):
    ties, groups = drawn
    register = ties[ties["kind"] == "registered"]
    group = groups.set_index("customer_id")["group_id"]
    head, member = register["parent_id"].map(group), register["child_id"].map(group)
    named = set(register["parent_id"]) | set(register["child_id"])
    known = groups["group_id"].isin(head)
    assert (groups.loc[known, "customer_id"].isin(named)).mean() < 0.97
    assert not known.all()
    assert (head.notna() & member.isna()).sum() > 3
    assert (head.eq(member)).mean() > 0.6
    assert register[head.eq(member)].groupby(head)["parent_id"].nunique().max() == 2


def test_the_same_seed_draws_the_same(companies, drawn, exposures):
    ties, groups = make_ties(np.random.default_rng(5), companies)
    pd.testing.assert_frame_equal(ties, drawn[0])
    pd.testing.assert_frame_equal(groups, drawn[1])
    pd.testing.assert_frame_equal(make_exposures(np.random.default_rng(6), companies, groups), exposures)
    assert not make_ties(np.random.default_rng(8), companies)[0].equals(ties)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 30])
def test_a_small_book_works(count):
    companies = make_companies(count)
    ties, groups = make_ties(np.random.default_rng(5), companies)
    exposures = make_exposures(np.random.default_rng(6), companies, groups)
    assert list(ties) == ["parent_id", "child_id", "kind", "share", "since", "until"]
    assert list(groups) == ["customer_id", "group_id"]
    assert list(exposures) == ["customer_id", "lender", "reported", "credit_line", "drawn", "collateral"]
    assert parts(groups) == brute_force_groups(running(ties), companies, owned_by_votes)
    assert count < 30 or len(groups) >= 2


def test_exposures_stand_at_quarter_ends_from_the_opening_on(exposures, companies):
    opened = companies.set_index("customer_id")["opened"]
    assert set(exposures["lender"]) == set(LENDERS)
    assert exposures["reported"].nunique() == 16
    assert (exposures["reported"].dt.is_quarter_end).all()
    assert (exposures["reported"].to_numpy() >= opened.loc[exposures["customer_id"]].to_numpy()).all()
    assert not exposures.duplicated(["customer_id", "lender", "reported"]).any()
    assert (exposures["drawn"] <= exposures["credit_line"]).all()
    assert (exposures[["credit_line", "drawn", "collateral"]] >= 0).all(axis=None)
    counts = exposures.groupby(["customer_id", "lender"])["reported"].agg(["size", "min"])
    assert (counts["size"] == (2026 - counts["min"].dt.year) * 4 + 3 - counts["min"].dt.quarter).all()


def test_lines_grow_with_size_and_assets_and_drawn_shares_drift(exposures, companies):
    here = exposures[(exposures["lender"] == LENDERS[0]) & (exposures["reported"] == "2022-12-31")].merge(
        companies, on="customer_id"
    )
    ratio = (here["credit_line"] / here["assets"]).groupby(here["size"]).median()
    assert ratio["micro"] < ratio["small"] < ratio["medium"]
    assert np.corrcoef(np.log(here["credit_line"]), np.log(here["assets"]))[0, 1] > 0.8
    share = (exposures["drawn"] / exposures["credit_line"]).rename("share")
    wide = exposures.assign(share=share).pivot(index=["customer_id", "lender"], columns="reported", values="share").dropna()
    near, far = (wide.corr().iloc[0, column] for column in (1, 15))
    assert near > 0.8 > far


def test_some_groups_are_lent_too_much_together_and_no_member_alone(exposures, drawn):
    _, groups = drawn
    here = exposures[(exposures["lender"] == LENDERS[0]) & (exposures["reported"] == pd.Timestamp(AS_OF))]
    together = here.merge(groups, on="customer_id").groupby("group_id")["drawn"].agg(["sum", "max"])
    over = together[together["sum"] > GROUP_LIMIT]
    assert len(over) >= np.ceil(OVER_LENT_SHARE * groups["group_id"].nunique())
    assert len(over) < 0.3 * len(together)
    assert (over["max"] < SINGLE_LIMIT).all()
    assert exposures.loc[exposures["lender"] == LENDERS[0], "drawn"].max() == SINGLE_LIMIT
    at_limit = here[here["drawn"] == SINGLE_LIMIT]
    assert 1 <= len(at_limit) <= 9
    assert not at_limit["customer_id"].isin(groups["customer_id"]).any()
