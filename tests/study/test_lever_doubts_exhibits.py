import pandas as pd

from analysis.study.lever_controls import Control
from analysis.study.lever_doubts_exhibits import controls_exhibit, doubt_findings, sensitivity_exhibit
from analysis.wording import say

BANDS = pd.DataFrame(
    [
        {"lever": "long_wait", "value": 0.05, "low": 0.02, "high": 0.08, "base": 3000, "trait": "assets_3m", "on_outcome": -1.0,
         "on_exposure": 0.2, "times": 1.4, "band_low": 0.01, "band_high": 0.09},
        {"lever": "fee_rise", "value": 0.01, "low": -0.02, "high": 0.04, "base": 3000, "trait": "tenure_months", "on_outcome": -0.5,
         "on_exposure": 0.1, "times": 0.0, "band_low": -0.03, "band_high": 0.05},
    ]
)  # fmt: skip
CONTROLS = [
    Control("long_wait", "lost_card", 1.6, 1.3, 2.0, p=0.001, rings=True, base=3000),
    Control("long_wait", "past_assets", 0.01, -0.05, 0.07, "number.2", p=0.7, base=2500),
    Control("fee_rise", "leads", reason=say("too few left in the months before the rise")),
]


def cells(exhibit) -> list[list[str]]:
    return [[cell.render("en") for cell in row] for row in exhibit.frame[[column.name for column in exhibit.columns]].to_numpy()]


def test_the_sensitivity_table_says_what_it_would_take():
    exhibit = sensitivity_exhibit(BANDS)
    assert exhibit.title.render("en").startswith("1 of 1 shares beyond noise would withstand")
    assert sensitivity_exhibit(BANDS, {"fee_rise"}).title.render("en").startswith("None of 1 shares beyond noise")
    assert sensitivity_exhibit(BANDS, set()).title.render("en").startswith("No share is beyond noise")
    assert cells(exhibit)[0][1:4] == ["2.0% to 8.0%", "1.4 times the yardstick", "assets"]
    assert cells(exhibit)[1][2] == "nothing: it holds 0"
    assert sensitivity_exhibit(BANDS.iloc[:0]).absent is not None


def test_the_controls_table_tells_silent_from_ringing_and_untested():
    assert cells(controls_exhibit(CONTROLS)) == [
        ["Long wait", "1.60 (1.30 to 2.00)", "0.01 (−0.05 to 0.07)", "–", "Rings"],
        ["Fee rise", "–", "–", "–", "Cannot be tested"],
    ]
    assert controls_exhibit(CONTROLS).title.render("en").startswith("Levers for which a control rings: 1;")
    assert controls_exhibit(CONTROLS[1:2]).title.render("en") == "No control rings; tested: 1"
    assert controls_exhibit([]).absent is not None


def test_findings_are_adjusted_and_claim_no_cause():
    found = {finding.id: finding for finding in doubt_findings(CONTROLS, BANDS)}
    assert set(found) == {
        "lever_controls.alarms", "lever_control.lost_card", "hidden_strength.long_wait", "hidden_strength.fee_rise",
    }  # fmt: skip
    assert found["lever_controls.alarms"].value == 1
    silent, *_ = doubt_findings(CONTROLS[1:2], BANDS)
    assert silent.value == 0
    assert "of 1 controls" in silent.text.render()
    assert found["lever_control.lost_card"].low == 1.3
    assert {finding.evidence for finding in found.values()} == {"adjusted"}
