"""The pages in a real browser: what they ask for, who can read them, what hostile data do to them, and whether the Chinese
ones are Chinese."""

import json
import re

import pytest
import yaml
from tests.conftest import PROJECT
from tests.pages.conftest import file_of
from tests.pages.pdf_text import sheets
from tests.study.test_methods import CAUSAL, QUOTED, is_documented

pytestmark = pytest.mark.browser
REPORTS = tuple(yaml.safe_load((PROJECT / "reports.yaml").read_text(encoding="utf-8"))["reports"])
MADE = ("report", "index", "hostile", "hostile-index")
PUBLISHED = tuple(f"{language}/{name}" for language in ("en", "zh") for name in ("index", *REPORTS))
CHINESE = tuple(name for name in PUBLISHED if name.startswith("zh/"))
TAGS = {"en": "en", "zh": "zh-CN"}
WIDTHS = (1440, 390)
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
ON_A_TELEPHONE = {  # what hangs on the width alone: pages made for the test are read whole at both widths
    "runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}, "resultTypes": ["violations"],
}  # fmt: skip
OPEN = "document.querySelectorAll('details').forEach(node => { node.open = true })"
NOT_ENGLISH = {  # names of methods and units that Chinese bankers write so
    "A", "AUC", "Ascarza", "Brier", "CES", "CNY", "DeLong", "F", "FTP", "Jaccard", "Johnson", "K", "Kaplan-Meier", "Kitagawa", "LMG", "NPS",
    "Oaxaca-Blinder", "PDF", "PR-AUC", "R", "SHA", "Shapley", "Wald", "Wilson", "p",
}  # fmt: skip
IDENTIFIER = re.compile(  # a file's name; a command; the bank's own departments and campaigns; a key that is masked; a version; parameters, listed under sources; an assumption's number; a letter that CSS writes by its number
    r"bank\.yaml|docs/(assumptions|methods)\.md|(segment|complaint|warning)_actions\.csv|crm worklist|(?<![0-9a-z])(?=[a-f]*[0-9])[0-9a-f]{8}(?![0-9a-z])|[a-z]\*+|(?<![a-z])(callcenter|cards|core|credit|ebank|survey)(?![a-z])|(term_spring|wealth_autumn)|(dormant_days|run_off_share)|A\d+(?=[）、])|\\[0-9a-f]+ "
)
COMPACT = re.compile(r"[\d.,]+ (million|billion)|[\d.,]+[万亿]")  # units of their own in each language
both = pytest.mark.parametrize("width", WIDTHS)
every_page = pytest.mark.parametrize("name", [*MADE, *PUBLISHED])
published_page = pytest.mark.parametrize("name", PUBLISHED)
chinese_page = pytest.mark.parametrize("name", CHINESE)
charted = pytest.mark.parametrize("name", ["report", *(name for name in PUBLISHED if not name.endswith("/index"))])


@every_page
def test_it_asks_for_nothing_says_nothing_and_runs_nothing(visit, name):
    page = visit(name)
    page.evaluate(OPEN)
    page.mouse.wheel(0, 5000)
    page.wait_for_timeout(100)
    assert page.heard == []
    assert page.evaluate("typeof window.ran") == "undefined"


@both
@every_page
def test_axe_finds_nothing(visit, name, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = visit(name, width)
    page.evaluate(OPEN)
    found = axe.Axe().run(page, options=AXE if name in MADE or width == WIDTHS[0] else ON_A_TELEPHONE)
    assert found.violations_count == 0, found.generate_report()


@every_page
def test_nothing_is_wider_than_the_telephone(visit, name):
    page = visit(name, 390)
    page.evaluate(OPEN)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@charted
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_chart_leaves_its_place(visit, name, width):
    spilt = """() => [...document.querySelectorAll('.chart svg')].filter(svg => svg.getBoundingClientRect().width).flatMap(svg => {
        const edge = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => text.getBoundingClientRect().right > edge.right + 6
            || text.getBoundingClientRect().left < edge.left - 6).map(text => text.textContent) })"""
    assert visit(name, width).evaluate(spilt) == []


@charted
@both
def test_no_two_texts_of_a_chart_overlap(visit, name, width):
    touching = """() => [...document.querySelectorAll('.chart svg')].flatMap(svg => {
        const texts = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
        return texts.flatMap(([one, a], place) => texts.slice(place + 1).filter(([, b]) =>
            Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5
        ).map(([two]) => one + ' | ' + two)) })"""
    assert visit(name, width).evaluate(touching) == []


@pytest.mark.parametrize(("width", "shown", "hidden"), [(1440, "wid", "nar"), (390, "nar", "wid")])
def test_each_chart_is_drawn_for_its_width(visit, width, shown, hidden):
    page = visit("report", width)
    count = page.locator(".chart").count()
    assert count == 9
    assert page.locator(f".chart svg.{shown}:visible").count() == count
    assert page.locator(f".chart svg.{hidden}:visible").count() == 0
    assert page.locator("svg[role=img]:has(> title):has(> desc)").count() == page.locator("svg[role=img]").count() == 2 * count


@both
def test_by_keyboard_alone(visit, width):
    page = visit("report", width)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    wanted = page.evaluate("document.querySelectorAll('a[href], .scroll, summary').length")
    reached = []
    for _ in range(wanted):
        reached.append(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
        page.keyboard.press("Tab")
    assert {"skip", "scroll", "scroll output", "SUMMARY", "A"} <= set(reached)
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None


def test_each_links_target_is_on_the_page(visit):
    lost = "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1)).filter(id => !document.getElementById(id))"
    double = "[...document.querySelectorAll('[id]')].map(node => node.id).filter((id, place, all) => all.indexOf(id) !== place)"
    page = visit("report")
    assert page.evaluate(lost) == []
    assert page.evaluate(double) == []


@every_page
def test_paper_leaves_out_what_only_a_screen_needs(visit, name):
    page = visit(name)
    page.emulate_media(media="print")
    shown = page.locator(".toc:visible, .skip:visible, .noprint:visible, .foot:visible").count()
    page.emulate_media(media="screen")
    assert shown == 0


PRINTED = {"en": ("Internal", "Page{}of{}"), "zh": ("内部资料", "第{}页/共{}页")}


@pytest.mark.parametrize("name", ["en/index", "zh/index", "en/data_trust", "zh/churn_attribution"])
def test_each_sheet_bears_classification_and_number(visit, name):
    printed = sheets(visit(name, afresh=True).pdf(prefer_css_page_size=True))
    assert len(printed) >= 2
    assert len(printed) <= 4 or not name.endswith("/index")
    classification, number = PRINTED[name[:2]]
    for place, text in enumerate(printed, 1):
        assert classification in text
        assert number.format(place, len(printed)) in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_monthly_report_lies_beside_its_page_as_pdf(site, language):
    (file,) = file_of(site, f"{language}/index").parent.glob("monthly-*.pdf")
    printed = sheets(file.read_bytes())
    assert 2 <= len(printed) <= 4
    assert all(PRINTED[language][0] in text for text in printed)


@pytest.mark.parametrize("name", ["en/index", "zh/index"])
def test_the_index_opens_with_the_status_and_shows_six_figures(visit, name):
    page = visit(name)
    sections = page.locator("main section h2").evaluate_all("all => all.map(h2 => h2.id)")
    assert sections[:3] == ["status", "figures", "findings"]
    assert sections.index("findings") < sections.index("decisions")
    figures = page.locator("article.fig")
    assert figures.count() == 6
    shown = [told for told in figures.all() if not told.locator(".absent").count()]
    assert len(shown) >= 5
    assert all(reason.strip() for reason in page.locator("article.fig .absent").all_text_contents())
    for told in shown:
        title, alone = (told.locator(each).first.text_content().strip() for each in ("h3", "svg title"))
        assert alone.startswith(title)
        assert re.search(r"\d", told.locator(".val").text_content())
        assert told.locator(".verdict").text_content().strip()


@charted
def test_a_charts_alt_text_is_its_takeaway(visit, name):
    others = """() => [...document.querySelectorAll('figure')].flatMap(figure => [...figure.querySelectorAll('svg[role=img]')].map(svg =>
        [figure.querySelector('h3'), svg.querySelector('title')].map(node => node.textContent.replace(/\\s+/g, ' ').trim())
    )).filter(([takeaway, title]) => takeaway !== title)"""
    page = visit(name)
    assert page.evaluate(others) == []
    assert (
        page.evaluate(
            "[...document.querySelectorAll('svg[role=img] > desc')].filter(desc => !/\\d/.test(desc.textContent)).length"
        )
        == 0
    )


@pytest.mark.parametrize("name", ["zh/index", "en/index", "zh/churn_attribution"])
def test_all_that_can_be_used_is_reached_by_keyboard_and_seen_to_be(visit, name):
    page = visit(name, afresh=True)
    usable = "[...document.querySelectorAll('a[href], summary, [tabindex=\"0\"]')].filter(node => node.checkVisibility() || node.className === 'skip')"
    wanted = page.evaluate(f"({usable}).length")
    reached, unseen = set(), []
    for _ in range(wanted):
        page.keyboard.press("Tab")
        place, outline = page.evaluate(
            f"[({usable}).indexOf(document.activeElement), getComputedStyle(document.activeElement).outlineStyle]"
        )
        reached.add(place)
        unseen += [place] * (outline == "none")
    assert reached == set(range(wanted))
    assert unseen == []


def test_further_findings_are_on_paper_and_sources_are_not(visit):
    page = visit("report")
    assert page.locator(".further .finds").is_hidden()
    page.emulate_media(media="print")
    assert page.evaluate("document.querySelector('.further .finds').getBoundingClientRect().height") > 20
    assert page.locator("#sources").is_hidden()


@both
def test_a_reservation_opens_the_page_and_its_link_can_be_followed(visit, width):
    page = visit("hostile", width)
    page.set_viewport_size({"width": width, "height": 20000})
    top = "node => node.getBoundingClientRect().top"
    assert page.locator(".gate").evaluate(top) < min(page.locator(each).evaluate(top) for each in (".toc", "main"))
    assert page.locator(".gate a").is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#gate")
    page.emulate_media(media="print")
    assert page.locator(".gate h2").is_visible()


@pytest.mark.parametrize("name", ["hostile", "hostile-index"])
def test_hostile_text_stands_as_text(visit, name):
    page = visit(name)
    text = page.evaluate("document.body.textContent")
    for words in ("<script>window.ran=1;alert(1)</script>", '" onmouseover="window.ran=1" x="', "{{7*7}} {% raw %} ${7*7}",
                  "**bold** _em_", "</style><style>body{display:none}</style>", "=HYPERLINK(1) +1 @SUM(A1) $x^2$"):  # fmt: skip
        assert words in text
    assert page.locator("h1").is_visible()
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("document.styleSheets.length") == 1
    handlers = "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on') || a.name === 'style').length"
    assert page.evaluate(handlers) == 0
    assert page.locator("a[href^='javascript' i]").count() == 0
    assert page.locator("img[src='x']").count() == 0


@published_page
def test_a_page_says_its_language_and_leads_to_the_other(visit, site, name):
    language, _, report = name.partition("/")
    (other,) = {"en", "zh"} - {language}
    page = visit(name)
    assert page.evaluate("document.documentElement.lang") == TAGS[language]
    leads = page.locator(f"a[hreflang={TAGS[other]}]").first.evaluate("link => link.href")
    assert leads == file_of(site.resolve(), f"{other}/{report}").as_uri()
    assert file_of(site, f"{other}/{report}").is_file()


def test_the_link_between_the_languages_can_be_followed(visit):
    page = visit("zh/churn", afresh=True)
    title = page.title()
    page.locator("a[hreflang=en]").first.click()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.locator("a[hreflang=zh-CN]").first.click()
    assert page.title() == title
    assert page.heard == [f"request {page.url.replace('/zh/', '/')}"] or page.heard == []


@chinese_page
def test_a_chinese_page_has_no_english_left_over(visit, name):
    page = visit(name)
    said = page.evaluate("""() => {
        const copy = document.documentElement.cloneNode(true);
        const named = 'pre, script, a[hreflang], table:has(.hash) th[scope=row], .hash';
        copy.querySelectorAll(`style, q, ${named}`).forEach(node => node.remove());
        const labels = [...copy.querySelectorAll('[aria-label], [alt], [title]')];
        return [copy.textContent, ...labels.flatMap(node => ['aria-label', 'alt', 'title'].map(each => node.getAttribute(each) || ''))]
    }""")
    paper = re.findall(r'content: "([^"]*)"', page.evaluate("document.querySelector('style').textContent"))
    words = {word for text in [*said, *paper] for word in re.findall(r"[A-Za-z][A-Za-z-]*", IDENTIFIER.sub("", text))}
    assert words - NOT_ENGLISH == set()


def test_a_chinese_page_names_tables_in_chinese(visit):
    page = visit("zh/segmentation")
    named = page.locator("table:has(.hash) tr", has_text="剔除").locator("th").all_text_contents()
    assert len(named) >= 8
    assert [name for name in named if re.search("[A-Za-z]", name)] == []


def test_both_languages_tell_the_same_numbers(site):
    english, chinese = (json.loads((site / place / "results.json").read_text(encoding="utf-8")) for place in ("", "zh"))
    assert english["provenance"] == chinese["provenance"]
    assert list(english["reports"]) == list(chinese["reports"])
    told = 0
    for name, entry in english["reports"].items():
        other = chinese["reports"][name]
        assert entry["status"] == other["status"] == "published"
        for one, two in zip(entry["findings"], other["findings"], strict=True):
            texts = {"text", "html", "exhibit"}
            assert {key: value for key, value in one.items() if key not in texts} == {
                key: value for key, value in two.items() if key not in texts
            }
            assert (one["exhibit"] or {}).get("anchor") == (two["exhibit"] or {}).get("anchor")
            decimals = [sorted(re.findall(r"\d+\.\d+", COMPACT.sub("", finding["text"]))) for finding in (one, two)]
            assert decimals[0] == decimals[1], one["id"]
            is_named_by_the_bank = re.search(r"[\u4e00-\u9fff]", one["id"])
            assert is_named_by_the_bank or not re.search(r"[\u4e00-\u9fff]", QUOTED.sub("", one["html"]))
            assert re.search(r"[\u4e00-\u9fff]", two["text"])
            told += 1
    assert told >= 20


def test_every_finding_is_documented_and_none_speaks_of_causes(site):
    told = [found for entry in reports_of(site).values() for found in entry["findings"]]
    assert [found["id"] for found in told if not is_documented(found["id"])] == []
    said = [found for found in told if found["evidence"] not in ("assumed-causal", "experiment")]
    assert [found["text"] for found in said if CAUSAL["en"].search(QUOTED.sub("", found["html"]))] == []
    chinese = [found for entry in reports_of(site / "zh").values() for found in entry["findings"]]
    said = [found for found in chinese if found["evidence"] not in ("assumed-causal", "experiment")]
    assert [found["text"] for found in said if CAUSAL["zh"].search(QUOTED.sub("", found["html"]))] == []


def reports_of(place) -> dict:
    return json.loads((place / "results.json").read_text(encoding="utf-8"))["reports"]


def test_a_page_is_light_and_runs_no_script(site, pages):
    files = [*site.rglob("*.html"), *pages.values()]
    assert len(files) == len(PUBLISHED) + len(MADE)
    assert {path.name for path in files if path.stat().st_size > 1_000_000} == set()
    assert [path.name for path in files if "<script" in path.read_text(encoding="utf-8").lower()] == []
