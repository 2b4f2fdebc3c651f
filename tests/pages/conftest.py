"""Pages for a real browser: a report with every mark, the same with a reservation and with hostile text wherever text can
come from data, an index with a published, a missing and a failed report, and the Chinese pages of a small demo bank."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat.v4 as nb
import numpy as np
import pandas as pd
import pytest
import yaml
from nbformat import NotebookNode
from tests.conftest import copied_project, crm, demo_of_all_workers

from analysis.finding import Column, Exhibit, Finding
from analysis.report import charts
from analysis.report.display import Shown, findings
from analysis.report.gate import Score, lead_to_trust, reservations
from analysis.report.index import site_index
from analysis.report.page import Setting, render_page
from analysis.report.tables import table
from analysis.wording import say

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SPARING = {  # fewer draws by lot than a bank's own pages have
    "complaint_causes": {"replicates": 50}, "satisfaction_drivers": {"replicates": 50},
    "satisfaction_nonresponse": {"replicates": 50}, "segmentation": {"bootstraps": 5},
}  # fmt: skip
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HARMLESS = "Chengdong branch"
HOSTILE = (
    "<script>window.ran=1;alert(1)</script>",
    '<img src=x onerror="window.ran=1;alert(2)">',
    '" onmouseover="window.ran=1" x="',
    '<a href="javascript:window.ran=1">here</a>',
    "{{7*7}} {% raw %} ${7*7}",
    "**bold** _em_ [link](javascript:window.ran=1)",
    "\u202etxet desrever\u202c \u200fmark",
    "nul\x01bell\x07vt\x0b",
    "</style><style>body{display:none}</style>",
    "</title></svg><script>window.ran=1</script>",
    "=HYPERLINK(1) +1 @SUM(A1) $x^2$ \\(y\\)",
)
SOURCES = {
    "title": "Sources",
    "subtitle": "",
    "body": '<table class="t"><thead><tr><th scope="col">Item</th><th scope="col">Content</th></tr></thead><tbody><tr>'
    f'<th scope="row">File bookings, SHA-256</th><td class="hash">{"0123456789abcdef" * 4}</td></tr></tbody></table>',
}
FLOORS = {"quality.balances": 0.98, "identity.recall": 0.95, "quality.consents": 0.9}
LOW = {"quality.balances": Score(0.931, 0.929, 0.933, 142030), "identity.recall": Score(0.9, 0.88, 0.92, 2210)}
RESERVED = reservations(FLOORS, LOW, {"balances", "parties", "consents"})
DAYS = pd.to_datetime(["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31", "2025-06-30"])


def setting(bank: str = "Demo Bank") -> Setting:
    return Setting(bank, "simulated", "2025-06-30", "en", prepared_by=bank, version=bank)


def rows(names: list[str]) -> pd.DataFrame:
    value = np.linspace(0.05, 0.11, len(names))
    return pd.DataFrame({"label": names, "value": value, "low": value - 0.01, "high": value + 0.02, "base": 1200})


def curves(names: list[str], axis: str, at) -> pd.DataFrame:
    parts = [pd.DataFrame({"series": name, axis: at, "value": 0.9 - 0.03 * place}) for place, name in enumerate(names)]
    return pd.concat(parts).assign(low=lambda frame: frame["value"] - 0.02, high=lambda frame: frame["value"] + 0.02)


def funnel(names: list[str]) -> pd.DataFrame:
    units = pd.DataFrame({"part": "unit", "label": names, "size": np.linspace(100, 900, len(names)), "value": 0.08})
    units = units.assign(outside=["above", "below", *[""] * (len(names) - 2)]).assign(
        value=lambda frame: frame["outside"].map({"above": 0.16, "below": 0.02, "": 0.08})
    )
    limits = {"part": "limit", "size": [50, 1000], "value": 0.08, "low95": [0.03, 0.06], "high95": [0.13, 0.1]}
    return pd.concat([units, pd.DataFrame({**limits, "low998": [0.01, 0.05], "high998": [0.15, 0.11]})])


def shown(names: list[str]) -> dict[str, list]:
    """Section heading → its exhibits, with `names` wherever a bank's data can name something."""
    title, by = say("{name} stands first", name=names[0]), say("Share by {name}, in %", name=names[0])
    few, many = names[:2], (names * 3)[:11]
    heat = pd.DataFrame([(row, f"{column} {place}", place - 4, "1.0") for row in few for place, column in enumerate(many[:9])],
                        columns=["row", "column", "value", "text"])  # fmt: skip
    columns = (Column("label", say("Branch")), *(Column(f"c{place}", names[0], "share") for place in range(11)))
    broad = rows(names).assign(**{f"c{place}": 0.1 for place in range(11)})

    def exhibit(name: str, frame: pd.DataFrame, **more: object) -> Exhibit:
        return Exhibit(name, title, by, frame, **more)

    return {
        "Which branches?": [
            charts.intervals(exhibit("intervals", rows(names).assign(group=names[0]), reference=0.08, reference_label=names[0])),
            charts.bars(exhibit("bars", rows(names).assign(note=names[0]))),
        ],
        "How do they differ?": [charts.funnel(exhibit("funnel", funnel(many), x_unit="count", x_label=say("Customers")))],
        "What is each worth?": [
            charts.paired_bars(exhibit("pairs", pd.DataFrame({"label": names, "left": 0.2, "right": 0.1}),
                                       options={"left_label": names[0], "right_label": names[0]})),
            charts.heat(exhibit("heat", heat, unit="number")),
        ],
        "How did it go?": [
            charts.steps(exhibit("steps", curves(few, "time", [0, 6, 12]), x_unit="months", x_label=names[0])),
            charts.lines(exhibit("lines", curves(few, "x", DAYS), x_unit="month")),
        ],
        "What moves, and who?": [
            charts.ranges(exhibit("ranges", pd.DataFrame({"label": names, "low": 0.1, "high": 0.3, "value": 0.2, "low_label": names}))),
            charts.flow(exhibit("flow", pd.DataFrame({"left": names, "right": names[::-1], "value": 30}),
                                options={"left_label": names[0], "right_label": names[0]})),
        ],
        "In numbers?": [table(exhibit("broad", broad, columns=columns))],
        "Who answers?": [charts.bars(Exhibit("absent", title, absent=say("No surveys in {name}.", name=names[0])))],
    }  # fmt: skip


def output(thing) -> NotebookNode:
    return nb.new_output("display_data", data=thing._repr_mimebundle_())


def notebook(names: list[str]) -> NotebookNode:
    found = [
        Finding(f"f{place}", say("**{name}** left: {share:share}", name=name, share=0.079), 0.079, 1200, "share",
                exhibit="intervals", is_headline=place < 3)
        for place, name in enumerate(names)
    ]  # fmt: skip
    cells = [nb.new_markdown_cell(f"# Branches {names[0]}\nWhich branches stand out? {names[0]}")]
    cells += [nb.new_markdown_cell("## Main findings"), nb.new_code_cell("findings(found)", outputs=[output(findings(found))])]
    for heading, exhibits in shown(names).items():
        cells.append(nb.new_markdown_cell(f"## {heading}\nEach row is a branch.\n\nOf *those* who answered."))
        cells += [nb.new_code_cell("charts.bars(exhibit)", outputs=[output(exhibit)]) for exhibit in exhibits]
    frame = pd.DataFrame({"branch": names, "share": 0.1})
    foreign = [
        nb.new_output("execute_result", data={"text/html": frame.to_html(escape=False), "text/plain": "frame"}),
        nb.new_output("execute_result", data={"text/markdown": names[0], "text/plain": "x"}),
        nb.new_output("display_data", data={"image/png": PIXEL, "text/plain": "x"}, metadata={"image/png": {"alt": names[0]}}),
        nb.new_output("stream", name="stdout", text="\n".join(names)),
    ]
    cells += [nb.new_markdown_cell("## A researcher's own\n" + "\n\n".join(names)), nb.new_code_cell(names[0], outputs=foreign)]
    cells.append(
        nb.new_markdown_cell("## Definitions\n" + "\n".join(f"- **Term {place}**: {name}" for place, name in enumerate(names)))
    )
    cells.append(nb.new_code_cell("provenance()", outputs=[output(Shown("provenance", "provenance", {"en": SOURCES}))]))
    return nb.new_notebook(cells=cells)


def results(name: str, found: list[dict]) -> dict:
    entry = {"title": f"Branches {name}", "question": name, "reason": None, "findings": [], "page": None, "page_as_of": None}
    return {
        "reports": {
            "branches": {**entry, "status": "published", "page": "report.html", "page_as_of": "2025-06-30", "findings": found,
                         "gate": RESERVED},
            "offers": {**entry, "status": "not produced", "reason": f"The bank brings no table campaigns. {name}"},
            "churn": {**entry, "status": "failed", "reason": f"It ran past its time limit. {name}", "page": "report.html",
                      "page_as_of": "2025-05-31"},
        },
        "provenance": {"tables": {f"surveys {name}": {"delivered": 100, "rejected": 3}}},
    }  # fmt: skip


def pytest_collection_modifyitems(items):
    """What needs the demo bank's site comes last, since it is made meanwhile, and there each page's own tests together."""
    items.sort(
        key=lambda item: (bool(_published_page(item)) or "site" in getattr(item, "fixturenames", ()), _published_page(item))
    )


def _published_page(item) -> str:
    name = str(getattr(getattr(item, "callspec", None), "params", {}).get("name", ""))
    return name if "/" in name else ""


@pytest.fixture(scope="session")
def site_to_come(tmp_path_factory):
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(make_site, tmp_path_factory.getbasetemp(), tmp_path_factory.mktemp("made") / "home")


@pytest.fixture(scope="session")
def site(site_to_come) -> Path:
    """The release of a demo bank in both languages."""
    return site_to_come.result()


def make_site(base: Path, home: Path) -> Path:
    copied_project(demo_of_all_workers(base), home)
    listed = yaml.safe_load((home / "reports.yaml").read_text(encoding="utf-8"))
    for name, parameters in SPARING.items():
        listed["reports"][name]["parameters"] = parameters
    (home / "reports.yaml").write_text(yaml.safe_dump(listed, sort_keys=False), encoding="utf-8")
    crm(home, "report", "demo", CRM_CHROMIUM=str(CHROMIUM))
    return home / "reports" / "demo" / "latest"


@pytest.fixture(scope="session")
def pages(browser, site_to_come, tmp_path_factory) -> dict[str, Path]:
    """Name → the page's file."""
    folder = tmp_path_factory.mktemp("site")
    names = [f"{HARMLESS} {place}" for place in range(1, 5)]
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("CRM_LANGUAGES", "en")
        made = {
            "report": render_page(notebook(names), setting(names[0])),
            "hostile": render_page(notebook(list(HOSTILE)), setting(HOSTILE[0]), RESERVED),
        }
    every = " ".join(HOSTILE)
    texts = {name: lead_to_trust(page.html, True) for name, page in made.items()} | {
        "index": site_index(results("", made["report"].findings), setting(), {"2025-05-31": "../2025-05-31/index.html"}),
        "hostile-index": site_index(results(every, made["hostile"].findings), setting(every), {}),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM.is_file():
        pytest.skip(f"no browser: {CHROMIUM} is not installed (Debian's package chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def kept(browser):
    """The published page that was visited last, by name: its tests share it."""
    return {}


def listened(browser, file: Path, width: int = 1440):
    """A page of the file in a tab of its own; `page.heard` lists whatever it asked for, said, threw or asked the reader."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    own = file.as_uri()
    page.heard = []
    page.on("request", lambda request: request.url in (own, "data:,") or page.heard.append(f"request {request.url}"))
    page.on("console", lambda message: page.heard.append(f"console {message.text}"))
    page.on("pageerror", lambda error: page.heard.append(f"error {error}"))
    page.on("dialog", lambda dialog: (page.heard.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.goto(own)
    return page


def file_of(site: Path, name: str) -> Path:
    """Where a site whose own language is English keeps the page `<language>/<report>`."""
    return site / f"{name.removeprefix('en/')}.html"


@pytest.fixture
def visit(browser, pages, kept, request):
    """Opens a page at a width. A published page is opened once for all tests that leave it as it is; `afresh` opens another."""
    opened = []

    def open_page(name: str, width: int = 1440, afresh: bool = False):
        if name in kept and not afresh:
            kept[name].set_viewport_size({"width": width, "height": 900})
            return kept[name]
        file = pages[name] if name in pages else file_of(request.getfixturevalue("site").resolve(), name)
        page = listened(browser, file, width)
        if name in pages or afresh:
            opened.append(page)
        else:
            for earlier in list(kept):
                kept.pop(earlier).close()
            kept[name] = page
        return page

    yield open_page
    for page in opened:
        page.close()
