"""Errors that a user can act on, and the exit code of each kind.

A :class:`UserError` says what is wrong, where, what was expected and what to try. It never carries
a patient's value. Everything else that escapes a command is a fault of the program.
"""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Iterable

#: Exit code of the command for each kind of error. 1 is left for faults of the program itself and
#: 2 for a command line that cannot be parsed (argparse).
EXIT_CODES: dict[str, int] = {
    "input": 3,  # a drop was refused
    "config": 4,  # configuration, definition, policy or mapping
    "not_found": 5,  # a patient, a drop or a result that is not there
    "output": 6,  # results cannot be written
    "policy": 7,  # the disclosure policy forbids it
    "resources": 8,  # memory or disk ran out
    "cases": 9,  # a hand-written case is not labelled as written
    "manifest": 10,  # published files are not as their manifest says
}

#: What an exit code means, and what to do, where only the code is known.
EXIT_MEANINGS: dict[int, tuple[str, str]] = {
    1: (
        "the program has a fault",
        "report it with the lines above; they hold no patient's value",
    ),
    2: ("the command line cannot be parsed", "see `python -m trdanalysis VERB --help`"),
    3: (
        "a drop is refused, and nothing of it is used",
        "mend the delivery as its log says, or take its folder out of the drops;"
        " `python -m trdanalysis check DROP` looks at it again",
    ),
    4: ("configuration, definition, policy or mapping", "mend the line that the log names"),
    5: ("something asked for is not there", "see what the log says of it"),
    6: ("results cannot be written", "see that the folder is writable and the disk not full"),
    7: (
        "the disclosure policy forbids it",
        "set the site's policy in config/config.yaml, or `draft: true`",
    ),
    8: (
        "memory or disk ran out",
        "raise `memory_limit_mb` in config/config.yaml, or make room on the disk",
    ),
    9: ("a hand-written case is not labelled as written", "look at the case and the definition"),
    10: ("published files are not as their manifest says", "run `snakemake` again"),
    130: ("it was stopped by hand", "run the same command to go on"),
    134: (
        "it ended itself, most often because the system gave it no more memory",
        "give it more, or lower `memory_limit_mb` in config/config.yaml below what it may have",
    ),
    137: (
        "it was killed, most often because the machine's memory ran out",
        "lower `memory_limit_mb` in config/config.yaml below what the machine has free",
    ),
    143: ("it was told to end", "run the same command to go on"),
}


class UserError(Exception):
    """Something the user can mend.

    Parameters
    ----------
    what
        What is wrong, with counts, in one sentence and without any patient's value.
    where
        File, table, column or line numbers.
    expected
        What was expected instead.
    try_this
        What to do, with the user's own path where there is one.
    kind
        A key of :data:`EXIT_CODES`.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        try_this: str | None = None,
        kind: str = "input",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.expected = expected
        self.try_this = try_this
        self.exit_code = EXIT_CODES[kind]

    def __str__(self) -> str:
        """Give the message as the user reads it, one part a line."""
        parts = [self.what]
        for heading, text in (
            ("where", self.where),
            ("expected", self.expected),
            ("try this", self.try_this),
        ):
            if text:
                parts.append(f"  {heading}: {text}")
        return "\n".join(parts)

    def _render_traceback_(self) -> list[str]:
        """Show Jupyter's users the message alone: where in the code it was raised helps nobody."""
        return [f"{type(self).__name__}: {self}"]


#: Numbers by which the system says that something ran out, or is not allowed; they are of no
#: program's doing.
_RAN_OUT = {errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ESTALE}
TOLD_OF_FILES = frozenset(_RAN_OUT | _NOT_ALLOWED)


def explain_system(error: BaseException) -> UserError | None:
    """Give what a user can do where the system refused something; None: it is another fault.

    Parameters
    ----------
    error
        What was raised. Of its message nothing is used but the system's own words and the name of
        a file.
    """
    if isinstance(error, MemoryError):
        return UserError(
            "memory ran out",
            try_this="give the step more memory, or take less at once: fewer `threads`, a lower"
            " `memory_limit_mb` in config/config.yaml",
            kind="resources",
        )
    number = error.errno if isinstance(error, OSError) else None
    if number not in TOLD_OF_FILES:
        return None
    ran_out = number in _RAN_OUT
    return UserError(
        f"the system says: {os.strerror(number)}",
        where=str(getattr(error, "filename", None) or "") or None,
        try_this="make room, or see what limits the disk, the memory or the number of open files"
        if ran_out
        else "see that the folders of drops can be read and those of results be written",
        kind="resources" if ran_out else "output",
    )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word most like ``word``, or None where none is near."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def suggest(word: str, known: Iterable[str]) -> str:
    """Give a ``try this`` text for a word that is not known."""
    options = sorted(known)
    match = nearest(word, options)
    if match:
        return f"did you mean `{match}`?"
    return "known are: " + ", ".join(f"`{option}`" for option in options)
