import numpy as np
import pandas as pd
import pytest

from analysis.study.disclosed import told_base
from analysis.study.rfm_assets import rfm_assets_exhibit, rfm_assets_findings, rfm_assets_scores


def book(size: int = 500, seed: int = 1, **columns) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    made = {
        "customer_id": [f"C{number}" for number in range(size)],
        "assets_trend": rng.normal(0, 0.1, size),
        "assets_volatility": rng.gamma(2.0, 0.1, size),
        "assets_12m": rng.lognormal(8, 1, size),
        "assets_3m": 1.0,
        "contribution_12m": 10.0,
    }
    return pd.DataFrame({**made, **columns})


def test_grown_steady_and_large_score_highest():
    order = np.arange(6.0)
    scores = rfm_assets_scores(book(6, assets_trend=order / 10 - 0.2, assets_volatility=order / 10, assets_12m=order[::-1] + 1))
    assert scores["recency"].tolist() == [1, 2, 3, 4, 5, 5]
    assert scores["frequency"].tolist() == [5, 5, 4, 3, 2, 1]
    assert scores["monetary"].tolist() == [5, 5, 4, 3, 2, 1]


def test_who_has_no_assets_in_one_of_the_quarters_has_no_score():
    customers = book(20)
    customers.loc[0, "assets_trend"] = np.nan
    customers.loc[1, ["assets_12m", "assets_volatility"]] = [-5.0, -0.1]
    assert set(customers["customer_id"]) - set(rfm_assets_scores(customers)["customer_id"]) == {"C0", "C1"}
    assert rfm_assets_scores(customers.drop(columns="assets_trend")).empty


def test_the_best_and_what_they_bring():
    customers = book()
    first = rfm_assets_scores(customers)
    best = (first[["recency", "frequency", "monetary"]] >= 4).all(axis=1)
    customers["contribution_12m"] = np.where(best, 30.0, 10.0)
    (finding,) = rfm_assets_findings(rfm_assets_scores(customers), customers)
    share, part = best.mean(), best.sum() * 30 / (best.sum() * 30 + (~best).sum() * 10)
    assert (finding.id, finding.value, finding.base) == ("rfm_assets.best.share", pytest.approx(share), 500)
    assert f"{part:.1%} of contribution" in finding.text.render()
    few = book(assets_12m=np.where(best & (best.cumsum() > 9), 1.0, customers["assets_12m"]))
    assert rfm_assets_findings(rfm_assets_scores(few).assign(monetary=np.where(best & (best.cumsum() <= 9), 5, 1)), few) == []


def test_cells_are_coloured_by_contribution_and_small_ones_are_not_shown():
    customers = book(contribution_12m=np.where(np.arange(500) < 250, 0.0, 20.0), assets_trend=np.arange(500.0))
    exhibit = rfm_assets_exhibit(rfm_assets_scores(customers), customers)
    colour = exhibit.frame.assign(row=exhibit.frame["row"].map(str)).groupby("row")["value"].mean()
    assert colour["Growth 1"] == pytest.approx(-1)
    assert colour["Growth 5"] == pytest.approx(1)
    assert "mean contribution" in exhibit.subtitle.render()
    apart = book(assets_volatility=np.arange(500.0), assets_trend=np.arange(500.0))
    apart.loc[[0, 1], "assets_trend"] = [1e6, 1e6 + 1]
    assert rfm_assets_scores(apart).groupby(["recency", "frequency"]).size().min() < 10
    shown = rfm_assets_exhibit(rfm_assets_scores(apart), apart).frame
    assert min(float(str(text).rstrip("%")) for text in shown["text"]) >= 2.0


def test_assets_stand_in_for_contribution_and_too_few_are_said():
    customers = book().drop(columns="contribution_12m")
    assert "mean assets against" in rfm_assets_exhibit(rfm_assets_scores(customers), customers).subtitle.render()
    few = book(12)
    assert rfm_assets_exhibit(rfm_assets_scores(few), few).absent is not None
    none = book().drop(columns="assets_volatility")
    assert rfm_assets_exhibit(rfm_assets_scores(none), none).absent is not None
    assert rfm_assets_findings(rfm_assets_scores(none), none) == []


def test_a_base_that_gives_a_few_away_is_not_told():
    customers = book()
    for missing, base in ((9, None), (10, 490)):
        customers["assets_trend"] = np.where(np.arange(500) < missing, np.nan, 0.01 * np.arange(500))
        (finding,) = rfm_assets_findings(rfm_assets_scores(customers), customers)
        assert finding.base == base
    assert [told_base(100, whole) for whole in (100, 101, 109, 110, 50)] == [100, None, None, 100, 100]
