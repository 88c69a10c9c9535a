"""The checkpoints that `photos model list` names, and the default ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from indexer.models.checkpoints.published import Published, published

#: The checkpoint that comes with the program. It knows drawings only, and is used only when it is named.
DEMO: Final = "demo"
SHIPPED: Final = {DEMO: Path(__file__).parent / "demo" / "checkpoint"}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A checkpoint of the Hugging Face hub that is worth having."""

    published: Published
    good_for: str

    @property
    def reference(self) -> str:
        """Its id on the hub."""
        return self.published.reference

    @property
    def size(self) -> int:
        """Bytes of its download, about."""
        return self.published.size

    @property
    def relative_work(self) -> float:
        """Work for a picture, that of the default on a CPU being 1."""
        return relative_work(self.published.work)


def relative_work(work: int) -> float:
    """*work*, in multiplications for a picture, by that of the default on a CPU."""
    return work / DEFAULT.published.work


def _recommended(name: str, good_for: str) -> Recommendation:
    found = published(f"google/{name}")
    assert found is not None, name
    return Recommendation(found, good_for)


DEFAULT: Final = _recommended("siglip2-base-patch16-256", "the default on a CPU")
DEFAULT_WITH_GPU: Final = _recommended("siglip2-so400m-patch16-384", "the default with a GPU")
#: From the least work to the most; those that keep proportions and version 1 follow.
RECOMMENDED: Final = (
    _recommended("siglip2-base-patch32-256", "a quarter of the work per picture, less exact"),
    _recommended("siglip2-base-patch16-224", "a little less work than the default"),
    DEFAULT,
    _recommended("siglip2-base-patch16-384", "small things in pictures, at base size"),
    _recommended("siglip2-base-patch16-512", "the smallest things in pictures, at base size"),
    _recommended("siglip2-large-patch16-256", "between base and so400m"),
    _recommended("siglip2-large-patch16-384", "between base and so400m"),
    _recommended("siglip2-so400m-patch16-256", "a GPU, at half the work of its default"),
    DEFAULT_WITH_GPU,
    _recommended("siglip2-so400m-patch14-384", "so400m-patch16-384 does as much with less work"),
    _recommended("siglip2-giant-opt-patch16-256", "a large GPU"),
    _recommended("siglip2-giant-opt-patch16-384", "the best figures, a large GPU"),
    _recommended("siglip2-base-patch16-naflex", "documents and screens: keeps proportions"),
    _recommended("siglip2-so400m-patch16-naflex", "the same, for a GPU"),
    _recommended("siglip-base-patch16-256", "the smallest download, English only"),
    _recommended("siglip-so400m-patch14-384", "version 1 with a GPU, English only"),
    _recommended("siglip-base-patch16-256-multilingual", "version 1 in many languages"),
    _recommended("siglip-so400m-patch16-256-i18n", "version 1 in many languages, with a GPU"),
)

ADVICE: Final = (
    f"Take {DEFAULT.reference}: larger ones find little more with English words, and more in other languages."
)
ADVICE_WITH_GPU: Final = (
    f"With a GPU take {DEFAULT_WITH_GPU.reference}; {DEFAULT.reference} does nearly as well at a tenth of the work."
)
