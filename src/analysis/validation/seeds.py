"""Many simulated banks, one a seed, in worker processes; what is finished is kept, so that an interrupted run resumes."""

import json
import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from analysis import digest
from analysis.errors import UserError
from analysis.pipeline import writing
from analysis.project import ROOT_MARK, environment, root
from analysis.validation.bank import validate_bank
from analysis.validation.code import methods_digest
from analysis.validation.studies import Parameters

LOG = logging.getLogger("crm")
FIRST_SEED = 1001
BANK = "demo"
DIGITS_OF_CODE = 12
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Task:
    """One bank to make, and with which parameters (report → its parameters) to ask."""

    world: str
    seed: int
    customers: int
    parameters: Parameters


def rows_of_seeds(world: str, seeds: int, customers: int, parameters: Parameters, jobs: int) -> list[dict]:
    """Rows (see `rows.Row`) of `seeds` banks of the world, by seed; each is made, prepared, compared and thrown away. Those
    finished before by the same code are read from `data/state/validation`. A seed that fails does not stop the others; it is
    named in a UserError at the end."""
    place = kept_in(world, customers, parameters)
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
    numbers = range(FIRST_SEED, FIRST_SEED + seeds)
    open_tasks = [Task(world, seed, customers, parameters) for seed in numbers if not _file(place, seed).is_file()]
    if len(open_tasks) < seeds:
        LOG.info("%s: %s of %s seeds are kept from an earlier run", world, seeds - len(open_tasks), seeds)
    failed = {}
    for done, (task, rows) in enumerate(finished(open_tasks, jobs), start=1):
        if isinstance(rows, Exception):
            failed[task.seed] = rows
            LOG.error("%s: seed %s failed: %s: %s", world, task.seed, type(rows).__name__, rows)
            continue
        with writing(place):
            _keep(_file(place, task.seed), rows)
        LOG.info("%s: seed %s (%s of %s)", world, task.seed, seeds - len(open_tasks) + done, seeds)
    if failed:
        raise UserError(
            f"World {world}: {len(failed)} of {seeds} seeds failed, such as {min(failed)}; the others are kept: mend it and run again."
        )
    return [row for seed in numbers for row in json.loads(_file(place, seed).read_text(encoding="utf-8"))]


def kept_in(world: str, customers: int, parameters: Parameters) -> Path:
    """The folder of finished seeds: one for each world, size and state of the code and parameters."""
    code = digest.of_value([methods_digest(parameters), digest.package_versions()])[:DIGITS_OF_CODE]
    return root() / "data" / "state" / "validation" / f"{world}-{customers}-{code}"


def finished(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, list[dict] | Exception]]:
    """Each task with its rows, or what it failed with, as it ends; interrupted, it leaves no process and no bank behind."""
    if not tasks:
        return
    with tempfile.TemporaryDirectory(prefix="crm-validate-") as scratch, _one_thread_each():
        pool = ProcessPoolExecutor(min(jobs, len(tasks)), multiprocessing.get_context("spawn"), _leave_interrupts)
        try:
            waiting: dict[Future, Task] = {pool.submit(rows_of_task, task, Path(scratch)): task for task in tasks}
            for future in as_completed(waiting):
                yield waiting[future], future.exception() or future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
                process.join()
            raise
        pool.shutdown()


def rows_of_task(task: Task, scratch: Path) -> list[dict]:
    """Makes the task's bank in a project of its own below `scratch`, compares, and removes it."""
    from analysis.bank.demo import make_demo_bank

    home = scratch / f"{task.world}-{task.seed}"
    raw = home / "data" / "raw" / BANK
    raw.parent.mkdir(parents=True)
    (home / ROOT_MARK).touch()
    try:
        make_demo_bank(raw, customers=task.customers, seed=task.seed, world=task.world)
        with environment(CRM_HOME=str(home)):
            return [row.to_json() for row in validate_bank(BANK, task.parameters).rows]
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _file(place: Path, seed: int) -> Path:
    return place / f"{seed}.json"


def _keep(path: Path, rows: list[dict]) -> None:
    """A half-written file never bears the name."""
    beside = path.with_suffix(f".{os.getpid()}.partial")
    beside.write_text(json.dumps(rows, allow_nan=False), encoding="utf-8")
    beside.replace(path)


def _one_thread_each():
    """For processes started within the block: several at once would otherwise fight for the processors."""
    return environment(**ONE_THREAD)


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the parent alone answers it, and ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
