"""The input's section `credentials`: what the agent's outbound calls sign in with, and whether the stack allows it."""
