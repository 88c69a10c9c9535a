"""Sources of checkpoints: shipped, folders and downloads."""

import errno
import json
import os
import shutil
from fnmatch import fnmatch
from pathlib import Path

import pytest

from indexer.models import (
    CheckpointUnsupported,
    DownloadFailed,
    HuggingFaceHub,
    ModelMissing,
    ModelUnknown,
    NoNetwork,
    download,
    locate,
)
from indexer.models.checkpoints.sources import _translated

NAME = "google/siglip2-tiny"


class FolderHub:
    """A hub whose one repository is a folder. The connection breaks after *breaks_after* files."""

    def __init__(self, source: Path, breaks_after: int | None = None) -> None:
        self.source, self.breaks_after, self.fetched = source, breaks_after, []

    def files(self, patterns):
        return [path for path in sorted(self.source.iterdir()) if any(fnmatch(path.name, like) for like in patterns)]

    def size(self, repository, patterns):
        return sum(path.stat().st_size for path in self.files(patterns))

    def fetch(self, repository, folder, patterns):
        for path in self.files(patterns):
            if len(self.fetched) == self.breaks_after:
                raise NoNetwork(repository, "cut")
            if not (folder / path.name).exists():
                self.fetched.append(path.name)
                shutil.copy(path, folder)


def test_a_downloaded_repository_is_found_by_its_id(checkpoints, tmp_path):
    seen = []
    folder = download(NAME, tmp_path, FolderHub(checkpoints["v2"]), lambda done, total: seen.append((done, total)))
    assert locate(NAME, tmp_path, {}) == folder
    assert seen[-1][0] == seen[-1][1] > 0


def test_an_interrupted_download_is_not_a_model_and_is_resumed(checkpoints, tmp_path):
    with pytest.raises(NoNetwork):
        download(NAME, tmp_path, FolderHub(checkpoints["v2"], breaks_after=2))
    with pytest.raises(ModelMissing, match=f"photos model download {NAME}"):
        locate(NAME, tmp_path, {})
    second = FolderHub(checkpoints["v2"])
    download(NAME, tmp_path, second)
    assert len(second.fetched) == len(list(checkpoints["v2"].iterdir())) - 2


def test_a_repository_that_is_not_a_checkpoint_is_not_kept(checkpoints, tmp_path):
    source = shutil.copytree(checkpoints["v2"], tmp_path / "source")
    (source / "model.safetensors").unlink()
    with pytest.raises(CheckpointUnsupported):
        download(NAME, tmp_path / "models", FolderHub(source))
    with pytest.raises(ModelMissing):
        locate(NAME, tmp_path / "models", {})


def test_an_unsupported_checkpoint_is_refused_before_its_weights_are_fetched(checkpoints, tmp_path):
    source = shutil.copytree(checkpoints["v2"], tmp_path / "source")
    (source / "config.json").write_text(json.dumps({"model_type": "clip"}))
    hub = FolderHub(source)
    with pytest.raises(CheckpointUnsupported, match="'clip'"):
        download(NAME, tmp_path / "models", hub)
    assert "config.json" in hub.fetched
    assert "model.safetensors" not in hub.fetched
    assert not list((tmp_path / "models" / ".partial").iterdir())


def test_only_settings_tokenizers_and_safetensors_are_downloaded(checkpoints, tmp_path):
    source = shutil.copytree(checkpoints["v1"], tmp_path / "source")
    for name in ("modeling_siglip.py", "pytorch_model.bin", "flax_model.msgpack"):
        (source / name).write_bytes(b"")
    folder = download(NAME, tmp_path / "models", FolderHub(source))
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in checkpoints["v1"].iterdir())


def test_a_full_disk_is_not_reported_as_a_missing_network(tmp_path):
    with pytest.raises(DownloadFailed, match="No space left"):
        _translated(NAME, lambda: (_ for _ in ()).throw(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))


def test_a_model_larger_than_the_disk_is_not_downloaded(checkpoints, tmp_path):
    class Vast(FolderHub):
        def size(self, repository, patterns):
            return 1 << 60

    with pytest.raises(DownloadFailed, match="the disk has"):
        download(NAME, tmp_path, Vast(checkpoints["v2"]))


def test_a_reference_is_a_shipped_name_a_folder_or_an_id(checkpoints, tmp_path):
    shipped = {"demo": tmp_path / "shipped"}
    assert locate("demo", tmp_path, shipped) == tmp_path / "shipped"
    assert locate(str(checkpoints["v1"]), tmp_path, shipped) == checkpoints["v1"]
    for wrong in ("nonsense", "/no/such/folder", "a/b/c", "../x", "~no-such-user/x", ""):
        with pytest.raises(ModelUnknown):
            locate(wrong, tmp_path / "models", shipped)


def test_the_real_hub_without_a_network_gives_one_sentence(tmp_path):
    # An address without a server, like a machine without a network.
    with pytest.raises(NoNetwork, match="the network could not be reached"):
        download(NAME, tmp_path, HuggingFaceHub(endpoint="http://127.0.0.1:9"))
