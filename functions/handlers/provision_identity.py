"""Provision the identity: user pool, clients, test user and secret, or note whom else to trust."""

from lifecycle import identity
from lifecycle.entry import StageEvent, stage
from lifecycle.identity import ProvisionedIdentity


@stage(StageEvent)
def handler(event: StageEvent) -> ProvisionedIdentity:
    """Run the stage; see `lifecycle.identity.provision_identity`."""
    return identity.provision_identity(event)
