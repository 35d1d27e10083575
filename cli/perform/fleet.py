"""Shows how an execution of the fleet ended."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from cli.display.narrow import print_named, print_rows, print_sentence, print_step
from cli.execution.follow import Result
from cli.invocation import hint
from cli.perform.ending import object_of, print_json, show_failure
from cli.streams import Streams
from cli.target.deployed import Deployed


def show_fleet_end(
    result: Result, place: Deployed, streams: Streams, *, as_json: bool, again: str | None = None
) -> None:
    """Print the fleet's output, and last what matters most.

    Step Functions gives a failed execution no output: then the cause names the first environments that failed, and the
    report.

    Args:
        result: How the execution ended.
        place: The stack.
        streams: Where to print.
        as_json: Print the output as JSON, and nothing else to standard output.
        again: After a dry run, the command that does what it says; `None` if it cannot be said.
    """
    output = result.output
    if as_json:
        print_json(streams.result, object_of(result))
    elif output is not None:
        _show(streams.result, output)
        streams.result.print()
        print_step(streams.result, *_last_line(output, place, again))
    show_failure(streams.errors, result.failure)


def _show(out: Console, output: dict[str, Any]) -> None:
    out.print()
    counts = ("selected", "started", "succeeded", "failed")
    known = [(name, str(output.get(name, 0))) for name in counts]
    for name, place in (("report", output.get("report")), ("list", output.get("orphanList"))):
        if place:
            known.append((name, f"s3://{place['bucket']}/{place['key']}"))
    print_named(out, [("action", str(output["action"])), *known])
    if names := output.get("wouldStart"):
        out.print("\nWould start (dry run: nothing was started)", style="bold")
        for name in names:
            print_sentence(out, name)
        left_out = output["selected"] - len(names)
        if left_out > 0:
            print_sentence(out, f"and {left_out} more")
    if orphans := output.get("orphans"):
        out.print("\nOrphans", style="bold")
        rows = [(one.get("environment") or "", _fate(one), one["arn"]) for one in orphans]
        print_rows(out, ("environment", "removed", "resource"), rows)


def _fate(orphan: dict[str, Any]) -> Text:
    if orphan.get("removed"):
        return Text("removed", "green")
    return Text("can be removed", "yellow") if orphan["removable"] else Text("kept", "dim")


def _last_line(
    output: dict[str, Any], place: Deployed, again: str | None
) -> tuple[Text, str | None]:
    good = Text("Succeeded.", "bold green")
    orphans = output.get("orphanCount") or 0
    found = f" {orphans} orphan{'' if orphans == 1 else 's'} found." if orphans else ""
    if output.get("dryRun"):
        text = Text.assemble(good, f"{found} Nothing was started.")
        return (Text.assemble(text, " To do it:"), again) if again else (text, None)
    started = output.get("started") or 0
    said = f" {started} environment{'' if started == 1 else 's'}: all succeeded." if started else ""
    nothing = "" if started else " No environment was selected."
    text = Text.assemble(good, said, nothing, found)
    if started:
        return Text.assemble(text, " To see them:"), hint("list", place.options)
    return text, None
