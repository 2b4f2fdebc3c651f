"""The committed passport: which worlds and how many seeds, its table, and its section in docs/methods.md."""

import datetime as dt
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from analysis.errors import UserError
from analysis.pipeline import writing
from analysis.report.provenance import commit
from analysis.validation.code import methods_digest
from analysis.validation.seeds import FIRST_SEED, rows_of_seeds
from analysis.validation.shown import Table, passport_cells, passport_table
from analysis.validation.studies import parameters
from analysis.validation.summary import summarise

LOG = logging.getLogger("crm")
PLAN = {
    "default": 16, "null": 6, "hidden": 4, "form": 4, "drift": 2, "rare": 2, "small": 8, "flat": 2, "observed_response": 2,
}  # fmt: skip
BEGIN, END = "<!-- passport: begin -->", "<!-- passport: end -->"
METHODS = "methods.md"
CAVEAT = "It speaks of the method in these worlds, not of anybody's bank."
READING = (
    "Each figure is followed by its Monte Carlo standard error. **Bias**: mean of estimate − truth. **Spread**: standard deviation of "
    "estimate − truth over seeds. **Stated ÷ spread**: mean standard error that the intervals state (width ÷ 3.92) ÷ spread; 1 is "
    "right, below 1 the intervals are too narrow. **Coverage**: share of 95 % intervals that hold the truth. **Width ÷ oracle's**: "
    "median width against that of as many customers drawn at random with the spread known. **Wrong sign**: estimates whose sign is "
    "not the truth's. **Abstains**: seeds in which the study publishes no value. **Alarms**: in the world without effects, intervals "
    "that leave out 0. **Naive's bias**: the same of the estimate of somebody in a hurry. Shares are in %, their differences in "
    "points; a dash: does not apply. Truths of rates and of the model are given who stands where at the landmark, plans already made "
    "included; intervals that speak of customers like these (Wilson's, for one) are wider than that spread, so that they hold the "
    "truth more often than 95 % of the time."
)
REMEDY = "run make validate"


def summary_of_seeds(world: str, seeds: int, customers: int | None, jobs: int) -> list[dict]:
    """Summary rows of `seeds` banks of a world (see `summary.summarise`); an unknown world or too small a size is refused before
    anything is made."""
    refuse_unknown_world(world)
    return summarise(rows_of_seeds(world, seeds, size_of(world, customers), parameters(), jobs))


def refuse_unknown_world(world: str) -> None:
    """A sentence about a world that does not exist."""
    from analysis.bank.demo.worlds import make_world

    make_world(world)


def size_of(world: str, customers: int | None) -> int:
    """Customers of a bank of that world: as many as asked for, else the world's own number; a sentence where they are too few."""
    from analysis.bank.demo.worlds import SMALL_CUSTOMERS, customers_of

    size = customers_of(world, customers)
    if size < SMALL_CUSTOMERS:
        raise UserError(f"The demo bank needs at least {SMALL_CUSTOMERS} customers, not {size}.")
    return size


def seeds_table(rows: list[dict], world: str, seeds: int) -> Table:
    """What `crm validate demo --seeds` shows."""
    told = f"World {world}, seeds {FIRST_SEED} to {FIRST_SEED + seeds - 1}: each figure ± its Monte Carlo standard error."
    return passport_table(rows, (told, CAVEAT))


def make_passport(path: Path, jobs: int, customers: int | None = None, plan: Mapping[str, int] = PLAN) -> None:
    """Runs the plan (world → number of seeds), writes the table to `path` (JSON) and its section into the methods.md beside, where
    that has the two marker lines."""
    if not path.parent.is_dir():
        raise UserError(f"{path.parent} does not exist; name a file in a folder that does, such as docs/validation.json.")
    methods = methods_digest(parameters())
    rows = [row for world, seeds in plan.items() for row in summary_of_seeds(world, seeds, customers, jobs)]
    if methods_digest(parameters()) != methods:
        raise UserError(
            "The code of the methods changed while the passport was made; run it again: seeds of unchanged code are kept."
        )
    table = {
        "methods": methods,
        "date": dt.date.today().isoformat(),
        "commit": commit(),
        "worlds": {world: size_of(world, customers) for world in plan},
        "seeds": dict(plan),
        "first_seed": FIRST_SEED,
        "rows": rows,
    }
    with writing(path.parent):
        path.write_text(json.dumps(table, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        update_section(path.with_name(METHODS), table)


def update_section(methods: Path, table: Mapping) -> None:
    """Brings the table's section in a Markdown file up to date, where the file has the two marker lines."""
    if methods.is_file() and BEGIN in (text := methods.read_text(encoding="utf-8")):
        methods.write_text(with_section(text, table), encoding="utf-8")
        LOG.info("the passport's section in %s is brought up to date", methods)


def with_section(text: str, table: Mapping) -> str:
    """The Markdown text with the table's section between its marker lines; ValueError without them."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise ValueError(f"the text needs one line {BEGIN} and after it one line {END}")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{section(table)}{END}{rest.split(END)[1]}"


def section(table: Mapping) -> str:
    """The committed table as Markdown: what it is, and a table of figures for each world."""
    of_commit = f", commit {table['commit']}" if table["commit"] else ""
    worlds = "; ".join(
        f"`{world}` {table['seeds'][world]} × {customers:,} customers" for world, customers in table["worlds"].items()
    )
    head = (
        f"Made on {table['date']}{of_commit}, methods {table['methods'][:12]}. {CAVEAT} Worlds (seeds × size, seeds from "
        f"{table['first_seed']}; see docs/demo-bank.md): {worlds}.\n\n{READING}\n"
    )
    return head + "".join(_of_world(world, [row for row in table["rows"] if row["world"] == world]) for world in table["worlds"])


def _of_world(world: str, rows: list[Mapping]) -> str:
    shown = passport_table(rows, ())
    heads, keep = ["id", *shown.heads[3:]], (0, *range(3, len(shown.heads)))
    body = [[f"`{cells[0]}`", *(cells[place] for place in keep[1:])] for cells in map(passport_cells, rows)]
    told = [heads, ["---", *["--:"] * (len(heads) - 1)], *body]
    return f"\n### World `{world}`\n\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in told)
