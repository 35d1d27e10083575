"""Deploy the credentials: make the providers and the agent's role, repair them, or remove what no version uses."""

from lifecycle.credentials import deploy
from lifecycle.credentials.deploy import CredentialsEvent, CredentialsResult
from lifecycle.entry import stage


@stage(CredentialsEvent)
def handler(event: CredentialsEvent) -> CredentialsResult:
    """Run the stage; see `lifecycle.credentials.deploy.deploy_credentials`."""
    return deploy.deploy_credentials(event)
