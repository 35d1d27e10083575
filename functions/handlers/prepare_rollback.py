"""Prepare the rollback: what follows a verification of live that failed."""

from lifecycle.auto_rollback import prepare
from lifecycle.auto_rollback.prepare import PreparedRollback, VerificationFailed
from lifecycle.entry import stage


@stage(VerificationFailed)
def handler(event: VerificationFailed) -> PreparedRollback:
    """Run the stage; see `lifecycle.auto_rollback.prepare.prepare_rollback`."""
    return prepare.prepare_rollback(event)
