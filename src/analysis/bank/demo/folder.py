"""The demo bank's folder: written beside, switched at one stroke, never over something else."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.errors import UserError
from analysis.wording import Message, say

MARKER = ".crm-demo"
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_target(out: Path) -> None:
    """Refuse (UserError) a target that is no folder, or a folder that holds something and lacks the marker."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UserError(say("{out} is not a folder; name a folder for the demo bank.", out=str(out)))
    if out.is_dir() and not (out / MARKER).is_file() and any(out.iterdir()):
        raise UserError(
            say(
                "The folder {out} holds something other than a demo bank (it has no file {marker}), so it is left as it is; "
                "name another folder, or empty this one first.",
                out=str(out),
                marker=MARKER,
            )
        )


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A new folder beside `out` to write into; it takes the place of `out` when the block ends well, and is removed
    when it does not. A disk that is full or may not be written is told in a sentence (UserError)."""
    out = Path(os.path.abspath(out))
    check_target(out)
    beside = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        (beside / "new").mkdir()
        yield beside / "new"
        _switch(beside, out)
    except OSError as error:
        raise UserError(_told(error, out)) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def _told(error: OSError, out: Path) -> Message:
    if error.errno in NO_SPACE:
        return say("No space is left to write the demo bank to {out}; free some, or name another folder.", out=str(out))
    problem = (error.strerror or str(error)).lower()
    return say("The demo bank cannot be written to {out} ({problem}); name another folder.", out=str(out), problem=problem)


def _switch(beside: Path, out: Path) -> None:
    check_target(out)
    (beside / "new" / MARKER).write_text("This folder is generated; what is put here is lost when it is made anew.\n")
    if out.exists():
        out.rename(beside / "old")
    try:
        (beside / "new").rename(out)
    except OSError:
        if (beside / "old").exists():
            (beside / "old").rename(out)
        raise
