"""A vocabulary's next revision, made of what it is at that moment: of two changes at once, none is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from photos.errors import InForceTwice, LabelExists, NoEarlierRevision
from photos.operations import vocabularies
from query import UnknownNamespace, checked_name, find
from store import Catalog, LabelDefinition, Revision, Transaction, VocabularyDefinition

#: Makes the content of the next revision of that of the last. It may be asked several times, and may refuse by raising.
Change = Callable[[VocabularyDefinition], VocabularyDefinition]


def revise(
    catalog: Catalog, change: Change, namespace: str = "", *, also: Callable[[Transaction], None] = lambda _: None
) -> Revision:
    """The vocabulary of *namespace* with *change* made to it: its next revision, with which photos are to be tagged.

    That is owed from now on, so nothing that changes it after this begins with less. Where another process changes it
    meanwhile, *change* is made to what came of that. *also* writes something in the same transaction. Raises
    `UnknownNamespace`, and what *change* and *also* raise.
    """
    while True:
        with catalog.read() as t:
            before = vocabularies.target_revision(t, namespace)
            names = t.slots.names()
        if before is None and namespace:
            raise UnknownNamespace(namespace, [name for name in names if name])
        definition = change(vocabularies.definition_of(None, None) if before is None else before.definition)
        with catalog.write() as t:
            if vocabularies.target_id(t, namespace) == (before and before.id):
                revision = t.vocabularies.put(definition)
                use_from_now_on(t, revision, namespace)
                also(t)
                return revision


def use_from_now_on(t: Transaction, revision: Revision, namespace: str = "") -> None:
    """Let photos be tagged with *revision*: a re-tag is owed, or where there are no photos yet, it is in force."""
    space_id = t.library.space_id()
    if space_id is None:
        put_in_force(t, revision, namespace)
    else:
        t.slots.set_target(namespace, revision.id)


def put_in_force(t: Transaction, revision: Revision, namespace: str = "") -> None:
    """Let *revision* be in force in a library that has no photos, and no re-tag with another be owed."""
    space_id = t.library.space_id()
    if space_id is not None and t.scores.current(space_id, namespace) is not None:
        # Photos that were deleted were scored with another revision.
        t.slots.set_target(namespace, revision.id)
    else:
        t.slots.put_in_force(namespace, revision.id)


def with_label(catalog: Catalog, name: str, text: str) -> tuple[Revision, str]:
    """The vocabulary that photos are to be tagged with and one label more, scored by that *text* alone.

    With it comes its namespace: the one that *name* begins with, and else the main one. Raises `LabelExists` or
    `BadLabel`.
    """
    with catalog.read() as t:
        namespace, own = vocabularies.meant(t, name)
    label = checked_name(own)

    def more(definition: VocabularyDefinition) -> VocabularyDefinition:
        known = find(definition, label)
        if known is not None:
            raise LabelExists(label, known.name, definition.name)
        return replace(definition, labels=(*definition.labels, LabelDefinition(label, (text,))))

    return revise(catalog, more, namespace), namespace


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a vocabulary was set back to: *revision*, whose content is that of the *earlier* one.

    They are the same if photos are to be tagged with it, in *namespace*, which else is None.
    """

    revision: Revision
    earlier: Revision
    namespace: str | None


def roll_back(catalog: Catalog | None, name: str | None, number: int | None) -> RolledBack:
    """Set the vocabulary *name*, or the main one, back to the revision of that *number*, or to the one before.

    Where photos are to be tagged with it, they are with that revision now. One that tags nothing gets the content as
    its newest revision, and tags nothing still. Raises `UnknownVocabulary`, `NoEarlierRevision`, or `InForceTwice`.
    """
    revisions = vocabularies.history(catalog, name)
    assert catalog is not None
    with catalog.write() as t:
        places = _places(t, name, revisions[0].name)
        if len(places) > 1:
            raise InForceTwice(revisions[0].name, list(places))
        namespace = next(iter(places), None)
        vocabulary = revisions[0].name if namespace is None else places[namespace].vocabulary
        newest = t.vocabularies.history(vocabulary)[0].number
        now = t.vocabularies.current(vocabulary) if namespace is None else places[namespace]
        assert now is not None
        # One that a rollback brought back goes on to the revision before the one that it has the content of.
        wanted = (now.restores or now.number) - 1 if number is None else number
        earlier = t.vocabularies.numbered(vocabulary, wanted)
        if earlier is None:
            raise NoEarlierRevision(vocabulary, wanted, newest)
        if namespace is None:
            return RolledBack(
                t.vocabularies.put(earlier.definition, restores=earlier.restores or earlier.number), earlier, None
            )
        use_from_now_on(t, earlier, namespace)
        return RolledBack(earlier, earlier, namespace)


def _places(t: Transaction, name: str | None, vocabulary: str) -> dict[str, Revision]:
    """Where photos are to be tagged with what *name* means: in its namespace, or wherever that is the *vocabulary*."""
    namespace = vocabularies.meant_namespace(t, name)
    if namespace is None:
        return _tagging(t, vocabulary)
    revision = vocabularies.target_revision(t, namespace)
    return {} if revision is None else {namespace: revision}


def _tagging(t: Transaction, vocabulary: str) -> dict[str, Revision]:
    """The namespaces in which photos are to be tagged with *vocabulary*, each with its revision there."""
    revisions = {name: vocabularies.target_revision(t, name) for name in t.slots.names()}
    return {name: each for name, each in revisions.items() if each is not None and each.vocabulary == vocabulary}


#: What a name means, and the newest revision of the vocabulary that it means, by their ids.
_State = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Draft:
    """A vocabulary as it was when a person began to change it. `name` is how they named it, None the main one."""

    name: str | None
    definition: VocabularyDefinition
    #: None for a file, of which a change is no change of the catalog's.
    state: _State | None


def draft(catalog: Catalog | None, name: str | None) -> Draft:
    """What *name* means, or the main vocabulary, to be changed. Raises `VocabularyError` or `UnknownVocabulary`."""
    if name is not None and vocabularies.is_file(name):
        return Draft(name, vocabularies.definition_of(catalog, name), None)
    if catalog is None:
        return Draft(name, vocabularies.definition_of(None, name), (None, None))
    with catalog.read() as t:
        revision = vocabularies.to_change(t, name)
        definition = vocabularies.definition_of(catalog, name) if revision is None else revision.definition
        return Draft(name, definition, _state(t, name, definition.name))


def keep(catalog: Catalog, begun: Draft, definition: VocabularyDefinition) -> tuple[Revision, Sequence[str]] | None:
    """*definition* as the newest revision of its vocabulary; None if that is not what it was when it was *begun*.

    With it come the namespaces in which photos are to be tagged with that revision now: see `_followers`.
    """
    with catalog.write() as t:
        if begun.state is not None and begun.state != _state(t, begun.name, definition.name):
            return None
        places = _followers(t, begun, definition.name)
        revision = t.vocabularies.put(definition)
        for namespace in places:
            use_from_now_on(t, revision, namespace)
        return revision, places


def _followers(t: Transaction, begun: Draft, vocabulary: str) -> Sequence[str]:
    """The namespaces that a change goes to: where what was changed is, or for a vocabulary's own name any of it.

    Where another revision of what a namespace has tags under another name, too, that has what is not in the draft. The
    main vocabulary, where none was chosen yet, is what was changed as that.
    """
    tagging = _tagging(t, vocabulary)
    if begun.state is None or vocabularies.meant_namespace(t, begun.name) is None:
        return [*tagging]
    changed, _ = begun.state
    return [""] if changed is None else [name for name, revision in tagging.items() if revision.id == changed]


def _state(t: Transaction, name: str | None, vocabulary: str) -> _State:
    meant, newest = vocabularies.to_change(t, name), t.vocabularies.current(vocabulary)
    return None if meant is None else meant.id, None if newest is None else newest.id
