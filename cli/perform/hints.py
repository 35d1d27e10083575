"""Commands that an output proposes. Each can be pasted as it stands, wherever it was printed."""

from __future__ import annotations

from cli.invocation import this_command

QUESTION = "'…'"
"""Stands for a question in a command."""


def ask_again(options: str, environment: str) -> str:
    """Return the command that asks the agent of an environment a question.

    Args:
        options: What selects the same stack again.
        environment: The environment's name.
    """
    return hint("ask", options, environment, QUESTION)


def hint(words: str, options: str, *arguments: str) -> str:
    """Return another command of `lifecycle`.

    Args:
        words: The command's name, such as `history` or `fleet verify`.
        options: What selects the same stack again.
        *arguments: What follows, each quoted for a shell if it has to be.
    """
    return " ".join((this_command(), words, options, *arguments))
