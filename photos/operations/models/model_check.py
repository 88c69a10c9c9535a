"""Check of a checkpoint: our encoders against transformers, on the library's own pictures and texts."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from indexer import DecodeError
from indexer.decode import read_photo
from photos.library import OpenLibrary
from photos.models import pick
from photos.operations.models.checkpoints import precision_in_use
from photos.operations.progress import SILENT, Progress, Wait, Waiting
from photos.operations.searching.history import past_searches
from store.open_file import open_file

if TYPE_CHECKING:
    from PIL import Image

    from indexer.models.siglip.agreement import Agreement

#: Pictures and texts that are compared.
_PICTURES, _SEARCHES = 6, 6
_TEXTS: Final = ("two cats on the beach at sunset", "a photo of a red square", "snow", "it rains " * 40)
#: Sizes of the pictures that are drawn where the library has none: landscape, portrait, square, panorama.
_SIZES: Final = ((640, 480), (450, 600), (320, 320), (900, 180))
#: Rows of embeddings among which photos are chosen.
_ROWS: Final = 4096
#: Largest differences in float32: what docs/architecture.md promises, and for vectors what that takes.
PIXELS, VECTORS, LOGITS = 1e-6, 1e-5, 1e-4
#: Least cosines with float32. 4 bits are allowed what was measured of them, and not called near.
COSINES: Final = {
    "bfloat16": 0.999,
    "float16": 0.999,
    "int8": 0.99,
    "int8-narrow": 0.99,
    "bnb-int8": 0.99,
    "bnb-nf4": 0.8,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A comparison. `value` is the largest difference, or the least cosine, and `limit` the worst that passes."""

    subject: str
    value: float
    limit: float
    is_cosine: bool = False

    @property
    def passes(self) -> bool:
        """True if the value is within the limit; NaN is not."""
        return self.value >= self.limit if self.is_cosine else self.value <= self.limit


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """Comparisons of a checkpoint, and the numbers of pictures and texts that they are of."""

    model: str
    device: str
    #: Precision of the library's embeddings, or of those that a new library would have.
    precision: str
    pictures: int
    #: Whether the pictures are the library's own; otherwise they were drawn.
    of_library: bool
    texts: int
    checked: tuple[Checked, ...]

    @property
    def passes(self) -> bool:
        """True if all comparisons are within their limits."""
        return all(each.passes for each in self.checked)


def check_model(library: OpenLibrary, reference: str | None = None, progress: Progress = SILENT) -> ModelCheck:
    """Compare *reference*, or the library's checkpoint, with transformers. Takes seconds to minutes.

    Pictures are the library's own where it has any, texts its newest searches and some more. Raises `ModelError`.
    """
    from indexer.models.backends.devices import choose_device  # noqa: PLC0415 - this loads torch
    from indexer.models.siglip.agreement import agreement  # noqa: PLC0415 - this loads transformers

    progress.report(Waiting(Wait.MODEL))
    checkpoint = pick(library.settings, reference, library.model_reference)
    own = precision_in_use(library, checkpoint)
    space = library.space_if_any
    if own is not None and space is not None:
        checkpoint = checkpoint.seeing_as(space.identity.preprocessing)
    device, precision = choose_device(checkpoint, library.settings.device, own or library.settings.precision)
    pictures = _own_pictures(library)
    images, texts = pictures or _drawn(), _texts(library)
    cache = library.settings.tokenizer_cache
    found = agreement(checkpoint, images, texts, device=device, precision=precision, cache=cache)
    checked = tuple(_checked(found, precision))
    return ModelCheck(checkpoint.name, device, precision, len(images), bool(pictures), len(texts), checked)


def _checked(found: Agreement, precision: str) -> list[Checked]:
    checked = [
        Checked("pixels", found.pixels, PIXELS),
        Checked("vectors of pictures", found.images, VECTORS),
        Checked("vectors of texts", found.texts, VECTORS),
        Checked("logits", found.logits, LOGITS),
    ]
    if found.cosine is not None:
        checked.append(Checked(f"cosine of {precision}", found.cosine, COSINES[precision], is_cosine=True))
    return checked


def _texts(library: OpenLibrary) -> list[str]:
    searched = [each.text for each in past_searches(library)[:_SEARCHES]]
    return list(dict.fromkeys((*searched, *_TEXTS)))


def _own_pictures(library: OpenLibrary) -> list[Image.Image]:
    """Some photos of the library, evenly spread; those that cannot be read now are left out."""
    space = library.space_if_any
    if space is None:
        return []
    with library.catalog.read() as t:
        page = next(iter(t.embeddings.scan(space.id, _ROWS)), None)
        ids = [] if page is None else [int(each) for each in page.ids]
        spread = ids[:: max(1, len(ids) // _PICTURES)][:_PICTURES]
        paths = [photo.paths[0] for photo in t.photos.get(spread) if photo.paths]
    return [image for path in paths if (image := _picture(path)) is not None]


def _picture(path: bytes) -> Image.Image | None:
    from PIL import Image  # noqa: PLC0415 - most commands need none

    try:
        with open_file(path) as file:
            content = file.read()
        return Image.fromarray(read_photo(content, _Whole()).pixels)
    except (OSError, DecodeError):
        return None


@dataclass(frozen=True, slots=True)
class _Whole:
    """Preprocessing that keeps a picture as it is, upright and RGB."""

    is_full: bool = True

    def wanted(self, width: int, height: int) -> tuple[int, int]:
        return width, height

    def pixels(self, image: Image.Image, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:  # noqa: ARG002 - it is never reduced
        return np.array(image)


def _drawn() -> list[Image.Image]:
    from photos.demo.draw import draw_scene  # noqa: PLC0415 - a library has pictures of its own
    from photos.demo.scene import sample_scene  # noqa: PLC0415 - as above

    scenes = random.Random(0)
    return [draw_scene(sample_scene(scenes), *size) for size in _SIZES]
