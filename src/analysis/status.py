"""How the last run for a bank ended, or that one is at work: a small file that monitoring reads. It holds no customer data."""

import contextlib
import datetime as dt
import json
import logging
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from analysis.errors import Interrupted, UserError
from analysis.project import root

EXIT_FAILED_REPORT, EXIT_BAD_INPUT, EXIT_OWN_ERROR, EXIT_SIGNAL = 1, 2, 3, 128
FILE_MODE, FOLDER_MODE = 0o644, 0o755
LASTING = ("last_success",)
LOG = logging.getLogger("crm")


def notices(bank: str) -> Path:
    """The folder for other systems: `status.json`, and what changed in each period."""
    return root() / "data" / "notices" / bank


def write_notice(bank: str, name: str, text: str) -> Path:
    """Writes a file for other systems at one stroke, readable whatever the umask."""
    folder = notices(bank)
    folder.mkdir(parents=True, exist_ok=True)
    for place in (folder, folder.parent):
        with contextlib.suppress(PermissionError):
            place.chmod(FOLDER_MODE)
    beside = folder / f".{name}.{os.getpid()}"
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(FILE_MODE)
        os.replace(beside, folder / name)
    finally:
        beside.unlink(missing_ok=True)
    return folder / name


class Run:
    """One run of `crm report`: what its status file says. `facts` are added by whoever knows them."""

    def __init__(self, bank: str):
        self.bank, self.has_begun = bank, False
        self.facts: dict = {"bank": bank, "state": "running", "host": platform.node(), "pid": os.getpid(), "started": _now()}

    def begin(self) -> None:
        """Says that the run is at work: it holds the bank's lock."""
        self.has_begun = True
        self._write()

    def add(self, **facts: object) -> None:
        """Takes in what is known by now; it is written when the run ends."""
        self.facts |= facts

    def end(self, state: str, exit_code: int, sentence: str | None = None) -> None:
        """Writes how the run ended, unless another one for the bank is at work and this one never began."""
        if not self.has_begun and _is_at_work(read(self.bank)):
            return
        self.add(state=state, exit_code=exit_code, sentence=sentence, ended=_now())
        if exit_code == 0:
            self.add(last_success={name: self.facts.get(name) for name in ("ended", "as_of", "release")})
        self._write()

    def _write(self) -> None:
        lasting = {name: value for name, value in read(self.bank).items() if name in LASTING}
        try:
            write_notice(self.bank, "status.json", json.dumps(lasting | self.facts, ensure_ascii=False, indent=1) + "\n")
        except OSError as error:
            LOG.warning("the status file could not be written (%s)", (error.strerror or "not writable").lower())


@contextlib.contextmanager
def told(bank: str) -> Iterator[Run]:
    """A run whose end is written however it comes about; a killed one stays as `running`."""
    run = Run(bank)
    try:
        yield run
    except UserError as error:
        run.end("refused", EXIT_BAD_INPUT, _fit_to_show(str(error)))
        raise
    except Interrupted as interruption:
        run.end("interrupted", EXIT_SIGNAL + interruption.signal)
        raise
    except BaseException as error:
        run.end("error", EXIT_OWN_ERROR, f"The program itself met an error ({type(error).__name__}); its log says where.")
        raise
    failed = run.facts.get("failed")
    run.end("failed reports" if failed else "ok", EXIT_FAILED_REPORT if failed else 0)


def _fit_to_show(sentence: str) -> str:
    """The sentence with places below the project, or none of it where it could tell who somebody is."""
    from analysis.report.inspection import revealed

    if revealed(sentence):
        return "The sentence could tell who somebody is; the log has it."
    return sentence.replace(f"{root()}/", "")


def read(bank: str) -> dict:
    """What the status file says; empty where there is none or it cannot be read."""
    try:
        content = json.loads((notices(bank) / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_at_work(status: dict) -> bool:
    """Whether the run that the file speaks of is another one on this host and alive."""
    if status.get("state") != "running" or status.get("host") != platform.node() or status.get("pid") == os.getpid():
        return False
    try:
        os.kill(int(status["pid"]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, TypeError, KeyError):
        return False
    return True


def _now() -> str:
    return dt.datetime.now().astimezone().isoformat(timespec="seconds")
