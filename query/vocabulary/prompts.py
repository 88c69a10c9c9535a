"""From a label's name to the texts that it is scored by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: A bare word is a poor caption, and SigLIP was trained on captions; the mean over a few forms is steadier than any.
DEFAULT_TEMPLATES: Final = ("{}", "a photo of {}", "this is a photo of {}")


def filled(prompts: Sequence[str], templates: Sequence[str] = DEFAULT_TEMPLATES) -> tuple[str, ...]:
    """Every prompt in every template."""
    return tuple(template.replace("{}", prompt) for prompt in prompts for template in templates)
