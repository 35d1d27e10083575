"""What a build finds on this host: programs, environment, source, variables."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.services.build.buildspec import Buildspec
from local.services.images import registry
from local.services.images.base_image import launcher, uv, write_program

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
# What a build needs of the person's own settings, to reach the package registry.
_FROM_HOST = ("UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "LANG", "LC_")


class SourceError(Exception):
    """The source cannot be read; CodeBuild reports `CLIENT_ERROR`."""


def write_programs(folder: Path, images: Path, build_id: str) -> None:
    """Write the programs that a build finds first on its `PATH`: docker, aws, uv, python3, node, npm.

    Node.js is there only if this host has it.

    Args:
        folder: Where to; it does not exist yet.
        images: The image store's folder.
        build_id: Begins the ids of the image trees that the build makes.
    """
    folder.mkdir(parents=True)
    home = os.environ.get("HOME", "")
    docker = launcher("local.services.build.docker", str(images), build_id, home=home)
    write_program(folder / "docker", docker)
    write_program(folder / "uv", f"HOME='{home}' exec '{uv()}' \"$@\"\n")
    aws = Path(sys.executable).with_name("aws")
    write_program(folder / "aws", f"{_quick_password()}exec '{sys.executable}' '{aws}' \"$@\"\n")
    for name in ("python", "python3"):
        write_program(folder / name, f"exec '{sys.executable}' \"$@\"\n")
    for name in ("node", "npm"):
        found = shutil.which(name)
        if found is not None:
            # npm reads the person's own registry settings, as uv does.
            write_program(folder / name, f"HOME='{home}' exec '{found}' \"$@\"\n")


def _quick_password() -> str:
    """The lines of `aws` for a build's one usual command; the AWS CLI itself takes most of a second to start."""
    here = " && ".join(f'[ -n "${name}" ]' for name in (*registry.NEEDED, "AWS_REGION"))
    other = '[ -z "$AWS_PROFILE$AWS_ENDPOINT_URL_ECR" ]'
    usual = f'[ "$*" = "ecr get-login-password" ] && {other} && {here}'
    return f"if {usual}; then {launcher('local.services.images.registry')}fi\n"


def environment(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a build's commands.

    Args:
        folder: The build's own folder; `bin` in it has the programs.
        variables: What the project, the call, and CodeBuild itself set.

    Returns:
        Variables. `PYTHON_PLATFORM` and `PYTHON_VERSION`, where they are set, name this host, since
        what is built has to run here.
    """
    home = folder / "home"
    (home / ".aws").mkdir(parents=True)
    # Buckets as paths: not every host resolves names below localhost.
    (home / ".aws" / "config").write_text(
        "[default]\ns3 =\n    addressing_style = path\n", encoding="utf-8"
    )
    (folder / "tmp").mkdir()
    built = {name: v for name, v in os.environ.items() if name.upper().startswith(_FROM_HOST)}
    built |= {
        "PATH": f"{folder / 'bin'}:{_SYSTEM_PATH}",
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "DOCKER_CONFIG": str(folder / "docker"),
        "PIP_REQUIRE_VIRTUALENV": "true",  # a build never installs into the host's Python
        "AWS_PAGER": "",
    }
    built |= variables
    here = {"PYTHON_PLATFORM": python_platform(), "PYTHON_VERSION": python_version()}
    return built | {name: here[name] for name in here if name in built}


def python_version() -> str:
    """Return the running Python's version, such as `3.11`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def python_platform() -> str:
    """Return this host's platform as `uv --python-platform` names it."""
    machine = {"arm64": "aarch64", "amd64": "x86_64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    return f"{machine}-{'apple-darwin' if sys.platform == 'darwin' else 'manylinux_2_28'}"


def download_source(s3: Any, source: Mapping[str, Any], version: str | None, to: Path) -> str:
    """Fetch and unpack a build's source.

    Args:
        s3: A boto3 `s3` client.
        source: The build's source: `type` (`S3` or `NO_SOURCE`) and `location` (`bucket/key`).
        version: The object's version, or `None` for the newest.
        to: An empty folder.

    Returns:
        The object's version (`resolvedSourceVersion`); empty if it has none.

    Raises:
        SourceError: No such object, or it is no zip.
    """
    if source["type"] == "NO_SOURCE":
        return ""
    location = source.get("location", "").removeprefix("arn:aws:s3:::")
    bucket, _, key = location.partition("/")
    which = {"VersionId": version} if version else {}
    try:
        found = s3.get_object(Bucket=bucket, Key=key, **which)
    except ClientError as error:
        raise SourceError(f"error while downloading key {key} of {bucket}: {error}") from error
    try:
        with zipfile.ZipFile(BytesIO(found["Body"].read())) as archive:
            for entry in archive.infolist():
                place = Path(archive.extract(entry, to))
                mode = entry.external_attr >> 16 & 0o777
                if mode and place.is_file():
                    place.chmod(mode | 0o600)
    except zipfile.BadZipFile as error:
        raise SourceError(f"{location} is not a zip: {error}") from error
    return str(found.get("VersionId", ""))


def variables(
    client: Callable[[str], Any], spec: Buildspec, asked: Iterable[Mapping[str, str]]
) -> dict[str, str]:
    """Return a build's variables, with secrets and parameters resolved.

    Args:
        client: Makes boto3 clients with the service role's credentials.
        spec: The buildspec; its variables have the lowest precedence.
        asked: Variables of the project and of the call, as `environmentVariablesOverride` has them.

    Raises:
        ClientError: A secret or a parameter cannot be read.
    """

    def secret(where: str) -> str:
        return _secret(client, where)

    def parameter(name: str) -> str:
        found = client("ssm").get_parameter(Name=name, WithDecryption=True)
        return str(found["Parameter"]["Value"])

    read = dict(spec.variables)
    read |= {name: secret(where) for name, where in spec.secrets.items()}
    read |= {name: parameter(where) for name, where in spec.parameters.items()}
    for variable in asked:
        kind = variable.get("type", "PLAINTEXT")
        fetch = {"SECRETS_MANAGER": secret, "PARAMETER_STORE": parameter}.get(kind, str)
        read[variable["name"]] = fetch(variable["value"])
    return read


def _secret(client: Callable[[str], Any], where: str) -> str:
    """Read `secret-id[:json-key]`; an ARN itself has seven parts."""
    parts = where.split(":")
    own = 7 if where.startswith("arn:") else 1
    found = client("secretsmanager").get_secret_value(SecretId=":".join(parts[:own]))
    text = str(found["SecretString"])
    return str(json.loads(text)[parts[own]]) if len(parts) > own and parts[own] else text
