"""Shows how an execution of the lifecycle ended, and last what matters most."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.display.narrow import print_sentence, print_step
from cli.display.result import show_output
from cli.execution.follow import Result
from cli.execution.timeline import Failure
from cli.invocation import ask_again, this_command
from cli.streams import Streams
from cli.target.target import Target


def show_end(
    result: Result, target: Target, streams: Streams, *, as_json: bool, again: str | None = None
) -> None:
    """Print the output, and last what matters most: the failure, or what to do after a success.

    Args:
        result: How the execution ended.
        target: Where it ran.
        streams: Where to print.
        as_json: Print the output as JSON, and nothing else to standard output.
        again: After a dry run, the command that does what it says; `None` if it cannot be said.
    """
    if as_json:
        print_json(streams.result, object_of(result))
    elif result.output is not None:
        show_output(streams.result, result.output)
    sentence, command = next_step(result.output or {}, target, again)
    if result.succeeded and not as_json:
        end = Text.assemble(("Succeeded.", "bold green"), f" {sentence}".rstrip())
        streams.result.print()
        print_step(streams.result, end, command)
    elif not target.lasting:
        print_step(streams.errors, Text(sentence, "dim"), command)
    show_failure(streams.errors, result.failure)


def object_of(result: Result) -> dict[str, Any]:
    """Return what a program reads of an execution that has ended: its output, or only its failure if it has none."""
    if result.output is not None:
        return result.output
    failure = result.failure
    return {"failure": {"error": failure.error, "cause": failure.reason} if failure else None}


def show_failure(console: Console, failure: Failure | None) -> None:
    """Print an error and its cause, if there is one."""
    if failure is not None:
        console.print()
        print_sentence(console, Text(f"{failure.error}: {failure.reason}", "red"))


def print_json(console: Console, value: dict[str, Any]) -> None:
    """Print one JSON object."""
    console.print(json.dumps(value, ensure_ascii=False, indent=2), soft_wrap=True)


def next_step(
    output: dict[str, Any], target: Target, again: str | None = None
) -> tuple[str, str | None]:
    """Return how to call the environment that was provisioned, what a dry run leaves to do, or that all is gone.

    Args:
        output: The execution's output; empty if it has none.
        target: Where it ran.
        again: As for `show_end`.

    Returns:
        A sentence, and the command that it leads to.
    """
    if not target.lasting:
        gone = "The local AWS of this run is gone with everything in it. To keep one running:"
        return gone, f"{this_command()} local up"
    if output.get("plan") or (output.get("teardown") or {}).get("dryRun"):
        if again is not None:
            return "Nothing was changed. To do it:", again
        what = "what the plan says" if output.get("plan") else "it"
        return f"Nothing was changed. To do {what}, run it again without dryRun.", None
    environment = output.get("environment") or "dev"
    if output.get("action") == "teardown":
        return f"Environment {environment} is removed.", None
    if output.get("action") not in ("provision", "rollback") or output.get("teardown"):
        return "", None
    version = (output.get("promotion") or {}).get("version")
    back = f"live serves version {version}. " if output["action"] == "rollback" else ""
    return f"{back}To ask {environment} a question:", ask_again(target.options, environment)
