"""Kernels for notebooks: this interpreter's, reached through a socket file, ended at once where that is asked."""

import os
import shutil
import signal
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from analysis.project import environment

KERNEL_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class Leash:
    """Holds the kernels of one job. Pulled, it ends them, and any that starts later."""

    def __init__(self) -> None:
        self.managers: list[LocalKernelManager] = []
        self.is_pulled = threading.Event()

    @property
    def manager(self) -> type:
        """The manager class whose kernels this leash holds."""
        return type("LeashedKernelManager", (LocalKernelManager,), {"leash": self})

    @property
    def has_started(self) -> bool:
        """Whether any kernel was started."""
        return any(manager.has_kernel for manager in self.managers)

    def pull(self) -> None:
        self.is_pulled.set()
        for manager in list(self.managers):
            manager.end()


class LocalKernelManager(AsyncKernelManager):
    """A kernel of this interpreter behind a socket file, never a port."""

    leash: Leash

    def __init__(self, **keywords):
        socket = Path(os.environ["JUPYTER_RUNTIME_DIR"]) / uuid.uuid4().hex[:8]
        own = {"transport": "ipc", "ip": str(socket), "connection_file": f"{socket}.json"}
        super().__init__(**{**keywords, **own})

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-P", "-m", "analysis.report.kernel", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")

    async def _async_start_kernel(self, **keywords):
        self.leash.managers.append(self)
        await super()._async_start_kernel(**keywords)
        if self.leash.is_pulled.is_set():
            self.end()

    start_kernel = _async_start_kernel

    def end(self) -> None:
        """Ends the kernel, and what it started, at once."""
        process = getattr(self.provisioner, "process", None)
        if process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(os.getpgid(process.pid), signal.SIGKILL)


@contextmanager
def surroundings(languages: list[str]) -> Iterator[None]:
    """The environment of kernels, with a folder of their own for sockets, as long as the block lasts."""
    runtime = tempfile.mkdtemp(prefix="crm-")
    added = {**KERNEL_ENVIRONMENT, "CRM_LANGUAGES": ",".join(languages), "JUPYTER_RUNTIME_DIR": runtime}
    try:
        with environment(**added):
            yield
    finally:
        shutil.rmtree(runtime, ignore_errors=True)
