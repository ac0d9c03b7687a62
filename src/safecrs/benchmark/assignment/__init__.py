"""Assign sensitivities to dialogues: one module for each way to choose them."""

from safecrs.benchmark.assignment.llm import LlmAssigner
from safecrs.benchmark.assignment.local import LocalAssigner
from safecrs.benchmark.assignment.rules import Assigned, Assigner, AssignmentPlan, Case, Rules

__all__ = ["Assigned", "Assigner", "AssignmentPlan", "Case", "LlmAssigner", "LocalAssigner", "Rules"]
