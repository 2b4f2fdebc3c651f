import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from analysis.study.satisfaction_loyalty import loyalty, loyalty_exhibit, loyalty_findings, rank_correlation


def responses(size: int = 400, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    overall = np.clip(np.round(random.normal(7.5, 1.5, size)), 1, 10)
    return pd.DataFrame({"overall": overall, "recommend": np.clip(np.round(overall + random.normal(0, 1.2, size)), 0, 10)})


def test_rank_correlation_and_its_interval():
    """Bonett and Wright 2000: variance (1 + r²/2) ÷ (n − 3) of Fisher's z."""
    rows = responses()
    value = rank_correlation(rows["overall"], rows["recommend"])
    assert value.value == pytest.approx(spearmanr(rows["overall"], rows["recommend"]).statistic)
    half = (np.arctanh(value.high) - np.arctanh(value.low)) / 2
    assert half == pytest.approx(1.959964 * np.sqrt((1 + value.value**2 / 2) / 397), rel=1e-5)


def test_promoters_by_mark_add_up_and_few_are_hidden():
    rows = responses()
    found = loyalty(rows)
    high = found.marks.iloc[-1]
    own = rows.loc[rows["overall"] == 10, "recommend"]
    assert (high["mark"], high["base"]) == (10, len(own))
    assert high["promoters"] == pytest.approx((own >= 9).mean())
    assert (found.marks["base"] >= 10).all()
    assert found.marks["base"].sum() == len(rows)
    lone = rows.assign(overall=rows["overall"].clip(lower=7).where(rows.index > 4, 5))
    assert str(loyalty(lone).marks["label"].iloc[0]) == "7 or less"


def test_too_few_or_unasked_is_said():
    assert loyalty(responses(20)) is None
    assert loyalty(responses().drop(columns="recommend")) is None
    assert loyalty_findings(None) == []
    assert loyalty_exhibit(None).absent is not None
    unrelated = responses().assign(recommend=responses(seed=2)["recommend"])
    assert "do not go together" in str(loyalty_findings(loyalty(unrelated))[0].text)
