"""boto3 clients for the local AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from local.edge.credentials import Credentials, CredentialStore, Principal
from local.edge.service_models import new_session

_CLIENT_CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, max_pool_connections=50)


class Clients:
    """Makes clients, one for each access key and service.

    Args:
        endpoint_url: The endpoint of the local AWS.
        region: Its region.
        credentials: Issues access keys for services.
    """

    def __init__(self, endpoint_url: str, region: str, credentials: CredentialStore) -> None:
        self._endpoint_url = endpoint_url
        self._credentials = credentials
        # One for all keys: making a session takes a hundredth of a second. It must not make two clients at a time.
        self._session = boto3.Session(botocore_session=new_session(), region_name=region)
        self._lock = threading.Lock()

    def of_service(self, service: str) -> Callable[[str], Any]:
        """Return a maker of clients whose calls the call log shows as those of a service."""
        return self.of_keys(self._credentials.issue(Principal(service, None, "service")))

    def of_keys(
        self, keys: Credentials, change: Callable[[Any], Any] = lambda client: client
    ) -> Callable[[str], Any]:
        """Return a maker of clients, by service name, that use an access key.

        Args:
            keys: The access key.
            change: Changes each client before its first call.
        """
        made: dict[str, Any] = {}

        def client(name: str) -> Any:
            with self._lock:
                if name not in made:
                    made[name] = change(self._client(name, keys))
                return made[name]

        return client

    def _client(self, name: str, keys: Credentials) -> Any:
        return self._session.client(
            name,
            endpoint_url=self._endpoint_url,
            config=_CLIENT_CONFIG,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )
