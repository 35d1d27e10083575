"""Provision the identity: user pool, clients, test user and secret, or record the provider to trust."""

from lifecycle.entry import stage
from lifecycle.identity import provision
from lifecycle.identity.provision import ProvisionedIdentity
from lifecycle.request.stage_event import StageEvent


@stage(StageEvent)
def handler(event: StageEvent) -> ProvisionedIdentity:
    """Run the stage; see `lifecycle.identity.provision.provision_identity`."""
    return provision.provision_identity(event)
