"""The requests that a gateway sends, with the credentials of the target.

Sources: AgentCore developer guide, "Set up outbound authorization for your gateway" and "Specify the authorization type
and credentials".
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx

from local.agentcore.control.gateways.records import Gateway, Target
from local.agentcore.control.gateways.targets.credentials import provider_name
from local.agentcore.data.gateways.addresses import Addresses
from local.agentcore.data.gateways.rights import OutboundRights
from local.agentcore.data.identity.gateways import GatewayIdentity
from local.agentcore.settings import Quotas
from local.edge.credentials import Credentials, Principal
from local.readings import Readings

Issue = Callable[[Principal, float], Credentials]
"""Makes keys for a principal that are good for some seconds."""

_KEY_SECONDS = 3600.0
_CONNECT_SECONDS = 10.0


class SendError(Exception):
    """Nobody answers at an address; the message says at which and why."""


class Outgoing:
    """Sends them; safe between threads.

    Args:
        addresses: Resolves addresses.
        rights: With which rights a target is called.
        identity: Gives keys and tokens.
        issue: Makes keys for the gateway's role.
        region: The gateway's Region.
        quotas: Limits of time.
        readings: What to play where the service's behaviour is not known.
    """

    def __init__(
        self,
        *,
        addresses: Addresses,
        rights: OutboundRights,
        identity: GatewayIdentity,
        issue: Issue,
        region: str,
        quotas: Quotas,
        readings: Readings,
    ) -> None:
        self._addresses = addresses
        self._rights = rights
        self._identity = identity
        self._issue = issue
        self._region = region
        self._quotas = quotas
        self._readings = readings
        self._keys: dict[str, tuple[Credentials, float]] = {}
        self._lock = threading.Lock()

    def send(
        self,
        gateway: Gateway,
        target: Target,
        method: str,
        url: str,
        headers: dict[str, str],
        parameters: list[tuple[str, str]] | None = None,
        body: bytes | None = None,
    ) -> httpx.Response:
        """Send a request and return the answer, whatever its status; a redirect is not followed.

        Raises:
            ServiceError: The gateway may not, or gets no credentials.
            SendError: Nobody answers.
        """
        self._rights.check(None, gateway, target, ())
        asked = [*(parameters or ())]
        headers = dict(headers)
        if target.credentials in ("API_KEY", "OAUTH"):
            self._add_secret(gateway, target, headers, asked)
        try:
            made = httpx.URL(self._addresses.resolve(url))
            if asked:
                made = made.copy_merge_params(asked)
            request = self._http.build_request(
                method, made, headers=headers, content=body, timeout=self._timeout()
            )
            if target.credentials == "GATEWAY_IAM_ROLE":
                self._sign(gateway, target, request, body or b"")
            return self._http.send(request)
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:
            # The URL as configured: what was added to it may be a secret.
            raise SendError(f"{url} cannot be reached: {type(error).__name__}") from None

    def is_runtime(self, url: str) -> bool:
        """Say whether a URL is that of a runtime of this local AWS."""
        resolved = self._addresses.resolve(url)
        return self._addresses.own(resolved) and urlsplit(resolved).path.startswith("/runtimes/")

    def close(self) -> None:
        """Close the connections."""
        if "_http" in vars(self):
            self._http.close()

    @functools.cached_property
    def _http(self) -> httpx.Client:
        # Made when it is needed: it loads certificates, which takes long.
        return httpx.Client(follow_redirects=False, trust_env=False)

    def _timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self._quotas.request_seconds, connect=_CONNECT_SECONDS)

    def _add_secret(
        self,
        gateway: Gateway,
        target: Target,
        headers: dict[str, str],
        parameters: list[tuple[str, str]],
    ) -> None:
        identity, role = (
            gateway.workload_identity_arn.rpartition("/")[2],
            gateway.members["roleArn"],
        )
        found = target.provider
        if target.credentials == "OAUTH":
            name = provider_name(found["providerArn"], "oauth2") or ""
            token = self._identity.token(identity, role, name, found)
            headers["Authorization"] = f"Bearer {token}"
            return
        name = provider_name(found["providerArn"], "apikey") or ""
        key = self._identity.api_key(identity, role, name)
        if found.get("credentialLocation") == "QUERY_PARAMETER":
            parameters.append((found["credentialParameterName"], self._prefixed(found, key)))
        else:
            # aws-cdk-lib's `ApiKeyCredentialLocation.header()` has the same name, if none is given.
            name = found.get("credentialParameterName", "Authorization")
            headers[name] = self._prefixed(found, key)

    def _prefixed(self, found: dict[str, Any], key: str) -> str:
        """Return the key as it is sent. Whether there is a prefix by itself, and a space after one, is not known."""
        prefix = str(found.get("credentialPrefix", ""))
        header = found.get("credentialLocation") != "QUERY_PARAMETER"
        if not prefix and header and "credentialParameterName" not in found:
            prefix = "Bearer " if self._readings["api-key-default"] == "bearer" else ""
        if prefix and self._readings["api-key-prefix"] == "spaced":
            prefix = f"{prefix.rstrip()} "
        return prefix + key

    def _sign(self, gateway: Gateway, target: Target, request: httpx.Request, body: bytes) -> None:
        """Sign a request with keys of the gateway's role (Signature Version 4)."""
        issued = self._keys_of(gateway.members["roleArn"])
        keys = botocore.credentials.Credentials(
            issued.access_key_id, issued.secret_access_key, issued.session_token
        )
        signed = botocore.awsrequest.AWSRequest(
            request.method, str(request.url), {"Host": request.headers["Host"]}, body
        )
        region = target.provider.get("region", self._region)
        botocore.auth.SigV4Auth(keys, target.provider["service"], region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))

    def _keys_of(self, role: str) -> Credentials:
        with self._lock:
            keys, until = self._keys.get(role, (None, 0.0))
            if keys is None or time.time() > until:
                principal = Principal(name=role.rsplit("/", 1)[-1], role_arn=role, kind="role")
                keys = self._issue(principal, _KEY_SECONDS)
                self._keys[role] = keys, time.time() + _KEY_SECONDS / 2
            return keys
