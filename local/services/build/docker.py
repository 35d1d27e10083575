"""`docker`, as far as builds need it: login, build, tag, push, inspect.

Run as `python -m local.services.build.docker IMAGES_FOLDER BUILD_ID arguments…`. Its own notes (who is logged in,
which tag is which tree) are kept in `DOCKER_CONFIG`, as a Docker daemon of one build would.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.services.images.dockerfile import DockerfileError
from local.services.images.store import ImageNotFound, ImageStore, Reference, load, save

_CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
_LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


class DockerError(Exception):
    """What `docker` would print before it ends with status 1."""


class Docker:
    """One build's Docker.

    Args:
        store: Where images lie.
        build_id: Begins the ids of the trees it makes.
        notes: Folder of its own notes (`DOCKER_CONFIG`).
    """

    def __init__(self, store: ImageStore, build_id: str, notes: Path) -> None:
        self.store = store
        self.build_id = build_id
        self.notes = notes
        notes.mkdir(parents=True, exist_ok=True)

    def login(self, options: argparse.Namespace) -> None:
        """Remember a registry's password, as `docker login --password-stdin REGISTRY` does."""
        password = sys.stdin.read().strip() if options.password_stdin else options.password
        if not options.username or not password:
            raise DockerError("Error: Cannot perform an interactive login from a non TTY device")
        token = base64.b64encode(f"{options.username}:{password}".encode()).decode()
        server = _host_name(options.server or "docker.io")
        self._write("auths", self._read("auths") | {server: {"auth": token}})
        print("Login Succeeded")

    def build(self, options: argparse.Namespace) -> None:
        """Build an image from the Dockerfile of a folder, and tag it."""
        from local.services.images.builder import ImageBuilder
        from local.services.images.layers import Layers

        started = time.monotonic()
        tree_id = f"{self.build_id}-{uuid.uuid4().hex[:8]}"
        folder = self.store.tree(tree_id)
        folder.mkdir(parents=True)
        build_args = dict(each.partition("=")[::2] for each in options.build_arg)
        context = Path(options.context)
        dockerfile = Path(options.file) if options.file else context / "Dockerfile"
        if not dockerfile.is_file():
            raise DockerError(f"ERROR: failed to read dockerfile: {dockerfile} is not there")
        layers = None if options.no_cache else Layers(self.store.folder / "layers")
        builder = ImageBuilder(
            context, folder, build_args, lambda line: print(line, flush=True), layers
        )
        image = builder.build(dockerfile, options.target)
        save(folder, image)
        tags = {tag if ":" in tag.rpartition("/")[2] else f"{tag}:latest" for tag in options.tag}
        self._write("tags", self._read("tags") | dict.fromkeys(tags, tree_id))
        print(f"built {image.digest} in {time.monotonic() - started:.1f} s")
        for tag in sorted(tags):
            print(f"tagged {tag}")
            if options.push:
                self._push(tag)

    def tag(self, options: argparse.Namespace) -> None:
        """Give an image another name."""
        self._write("tags", self._read("tags") | {options.target: self._tree(options.source)})

    def push(self, options: argparse.Namespace) -> None:
        """Put an image's manifest into ECR, and make the image known by tag and digest."""
        self._push(options.image)

    def inspect(self, options: argparse.Namespace) -> None:
        """Print an image's description as JSON."""
        image = load(self.store.tree(self._tree(options.image)))
        described = {
            "Id": image.digest,
            "Architecture": image.architecture,
            "Config": {"Cmd": image.command, "WorkingDir": str(image.workdir)},
        }
        print(json.dumps([described], indent=4))

    def _push(self, name: str) -> None:
        # Here, because only a push needs what it imports.
        from local.services.images import registry

        reference = Reference.parse(name)
        tree_id = self._tree(name)
        if reference.registry not in self._read("auths"):
            raise DockerError("denied: no basic auth credentials; run docker login first")
        image = load(self.store.tree(tree_id))
        parts = reference.registry.split(".")
        if len(parts) < 6 or parts[1:3] != ["dkr", "ecr"]:
            raise DockerError(f"{reference.registry} is not a registry of Amazon ECR")
        manifest = json.dumps(_manifest(image.digest, image.size), indent=3)
        asked = {
            "registryId": parts[0],
            "repositoryName": reference.repository,
            "imageManifest": manifest,
            "imageManifestMediaType": MANIFEST_TYPE,
            "imageTag": reference.tag or "latest",
        }
        try:
            put = registry.call("PutImage", asked, parts[3])
        except registry.RegistryError as error:
            raise DockerError(f"error: {error.reason}") from error
        digest = put["image"]["imageId"]["imageDigest"]
        save(self.store.tree(tree_id), replace(image, digest=digest))
        self.store.publish(reference, tree_id, digest)
        print(f"{reference.tag}: digest: {digest} size: {len(manifest)}")

    def _tree(self, name: str) -> str:
        known = self._read("tags")
        if name not in known:
            raise DockerError(f"Error response from daemon: No such image: {name}")
        return str(known[name])

    def _read(self, note: str) -> dict[str, Any]:
        file = self.notes / f"{note}.json"
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}

    def _write(self, note: str, content: dict[str, Any]) -> None:
        file = self.notes / f"{note}.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(content), encoding="utf-8")


def _host_name(server: str) -> str:
    """Return the host in what `docker login` was given: Docker keeps passwords by it, whatever scheme or path is there.

    The scheme comes from `GetAuthorizationToken` (`proxyEndpoint`), a path from a repository's URI.
    """
    return re.sub(r"^https?://", "", server).partition("/")[0]


def _manifest(config_digest: str, size: int) -> dict[str, Any]:
    """An image manifest of one layer (Docker image manifest, version 2, schema 2)."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": _CONFIG_TYPE, "size": 1024, "digest": config_digest},
        "layers": [{"mediaType": _LAYER_TYPE, "size": size, "digest": config_digest}],
    }


def parser(docker: Docker) -> argparse.ArgumentParser:
    """Return the command line; each command's function is in `run`."""
    line = argparse.ArgumentParser(prog="docker", allow_abbrev=False)
    commands = line.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(name, allow_abbrev=False)
        added.set_defaults(run=run)
        return added

    login = command("login", docker.login)
    login.add_argument("-u", "--username")
    login.add_argument("-p", "--password")
    login.add_argument("--password-stdin", action="store_true")
    login.add_argument("server", nargs="?")
    build = command("build", docker.build)
    build.add_argument("-t", "--tag", action="append", default=[])
    build.add_argument("-f", "--file")
    build.add_argument("--build-arg", action="append", default=[])
    build.add_argument("--target")
    build.add_argument("--push", action="store_true")
    for ignored in ("--platform", "--progress", "--label", "--cache-from", "--cache-to"):
        build.add_argument(ignored)
    for ignored in ("--no-cache", "--pull", "-q", "--quiet", "--load", "--rm"):
        build.add_argument(ignored, action="store_true")
    build.add_argument("context")
    tag = command("tag", docker.tag)
    tag.add_argument("source")
    tag.add_argument("target")
    push = command("push", docker.push)
    push.add_argument("-q", "--quiet", action="store_true")
    push.add_argument("image")
    inspect = command("inspect", docker.inspect)
    inspect.add_argument("image")
    return line


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit status.

    Args:
        arguments: The images' folder, the build's id, and what the caller wrote after `docker`.
    """
    folder, build_id, *words = arguments
    if words[:1] in (["buildx"], ["image"]):
        words = words[1:]
    notes = Path(os.environ["DOCKER_CONFIG"])
    options = parser(Docker(ImageStore(Path(folder)), build_id, notes)).parse_args(words)
    try:
        options.run(options)
    except (DockerError, DockerfileError, ImageNotFound) as error:
        print(f"docker: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
