"""Keeps the environments of a running `lifecycle local up` for the next start, if its user wants that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import CommandError
from cli.keeping.notes import Note, Notes

if TYPE_CHECKING:
    from cli.keeping.environments import Keeping
    from local.embedded import EmbeddedAws

_MARK = "keeps-state"


def notes_of(folder: Path) -> Notes:
    """Return the notes of the local AWS of a state folder. They lie beside it, because it is emptied at the end."""
    folder = folder.resolve()  # as the local AWS does: a link has another name, and `.` has none
    return Notes(folder.with_name(f"{folder.name}.kept"))


def keeps(folder: Path) -> bool:
    """Whether the local AWS that runs in a state folder keeps its environments."""
    return (folder / _MARK).exists()


def said(names: Sequence[str]) -> str:
    """Return what to tell of the environments that are kept."""
    return f"Kept for the next start with --keep-state: {', '.join(names)}"


@contextmanager
def kept(
    local_aws: EmbeddedAws,
    state_dir: Path | None,
    say: Callable[[str], None],
    *,
    waiting: Sequence[Note] | None,
) -> Iterator[None]:
    """Provision again what was kept, in a thread; and at the end of the block, keep what there is.

    Args:
        local_aws: The local AWS.
        state_dir: The option `--state-dir`.
        say: Takes a sentence for the user.
        waiting: What is noted, as `Notes.read` returns it; `None` without `--keep-state`: then only say that something
            is kept.
    """
    notes = notes_of(local_aws.state_dir)
    if waiting is None:
        if names := notes.names():
            say(said(names))
        yield
        return
    # Imported late: most starts keep nothing.
    from cli.keeping.environments import Keeping
    from cli.target.deployed import deployed

    keeping = Keeping(deployed(None, local=True, state_dir=state_dir), notes, waiting, say)
    if names := keeping.names():
        say(f"Provisions again: {', '.join(names)}")
    (local_aws.state_dir / _MARK).touch()
    threading.Thread(target=keeping.provision_again, name="provision-again", daemon=True).start()
    try:
        yield
    finally:
        # What was injected is for the product, and the notes are not part of it.
        local_aws.faults.clear()
        _note(keeping, say)


def _note(keeping: Keeping, say: Callable[[str], None]) -> None:
    try:
        keeping.note()
    except (CommandError, ClientError, BotoCoreError, OSError) as error:
        say(f"The environments could not be noted ({error}). What was kept before is still kept.")
