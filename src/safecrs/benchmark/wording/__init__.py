"""Text that we wrote: request templates, disclosures and their placement."""

from safecrs.benchmark.wording.conversations import ConversationPlan, template_conversations
from safecrs.benchmark.wording.inject import disclose
from safecrs.benchmark.wording.phrasings import Phrasings, load_phrasings
from safecrs.benchmark.wording.templates import Templates, load_templates

__all__ = [
    "ConversationPlan",
    "Phrasings",
    "Templates",
    "disclose",
    "load_phrasings",
    "load_templates",
    "template_conversations",
]
