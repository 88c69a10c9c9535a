"""Previews of a vocabulary, and doubts about its labels."""

from pathlib import Path

from query.tagging import (
    lint,
    photo_tags,
    preview_tags,
    retag,
    tag_counts,
)
from query.vocabulary import parse_vocabulary
from query.vocabulary_design import preview_label
from tests.query.tagging.vocabularies import NAMES, vocabulary


def test_counts_of_a_preview_equal_those_after_a_re_tag(library):
    definition = vocabulary(*NAMES, threshold=0.02)
    ids = [library.add(f"photo{number}") for number in range(5)]
    counted = preview_tags(library.catalog, library.space, definition, library.texts)
    retag(library.catalog, library.space, library.put(definition), library.texts)
    kept = photo_tags(library.catalog, library.space, ids)
    assert counted.of_photos == {key: frozenset(each.label for each in tags) for key, tags in kept.items()}
    assert dict(counted.counts) == dict(tag_counts(library.catalog, library.space))


def test_a_trial_counts_the_photos_of_the_label(library):
    ids = [library.add(f"photo{number}") for number in range(9)]
    vector = library.texts.label_vector("stained glass")
    trial = preview_label(library.catalog, library.space, vector, 0.02, count=2, bars=4)
    revision = library.put(parse_vocabulary("stained glass @ 0.02", "v", Path("v.txt")))
    retag(library.catalog, library.space, revision, library.texts)
    tagged = [key for key, tags in photo_tags(library.catalog, library.space, ids).items() if tags]
    assert 0 < trial.tagged == len(tagged) < trial.total == 9
    assert int(trial.heights.sum()) == 9
    assert [cosine for _, cosine in trial.clearest] == sorted((c for _, c in trial.clearest), reverse=True)
    assert sum(cosine >= trial.minimum for _, cosine in trial.borderline) == min(2, trial.tagged)


def test_doubts_about_a_vocabulary_are_named(library):
    for number in range(6):
        library.add(f"photo{number}")
    text = "% threshold 0\ndog:: a\nhound:: a\n> puppy:: a\nfox\nfoxes\nnever @ 1\n"
    found = {
        (doubt.label, doubt.what.split(" ")[0])
        for doubt in lint(library.catalog, library.space, parse_vocabulary(text, "v", Path("v.txt")), library.texts)
    }
    assert ("dog", "says") in found
    assert ("hound", "says") not in found
    assert ("foxes", "is,") in found
    assert ("never", "is") in found
