"""Executes notebooks with papermill, beside the published folder: each in a kernel of its own, bounded in time."""

import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from papermill.exceptions import PapermillExecutionError

LOG = logging.getLogger("crm")
KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
START_ATTEMPTS = 3


@dataclass(frozen=True)
class Job:
    """A notebook to execute: its report's name, path, parameters and time limit in seconds."""

    name: str
    notebook: Path
    parameters: dict
    time_limit_seconds: int


@dataclass(frozen=True)
class Outcome:
    """What became of a job: status `published`, `not produced` or `failed`, the reason in words, and the notebook."""

    name: str
    status: str
    reason: str | None
    seconds: float
    notebook: nbformat.NotebookNode | None
    log: str | None = None


class LocalKernelManager(AsyncKernelManager):
    """This interpreter's kernel, reached through a socket file, never a port; every live one is known, to be ended."""

    alive: ClassVar[set["LocalKernelManager"]] = set()
    is_stopping = threading.Event()

    def __init__(self, **keywords):
        socket = Path(os.environ["JUPYTER_RUNTIME_DIR"]) / uuid.uuid4().hex[:8]
        super().__init__(**{**keywords, "transport": "ipc", "ip": str(socket)})

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")

    async def _async_start_kernel(self, **keywords):
        self.alive.add(self)
        await super()._async_start_kernel(**keywords)
        if self.is_stopping.is_set():
            self.end()

    start_kernel = _async_start_kernel

    def end(self) -> None:
        """Ends the kernel at once."""
        process = getattr(self.provisioner, "process", None)
        if process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(os.getpgid(process.pid), signal.SIGKILL)


def execute_all(jobs: list[Job], languages: list[str], workers: int) -> Iterator[Outcome]:
    """Yields each job's outcome as it is ready; interrupted, it ends every kernel before it lets go."""
    with _surroundings(languages), ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        try:
            for future in as_completed([pool.submit(_execute, job) for job in jobs]):
                yield future.result()
        except BaseException:
            LocalKernelManager.is_stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for manager in list(LocalKernelManager.alive):
                manager.end()
            raise


@contextmanager
def _surroundings(languages: list[str]) -> Iterator[None]:
    runtime = tempfile.mkdtemp(prefix="crm-")
    added = {**KERNEL_ENVIRONMENT, "CRM_LANGUAGES": ",".join(languages), "JUPYTER_RUNTIME_DIR": runtime}
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        shutil.rmtree(runtime, ignore_errors=True)


def _execute(job: Job) -> Outcome:
    started = time.monotonic()
    for attempt in range(START_ATTEMPTS):
        status, reason, notebook, log = _attempt(job)
        if status != "no kernel" or attempt == START_ATTEMPTS - 1:
            break
    status = "failed" if status == "no kernel" else status
    seconds = time.monotonic() - started
    LOG.info("%s: %s (%.1f s)%s", job.name, status, seconds, f": {reason}" if reason else "")
    return Outcome(job.name, status, reason, seconds, notebook, log)


def _attempt(job: Job) -> tuple[str, str | None, nbformat.NotebookNode | None, str | None]:
    managers: list[LocalKernelManager] = []
    ran_out = threading.Event()

    class Manager(LocalKernelManager):
        def __init__(self, **keywords):
            super().__init__(**keywords)
            managers.append(self)

    def stop() -> None:
        ran_out.set()
        for manager in managers:
            manager.end()

    watch = threading.Timer(job.time_limit_seconds, stop)
    watch.daemon = True
    watch.start()
    try:
        notebook = papermill.execute_notebook(
            str(job.notebook), None, parameters=job.parameters, progress_bar=False, kernel_manager_class=Manager,
            shutdown_kernel="immediate", raise_on_iopub_timeout=True,
        )  # fmt: skip
        return "published", None, notebook, None
    except PapermillExecutionError as error:
        if error.ename == "NotProduced":
            return "not produced", error.evalue, None, None
        told = _one_line(error.evalue) if error.ename == "UserError" else error.ename
        return "failed", f"cell {error.exec_count} failed ({told})", None, "\n".join(error.traceback)
    except Exception as error:
        if ran_out.is_set():
            return "failed", f"it ran past its time limit of {job.time_limit_seconds} seconds and was stopped", None, str(error)
        started = any(manager.has_kernel for manager in managers)
        return "failed" if started else "no kernel", f"its kernel ended ({_one_line(str(error))})", None, str(error)
    finally:
        watch.cancel()
        LocalKernelManager.alive.difference_update(managers)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
