"""Commands that an output proposes. Each can be pasted as it stands, wherever it was printed."""

from __future__ import annotations

from cli.invocation import this_command

_ASK = '{"action": "smokeTest"}'
"""Input that asks the question of the last provision again."""


def ask_again(options: str, environment: str) -> str:
    """Return the command that asks an environment the question of its last provision again.

    Args:
        options: What selects the same stack again.
        environment: The environment's name.
    """
    return f"echo '{_ASK}' | {this_command()} run {options} --environment {environment} --input -"


def hint(words: str, options: str, *arguments: str) -> str:
    """Return another command of `lifecycle`.

    Args:
        words: The command's name, such as `history` or `fleet verify`.
        options: What selects the same stack again.
        *arguments: What follows, each quoted for a shell if it has to be.
    """
    return " ".join((this_command(), words, options, *arguments))
