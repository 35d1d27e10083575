"""Evaluate the sessions: let AgentCore Evaluations judge them when their spans have arrived."""

from lifecycle.entry import stage
from lifecycle.evaluations import evaluate
from lifecycle.evaluations.evaluate import Evaluated, EvaluateEvent


@stage(EvaluateEvent)
def handler(event: EvaluateEvent) -> Evaluated:
    """Run the stage; see `lifecycle.evaluations.evaluate.evaluate_sessions`."""
    return evaluate.evaluate_sessions(event)
