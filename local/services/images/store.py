"""The images of the local AWS: one directory tree for each, found by tag or digest.

`trees/<id>/root` is the image's file system, `trees/<id>/image.json` what `docker inspect` would say;
`references/<registry>/<repository>/<tag or sha256-…>` names the tree.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

_URI = re.compile(
    r"(?P<registry>[\w.:-]+)/(?P<repository>[a-z0-9][a-z0-9._/-]*?)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


class ImageNotFound(LookupError):  # noqa: N818 (the name is part of the contract inside local/)
    """No image of that name was pushed here, or it was deleted since."""


@dataclass(frozen=True)
class Image:
    """An image that can be run on this host.

    Attributes:
        root: The image's file system.
        command: Program and arguments (ENTRYPOINT and CMD); the program is looked up on `PATH`.
        environment: ENV and `PATH`, with the image's own paths as paths of this host.
        workdir: Where the command starts, below `root`.
        architecture: `amd64` or `arm64`: the host's, whatever the Dockerfile asks for.
        digest: The manifest's digest, `sha256:…`.
        size: Bytes of its files.
    """

    root: Path
    command: list[str]
    environment: dict[str, str]
    workdir: Path
    architecture: str
    digest: str
    size: int = 0


@dataclass(frozen=True)
class Reference:
    """An image's name, taken apart.

    Attributes:
        registry: Host of the registry.
        repository: Name of the repository.
        tag: Tag, if the name has one.
        digest: `sha256:…`, if the name has one; it counts more than the tag.
    """

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, uri: str) -> Reference:
        """Take `registry/repository[:tag][@digest]` apart; without either the tag is `latest`.

        Raises:
            ImageNotFound: That is not the name of an image in a registry.
        """
        match = _URI.fullmatch(uri)
        if match is None:
            raise ImageNotFound(f"{uri} is not the name of an image in a registry.")
        named = match["tag"] or match["digest"]
        tag = match["tag"] if named else "latest"
        return cls(match["registry"], match["repository"], tag, match["digest"])


class ImageStore:
    """The images of one local AWS; several processes may use it at once.

    Args:
        folder: The images' folder, such as `<state>/images`.
        is_in_registry: Says whether ECR (still) has an image; without it every pushed image stays.
    """

    def __init__(
        self, folder: Path, is_in_registry: Callable[[Reference], bool] | None = None
    ) -> None:
        self.folder = folder
        self._is_in_registry = is_in_registry

    def resolve(self, container_uri: str) -> Image:
        """Find an image that was pushed.

        Args:
            container_uri: `registry/repository:tag` or `registry/repository@sha256:…`.

        Returns:
            The image.

        Raises:
            ImageNotFound: There is no such image.
        """
        reference = Reference.parse(container_uri)
        link = self._link(reference, reference.digest or reference.tag or "")
        if not link.is_file() or (self._is_in_registry and not self._is_in_registry(reference)):
            raise ImageNotFound(f"The image {container_uri} is not in the registry.")
        return load(self.tree(link.read_text(encoding="utf-8")))

    def tree(self, tree_id: str) -> Path:
        """Return the folder of a tree, whether it exists or not."""
        return self.folder / "trees" / tree_id

    def publish(self, reference: Reference, tree_id: str, digest: str) -> None:
        """Make a tree known by its tag and by its digest.

        Args:
            reference: Registry, repository and tag.
            tree_id: The tree.
            digest: The manifest's digest, `sha256:…`.
        """
        for name in filter(None, (digest, reference.tag)):
            link = self._link(reference, name)
            link.parent.mkdir(parents=True, exist_ok=True)
            new = link.with_name(f"{link.name}.{tree_id}")
            new.write_text(tree_id, encoding="utf-8")
            new.replace(link)

    def discard_unpublished(self, prefix: str) -> None:
        """Remove the trees that no reference names.

        Args:
            prefix: Only trees whose id begins so (those of one build).
        """
        published = {
            link.read_text(encoding="utf-8")
            for link in (self.folder / "references").rglob("*")
            if link.is_file()
        }
        for tree in (self.folder / "trees").glob(f"{prefix}*"):
            if tree.name not in published:
                shutil.rmtree(tree)

    def _link(self, reference: Reference, name: str) -> Path:
        place = self.folder / "references" / reference.registry / reference.repository
        return place / name.replace(":", "-")


def save(folder: Path, image: Image) -> None:
    """Write an image's description beside its tree.

    Args:
        folder: The tree's folder; `image.root` lies below it.
        image: What to write.
    """
    described = asdict(image) | {"root": str(image.root), "workdir": str(image.workdir)}
    (folder / "image.json").write_text(json.dumps(described, indent=1), encoding="utf-8")


def load(folder: Path) -> Image:
    """Read what `save` wrote.

    Raises:
        ImageNotFound: The folder has no image.
    """
    try:
        described = json.loads((folder / "image.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ImageNotFound(f"The image's tree {folder.name} is gone.") from None
    paths = {"root": Path(described["root"]), "workdir": Path(described["workdir"])}
    return Image(**(described | paths))
