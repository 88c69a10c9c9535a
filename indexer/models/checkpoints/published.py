"""The published SigLIP checkpoints: their architectures, their sizes and their authors' figures.

References of the figures are in `Published.source`. R@1 is the share, in percent, of queries whose own partner is the
first that is found, among the 5000 pictures of COCO. Figures of two sources were measured differently: compare within
one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from .config import USUAL_ACTIVATION, TransformerShape

#: Figures of SigLIP 2 by its authors, NaFlex at 256 patches; and of version 1 by OpenCLIP.
BIG_VISION: Final = (
    "https://github.com/google-research/big_vision/blob/main/big_vision/configs/proj/image_text/README_siglip2.md"
)
OPEN_CLIP: Final = "https://github.com/mlfoundations/open_clip/tree/main/docs"

#: Tokens that the tokenizers know: of version 1, of its multilingual checkpoints, and of SigLIP 2.
ENGLISH, MULTILINGUAL, GEMMA = 32_000, 250_000, 256_000
#: Bytes of the tokenizer's files, about.
_TOKENIZER = {ENGLISH: 3_000_000, MULTILINGUAL: 20_000_000, GEMMA: 39_000_000}
_BYTES_OF_FLOAT32 = 4
_COLOURS = 3

#: Image encoders by the names in the references: width, inner width, layers, heads.
_ENCODERS = {
    "base": (768, 3072, 12, 12),
    "large": (1024, 4096, 24, 16),
    "so400m": (1152, 4304, 27, 16),
    "giant-opt": (1536, 6144, 40, 16),
}
#: Widths of image encoders by the names in the references.
WIDTHS: Final = {name: width for name, (width, *_) in _ENCODERS.items()}


@dataclass(frozen=True, slots=True)
class Published:
    """A published checkpoint. Figures that nobody published are None."""

    reference: str
    vision: TransformerShape
    #: Pixels of a patch's side, and of a picture's; None if it is flexible.
    patch: int
    image_size: int | None
    #: Number of tokens that its tokenizer knows.
    vocabulary: int
    #: Parameters of both encoders.
    parameters: int
    #: Accuracy on ImageNet without training, and R@1 on COCO from texts to pictures and back; in percent.
    imagenet: float | None
    coco_text_to_image: float | None
    coco_image_to_text: float | None
    source: str | None

    @property
    def size(self) -> int:
        """Bytes of a download, about: the weights in float32, and the tokenizer."""
        return self.parameters * _BYTES_OF_FLOAT32 + _TOKENIZER[self.vocabulary]

    @property
    def work(self) -> int:
        """Multiplications for a picture; of a flexible resolution with 256 patches."""
        patches = 256 if self.image_size is None else (self.image_size // self.patch) ** 2
        return picture_work(self.vision, self.patch, patches)

    @property
    def is_multilingual(self) -> bool:
        """True if it was trained with texts in many languages."""
        return self.vocabulary != ENGLISH


def picture_work(vision: TransformerShape, patch: int, patches: int) -> int:
    """Multiplications of the image encoder for a picture of so many patches of *patch* pixels a side."""
    width = vision.width
    embedding = patch * patch * _COLOURS * width
    layer = 4 * width * width + 2 * width * vision.inner + 2 * patches * width
    # The pooling head attends once, from one query, and has an MLP for one token.
    head = patches * (2 * width * width + 2 * width) + 2 * width * width + 2 * width * vision.inner
    return patches * (embedding + vision.layers * layer) + head


def published(reference: str) -> Published | None:
    """The published checkpoint of that id."""
    return _BY_REFERENCE.get(reference)


def published_as(width: int, patch: int, image_size: int | None, vocabulary: int) -> Published | None:
    """The published checkpoint of that architecture: the image encoder's width, and as in `Published`."""
    wanted = (width, patch, image_size, vocabulary)
    return next(
        (each for each in PUBLISHED if (each.vision.width, each.patch, each.image_size, each.vocabulary) == wanted),
        None,
    )


def _shape(encoder: str) -> TransformerShape:
    width, inner, layers, heads = _ENCODERS[encoder]
    return TransformerShape(width, inner, layers, heads, 1e-6, USUAL_ACTIVATION)


def _published(
    family: str,
    encoder: str,
    patch: int,
    size: int | None,
    parameters: int,
    *figures: float,
    vocabulary: int,
    source: str,
    ending: str = "",
) -> Published:
    imagenet, to_image, to_text = figures or (None, None, None)
    return Published(
        reference=f"google/{family}-{encoder}-patch{patch}-{size or 'naflex'}{ending}",
        vision=_shape(encoder),
        patch=patch,
        image_size=size,
        vocabulary=vocabulary,
        parameters=parameters,
        imagenet=imagenet,
        coco_text_to_image=to_image,
        coco_image_to_text=to_text,
        source=source if figures else None,
    )


_first = partial(_published, "siglip", vocabulary=ENGLISH, source=OPEN_CLIP)
_second = partial(_published, "siglip2", vocabulary=GEMMA, source=BIG_VISION)

PUBLISHED: Final = (
    _second("base", 32, 256, 376_900_000, 74.0, 47.2, 63.7),
    _second("base", 16, 224, 375_200_000, 78.2, 52.1, 68.9),
    _second("base", 16, 256, 375_200_000, 79.1, 53.2, 69.7),
    _second("base", 16, 384, 375_500_000, 80.6, 54.6, 71.4),
    _second("base", 16, 512, 375_800_000, 81.2, 55.2, 71.2),
    _second("base", 16, None, 375_200_000, 78.5, 51.1, 67.3),
    _second("large", 16, 256, 881_500_000, 82.5, 54.7, 71.5),
    _second("large", 16, 384, 881_900_000, 83.1, 55.3, 71.4),
    _second("large", 16, 512, 882_300_000, 83.5, 55.2, 72.1),
    _second("so400m", 14, 224, 1_135_500_000, 83.2, 55.1, 71.5),
    _second("so400m", 14, 384, 1_136_000_000, 84.1, 55.8, 71.7),
    _second("so400m", 16, 256, 1_135_700_000, 83.4, 55.4, 71.5),
    _second("so400m", 16, 384, 1_136_000_000, 84.1, 56.0, 71.2),
    _second("so400m", 16, 512, 1_136_600_000, 84.3, 56.0, 71.3),
    _second("so400m", 16, None, 1_135_700_000, 83.5, 55.1, 71.2),
    _second("giant-opt", 16, 256, 1_871_400_000, 84.5, 55.7, 72.5),
    _second("giant-opt", 16, 384, 1_871_900_000, 85.0, 56.1, 72.8),
    _first("base", 16, 224, 203_200_000, 76.0, 47.8, 65.7),
    _first("base", 16, 256, 203_200_000, 76.5, 48.3, 66.1),
    _first("base", 16, 384, 203_500_000, 78.5, 49.9, 67.7),
    _first("base", 16, 512, 203_800_000, 79.1, 50.6, 68.7),
    _first("base", 16, 256, 370_600_000, 75.1, 44.9, 64.5, ending="-multilingual", vocabulary=MULTILINGUAL),
    _first("large", 16, 256, 652_200_000, 80.5, 52.3, 70.8),
    _first("large", 16, 384, 652_500_000, 82.1, 53.9, 71.9),
    _first("so400m", 14, 224, 877_400_000, 82.0, 51.8, 69.7),
    _first("so400m", 14, 384, 878_000_000, 83.1, 54.2, 72.4),
    _first("so400m", 16, 256, 1_128_800_000, ending="-i18n", vocabulary=MULTILINGUAL),
)
_BY_REFERENCE: Final = {each.reference: each for each in PUBLISHED}
