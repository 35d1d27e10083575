"""The last promotions of an environment, and what each of the versions was provisioned with."""
