"""For monitoring, in the manner of Nagios: check_status.py STATUS.JSON [MOST_DAYS [MOST_HOURS]]

One line, and 0 (well), 1 (a report failed or a message was not sent) or 2 (no success for MOST_DAYS, a run that was refused, met an error,
was interrupted or killed, or takes longer than MOST_HOURS). Needs Python alone."""

import argparse
import datetime as dt
import json
import os
import platform
import sys


def main(path: str, most_days: float, most_hours: float) -> int:
    try:
        with open(path, encoding="utf-8") as file:
            status = json.load(file)
    except (OSError, ValueError) as error:
        return say(2, f"{path} cannot be read ({type(error).__name__})")
    if not isinstance(status, dict) or "state" not in status:
        return say(2, f"{path} is no status file")
    state, success = status["state"], status.get("last_success")
    if state == "running":
        if not is_alive(status):
            return say(2, f"the run of {status['started']} was killed (process {status['pid']} is gone)")
        late = hours_since(status["started"]) > most_hours
        return say(2 if late else 0, f"running since {status['started']}")
    if state not in ("ok", "failed reports"):
        return say(2, f"{state} at {status['ended']}: {status['sentence'] or 'exit code ' + str(status['exit_code'])}")
    if success is None or hours_since(success["ended"]) > most_days * 24:
        return say(2, f"no success for {most_days:g} days; the last was {success['ended'] if success else 'never'}")
    if state == "failed reports":
        return say(1, f"as of {status['as_of']}, failed: {', '.join(status['failed'])}")
    problem = (status.get("message") or {}).get("problem")
    return say(1 if problem else 0, f"as of {status['as_of']}, {problem or 'all is well'}")


def is_alive(status: dict) -> bool:
    """Whether its process is there; on another machine that cannot be known, and only the hours count."""
    return status["host"] != platform.node() or os.path.exists(f"/proc/{status['pid']}")


def hours_since(time: str) -> float:
    return (dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(time)).total_seconds() / 3600


def say(code: int, text: str) -> int:
    sys.stdout.write(f"{('OK', 'WARNING', 'CRITICAL')[code]}: {text}\n")
    return code


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", metavar="STATUS.JSON")
    parser.add_argument("most_days", metavar="MOST_DAYS", nargs="?", type=float, default=35)
    parser.add_argument("most_hours", metavar="MOST_HOURS", nargs="?", type=float, default=4)
    sys.exit(main(**vars(parser.parse_args())))
