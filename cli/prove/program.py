"""The proof: deploys a stack, proves the claims one after the other, and removes everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from httpx import HTTPError
from rich.console import Console

from cli.display.lines import print_prose
from cli.prove import cost
from cli.prove.claims.claim import Claim
from cli.prove.comparison import Difference, differences
from cli.prove.place import LOCAL, Place
from cli.prove.plan import CLAIMS
from cli.prove.proof import Proof
from cli.prove.recording import Recording, RecordingError, file_of
from cli.prove.redaction import LeakError, Redactor
from cli.prove.removal import Removal, uninterrupted


@dataclass
class Outcome:
    """How a proof ended.

    Attributes:
        recordings: What was recorded, by claim.
        left: What could not be removed.
        kept: Whether everything was kept on purpose.
    """

    recordings: dict[str, Recording] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    kept: bool = False

    @property
    def good(self) -> bool:
        """Whether every claim holds, and nothing is left."""
        return not self.left and not any(one.problems for one in self.recordings.values())


def run(
    place: Place,
    folder: Path,
    console: Console,
    *,
    keep: bool = False,
    claims: tuple[Claim, ...] = CLAIMS,
    watch: Callable[[Claim], None] = lambda _claim: None,
) -> Outcome:
    """Deploy, prove, and remove everything, also after an interruption or an error.

    Args:
        place: Where.
        folder: Where the recordings are.
        console: Where to show what happens.
        keep: Keep the stack and the environments.
        claims: The claims.
        watch: Called before each claim.

    Returns:
        How it ended.

    Raises:
        KeyboardInterrupt: The user interrupted. What could be removed is removed, and the rest was shown.
        CommandError: The stack cannot be deployed. What was made is removed.
    """
    redactor = Redactor(
        account=place.account,
        region=place.region,
        stack=place.stack,
        endpoint_url=place.endpoint_url,
    )
    proof, outcome = Proof(place, redactor, console), Outcome(kept=keep)
    try:
        console.print(f"Deploying stack {place.stack}", style="bold", soft_wrap=True)
        place.deploy()
        for claim in claims:
            watch(claim)
            outcome.recordings[claim.name] = _prove(claim, proof, folder, console)
    except BaseException:
        _remove(proof, outcome, console)
        _show_left(outcome, console)
        raise
    if not keep:
        _remove(proof, outcome, console)
    _show(proof, outcome, folder, console)
    return outcome


def _prove(claim: Claim, proof: Proof, folder: Path, console: Console) -> Recording:
    console.print(f"\n{claim.name}: {claim.promise}", style="bold", soft_wrap=True)
    recording = Recording(claim.name, proof.place.name, claim.promise)
    proof.begin(recording)
    try:
        claim.prove(proof)
    except (ClientError, BotoCoreError, HTTPError) as error:
        recording.problems.append(f"the proof could not go on: {error}")
    try:
        file = recording.write(folder, proof.redactor)
    except LeakError as error:
        recording.problems.append(str(error))
    else:
        console.print(f"recorded: {file}", style="dim", soft_wrap=True)
        # What is compared is what was written: there, names of this run are placeholders.
        recording = Recording.read(file)
    mark, style = ("✗ does not hold", "red") if recording.problems else ("✓ holds", "green")
    console.print(f"{mark}", style=style)
    for problem in recording.problems:
        print_prose(console, f"expected: {problem}", "red")
    return recording


def _remove(proof: Proof, outcome: Outcome, console: Console) -> None:
    console.print("\nRemoving everything", style="bold")
    removal = Removal(proof.place, console)
    try:
        with uninterrupted(console):
            removal.everything(proof.environments, proof.running)
    except KeyboardInterrupt:
        removal.left.append(f"interrupted: look at stack {proof.place.stack}")
    finally:
        outcome.left = removal.left


def _show(proof: Proof, outcome: Outcome, folder: Path, console: Console) -> None:
    console.print("\nClaims", style="bold")
    for recording in outcome.recordings.values():
        console.print(
            f"{'✗' if recording.problems else '✓'} {recording.claim}: {recording.promise}"
        )
    _show_differences(outcome, folder, console)
    console.print(f"\nCost (prices of {cost.PRICES_OF})", style="bold")
    for line in cost.lines(proof.meter.used):
        console.print(line)
    print_prose(console, f"Not counted: {cost.NOT_COUNTED}.", "dim")
    if proof.place.local:
        console.print("The local AWS costs nothing: this is what the same work costs in AWS.")
    _show_left(outcome, console)


def _show_differences(outcome: Outcome, folder: Path, console: Console) -> None:
    """Compare each recording with that of the local AWS, or if it is that one, with those of every Region."""
    for name, recording in outcome.recordings.items():
        for other in _others(folder, recording):
            if not other.exists():
                console.print(f"\n{name}: there is no recording of the local AWS to compare with")
                continue
            try:
                found = differences(recording, Recording.read(other))
            except RecordingError as error:
                print_prose(console, f"\n{error}", "red")
                continue
            _show_pair(name, recording.place, other.parent.name, found, console)


def _others(folder: Path, recording: Recording) -> list[Path]:
    if recording.place != LOCAL:
        return [file_of(folder, LOCAL, recording.claim)]
    found = sorted(folder.glob(f"*/{recording.claim}.json"))
    return [file for file in found if file.parent.name != LOCAL]


def _show_pair(name: str, here: str, there: str, found: list[Difference], console: Console) -> None:
    if not found:
        console.print(f"\n{name}: {here} and {there} answered the same")
        return
    count = "1 difference" if len(found) == 1 else f"{len(found)} differences"
    console.print(f"\n{name}: {count} ({here} | {there})", style="yellow")
    for difference in found:
        console.print(f"  {difference}", soft_wrap=True)


def _show_left(outcome: Outcome, console: Console) -> None:
    if outcome.kept and not outcome.left:
        console.print("\nKept: the stack and its environments, as you asked.")
    elif outcome.left:
        console.print("\nNot removed; remove these yourself:", style="red")
        for what in outcome.left:
            console.print(f"  {what}", style="red", soft_wrap=True)
    else:
        console.print("\nEverything is removed.", style="green")
