"""The pages in a real browser: what they ask for, who can read them, and what hostile data do to them."""

import pytest

pytestmark = pytest.mark.browser
NAMES = ("report", "index", "hostile", "hostile-index")
WIDTHS = (1440, 390)
OPEN = "document.querySelectorAll('details').forEach(node => { node.open = true })"
both = pytest.mark.parametrize("width", WIDTHS)
every_page = pytest.mark.parametrize("name", NAMES)


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
    found = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()


@every_page
def test_nothing_is_wider_than_the_telephone(visit, name):
    page = visit(name, 390)
    page.evaluate(OPEN)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_chart_leaves_its_place(visit, width):
    spilt = """() => [...document.querySelectorAll('.chart svg')].filter(svg => svg.getBoundingClientRect().width).flatMap(svg => {
        const edge = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(text => text.getBoundingClientRect().right > edge.right + 6
            || text.getBoundingClientRect().left < edge.left - 6).map(text => text.textContent) })"""
    assert visit("report", width).evaluate(spilt) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_no_two_texts_of_a_chart_overlap(visit, width):
    touching = """() => [...document.querySelectorAll('.chart svg')].flatMap(svg => {
        const texts = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBoundingClientRect()]);
        return texts.flatMap(([one, a], place) => texts.slice(place + 1).filter(([, b]) =>
            Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5
        ).map(([two]) => one + ' | ' + two)) })"""
    assert visit("report", width).evaluate(touching) == []


@pytest.mark.parametrize(("width", "shown", "hidden"), [(1440, "wid", "nar"), (390, "nar", "wid")])
def test_each_chart_is_drawn_for_its_width(visit, width, shown, hidden):
    page = visit("report", width)
    count = page.locator(".chart").count()
    assert count == 7
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
def test_it_prints(visit, name):
    page = visit(name)
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    page.emulate_media(media="print")
    assert page.locator(".toc:visible, .skip:visible, .noprint:visible, .foot:visible").count() == 0


def test_further_findings_are_on_paper_and_sources_are_not(visit):
    page = visit("report")
    assert page.locator(".further .finds").is_hidden()
    page.emulate_media(media="print")
    assert page.evaluate("document.querySelector('.further .finds').getBoundingClientRect().height") > 20
    assert page.locator("#sources").is_hidden()


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


def test_a_page_is_light(pages):
    assert max(path.stat().st_size for path in pages.values()) < 1_500_000
