"""The environment variables of a function's process."""

from __future__ import annotations

import os
from pathlib import Path

from local.edge.credentials import CredentialStore, Principal
from local.services.functions.code import import_path, under_opt
from local.services.functions.spec import FunctionSpec


def function_environment(
    spec: FunctionSpec,
    *,
    region: str,
    endpoint_url: str,
    credentials: CredentialStore,
    temporary: Path,
) -> dict[str, str]:
    """Return the environment that Lambda gives a function (developer guide, "Environment variables").

    X-Ray is off, as with `sam local`, because no daemon receives segments.

    Args:
        spec: The function.
        region: Value of `AWS_REGION`.
        endpoint_url: Value of `AWS_ENDPOINT_URL`.
        credentials: Issues the access key of the function's role.
        temporary: The function's temporary folder; it is created.
    """
    role = Principal(spec.logical_id, spec.role_arn, "function")
    temporary.mkdir(parents=True, exist_ok=True)
    variables = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "PYTHONPATH": import_path(spec),
        "LAMBDA_TASK_ROOT": str(spec.code),
        "LAMBDA_RUNTIME_DIR": str(spec.code),
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
        "AWS_LAMBDA_LOG_FORMAT": "JSON" if spec.json_logs else "Text",
        "_HANDLER": spec.handler,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_XRAY_SDK_ENABLED": "false",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "NO_PROXY": "localhost,127.0.0.1",
        **credentials.issue(role).environment(),
    }
    if spec.log_level:
        variables["AWS_LAMBDA_LOG_LEVEL"] = spec.log_level
    for name, value in spec.environment.items():
        variables[name] = under_opt(value, spec.opt)
    return variables
