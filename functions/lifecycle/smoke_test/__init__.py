"""The smoke test: checks that the runtime refuses and answers the calls that it must."""
