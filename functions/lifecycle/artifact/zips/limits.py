"""AgentCore's size limits of an artifact, and what to say of one that is over them.

Source: AgentCore developer guide, "Quotas for Amazon Bedrock AgentCore": a direct code deployment package has at most
250 MB compressed and 750 MB uncompressed; a container image has at most 2 GB.
"""

from __future__ import annotations

from collections.abc import Mapping

from lifecycle.artifact.zips.contents import shown
from lifecycle.errors import ArtifactBuildError

ZIP_BYTES = 250 * 1024 * 1024
UNPACKED_BYTES = 750 * 1024 * 1024
IMAGE_BYTES = 2 * 1024 * 1024 * 1024
# Our own limit: each file costs memory in the function that packs the source.
FILES = 100_000
_NAMED = 5
_MEGABYTE = 1024 * 1024


def check_unpacked(what: str, sizes: Mapping[str, int]) -> None:
    """Refuse too many files, or more bytes than AgentCore takes.

    Args:
        what: What it is, as the error calls it.
        sizes: Each file's size in bytes.

    Raises:
        ArtifactBuildError: Names the largest files.
    """
    total = sum(sizes.values())
    if total > UNPACKED_BYTES or len(sizes) > FILES:
        raise ArtifactBuildError(
            f"{what} has {len(sizes)} files of {total} bytes unpacked, allowed: {FILES} files of {UNPACKED_BYTES} "
            f"bytes; {_leave_out(sizes)}"
        )


def check_packed(what: str, size: int, sizes: Mapping[str, int]) -> None:
    """Refuse a zip that is larger than AgentCore takes.

    Args:
        what: What it is, as the error calls it.
        size: The zip's size in bytes.
        sizes: The packed size of each file in it; empty where it is not known.

    Raises:
        ArtifactBuildError: Names the largest files, where they are known.
    """
    if size > ZIP_BYTES:
        raise ArtifactBuildError(
            f"{what} has {size} bytes, allowed: {ZIP_BYTES}; {_leave_out(sizes)}"
        )


def check_image(image: str, size: int) -> None:
    """Refuse an image that is larger than AgentCore takes.

    Args:
        image: Its URI.
        size: Its compressed size in bytes, as ECR has it. An image that is over the limit so is over it in any case.

    Raises:
        ArtifactBuildError: The image is too large.
    """
    if size > IMAGE_BYTES:
        raise ArtifactBuildError(
            f"the image {image} has {size} bytes, allowed: {IMAGE_BYTES}; use a smaller base image and fewer packages"
        )


def _leave_out(sizes: Mapping[str, int]) -> str:
    largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:_NAMED]
    if not largest:
        return "leave out what the agent does not need"
    named = ", ".join(f"{shown(name)} {sizes[name] / _MEGABYTE:.1f} MB" for name in largest)
    return f"the largest files: {named}; leave out what the agent does not need, or what the build can fetch itself"
