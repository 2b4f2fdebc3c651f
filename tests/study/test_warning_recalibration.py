import numpy as np
import pandas as pd

from analysis.stats.logistic import fit_logistic
from analysis.study.warning_model import TERMS
from analysis.study.warning_recalibration import ALARM_LEVEL, PARTS, by_part


def _rows(random, size, digital=1.0):
    """Two terms, and outcomes to whose log odds both add; customers' numbers are drawn, so that some recur."""
    terms = pd.DataFrame(random.normal(size=(size, 2)), columns=["products", "digital"])
    chance = 1 / (1 + np.exp(2.0 - terms["products"] - digital * terms["digital"]))
    return terms.assign(outcome=(random.random(size) < chance).astype(float), customer_id=random.integers(0, size, size))


def _tested(random, digital=1.0):
    earlier, later = _rows(random, 800), _rows(random, 800, digital)
    fit = fit_logistic(earlier[["products", "digital"]], earlier["outcome"], clusters=earlier["customer_id"])
    return by_part(fit, earlier["customer_id"], later.assign(probability=fit.predict(later)))


def test_where_nothing_changed_the_chance_is_what_it_says():
    """The error of the earlier fit belongs into the covariance: without it, about 45% would lie below 20%."""
    random = np.random.default_rng(8)
    chances = np.array([_tested(random)[1] for _ in range(80)])
    assert 0.1 < (chances < 0.2).mean() < 0.31


def test_the_part_that_turned_is_named():
    parts, chance = _tested(np.random.default_rng(9), digital=-0.3)
    by_part = parts.set_index("part")
    assert chance < 1e-4
    assert by_part.loc["digital", "high"] < 1 < by_part.loc["digital", "learnt"]
    assert by_part.loc["relation", "low"] < by_part.loc["relation", "learnt"] < by_part.loc["relation", "high"]


def test_every_term_of_the_model_belongs_to_one_part():
    assert sorted(term for terms in PARTS.values() for term in terms) == sorted(TERMS)


def test_the_change_that_is_said_to_be_found_is_found_four_times_in_five():
    random = np.random.default_rng(10)
    parts, _ = _tested(random)
    one = parts.set_index("part").loc["digital"]
    digital = np.log(one["found"]) / np.log(one["learnt"])
    assert 0 < digital < 1
    rung = np.mean([_tested(random, digital)[1] < ALARM_LEVEL for _ in range(40)])
    assert 0.6 < rung < 0.975
