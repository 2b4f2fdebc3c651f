"""What `crm validate` does with its options."""

import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import UserError
from analysis.validation.bank import validate_bank
from analysis.validation.passport import make_passport, seeds_table, summary_of_seeds
from analysis.validation.seeds import BANK
from analysis.validation.shown import Table, comparison, show
from analysis.validation.studies import parameters

LOG = logging.getLogger("crm")
USUAL_WORLD = "default"


@dataclass(frozen=True)
class Asked:
    """The options of the command."""

    as_json: bool = False
    seeds: int | None = None
    world: str | None = None
    customers: int | None = None
    jobs: int = 2
    passport: Path | None = None


def run(bank: str, asked: Asked) -> None:
    """One bank's comparison, or the summary of many seeds, on standard output; or the whole passport into a file."""
    _refuse(bank, asked)
    if asked.passport:
        make_passport(asked.passport, asked.jobs, asked.customers)
        LOG.info("the passport: %s", asked.passport)
    elif asked.seeds:
        world = asked.world or USUAL_WORLD
        rows = summary_of_seeds(world, asked.seeds, asked.customers, asked.jobs)
        _give(rows, seeds_table(rows, world, asked.seeds), asked.as_json)
    else:
        found = validate_bank(bank, parameters())
        table = comparison(found.rows, found.bank, found.as_of, found.customers)
        _give([row.to_json() for row in found.rows], table, asked.as_json)


def _refuse(bank: str, asked: Asked) -> None:
    if (asked.seeds or asked.passport) and bank != BANK:
        raise UserError(f"--seeds and --passport simulate banks anew, and only the bank '{BANK}' is simulated, not '{bank}'.")
    if asked.passport and (asked.seeds or asked.world or asked.as_json):
        raise UserError("--passport runs every world by its own plan; leave out --seeds, --world and --json.")
    if (asked.world or asked.customers is not None) and not (asked.seeds or asked.passport):
        raise UserError("--world and --customers need --seeds: they say which banks are made anew.")


def _give(rows: list[dict], table: Table, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=1, allow_nan=False) + "\n")
    else:
        show(table)
