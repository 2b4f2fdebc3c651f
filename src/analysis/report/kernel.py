"""The process in which a notebook runs. It ends with the run that started it, even where that run is killed and the
notebook is deep in a C loop, so that no kernel stays behind (on Linux; elsewhere ipykernel's own watch does what it can)."""

import ctypes
import os
import signal
import sys

SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def end_with_parent() -> None:
    """Asks Linux to kill this process when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != int(os.environ.get("JPY_PARENT_PID", os.getppid())):
            sys.exit(1)


if __name__ == "__main__":
    end_with_parent()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
