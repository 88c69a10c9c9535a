"""Models of a library: its checkpoints, and its embeddings side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from photos.models import Model
from photos.operations.models import checkpoints, model_check, model_comparison, spaces, trials
from photos.operations.models.checkpoints import ModelEntry, ModelStatus
from photos.operations.models.model_check import ModelCheck
from photos.operations.models.model_comparison import CompareModelsRequest, ModelComparison
from photos.operations.models.spaces import ForgetResult, SpaceStatus, SwitchResult
from photos.operations.models.trials import TryRequest, TryResult
from photos.operations.progress import SILENT, Progress

from .arguments import AnyPath, known_patches, several
from .followed import Followed


class Models(Followed):
    """Checkpoints, as `library.models`. A name is one of the list, an id of the Hugging Face hub, or a folder.

    A model that the library has embeddings of has a name there, such as `demo` or `demo@int8`: see `spaces`.
    """

    def list(self) -> tuple[ModelEntry, ...]:
        """Return the recommended and the downloaded checkpoints, and the one in use."""
        return checkpoints.list_models(self._library).entries

    def use(self, name: AnyPath, *, patches: int | None = None) -> Model:
        """Choose the checkpoint of a library that has no photos, and return it.

        Pictures of a NaFlex checkpoint get at most *patches* patches: 256, 576 or 1024.
        Raises `ModelInUse` if photos were embedded with another one, `PatchesFixed`, or `indexer.models.ModelMissing`.
        """
        return checkpoints.use_model(self._library, os.fspath(name), known_patches(patches))

    def status(self) -> ModelStatus:
        """Return the library's checkpoint, or the one that a new library would use, and compare its weights."""
        return checkpoints.model_status(self._library)

    def check(self, name: AnyPath | None = None, *, progress: Progress = SILENT) -> ModelCheck:
        """Compare the library's checkpoint, or that of *name*, with transformers. Takes seconds to minutes.

        Pictures and past searches are the library's own where it has any.
        """
        return model_check.check_model(self._library, None if name is None else os.fspath(name), progress)

    def download(self, name: str, *, progress: Progress = SILENT) -> Path | None:
        """Download a checkpoint from the Hugging Face hub. Returns its folder; None if it comes with the program.

        An interrupted download keeps its finished parts, and the next one continues from there.
        """
        return checkpoints.download_model(self._library, name, progress)

    def spaces(self) -> tuple[SpaceStatus, ...]:
        """Return the models that the library has embeddings of: their names, parts, photos, and what they lack."""
        return spaces.list_spaces(self._library)

    def try_model(
        self,
        name: AnyPath | None = None,
        *,
        folder: AnyPath | None = None,
        sample: int | None = None,
        precision: str | None = None,
        patches: int | None = None,
        progress: Progress = SILENT,
    ) -> TryResult:
        """Embed and tag the photos with a second model, while the first one answers. None goes on with the one tried.

        *folder* and *sample* limit it to photos below a folder, and to so many. Raises `SpaceAnswers`, `AnotherTried`,
        `TrialBusy` or `NothingTried`.
        """
        request = TryRequest(
            model=None if name is None else os.fspath(name),
            folder=None if folder is None else os.fspath(folder),
            sample=sample,
            precision=precision,
            patches=patches,
        )
        return trials.try_model(self._library, request, progress)

    def compare(
        self,
        queries: Sequence[str] = (),
        *,
        model: str | None = None,
        count: int = 10,
        sheet: AnyPath | None = None,
        progress: Progress = SILENT,
    ) -> ModelComparison:
        """Compare the model that answers with the one that is tried, or *model*, on texts or on past searches.

        *count* photos count as found. A *sheet* is written as HTML. Raises `NothingTried`, or `FileExistsError`.
        """
        request = CompareModelsRequest(queries=several(queries), model=model, count=count)
        compared = model_comparison.compare_models(self._library, request, progress)
        if sheet is not None:
            model_comparison.write_comparison(self._library, compared, Path(sheet))
        return compared

    def switch(self, name: str | None = None, *, force: bool = False) -> SwitchResult:
        """Let the model that is tried, or the one of that name, answer from now on, and return what changes with it.

        Raises `SpaceUnready` if it lacks photos or tags, unless by *force*.
        """
        return spaces.switch_model(self._library, name, force=force)

    def rollback(self, *, progress: Progress = SILENT) -> SwitchResult:
        """Let the model before the last switch answer again, and make good what it lacks. Raises `NoEarlierModel`."""
        result = spaces.roll_back_model(self._library)
        if result.missing:
            spaces.complete_space(self._library, progress)
        return result

    def forget(self, name: str) -> ForgetResult:
        """Delete the embeddings of a model that does not answer, and return how much that freed.

        Raises `SpaceAnswers`, or `UnknownSpace`.
        """
        return spaces.forget_model(self._library, name)
