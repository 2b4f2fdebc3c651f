"""Which notebooks are at work: a line that moves on a terminal, plain lines in a log."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LOG = logging.getLogger("crm")


class Progress:
    """Tells of `total` notebooks as they begin and end; its methods may be called from any thread."""

    def __init__(self, total: int):
        self.total, self.done = total, 0
        self.running: list[str] = []
        self.lock = threading.Lock()
        self.status = None

    def __enter__(self) -> "Progress":
        if sys.stderr.isatty():
            from rich.console import Console

            self.status = Console(stderr=True).status("")
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.status:
            self.status.stop()

    @contextmanager
    def at_work(self, name: str) -> Iterator[None]:
        """As long as the block lasts, the notebook is at work."""
        with self.lock:
            self.running.append(name)
            self._tell(name)
        try:
            yield
        finally:
            with self.lock:
                self.running.remove(name)
                self.done += 1
                self._tell(None)

    def _tell(self, begun: str | None) -> None:
        if self.status:
            work = f"executing {', '.join(self.running)}" if self.running else "making the pages"
            self.status.update(f"{work} ({self.done} of {self.total} executed)")
        elif begun:
            LOG.info("%s: executing", begun)
