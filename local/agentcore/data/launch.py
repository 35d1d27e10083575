"""From a version's artifact to a command: what is started for a session, in which environment."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from local.agentcore.control.account import Images
from local.agentcore.data.code import CodeError, CodeStore, missing_interpreter
from local.agentcore.data.process import Launch
from local.agentcore.data.target import Target
from local.edge.credentials import CredentialStore, Principal
from local.readings import Readings

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
"""Where an agent finds programs that its artifact does not bring; nothing of the person who runs this."""


class Launcher:
    """Makes the `Launch` of a session.

    Args:
        images: The image store.
        code: Unpacks zips.
        credentials: Issues the keys of the execution role.
        endpoint_url: The local AWS, as the agent is to reach it.
        readings: Whether the service sets the Region's variables.
        region: The Region.
    """

    def __init__(
        self,
        *,
        images: Images,
        code: CodeStore,
        credentials: CredentialStore,
        endpoint_url: str,
        readings: Readings,
        region: str,
    ) -> None:
        self._readings = readings
        self._region = region
        self._images = images
        self._code = code
        self._credentials = credentials
        self._endpoint_url = endpoint_url

    def launch(self, target: Target) -> Launch:
        """Return how an agent of this version is started.

        Raises:
            LookupError: If its image is gone (ImageNotFound).
            CodeError: If its zip cannot be run.
            botocore.exceptions.ClientError: If its zip cannot be read.
            RuntimeError: If a package of its zip cannot be had for this machine.
        """
        artifact = target.configuration["agentRuntimeArtifact"]
        base = {"PATH": _SYSTEM_PATH}
        if "containerConfiguration" in artifact:
            image = self._images.resolve(artifact["containerConfiguration"]["containerUri"])
            command, workdir, own = list(image.command), image.workdir, dict(image.environment)
        else:
            command, workdir, own = self._code_command(artifact["codeConfiguration"])
        environment = {
            **base,
            **own,
            **self._platform(target),
            **target.configuration.get("environmentVariables", {}),
        }
        has_ping = target.protocol != "MCP"
        return Launch(command, environment, workdir, target.port, "/ping" if has_ping else None)

    def _platform(self, target: Target) -> dict[str, str]:
        """Return what the service itself puts into an agent's environment.

        Whether AgentCore sets `AWS_REGION` is not documented: see the reading `region-variables`.
        """
        role_arn = target.configuration["roleArn"]
        name = role_arn.rsplit("/", 1)[-1]
        # No session outlives them: it ends when its longest life does.
        seconds = target.configuration["lifecycleConfiguration"]["maxLifetime"]
        role = Principal(name=name, role_arn=role_arn, kind="role")
        keys = self._credentials.issue(role, seconds)
        region = {"AWS_REGION": self._region, "AWS_DEFAULT_REGION": self._region}
        return {
            **(region if self._readings["region-variables"] == "set" else {}),
            "AWS_ENDPOINT_URL": self._endpoint_url,
            # The service has a collector of its own; there is none here.
            "OTEL_SDK_DISABLED": "true",
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            **keys.environment(),
        }

    def _code_command(
        self, configuration: dict[str, Any]
    ) -> tuple[list[str], Path, dict[str, str]]:
        runtime = str(configuration["runtime"])
        entry: list[str] = configuration["entryPoint"]
        files = self._code.unpack(configuration["code"]["s3"])
        if not (files / entry[-1]).is_file():
            raise CodeError(f"The entry point '{entry[-1]}' is not in the zip.")
        # The service runs a zip where `/.dockerenv` or this variable is: SDKs then listen on 0.0.0.0.
        own = {"DOCKER_CONTAINER": "1"}
        if runtime.startswith("NODE"):
            node = shutil.which("node")
            if node is None:
                raise CodeError("This machine has no Node.js ('node' is not on the PATH).")
            return [node, *entry], files, own
        python = self._code.python(runtime)
        files = self._code.for_host(files, python)
        own["PYTHONPATH"] = str(files)
        # `#!/usr/bin/env python3` finds the runtime's interpreter, never one that this machine happens to have.
        own["PATH"] = os.pathsep.join((str(python.parent), _SYSTEM_PATH))
        script = [str(python), entry[-1]]
        if len(entry) == 1:
            return script, files, own
        tool = files / "bin" / entry[0]
        if not tool.is_file():
            raise CodeError(f"The entry point '{entry[0]}' is not in the zip's bin folder.")
        interpreter = missing_interpreter(tool)
        if interpreter is not None:
            raise CodeError(f"/var/task/bin/{entry[0]}: {interpreter}: No such file or directory")
        return [str(tool), *script], files, own
