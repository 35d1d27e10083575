"""Lets the local AWS that is running deploy what has changed in the checkout since it was deployed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.errors import NotFoundError, StartError, UsageError
from cli.invocation import this_command
from cli.target.local_api import LocalApi
from cli.target.state_folder import state_dir_option

_MOST_FILES = 5


def deploy_changes(endpoint_url: str, state_dir: Path | None, console: Console) -> None:
    """Deploy what differs, and say what that is.

    Args:
        endpoint_url: The endpoint of the local AWS.
        state_dir: The option `--state-dir` that it was found with.
        console: Where to say it.

    Raises:
        StartError: It cannot be deployed as it is now, or an older version started the local AWS.
    """
    for text in changes_deployed(endpoint_url, state_dir_option(state_dir)):
        # A file gets whole lines; a terminal folds between words.
        console.print(text, style="yellow", soft_wrap=not console.is_terminal)


def changes_deployed(endpoint_url: str, option: str) -> list[str]:
    """Deploy what differs, and return what to say of it; empty if nothing differs.

    Args:
        endpoint_url: The endpoint of the local AWS.
        option: What selects its state folder in a command, with a space before it; may be empty.

    Raises:
        StartError: It cannot be deployed as it is now, or an older version started the local AWS.
        LocalApiError: The local AWS does not answer.
    """
    try:
        done = LocalApi(endpoint_url).update_stack()
    except NotFoundError as error:
        raise StartError(
            "the local AWS was started by an older version, and cannot deploy what has changed. "
            f"{_start_again(option)}"
        ) from error
    except UsageError as error:
        raise StartError(f"the local AWS cannot deploy what has changed: {error}") from error
    said = [text] if (text := said_of(done)) else []
    if done["left"]:
        said.append(
            f"template.yaml differs from what is deployed in {', '.join(done['left'])}, which the local AWS cannot "
            f"update while it runs. {_start_again(option)}"
        )
    return said


def _start_again(option: str) -> str:
    return (
        "To deploy it, stop the local AWS, which deletes its environments, and start it:\n"
        f"  {this_command()} local down{option}\n  {this_command()} local up{option}"
    )


def said_of(done: dict[str, Any]) -> str:
    """Return what differed and what was deployed again; empty if nothing was.

    Args:
        done: What the local AWS returns of the update.
    """
    if not done["updated"]:
        return ""
    files = done["files"]
    named = _named(files) if files else "template.yaml"
    verb = "differs" if len(files or [named]) == 1 else "differ"
    return (
        f"{named} {verb} from what the local AWS had deployed. Deployed it again: "
        f"{', '.join(done['updated'][:_MOST_FILES])}{_more(done['updated'])} ({done['seconds']:.1f} s)."
    )


def _named(files: Sequence[str]) -> str:
    if len(files) <= _MOST_FILES:
        return ", ".join(files)
    folders = Counter(name.partition("/")[0] + "/" * ("/" in name) for name in files)
    return ", ".join(f"{count} files in {folder}" for folder, count in folders.items())


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - _MOST_FILES} more" if len(names) > _MOST_FILES else ""
