"""`lifecycle fleet`: verify, rebuild or sweep many environments."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.environments.argument import environments_that_begin_with
from cli.errors import FAILED, UsageError
from cli.inputs import fleet_options, parse_fleet
from cli.invocation import hint
from cli.options import AsJson, Local, Stack, StateDir
from cli.perform.execution import execute
from cli.perform.fleet import show_fleet_end
from cli.streams import Streams
from cli.target.deployed import deployed, fleet_of
from cli.target.redeploy import deploy_changes

app = typer.Typer(
    help="Work on many environments: those that are named, those that match, or all.",
    no_args_is_help=True,
)

_S3 = "s3://"

Environments = Annotated[
    list[str] | None,
    typer.Option(
        "--environment",
        metavar="ENV",
        help="Only this environment; repeatable.",
        autocompletion=environments_that_begin_with,
    ),
]
Pattern = Annotated[
    str | None, typer.Option(help="Only environments whose name matches, such as 'shop-*'.")
]
MaxConcurrency = Annotated[
    int | None, typer.Option(metavar="N", help="How many at the same time; by default 5.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="List what would be started, and start nothing.")
]


@app.command()
def verify(
    *,
    environment: Environments = None,
    pattern: Pattern = None,
    max_concurrency: MaxConcurrency = None,
    dry_run: DryRun = False,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Run the smoke test of each live version.

    Exit status: 0 all succeeded, 1 one failed, 2 bad usage, 130 interrupted.
    """
    value = _input("verify", environment, pattern, max_concurrency, dry_run=dry_run)
    _perform(value, stack, local=local, as_json=as_json, state_dir=state_dir)


@app.command()
def rebuild(
    *,
    environment: Environments = None,
    pattern: Pattern = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="s3://BUCKET/KEY", help="Only environments that are built from this source zip."
        ),
    ] = None,
    max_concurrency: MaxConcurrency = None,
    dry_run: DryRun = False,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Provision environments again as they were last provisioned.

    Exit status: 0 all succeeded, 1 one failed, 2 bad usage, 130 interrupted.
    """
    value = _input("rebuild", environment, pattern, max_concurrency, dry_run=dry_run)
    if source is not None:
        value["source"] = _object(source)
    _perform(value, stack, local=local, as_json=as_json, state_dir=state_dir)


@app.command()
def sweep(
    *,
    environment: Environments = None,
    pattern: Pattern = None,
    find_orphans: Annotated[
        bool,
        typer.Option(
            "--find-orphans/--no-find-orphans",
            help="Also look for resources that no record lists, which reads every record.",
        ),
    ] = True,
    remove_orphans: Annotated[
        bool, typer.Option("--remove-orphans", help="Also remove orphans.")
    ] = False,
    max_concurrency: MaxConcurrency = None,
    dry_run: DryRun = False,
    local: Local = False,
    stack: Stack = None,
    as_json: AsJson = False,
    state_dir: StateDir = None,
) -> None:
    """Tear down environments that have expired, and look for orphans.

    Exit status: 0 all succeeded, 1 one failed, 2 bad usage, 130 interrupted.
    """
    value = _input("sweep", environment, pattern, max_concurrency, dry_run=dry_run)
    if not find_orphans:
        value["findOrphans"] = False
    if remove_orphans:
        value["removeOrphans"] = True
    _perform(value, stack, local=local, as_json=as_json, state_dir=state_dir)


def _input(
    action: str,
    environments: list[str] | None,
    pattern: str | None,
    max_concurrency: int | None,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    given = {
        "environments": environments or None,
        "pattern": pattern,
        "maxConcurrency": max_concurrency,
        "dryRun": dry_run or None,
    }
    return {"action": action} | {name: value for name, value in given.items() if value is not None}


def _object(source: str) -> dict[str, str]:
    bucket, slash, key = source.removeprefix(_S3).partition("/")
    if not source.startswith(_S3) or not bucket or not slash or not key:
        raise UsageError(
            f"--source {source}: give bucket and key, such as s3://my-bucket/sources/agent.zip"
        )
    return {"bucket": bucket, "key": key}


def _perform(
    value: dict[str, Any],
    stack: str | None,
    *,
    local: bool,
    as_json: bool,
    state_dir: StateDir,
) -> None:
    request = parse_fleet(value)
    streams = Streams.for_output(as_json=as_json)
    place = deployed(stack, local=local, state_dir=state_dir)
    if stack is None and place.endpoint_url is not None and request.action == "rebuild":
        deploy_changes(place.endpoint_url, state_dir, streams.errors)
    result = execute(
        fleet_of(place), value, streams.progress, environment=None, fleet=request.action
    )
    words = fleet_options(request.model_copy(update={"dry_run": False}))
    again = hint(f"fleet {request.action}", place.options, *words)
    show_fleet_end(result, place, streams, as_json=as_json, again=again)
    if not result.succeeded:
        raise typer.Exit(FAILED)
