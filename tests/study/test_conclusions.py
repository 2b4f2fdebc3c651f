"""Which sentences the front page tells, and which it must not."""

import pytest

from analysis.study.conclusions import conclusions

AS_OF = "2025-06-30"


def finding(name, value, low, high, compare_to=0, unit="points", base=2000, **other):
    return {
        "id": name, "html": f"<b>{name}</b>", "value": value, "low": low, "high": high, "compare_to": compare_to, "unit": unit, "base": base,
        "base_of": "customers", "evidence": "description", "exhibit": {"anchor": f"e-{name}", "number": "Figure 2"}, "is_headline": True,
        **other,
    }  # fmt: skip


def page(*findings, **other):
    return {
        "status": "published",
        "page_as_of": AS_OF,
        "page": "x.html",
        "title": "A & B",
        "gate": [],
        "findings": list(findings),
        **other,
    }


def figure(name="churn_rate", value=0.09, low=0.05, high=0.07, **other):
    points = [{"month": f"m{month}", "value": 0.06} for month in range(12)]
    return {
        "id": name, "unit": "share", "value": value, "is_beyond": not low <= value <= high, "festival": None, "currency": None,
        "points": [*points, {"month": AS_OF, "value": value, "expected_low": low, "expected_high": high}], **other,
    }  # fmt: skip


def told(reports, customers=4000):
    return [one["id"] for one in conclusions(reports, customers, AS_OF)["picked"]]


def test_size_customers_and_evidence_decide_the_order():
    reports = {
        "a": page(finding("small", 0.01, 0.009, 0.011)),
        "b": page(finding("large", 0.05, 0.045, 0.055)),
        "c": page(finding("of_few", 0.05, 0.045, 0.055, base=200)),
        "d": page(finding("by_lot", 0.03, 0.027, 0.033, evidence="experiment")),
    }
    assert told(reports) == ["by_lot", "large", "small"]


def test_sizes_of_other_units_are_made_comparable():
    reports = {
        "a": page(finding("points", 0.03, 0.027, 0.033)),
        "b": page(finding("marks", 0.45, 0.44, 0.46, unit="mark")),
        "c": page(finding("nps", 4.0, 3.9, 4.1, unit="score")),
    }
    sizes = {one["id"]: one["size"] for one in conclusions(reports, 4000, AS_OF)["picked"]}
    assert sizes == pytest.approx({"marks": 0.05, "points": 0.03, "nps": 0.02})


def test_a_share_of_those_who_left_concerns_those_who_left():
    rate = finding("churn_rate.any", 0.05, 0.04, 0.06, compare_to=None, unit="share")
    reports = {
        "a": page(rate, finding("cause_alone.fee", 0.2, 0.18, 0.22, unit="share")),
        "b": page(finding("other", 0.02, 0.018, 0.022)),
    }
    assert told(reports) == ["other", "cause_alone.fee"]


def test_one_of_a_report_and_of_a_topic():
    reports = {
        "a": page(finding("change.total", 0.05, 0.045, 0.055), finding("movement.x", 0.04, 0.036, 0.044)),
        "b": page(finding("churn_rate.any", 0.03, 0.027, 0.033)),
        "c": page(finding("else", 0.01, 0.009, 0.011)),
    }
    assert told(reports) == ["change.total", "else"]


@pytest.mark.parametrize(
    "silent",
    [
        page(finding("x", 0.05, 0.04, 0.06), status="failed"),
        page(finding("x", 0.05, 0.04, 0.06), page_as_of="2025-05-31"),
        page(finding("x", 0.05, 0.04, 0.06), gate=[{"score": "quality.customers"}]),
        page(finding("x", 0.05, 0.04, 0.06, is_headline=False)),
        page(finding("x", 0.05, 0.04, 0.06, base=9)),
        page(finding("x", 0.05, 0.04, 0.06, base_of="rows")),
        page(finding("x", 0.05, None, None)),
        page(finding("x", 0.05, 0.04, 0.06, compare_to=None)),
        page(finding("x", 5.0, 4.9, 5.1, unit="ratio")),
        page(finding("auc", 0.8, 0.79, 0.81, compare_to=0.5, unit="share")),
        page(finding("tier.mass.contribution_share", 0.2, 0.19, 0.21, compare_to=0.8, unit="share")),
        page(finding("x", 0.05, -0.01, 0.11)),
    ],
)
def test_what_is_not_told(silent):
    assert told({"a": silent}) == []


def test_a_comparison_that_is_an_estimate_itself_is_doubted_as_well():
    """6.9% (6.1 to 7.8) against 6.0% of another period: outside of the interval, yet the difference is within noise."""
    share = finding("x", 0.0693, 0.0613, 0.0678 + 0.01, compare_to=0.0602, unit="share")
    assert told({"a": page(share)}) == []
    assert told({"a": page({**share, "compare_to": 0.045})}) == ["x"]


def test_picking_widens_the_interval_and_draws_the_size_in():
    many = {f"n{number}": page(finding(f"n{number}", 0.0, -0.01, 0.01)) for number in range(39)}
    (one,) = conclusions({"a": page(finding("x", 0.05, 0.03, 0.07)), **many}, 4000, AS_OF)["picked"]
    assert one["level"] == pytest.approx(1 - 0.05 / 40)
    assert (one["low"], one["high"]) == pytest.approx((0.05 - 0.02 * 3.2272 / 1.96, 0.05 + 0.02 * 3.2272 / 1.96), abs=1e-5)
    assert one["low"] < one["drawn"] < 0.05
    assert one["interval"].startswith(
        "As one chosen from 40: +5.0 percentage points, interval +1.7 to +8.3 percentage points (99.9%); cautious estimate: +"
    )
    assert (one["link"], one["place"]) == ("x.html#e-x", "A &amp; B, Figure 2")


def test_a_key_figure_is_told_in_its_own_sentence_when_it_lies_beyond_its_range():
    sentence = finding("figure.churn_rate", 0.09, 0.08, 0.1, compare_to=0.06, unit="share")
    many = {f"n{number}": page(finding(f"n{number}", 0.0, -0.01, 0.01)) for number in range(40)}
    found = conclusions({"key_figures": page(sentence, figures=[figure(value=0.12)]), **many}, 4000, AS_OF)
    assert [(one["id"], one["html"]) for one in found["picked"]] == [("churn_rate", "<b>figure.churn_rate</b>")]
    assert found["picked"][0]["low"] < 0.05 < 0.07 < found["picked"][0]["high"] < 0.12
    within = conclusions({"key_figures": page(sentence, figures=[figure(value=0.065)])}, 4000, AS_OF)
    assert (within["picked"], within["quiet"], within["considered"]) == ([], True, 1)


@pytest.mark.parametrize(
    ("figures", "note"),
    [
        ([figure(value=0.06)], "All figures are within normal variation this month."),
        ([figure(value=0.06), figure(name="nps", is_beyond=None)], "No finding or figure that can be judged is beyond"),
        ([figure(value=0.0702)], "Nothing stands out once it is allowed for that 41 findings and figures were looked at"),
        ([], "There is nothing to choose from"),
    ],
)
def test_quiet_is_said_no_further_than_it_is_known(figures, note):
    sentence = finding("figure.churn_rate", 0.06, 0.05, 0.07, compare_to=None, unit="share")
    many = {
        f"n{number}": page(finding(f"n{number}", 0.0, -0.01, 0.01, is_headline=False)) for number in range(40 * bool(figures))
    }
    found = conclusions({"key_figures": page(sentence, figures=figures), **many}, 4000, AS_OF)
    assert found["quiet"]
    assert found["note"].startswith(note)


def test_where_a_reservation_leaves_nothing_to_choose_from_it_is_named():
    reserved = page(finding("x", 0.05, 0.03, 0.07), gate=[{"score": "quality.balances"}])
    note = conclusions({"a": reserved, "b": page()}, 4000, AS_OF)["note"]
    assert note.startswith("There is nothing to choose from: the data fall short of what these reports need")
    assert note.endswith("put forward: A &amp; B.")
