"""Make a credential provider, or repair what differs."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from lifecycle.credentials import calls
from lifecycle.credentials.ledger import CredentialsLedger
from lifecycle.credentials.owner import is_ours
from lifecycle.credentials.wanted import drift, echo_of, is_form_of, members
from lifecycle.entry import refused_call
from lifecycle.errors import CredentialsError, ServiceUnavailableError
from lifecycle.runtime import agentcore
from lifecycle.sections.credentials import ProviderRecord

FAILED = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED"})


class ProviderConverger:
    """Makes and repairs the providers of an environment.

    Args:
        control: AgentCore's control plane.
        ledger: Where changes are recorded before they are made.
        stack: The stack's name.
        environment: Which environment.
        tags: The tags that a provider must have.
    """

    def __init__(
        self,
        control: Any,
        ledger: CredentialsLedger,
        stack: str,
        environment: str,
        tags: dict[str, str],
    ) -> None:
        self._control = control
        self._ledger = ledger
        self._stack = stack
        self._environment = environment
        self._tags = tags

    def converge(self, provider: ProviderRecord) -> None:
        """Make a provider that the section lists, or repair it.

        Raises:
            CredentialsError: AgentCore could not make it, or somebody else's provider has the name.
            ServiceUnavailableError: AgentCore is busy with it, or does not show yet whose it is.
        """
        observed = calls.get_provider(self._control, provider.type, provider.name)
        if observed is None:
            self._create(provider)
            return
        self._refuse_foreign(observed, provider)
        failed = observed.get("status") in FAILED
        if provider.arn is None:
            # The answer to its create was lost.
            provider.arn, provider.tags = observed["credentialProviderArn"], dict(self._tags)
            self._ledger.save() if failed else self._ledger.wrote(provider)
        self._look(observed, provider)
        different = self._different(provider, observed)
        if different:
            self._ledger.repair(*(f"the {calls.label(provider)} {what}" for what in different))
        if different or failed:
            self._ledger.intend("updated")
            answer = calls.update_provider(self._control, provider.type, members(provider))
            self._ledger.wrote(provider)
            self._settle(answer, provider)
        self._write_tags(provider)

    def _different(self, provider: ProviderRecord, observed: dict[str, Any]) -> list[str]:
        found = drift(provider, observed)
        if not found or provider.echoed == echo_of(observed):
            return []
        if provider.name in self._ledger.mine.written and is_form_of(provider, observed):
            # What was written just now and comes back in another form is AgentCore's own form.
            provider.echoed = echo_of(observed)
            return []
        return found

    def _create(self, provider: ProviderRecord) -> None:
        if provider.arn is not None:
            self._ledger.repair(f"the {calls.label(provider)} was deleted")
            provider.arn, provider.tags = None, {}
        self._ledger.intend("created")
        try:
            made = calls.create_provider(
                self._control, provider.type, {**members(provider), "tags": self._tags}
            )
        except ClientError as error:
            if calls.is_taken(error):
                raise ServiceUnavailableError(
                    f"a {calls.label(provider)} exists ({refused_call(error)}), but AgentCore does not show it yet; "
                    "the lifecycle retries this step"
                ) from error
            raise
        provider.arn, provider.tags = made["credentialProviderArn"], dict(self._tags)
        self._ledger.wrote(provider)
        self._look(made, provider)

    def _settle(self, answer: dict[str, Any], provider: ProviderRecord) -> None:
        seen = answer if "status" in answer or provider.type == calls.API_KEY else None
        seen = seen or calls.get_provider(self._control, provider.type, provider.name)
        if seen is not None:
            self._look(seen, provider)

    def _look(self, observed: dict[str, Any], provider: ProviderRecord) -> None:
        """A provider of an API key has no status; that of one for OAuth2 may be left out, too."""
        status = observed.get("status", calls.READY)
        if status in calls.BUSY:
            raise ServiceUnavailableError(
                f"the {calls.label(provider)} is {status}; the lifecycle retries this step"
            )
        if status in FAILED:
            reason = observed.get("failureReason") or "AgentCore gives no reason"
            why = " ".join(f"the {calls.label(provider)} is {status}: {reason}".split())
            self._ledger.refuse_own_failure(provider, why)

    def _write_tags(self, provider: ProviderRecord) -> None:
        obsolete = [key for key in provider.tags if key not in self._tags]
        missing = agentcore.write_tags(self._control, str(provider.arn), self._tags, obsolete)
        if missing and provider.tags == self._tags:
            self._ledger.repair(
                f"tags of the {calls.label(provider)} were changed: {', '.join(missing)}"
            )
        if (missing or obsolete) and self._ledger.mine.change == "unchanged":
            self._ledger.mine.change = "updated"
        provider.tags = dict(self._tags)

    def _refuse_foreign(self, observed: dict[str, Any], provider: ProviderRecord) -> None:
        if not is_ours(self._control, observed, provider, self._stack, self._environment):
            raise CredentialsError(
                f"the {calls.label(provider)} is there, and its tags do not say that stack {self._stack} created it "
                f"for environment '{self._environment}'; delete it, or use another name"
            )
