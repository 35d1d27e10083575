"""Let AgentCore Evaluations judge the sessions of the smoke test and its cases: wait for spans, compare scores."""
