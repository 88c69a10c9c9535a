"""Where checkpoints come from."""

import shutil
from pathlib import Path

import pytest

from indexer.siglip import (
    CheckpointDamaged,
    DownloadFailed,
    HuggingFaceHub,
    ModelMissing,
    ModelUnknown,
    NoNetwork,
    download,
    locate,
)

NAME = "google/siglip2-tiny"


class FolderHub:
    """A hub whose one repository is a folder. It stops after *breaks_after* files, as a network does."""

    def __init__(self, source: Path, breaks_after: int | None = None) -> None:
        self.source, self.breaks_after, self.fetched = source, breaks_after, []

    def size(self, repository, patterns):
        return sum(path.stat().st_size for path in self.source.iterdir())

    def fetch(self, repository, folder, patterns):
        for number, path in enumerate(sorted(self.source.iterdir())):
            if number == self.breaks_after:
                raise NoNetwork(repository, "cut")
            if not (folder / path.name).exists():
                self.fetched.append(path.name)
                shutil.copy(path, folder)


def test_a_downloaded_repository_is_found_by_its_id(checkpoints, tmp_path):
    told = []
    folder = download(NAME, tmp_path, FolderHub(checkpoints["v2"]), lambda done, total: told.append((done, total)))
    assert locate(NAME, tmp_path, {}) == folder
    assert told[-1][0] == told[-1][1] > 0


def test_an_interrupted_download_is_not_taken_for_a_model_and_goes_on(checkpoints, tmp_path):
    with pytest.raises(NoNetwork):
        download(NAME, tmp_path, FolderHub(checkpoints["v2"], breaks_after=2))
    with pytest.raises(ModelMissing, match=f"photos model download {NAME}"):
        locate(NAME, tmp_path, {})
    second = FolderHub(checkpoints["v2"])
    download(NAME, tmp_path, second)
    assert len(second.fetched) == len(list(checkpoints["v2"].iterdir())) - 2


def test_a_repository_that_is_no_checkpoint_is_not_kept(checkpoints, tmp_path):
    source = shutil.copytree(checkpoints["v2"], tmp_path / "source")
    (source / "model.safetensors").unlink()
    with pytest.raises(CheckpointDamaged):
        download(NAME, tmp_path / "models", FolderHub(source))
    with pytest.raises(ModelMissing):
        locate(NAME, tmp_path / "models", {})


def test_a_model_larger_than_the_disk_is_not_begun(checkpoints, tmp_path):
    class Vast(FolderHub):
        def size(self, repository, patterns):
            return 1 << 60

    with pytest.raises(DownloadFailed, match="the disk has"):
        download(NAME, tmp_path, Vast(checkpoints["v2"]))


def test_names_are_shipped_ones_folders_or_ids(checkpoints, tmp_path):
    shipped = {"demo": tmp_path / "shipped"}
    assert locate("demo", tmp_path, shipped) == tmp_path / "shipped"
    assert locate(str(checkpoints["v1"]), tmp_path, shipped) == checkpoints["v1"]
    for wrong in ("nonsense", "/no/such/folder", "a/b/c", "../x", ""):
        with pytest.raises(ModelUnknown):
            locate(wrong, tmp_path / "models", shipped)


def test_the_real_hub_without_a_network_is_one_sentence(tmp_path):
    # An address that answers nothing stands for a machine without a network.
    with pytest.raises(NoNetwork, match="the network could not be reached"):
        download(NAME, tmp_path, HuggingFaceHub(endpoint="http://127.0.0.1:9"))
