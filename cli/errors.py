"""The exit statuses of the command, and the errors that end it.

CommandError
├── UsageError       exit status 2
│   ├── NotUpError
│   └── NotFoundError
├── StartError       exit status 1
└── LocalApiError    exit status 1
"""

from __future__ import annotations

FAILED = 1
USAGE = 2
INTERRUPTED = 130
"""Exit status after Ctrl-C, by the convention of shells: 128 plus the number of SIGINT."""


class CommandError(Exception):
    """An error that ends the command. Its text is one line for the user.

    Attributes:
        exit_status: The exit status of the command.
    """

    exit_status = FAILED


class UsageError(CommandError):
    """The command line or the input is wrong. Nothing was started."""

    exit_status = USAGE


class NotUpError(UsageError):
    """No local AWS is running."""


class NotFoundError(UsageError):
    """The running local AWS has no such endpoint, or nothing of that name."""


class StartError(CommandError):
    """The local AWS cannot start on this machine."""


class LocalApiError(CommandError):
    """The local AWS does not answer, or its answer is an error."""
