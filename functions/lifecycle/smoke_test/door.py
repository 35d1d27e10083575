"""What the gate knocks at: how the causes of failures speak of it."""

from __future__ import annotations

from lifecycle.errors import AwsCallError, LifecycleError
from lifecycle.smoke_test.conversations.conversation import Conversation


class Door:
    """A runtime's own endpoint.

    Attributes:
        function: The function that calls, as the template names it.
        let_through: What to do when a call came through that had to be refused.
        unexpected: What to do when the answer is none that the protocol allows.
        refused_behind: The error when IAM refuses what the gateway on the way does with its own role.
    """

    function = "RunSmokeTestFunction"
    let_through = (
        "the authorizer let the call through; do not use this version, check the runtime's authorizer and provision "
        "again"
    )

    refused_behind: type[LifecycleError] = AwsCallError
    unexpected = "the agent answered, but not as expected; fix the agent or smokeTest.prompt"

    def note(self, reply: Conversation) -> None:
        """Hear of a try of the right caller."""

    def hint(self, reply: Conversation) -> str:
        """Who refused or failed, and what to look at; empty if the answer says all that is known.

        Args:
            reply: What decided the check, or the last that did not.
        """
        return ""
