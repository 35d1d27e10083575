"""The identity: Cognito's user pool, app clients and caller, or the provider that is trusted instead."""
