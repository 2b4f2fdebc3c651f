"""The monthly report with its figures, conclusions and decisions, from one example of results."""

import re

import pytest
from bs4 import BeautifulSoup
from tests.report.monthly_example import EARLIER, monthly_results, monthly_setting

from analysis.report.index import site_index
from analysis.report.inspection import faults
from analysis.wording import catalogue

HOSTILE = '<img src=x onerror="window.ran=1"></style><script>window.ran=1</script>{{7*7}}'


def page(change=lambda results: None, language="en", pdf=None):
    results = monthly_results(language)
    change(results)
    return site_index(results, monthly_setting(language), EARLIER, pdf)


def soup(*args, **more):
    return BeautifulSoup(page(*args, **more), "html.parser")


def words(node):
    return node.get_text(" ", strip=True)


def figures(results):
    return results["reports"]["key_figures"]["figures"]


def test_status_then_figures_findings_what_changed_decisions_and_definitions():
    shown = soup()
    assert [heading.contents[0] for heading in shown.find_all("h2")] == [
        "Data and report status", "Key figures", "Main findings", "Since last time", "Decisions needed", "Reports", "Earlier periods",
        "Definitions",
    ]  # fmt: skip
    assert words(shown.select_one(".lead")) == (
        "This month's data can be relied on, with one caution. 7 of 10 reports published, 1 failed , 1 stale , 1 not produced."
    )
    assert words(shown.select(".two > div")[0].select_one(".bad")) == (
        "Caution: Complaints resolved in time of 31 May 2025 revised from 93.4% to 93.1% (data revised)"
    )


def test_a_tile_says_value_verdict_changes_and_target_in_words():
    tile = soup().select(".fig")[2]
    assert words(tile.h3) == "Churn rate, last six months"
    assert (words(tile.select_one(".val")), words(tile.select_one(".verdict.worse"))) == ("7.9 %", "Beyond noise, worse")
    assert [words(row) for row in tile.select("tr")] == [
        "On month +0.3 points, up", "Since Dec +1.8 points, up", "On year +2.0 points, up", "Target ≤7.0% over by 0.9",
    ]  # fmt: skip
    assert [words(note) for note in tile.select(".under")] == [
        "Closed 1.2%, dormant 3.1%, run-off 3.6%, involuntary exits apart 0.6%", "Base: 1,186,420 customers",
    ]  # fmt: skip


def test_counts_and_money_change_in_percent_scores_in_points():
    tiles = soup().select(".fig")
    assert words(tiles[0].select("tr")[0]) == "On month +0.3% up"
    assert words(tiles[1].select_one(".tgt")) == "Target 225.0 97.2% there"
    assert words(tiles[4].select("tr")[2]) == "On year −3 NPS points, down"
    assert words(tiles[4].select_one(".under")) == "Interval 28 to 34; 4,210 answers"


def test_a_figure_that_cannot_be_shown_says_why_and_others_stand():
    def absent(results):
        figures(results)[4] |= {"absent": "The bank brings no <b>answers</b>.", "value": None, "points": [], "since": None}

    shown = soup(absent)
    assert words(shown.select(".fig")[4]) == "Net promoter score Response rate 18.2% Not shown: The bank brings no answers ."
    assert len(shown.select(".fig svg")) == 5
    assert words(shown.select_one("#figures small")) == "2 within noise, 2 worse, 1 better, 1 absent"


def test_a_quiet_month_says_so_and_picks_nothing():
    def quiet(results):
        for figure in figures(results):
            figure["judgement"], figure["is_beyond"] = "within", False
        results["conclusions"] |= {"picked": [], "quiet": True, "note": "No finding or figure that can be judged is beyond."}

    shown = soup(quiet)
    assert words(shown.select_one("#figures small")) == "All within normal variation this month"
    section = shown.select_one("[aria-labelledby=findings]")
    assert words(section.select_one(".lead")) == "No finding or figure that can be judged is beyond."
    assert not section.select(".finds, .note")


def test_a_change_that_cannot_be_told_is_a_dash_with_its_reason():
    def unknown(results):
        figures(results)[0]["changes"]["year"] = {"from": "2024-06-30", "value": None, "relative": None}
        figures(results)[0] |= {"judgement": "unknown", "is_beyond": None}

    tile = soup(unknown).select(".fig")[0]
    assert words(tile.select("tr")[2]) == "On year – cannot be compared"
    assert words(tile.select_one(".verdict.open")) == "Too few months to tell noise from change"


def test_what_counts_within_a_january_waits_for_february_and_a_change_too_small_to_print_is_not_called_none():
    def january(results):
        flow = figures(results)[5]
        flow["points"][-1] |= {"month": "2025-01-31", "expected_low": 0.8, "expected_high": 1.0}
        flow |= {"judgement": "unknown", "is_beyond": None}
        flow["changes"]["month"] |= {"value": -0.0003}

    tile = soup(january).select(".fig")[5]
    assert words(tile.select_one(".verdict.open")) == "Judged in February, both months together: Spring Festival"
    assert words(tile.select("tr")[0]) == "On month 0.0 hardly changed"


def test_a_conclusion_leads_to_its_exhibit_and_tells_evidence_base_and_interval():
    item = soup().select(".finds li")[2]
    assert item.a["href"] == "churn_attribution.html#e-2"
    assert [words(line) for line in item.find_all("div")] == [
        "Assumed-causal 93,715 lost customers Evidence: Churn attribution, Figure 2",
        "As one chosen from 42: 8.4%, interval 3.6% to 13.2% (99.6%).",
    ]


def test_since_last_time_in_one_unit_a_row_with_what_the_change_consists_of():
    table = soup().select_one(".since")
    assert [words(cell) for cell in table.select("tbody tr")[5].find_all(["th", "td"])] == [
        "Complaints resolved in time", "%", "93.4", "94.6", "Yes", "same", "−0.3", "+0.4", "+1.1",
    ]  # fmt: skip
    assert len(table.select("tbody .bad-word")) == 2


def test_what_cannot_be_judged_since_last_time_is_not_said_to_lie_within_noise():
    def judged(first):
        def change(results):
            for figure in figures(results):
                figure["since"]["is_beyond"] = False
            figures(results)[0]["since"]["is_beyond"] = first

        return words(soup(change).select_one("[aria-labelledby=since]"))

    assert "Whatever is not named here lies within noise" in judged(False)
    assert "Whatever is not named" not in judged(None)


def test_a_change_over_the_year_that_is_more_than_noise_is_said_though_the_month_is_quiet():
    def declining(results):
        figures(results)[0]["judgement"] = "within"
        figures(results)[0]["changes"]["year"] |= {"relative": -0.042, "is_beyond": True}

    assert words(soup(declining).select(".fig")[0].select("tr")[2]) == "On year −4.2% down, beyond noise"


def test_a_changed_definition_is_not_told_as_data_revised():
    def redefined(results):
        figures(results)[5]["since"] |= {"definition": True, "redefinition": None}

    shown = soup(redefined)
    assert words(shown.select(".since tbody tr")[5].find_all("td")[4]) == "changed, counted with data revised"
    assert words(shown.select(".two > div")[0].select_one(".bad")) == (
        "Caution: Complaints resolved in time of 31 May 2025: then 93.4%, by today's data and definition 93.1%"
    )


def test_data_revised_and_a_changed_definition_have_an_amount_each():
    def redefined(results):
        figures(results)[5]["since"] |= {"definition": True, "redefinition": 0.004}

    row = soup(redefined).select(".since tbody tr")[5].find_all("td")
    assert (words(row[4]), words(row[5])) == ("changed: +0.4", "−0.3")


def test_targets_missed_stand_in_one_line():
    def judged(*met):
        def change(results):
            for figure, is_met in zip(figures(results), met, strict=True):
                figure["target"] = None if is_met is None else {**figure["target"], "is_met": is_met}

        line = soup(change).select_one(".figs").find_next_sibling()
        return words(line)

    assert judged(None, None, None, True, False, False) == (
        "2 of 3 targets missed: net promoter score; complaints resolved in time"
    )
    assert judged(None, None, None, None, True, True) == "None of 2 targets missed"
    assert "target" not in judged(*[None] * 6).partition("dotted: target")[0]


def test_a_release_further_back_than_a_month_is_said_to_be():
    def quarter(results):
        for figure in figures(results):
            figure["since"]["as_of"] = "2025-03-31"

    assert words(soup(quarter).select_one(".since caption")) == "This release against that of 31 March 2025, 3 months before"
    assert words(soup().select_one(".since caption")) == "This release against that of 31 May 2025"


def test_a_first_release_has_nothing_to_compare_with():
    def first(results):
        for figure in figures(results):
            figure["since"] = figure["why"] = None

    assert words(soup(first).select_one("[aria-labelledby=since] p")) == "No earlier release shows these figures."


def test_no_measure_is_put_forward_without_owner_customers_and_date():
    section = soup().select_one("[aria-labelledby=decisions]")
    assert len(section.select("tbody tr")) == 3
    assert words(section.select_one("li.bad")) == (
        "Incomplete, so not put forward: Review of churn at two branches: lacks an owner, a date"
    )

    def none(results):
        results["decisions"] = results["decisions"][3:]

    assert words(soup(none).select_one("[aria-labelledby=decisions] p")) == (
        "No measure has an owner, a number of customers and a date."
    )
    assert "No measure was put forward." in words(soup(lambda results: results["decisions"].clear()))


def test_units_of_limits_that_differ_stand_beside_each_and_what_is_overdue_is_said():
    def mixed(results):
        results["decisions"][0] |= {"limit_unit": "hours", "is_overdue": True, "outcome": None}

    row = soup(mixed).select("[aria-labelledby=decisions] tbody tr")[0]
    assert [words(cell) for cell in row.find_all("td")[2:]] == ["380 hours", "10 July 2025 overdue", "None told"]


def test_what_was_not_produced_for_one_reason_is_folded():
    def many(results):
        for name in ("a", "b", "c"):
            results["reports"][name] = {**results["reports"]["campaigns"], "title": name.upper()}

    facts = soup(many).select(".two > div")[1].select("li")
    assert words(facts[-1]) == "Not produced: 4 reports. The bank brings no table campaigns. Which Campaigns, A, B, C"
    assert words(facts[-1].details.div) == "Campaigns, A, B, C"


def test_money_parts_name_their_unit_once():
    def parted(results):
        figures(results)[3]["parts"] = [{"label": "closed", "value": 6e9}, {"label": "dormant", "value": 3.63e9}]

    assert words(soup(parted).select(".fig")[3].select_one(".under")) == "Closed 6.00, dormant 3.63 (CNY bn)"


def test_the_paper_is_linked_only_where_it_exists():
    assert soup(pdf="monthly-2025-06-30.pdf").select_one(".noprint a")["href"] == "monthly-2025-06-30.pdf"
    assert "PDF" not in words(soup())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_hostile_text_stays_text_wherever_the_bank_writes(language):
    def hostile(results):
        for row in results["decisions"]:
            row |= dict.fromkeys(("measure", "owner", "limit_unit", "outcome", "finding"), HOSTILE)
        results["decisions"][0]["missing"] = ["owner"]
        results["conclusions"]["picked"][0] |= {"html": HOSTILE, "place": HOSTILE, "interval": HOSTILE}
        for figure in figures(results):
            figure |= dict.fromkeys(("title", "rule", "why"), HOSTILE) | {"parts": [{"label": HOSTILE, "value": 0.1}]}

    text = page(hostile, language)
    shown = BeautifulSoup(text, "html.parser")
    assert not shown.select("script, img, [onerror]")
    assert len(shown.select("style")) == 1
    assert faults(text) == []


def test_the_example_passes_inspection_and_keeps_to_one_hashed_style():
    text = page(pdf="monthly-2025-06-30.pdf")
    assert faults(text) == []
    assert "style=" not in text.replace("style-src", "")
    assert len(text.encode()) < 1_000_000


def test_the_chinese_page_is_chinese(request):
    if "On month" not in catalogue("zh"):
        pytest.skip("the catalogue has not been brought up to date")
    shown = soup(language="zh")
    assert [words(row) for row in shown.select(".fig")[1].select("tr")][:2] == ["环比 +0.7% 上升", "较年初 +4.3% 上升"]
    assert words(shown.select(".fig")[1].select_one(".val")) == "2,187.6 亿元"
    said = shown.body.get_text(" ")
    assert set(re.findall(r"[A-Za-z]{2,}", said)) <= {"NPS", "English"}
