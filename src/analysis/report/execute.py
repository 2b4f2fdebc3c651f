"""Executes notebooks with papermill, beside the published folder: each in a kernel of its own, bounded in time."""

import logging
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from analysis.report.kernels import Leash, surroundings
from analysis.report.progress import Progress
from analysis.wording import Label, Message, say

START_ATTEMPTS = 3
TOLD_CHARACTERS = 400
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Job:
    """A notebook to execute: its report's name, path, parameters and time limit in seconds."""

    name: str
    notebook: Path
    parameters: dict
    time_limit_seconds: float


@dataclass(frozen=True)
class Outcome:
    """What became of a job: status `published`, `not produced` or `failed`, the reason in words, the executed notebook,
    and, where it failed, what only the log may hold."""

    name: str
    status: str
    reason: Message | None = None
    notebook: nbformat.NotebookNode | None = None
    log: str | None = None
    seconds: float = 0.0


def execute_all(jobs: list[Job], languages: list[str], workers: int) -> Iterator[Outcome]:
    """Yields each job's outcome as it is ready; interrupted, it ends every kernel before it lets go."""
    leashes = {job.name: Leash() for job in jobs}
    with surroundings(languages), Progress(len(jobs)) as progress, ThreadPoolExecutor(max_workers=max(1, workers)) as pool:

        def work(job: Job) -> Outcome:
            with progress.at_work(job.name):
                return _execute(job, languages, leashes[job.name])

        try:
            for future in as_completed([pool.submit(work, job) for job in jobs]):
                yield future.result()
        except BaseException:
            logging.getLogger("papermill").disabled = logging.getLogger("traitlets").disabled = True
            pool.shutdown(wait=False, cancel_futures=True)
            for leash in leashes.values():
                leash.pull()
            raise


def _execute(job: Job, languages: list[str], leash: Leash) -> Outcome:
    started = time.monotonic()
    with _time_limit(job.time_limit_seconds, leash):
        for _ in range(START_ATTEMPTS):
            outcome = _attempt(job, languages, leash)
            if outcome.status != "no kernel" or leash.is_pulled.is_set():
                break
    status = "failed" if outcome.status == "no kernel" else outcome.status
    return replace(outcome, status=status, seconds=time.monotonic() - started)


@contextmanager
def _time_limit(seconds: float, leash: Leash) -> Iterator[None]:
    watch = threading.Timer(seconds, leash.pull)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _attempt(job: Job, languages: list[str], leash: Leash) -> Outcome:
    try:
        notebook = papermill.execute_notebook(
            str(job.notebook), None, parameters=job.parameters, progress_bar=False, kernel_manager_class=leash.manager,
            shutdown_kernel="immediate", raise_on_iopub_timeout=True,
        )  # fmt: skip
        return Outcome(job.name, "published", notebook=notebook)
    except PapermillExecutionError as error:
        if error.ename == "NotProduced":
            return Outcome(job.name, "not produced", _in_languages(error.evalue, languages))
        return Outcome(job.name, "failed", _cell_failed(error), log=ANSI.sub("", "\n".join(error.traceback)))
    except Exception as error:
        return Outcome(job.name, *_kernel_failed(job, leash, error), log=f"{type(error).__name__}: {error}")


def _in_languages(text: str, languages: list[str]) -> Message:
    """A notebook's reason, which it tells in one line for each language."""
    lines = text.splitlines() or [""]
    return Label(lines[0], others=dict(zip(languages, lines, strict=False)))


def _cell_failed(error: PapermillExecutionError) -> Message:
    """A sentence meant for users is passed on; of any other exception only its type, since its text may hold data."""
    if error.ename == "UserError":
        told = " ".join(error.evalue.split())[:TOLD_CHARACTERS]
        return say("Cell {cell} stopped: {sentence}", cell=error.exec_count, sentence=told)
    return say("Cell {cell} failed with {error}.", cell=error.exec_count, error=error.ename)


def _kernel_failed(job: Job, leash: Leash, error: Exception) -> tuple[str, Message]:
    if leash.is_pulled.is_set():
        limit = job.time_limit_seconds
        return "failed", say("It ran past its time limit of {limit:count} seconds and was stopped.", limit=limit)
    if not leash.has_started:
        return "no kernel", say("No kernel could be started for it ({error}).", error=type(error).__name__)
    if isinstance(error, DeadKernelError):
        return "failed", say("Its kernel ended without a word, as it does where memory runs out.")
    return "failed", say("It could not be executed ({error}).", error=type(error).__name__)
