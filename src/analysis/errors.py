"""The ways in which a run may end that are not the program's fault."""

from analysis.wording import Message, render, shown_languages


class UserError(Exception):
    """Something its reader can mend, told in one sentence: what, where, how much, and the remedy."""

    def _render_traceback_(self) -> list[str]:
        """Jupyter shows this in place of a stack trace."""
        return [str(self)]


class NotProduced(UserError):
    """The bank's data do not allow this report; the sentence says what is missing and how much is needed.
    As text it is one line for each shown language."""

    def __init__(self, reason: Message | str):
        super().__init__("\n".join(render(reason, language) for language in shown_languages()))


class Interrupted(BaseException):
    """The run was told to stop (Ctrl-C, SIGTERM); `signal` is the number it was told with."""

    def __init__(self, signal: int):
        super().__init__(signal)
        self.signal = signal
