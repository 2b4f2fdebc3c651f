"""crm: the command line."""

import logging
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import typer

from analysis.errors import Interrupted, UserError
from analysis.status import EXIT_BAD_INPUT, EXIT_FAILED_REPORT, EXIT_OWN_ERROR, EXIT_SIGNAL

EXIT_DIFFERS = 1
IMPORT_PAUSE_SECONDS = 0.02
CommandLineError = typer.BadParameter.__base__  # UsageError, wherever this version of typer keeps it
LOG = logging.getLogger("crm")
app = typer.Typer(
    help="Turns a bank's own extracts into published reports: who the customers are, how they feel, who leaves and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 all is well; 1 published, but a report failed; 2 nothing was done, and a sentence says why; 3 an error of the program itself; 130 or 143 interrupted. docs/scheduling.md says what a scheduler does with them.",
)
Bank = Annotated[str, typer.Argument(help="Folder of the bank in data/raw/.")]
Raw = Annotated[Path | None, typer.Option(help="Where the raw files lie, if not in data/raw/BANK.")]
AsOf = Annotated[
    str, typer.Option(help="Last day observed, YYYY-MM-DD; else the bank's own, else the last month end in the data.")
]


@app.command()
def demo(
    customers: Annotated[
        int | None, typer.Option(help="How many customers: 300 or more.", show_default="5000; 300 in the world small")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, size and world give the same files.")] = 7,
    world: Annotated[str, typer.Option(help="In which simulated world; docs/demo-bank.md describes them.")] = "default",
    out: Annotated[Path | None, typer.Option(help="Folder to write.", show_default="data/raw/demo")] = None,
) -> None:
    """Makes the demo bank: a simulated bank's raw files, as its departments would deliver them, and its truth beside."""
    from analysis.bank.demo import make_demo_bank
    from analysis.project import root

    target = out or root() / "data" / "raw" / "demo"
    make_demo_bank(target, customers=customers, seed=seed, world=world)
    LOG.info("the demo bank lies in %s", _shown(target))


@app.command()
def prepare(
    bank: Bank,
    raw: Raw = None,
    as_of: AsOf = "",
    force: Annotated[bool, typer.Option("--force", help="Prepare anew even if nothing changed.")] = False,
) -> None:
    """Reads a bank's raw files into canonical tables and features, and says what was rejected."""
    from analysis.pipeline import prepare_bank

    prepared = prepare_bank(bank, raw, as_of, force)
    for name, counts in prepared.manifest["tables"].items():
        LOG.info(
            "%s: %s rows, %s rejected, %s fields set to null",
            name, f"{counts['delivered']:,}", f"{counts['rejected']:,}", f"{counts['fields_set_to_null']:,}",
        )  # fmt: skip
    LOG.info("%s is %s as of %s", bank, "prepared" if prepared.is_new else "as it was prepared before", prepared.as_of)


@app.command()
def report(
    bank: Bank,
    raw: Raw = None,
    as_of: AsOf = "",
    only: Annotated[list[str] | None, typer.Option(help="Only this report; may be given more than once.")] = None,
    language: Annotated[
        Literal["en", "zh"] | None, typer.Option(help="The site's own language, if not the first of reports.yaml.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Notebooks executed at once.")] = 2,
    force: Annotated[bool, typer.Option("--force", help="Execute every notebook even if nothing changed.")] = False,
) -> None:
    """Publishes a bank's reports: prepares what changed, executes its notebooks and switches the pages at one stroke."""
    from analysis.pipeline import report as publish

    place, has_failed = publish(bank, raw, as_of, only or [], language, jobs, force)
    LOG.info("the pages: %s", _shown(place / "index.html"))
    if has_failed:
        LOG.error("at least one report failed; the index says which and why")
        raise typer.Exit(EXIT_FAILED_REPORT)


@app.command()
def verify(
    where: Annotated[str, typer.Argument(metavar="RELEASE", help="A release's folder, such as reports/demo/latest; or a bank.")],
    as_of: Annotated[str, typer.Option(help="With a bank: the day of the release, YYYY-MM-DD; else the latest.")] = "",
    raw: Raw = None,
) -> None:
    """Says whether a release is as it was published, and came from the inputs, code and packages that are here."""
    from analysis.verify import verify as verified

    place, parts = verified(where, as_of, raw)
    for part in parts:
        for sentence in part.differs:
            LOG.error("%s: %s", part.name, sentence)
        for sentence in part.unchecked:
            LOG.warning("%s: %s", part.name, sentence)
        if not part.differs and not part.unchecked:
            LOG.info("%s: as recorded", part.name)
    if any(part.differs for part in parts):
        LOG.error("%s differs from what was recorded", _shown(place))
        raise typer.Exit(EXIT_DIFFERS)
    limit = " so far as can be checked here" if any(part.unchecked for part in parts) else ""
    LOG.info("%s came from these inputs and this code%s", _shown(place), limit)


@app.command()
def profile(
    bank: Bank,
    customer: Annotated[
        str,
        typer.Option(
            help="Pseudonym; also a customer number or department:number. - reads it from standard input: a shell keeps what is typed."
        ),
    ],
    as_of: AsOf = "",
    language: Annotated[Literal["en", "zh"], typer.Option(help="Language of the page.")] = "en",
) -> None:
    """Writes one customer's masked profile for a researcher, readable by its owner alone, outside the published pages."""
    from analysis.profile import make_profile

    written = sys.stdin.readline() if customer == "-" else customer
    LOG.info("the profile: %s", _shown(make_profile(bank, written, as_of, language)))


@app.command()
def worklist(bank: Bank, as_of: AsOf = "") -> None:
    """Lists which records departments should complete or correct, in an Excel file that only its owner may read."""
    from analysis.bank.book import open_bank
    from analysis.bank.worklist import make_worklist

    book = open_bank(bank, as_of)
    path = book.processed / f"worklist-{book.as_of}.xlsx"
    LOG.info("%s defects: %s", f"{make_worklist(book.processed, book.as_of, path):,}", _shown(path))


@app.command("list")
def list_(bank: Bank, as_of: AsOf = "") -> None:
    """Lists whom to call before they leave, in files that only their owner may read; a tenth is held out by lot."""
    from analysis.lists import make_list

    made = make_list(bank, as_of)
    for path in (made.workbook, made.table):
        LOG.info("%s customers to call, %s held out: %s", f"{made.called:,}", f"{made.held_out:,}", _shown(path))


@app.command()
def validate(
    bank: Annotated[str, typer.Argument(help="Folder of a simulated bank in data/raw/, such as demo.")],
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects instead of a table.")] = False,
    seeds: Annotated[int | None, typer.Option(min=1, help="Make so many demo banks anew and sum them up.")] = None,
    world: Annotated[str | None, typer.Option(help="With --seeds: the world they are simulated in, if not default.")] = None,
    customers: Annotated[int | None, typer.Option(help="With --seeds: customers of each, if not the world's own.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Banks at work at once.")] = 2,
    passport: Annotated[Path | None, typer.Option(help="Run all worlds (hours) and write their table to this file.")] = None,
) -> None:
    """Holds every study's estimates against the truth of a simulated bank: one bank's, or with --seeds many banks'."""
    from analysis.validation import command

    command.run(bank, command.Asked(as_json, seeds, world, customers, jobs, passport))


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


class _StandardError(logging.StreamHandler):
    """Writes to standard error as it is at the moment: a progress line may stand in front of it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    stream = property(lambda self: sys.stderr)


def main() -> None:
    """Runs the command; a user's mistake ends in one sentence, an interruption in its signal's exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_StandardError()])
    LOG.setLevel(logging.INFO)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        sys.exit(app(prog_name="crm", standalone_mode=False))
    except UserError as error:
        LOG.error("crm: %s", error)
        sys.exit(EXIT_BAD_INPUT)
    except CommandLineError as error:
        if told := _told(error):
            LOG.error("%s", told)
        sys.exit(EXIT_BAD_INPUT)
    except Interrupted as interruption:
        LOG.error("crm: interrupted; what was published stands as it was")
        sys.exit(EXIT_SIGNAL + interruption.signal)
    except Exception:
        LOG.exception("crm: the program itself met an error")
        sys.exit(EXIT_OWN_ERROR)


def _told(error: CommandLineError) -> str:
    """One line on a command that was mistyped; nothing where none was given, since the help has been shown then."""
    sentence = error.format_message().rstrip(".")
    stop = "" if sentence.endswith(("?", ")")) else "."
    return f"crm: {sentence}{stop} See '{error.ctx.command_path if error.ctx else 'crm'} --help'." if sentence else ""


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Ends the run; out of a half-imported extension an exception would abort the process, so that it waits for the import."""
    if _is_importing(frame):
        signal.signal(signal.SIGALRM, lambda _, later: _interrupt(number, later))
        signal.setitimer(signal.ITIMER_REAL, IMPORT_PAUSE_SECONDS)
        return
    signal.signal(number, signal.SIG_IGN)
    raise Interrupted(number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    main()
