"""The cases run on the same accounts and fakes as the smoke test."""

from __future__ import annotations

from tests.functions.lifecycle.smoke_test.conftest import cognito_key as cognito_key
from tests.functions.lifecycle.smoke_test.conftest import fake_clients as fake_clients
from tests.functions.lifecycle.smoke_test.conftest import (
    function_environment as function_environment,
)
from tests.functions.lifecycle.smoke_test.conftest import iam as iam
from tests.functions.lifecycle.smoke_test.conftest import password as password
from tests.functions.lifecycle.smoke_test.conftest import provider_key as provider_key
from tests.functions.lifecycle.smoke_test.conftest import smoke as smoke
from tests.functions.lifecycle.smoke_test.conftest import world as world
