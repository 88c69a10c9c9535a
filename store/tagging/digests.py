"""Digests of labels and revisions: a SHA-256 of their content."""

from __future__ import annotations

import hashlib
import json

from store.records import LabelDefinition, VocabularyDefinition


def label_digest(label: LabelDefinition) -> bytes:
    """Digest of a label's name, texts and examples. Labels of several revisions that are equal in these are one."""
    content: list[object] = [label.name, list(label.texts)]
    # Only if there are any, so that labels without keep the digest they have always had. Their order means nothing.
    if label.is_taught:
        content += [sorted(label.examples), sorted(label.counterexamples)]
    return _hash(content)


def vocabulary_digest(definition: VocabularyDefinition) -> bytes:
    """Digest of a revision's whole content, without its vocabulary's name."""
    labels = [
        [label.name, list(label.texts), label.category, list(label.aliases), label.threshold]
        for label in definition.labels
    ]
    content: list[object] = [definition.threshold, labels]
    # Only if there are any, so that vocabularies without keep the digest they have always had.
    if definition.exclusive or any(label.parents for label in definition.labels):
        content += [[list(label.parents) for label in definition.labels], [list(g) for g in definition.exclusive]]
    if any(label.is_taught for label in definition.labels):
        content.append([label_digest(label).hex() if label.is_taught else None for label in definition.labels])
    return _hash(content)


def retired_digest(digest: bytes, label_id: int) -> bytes:
    """Digest of the label with that id, which had *digest* until another label took its place."""
    return _hash([digest.hex(), label_id])


def _hash(content: list[object]) -> bytes:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")).digest()
