"""The view of an environment in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.environments.moments import in_words, readable
from cli.environments.summary import smoke_test_in_words

_SIGN_IN = {
    ("cognito", "password"): "Amazon Cognito, as a user with a password",
    ("cognito", "clientCredentials"): "Amazon Cognito, as a machine (client credentials)",
    ("jwt", None): "an OpenID provider of your own",
    ("iam", None): "AWS credentials (SigV4)",
}


def facts(view: dict[str, Any], now: float) -> Iterator[tuple[str, str]]:
    """Return names and values, one a line.

    Args:
        view: What `cli.environments.view.view` returns.
        now: Seconds since the epoch.
    """
    yield "environment", view["environment"]
    yield "state", view["state"]
    yield from _runtime(view)
    yield "smoke test", smoke_test_in_words(view["smokeTest"])
    yield from _gateway(view["gateway"])
    if credentials := view["credentials"]:
        told = [f"{one['name']} ({one['type']}): {one['provider']}" for one in credentials]
        yield "credentials", ", ".join(told)
    yield from _canary(view["canary"])
    yield from _identity(view["identity"])
    yield from _artifact(view["artifact"])
    lock = view["lock"]
    yield "lock", _lock(lock) if lock else "none: no execution works on it"
    expires = view["expiresAt"]
    yield "expires", f"{readable(expires)} ({in_words(expires, now)})" if expires else "never"
    if view["createdAt"]:
        yield "created", readable(view["createdAt"])


def _runtime(view: dict[str, Any]) -> Iterator[tuple[str, str]]:
    runtime = view["runtime"]
    if runtime is None:
        yield "live", "nothing: no version was deployed"
        return
    live, newest = runtime["liveVersion"], runtime["version"]
    if live is None:
        yield "live", "nothing: no version has passed its smoke test"
    else:
        since = next(
            (one["promotedAt"] for one in view["promotions"] if one["version"] == live), None
        )
        yield "live", f"version {live}{f', since {readable(since)}' if since else ''}"
    if newest is not None and newest != live:
        yield "newest", f"version {newest}, which is not live"
    yield "runtime", runtime["arn"] or runtime["name"]
    if runtime["invocationUrl"]:
        yield "URL", runtime["invocationUrl"]


def _identity(identity: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if identity is None:
        return
    kind = (identity["type"], identity["flow"] if identity["type"] == "cognito" else None)
    yield "sign-in", _SIGN_IN[kind]
    for name, label in (
        ("userPoolId", "user pool"),
        ("clientId", "client"),
        ("scope", "scope"),
        ("discoveryUrl", "provider"),
        ("allowedClients", "clients"),
        ("allowedAudience", "audience"),
        ("allowedScopes", "scopes"),
        ("secretArn", "secret"),
    ):
        if name == "allowedClients" and _only_that_client(identity):
            continue
        if value := identity[name]:
            yield label, ", ".join(value) if isinstance(value, list) else value


def _gateway(gateway: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if gateway is None:
        return
    if gateway["endpoint"] is None:
        yield "gateway", f"{gateway['id'] or 'not created'}, never finished: provision again"
        return
    yield "gateway", f"{gateway['id']}, {'proven' if gateway['proven'] else 'not proven'}"
    if gateway["only"]:
        yield "closed", "the runtime answers only this gateway"
    yield "gateway URL", gateway["endpoint"]


def _canary(canary: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if canary is not None:
        share = f"{canary['weight'] or 0} % of the calls through the gateway"
        yield "canary", f"version {canary['version']} gets {share}"


def _only_that_client(identity: dict[str, Any]) -> bool:
    # It is named already.
    return bool(identity["allowedClients"] == [identity["clientId"]])


def _artifact(artifact: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if artifact is None:
        return
    given = ", named by the input" if artifact["given"] else ""
    kind = "container image" if artifact["type"] == "container" else "code zip"
    yield "artifact", f"{kind}{given}"
    if artifact["digest"]:
        yield "digest", artifact["digest"]
    elif artifact["key"]:
        version = artifact["versionId"]
        yield "zip", f"s3://{artifact['bucket']}/{artifact['key']}"
        if version:
            yield "S3 version", version


def _lock(lock: dict[str, Any]) -> str:
    return f"held by {lock['execution'].rpartition(':')[2]} since {readable(lock['acquiredAt'])}"
