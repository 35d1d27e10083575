"""The identity: Cognito's user pool, app clients and caller, or another provider to trust."""
