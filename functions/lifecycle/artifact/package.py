"""A ready-made zip: checked, copied into the artifact bucket by its content, and pinned. Nothing is built."""

from __future__ import annotations

import base64
import hashlib
from typing import IO

from lifecycle.artifact.desired import CODE_RUNTIME
from lifecycle.artifact.entry_point import package_entry_point
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.shared.item import SharedArtifact
from lifecycle.artifact.shared.pins import Pins
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.artifact.source import download, where
from lifecycle.artifact.zips import limits
from lifecycle.artifact.zips.archive import check_members, members_of, reading
from lifecycle.clients import Clients
from lifecycle.errors import ServiceUnavailableError
from lifecycle.request.artifact import Source
from lifecycle.request.model import Request
from lifecycle.sections.artifact import ArtifactRecord

# Enough of a file to see its first line, or a whole package.json.
_HEAD = 1024 * 1024
_ROUNDS = 5  # another execution has changed the item between read and write


def publish_package(
    clients: Clients,
    settings: PublicationSettings,
    shared: SharedArtifacts,
    request: Request,
    package: Source,
) -> ArtifactRecord:
    """Publish the zip that `artifact.package` names, as it is.

    Args:
        clients: S3.
        settings: The stack's artifact bucket.
        shared: The artifacts of the stack.
        request: What is asked for.
        package: Where the zip is.

    Returns:
        The artifact, published and pinned.

    Raises:
        ArtifactBuildError: There is no such object, it is not a sound zip, is over the size limits, or has no entry
            point.
    """
    what = f"the package {where(package)}"
    with download(clients.s3, package, what, "artifact.package") as (file, version_id):
        entry_point = checked_entry_point(file, what, request)
        content = _sha256(file)
        item = _store(Pins(clients, settings), shared, request.environment, file, content)
    source = package.model_dump(by_alias=True, exclude_none=True)
    artifact = ArtifactRecord(
        type="code",
        source_hash=content.hex(),
        source=source | ({"versionId": version_id} if version_id else {}),
        runtime=request.artifact.runtime or CODE_RUNTIME,
        entry_point=entry_point,
    )
    return artifact.model_copy(update=Pins(clients, settings).fields(item))


def checked_entry_point(file: IO[bytes], what: str, request: Request) -> list[str]:
    """Check a zip, and return the command that starts the agent in it.

    Args:
        file: The zip.
        what: What it is, for messages.
        request: What is asked for.

    Raises:
        ArtifactBuildError: It is not a sound zip, is over the size limits, or has no entry point.
    """
    with reading(file, what) as archive:
        members = members_of(archive)
        check_members(members, what)
        by_name = {member.name: member for member in members}
        limits.check_unpacked(what, {name: member.size for name, member in by_name.items()})

        def text(name: str) -> str:
            if name not in by_name:
                return ""
            with archive.open(by_name[name].origin) as found:
                return found.read(_HEAD).decode("utf-8", errors="replace")

        runtime = request.artifact.runtime or CODE_RUNTIME
        return package_entry_point(request.artifact.entry_point, runtime, by_name, text)


def _store(
    pins: Pins,
    shared: SharedArtifacts,
    environment: str,
    file: IO[bytes],
    content: bytes,
) -> SharedArtifact:
    """Put the zip into the artifact bucket, unless the stack has it; returns the item that pins it.

    Raises:
        ServiceUnavailableError: Other executions change the item all the time.
    """
    for _ in range(_ROUNDS):
        item, _is_new = shared.join(content.hex(), "code", environment)
        if item.is_pinned and pins.still_there(item):
            return item
        if item.is_pinned:
            shared.forget_build(item)
            continue
        file.seek(0)
        pinned = shared.pin(item, **pins.put(item, file, base64.b64encode(content).decode()))
        if pinned is not None:
            return pinned
    raise ServiceUnavailableError(
        f"other executions publish the zip {content.hex()} at the same time; the lifecycle retries this step"
    )


def _sha256(file: IO[bytes]) -> bytes:
    file.seek(0)
    content = hashlib.sha256()
    while chunk := file.read(_HEAD):
        content.update(chunk)
    file.seek(0)
    return content.digest()
