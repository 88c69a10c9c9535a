"""Embeddings of texts and picture files, those that are stored, and their scores with labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from photos import models
from photos.library import OpenLibrary
from photos.operations.searching.pictures import encode_pictures
from query.errors import NoProbabilities
from query.similarity import probability
from store import Vectors

#: Pictures that are encoded together.
_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedRequest:
    """Picture files or else texts to encode. `model` names a checkpoint; None for the library's or the default one."""

    images: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    model: str | None = None


@dataclass(frozen=True, slots=True)
class EmbedResult:
    """Unit vectors, float32 (n, d), and the name of the checkpoint that made them."""

    model: str
    vectors: NDArray[np.float32]


def embed(library: OpenLibrary, request: EmbedRequest) -> EmbedResult:
    """Encode pictures or texts. Needs no photos in the library and stores nothing. Raises `UnreadablePicture`."""
    checkpoint = models.pick(library.settings, request.model, library.model_reference)
    if request.texts:
        return EmbedResult(checkpoint.name, library.text_encoder(checkpoint).encode_text(request.texts))
    space = library.space_if_any
    if space is not None and request.model is None:
        # Comparable with the library's own vectors, whatever the settings are now.
        checkpoint, precision = checkpoint.seeing_as(space.identity.preprocessing), space.identity.precision
    else:
        precision = models.precision_of_new(checkpoint, library.settings)
    encoder = library.image_encoder(checkpoint, precision)
    batches = list(encode_pictures(encoder, checkpoint.preprocessing, request.images, _BATCH))
    return EmbedResult(checkpoint.name, np.concatenate(batches))


def embed_texts(library: OpenLibrary, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return unit vectors, float32 (n, d), in the library's space. New texts are encoded and stored."""
    return library.text_vectors(library.space).matrix(texts)


def embed_images(library: OpenLibrary, paths: Sequence[str], batch_size: int) -> Iterator[NDArray[np.float32]]:
    """Yield unit vectors, float32 (b, d), in the library's space. Nothing is stored.

    Raises `UnreadablePicture` at the batch of a file that is no picture.
    """
    space = library.space
    preprocessing = library.checkpoint_of(space).preprocessing
    return encode_pictures(library.space_image_encoder(space), preprocessing, paths, batch_size)


def stored_embeddings(library: OpenLibrary, batch_size: int) -> Iterator[Vectors]:
    """Yield the embeddings of all photos by ascending id, at most *batch_size* at a time."""
    space = library.space
    with library.catalog.read() as t:
        yield from t.embeddings.scan(space.id, batch_size)


def label_scores(library: OpenLibrary, vectors: NDArray[np.float32], labels: Sequence[str]) -> NDArray[np.float32]:
    """Return cosines, float32 (n, k), of *vectors*, float32 (n, d), with labels, encoded as in a vocabulary."""
    texts = library.text_vectors(library.space)
    matrix = [texts.label_vector(label) for label in labels]
    columns = np.stack(matrix) if matrix else np.empty((0, library.space.identity.dimension), np.float32)
    cosines: NDArray[np.float32] = np.asarray(vectors, np.float32) @ columns.T
    return cosines


def model_probabilities(library: OpenLibrary, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the model's probabilities, of the shape of *cosines*: sigmoid(cosine * exp(scale) + bias).

    Raises `NoProbabilities` if the checkpoint has no bias.
    """
    identity = library.space.identity
    if identity.logit_bias is None:
        raise NoProbabilities(identity.model)
    flat = [probability(cosine, identity) for cosine in np.ravel(cosines).tolist()]
    return np.array(flat, np.float32).reshape(np.shape(cosines))
