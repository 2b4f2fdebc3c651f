"""Truths that hang on the fitted model: what its figures would be if true probabilities stood in for chance outcomes."""

import datetime as dt
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.bank.demo.risks import expected_auc
from analysis.stats.logistic import INTERCEPT, LogisticFit
from analysis.stats.prediction import CERTAINTY
from analysis.study.churn import MAIN_RULE, ChurnRule, matured
from analysis.study.model_exhibits import CAPACITY_SHARE
from analysis.study.warning_model import TERMS, WarningModel, panel

KEYS = ["customer_id", "landmark"]


def expected_lift(score, risk, share: float = CAPACITY_SHARE) -> float | None:
    """Mean true probability among the `share` of rows with the highest scores ÷ that of all; ties at the edge count in
    proportion, as in `stats.prediction.lift_at`."""
    score, risk = np.asarray(score, dtype=float), np.asarray(risk, dtype=float)
    size = max(round(share * len(score)), 1)
    edge = np.sort(score)[len(score) - size]
    above, tied = score > edge, score == edge
    weight = above + tied * (size - above.sum()) / tied.sum()
    return float((weight * risk).sum() / size / risk.mean()) if risk.sum() else None


def expected_slope(probability, risk) -> float | None:
    """Slope of a fractional logistic regression of the true probability on the log odds of the predicted one (Cox's
    calibration slope in expectation; Papke and Wooldridge 1996 for fractional outcomes)."""
    inside = np.clip(np.asarray(probability, dtype=float), CERTAINTY, 1 - CERTAINTY)
    fit = fractional_logit(pd.DataFrame({"log_odds": np.log(inside / (1 - inside))}), risk)
    return None if fit is None else float(fit["log_odds"])


def expected_effects(design: pd.DataFrame, risk) -> dict[str, float]:
    """Term → its average marginal effect where the same design is fitted to the true probabilities."""
    coefficients = fractional_logit(design, risk)
    if coefficients is None:
        return {}
    nothing = pd.DataFrame(0.0, index=coefficients.index, columns=coefficients.index)
    effects = LogisticFit(coefficients, nothing, design, len(design), 0).average_marginal_effects()
    return dict(zip(effects["term"], effects["value"].astype(float), strict=True))


def fractional_logit(design: pd.DataFrame, share) -> pd.Series | None:
    """Coefficients, `intercept` first, of a logistic regression whose outcome is a share between 0 and 1; None where it does not
    settle."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    x = design.to_numpy(dtype=float)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    if not (deviation > 0).all():
        return None
    scaled = np.column_stack([np.ones(len(x)), (x - mean) / deviation])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # shares may be met exactly without separating anything
        fit = GLM(np.asarray(share, dtype=float), scaled, family=Binomial()).fit()
    slopes = fit.params[1:] / deviation
    values = [fit.params[0] - slopes @ mean, *slopes]
    return pd.Series(values, index=pd.Index([INTERCEPT, *design.columns], name="term")) if fit.converged else None


def with_risks(rows: pd.DataFrame, risks: pd.DataFrame) -> pd.DataFrame:
    """Rows of customers at landmarks with their true probability `risk` of leaving under the main rule; rows for which none is
    known are left out."""
    known = risks[[*KEYS, MAIN_RULE]].rename(columns={MAIN_RULE: "risk"})
    return rows.assign(landmark=pd.to_datetime(rows["landmark"])).merge(known, on=KEYS, how="inner")


def fitted_truths(
    model: WarningModel, history: Mapping[dt.date, pd.DataFrame], as_of: dt.date, rule: ChurnRule, risks: pd.DataFrame
) -> dict[str, float]:
    """Finding's id → truth of what the model publishes: auc, lift.top_tenth and calibration.slope over the validation
    predictions, ame.<term> for every term of the fit; what the risks do not allow is left out."""
    if model.fit is None or risks.empty:
        return {}
    judged = with_risks(model.validation, risks)
    truths = {}
    if len(judged):
        score, risk = judged["probability"].astype(float), judged["risk"]
        truths |= {"auc": expected_auc(score, risk), "lift.top_tenth": expected_lift(score, risk)}
        truths["calibration.slope"] = expected_slope(score, risk)
    rows = with_risks(panel(dict(history), matured(list(history), as_of, rule), rule), risks)
    if len(rows):
        design = rows[list(model.fit.design.columns)]
        truths |= {f"ame.{term}": value for term, value in expected_effects(design, rows["risk"]).items() if term in TERMS}
    return {name: value for name, value in truths.items() if value is not None}
