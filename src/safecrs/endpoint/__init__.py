"""A language model behind an OpenAI-compatible endpoint; nothing is sent unless the user names one."""

from safecrs.endpoint.answers import AnswerFile, Answers
from safecrs.endpoint.connection import KEY_VARIABLE
from safecrs.endpoint.endpoint import Endpoint
from safecrs.endpoint.structured import parse_answer, with_instruction

__all__ = ["KEY_VARIABLE", "AnswerFile", "Answers", "Endpoint", "parse_answer", "with_instruction"]
