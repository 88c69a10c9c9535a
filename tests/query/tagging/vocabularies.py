"""Small vocabularies for the tests of tagging."""

from store import (
    LabelDefinition,
    VocabularyDefinition,
)


def vocabulary(*names, threshold=None, **own):
    labels = tuple(LabelDefinition(name, (name, f"a photo of {name}"), threshold=own.get(name)) for name in names)
    return VocabularyDefinition("mine", labels, threshold)


NAMES = [f"label{number}" for number in range(60)]
