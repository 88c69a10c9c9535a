from __future__ import annotations

from photos.models import downloaded


def test_a_describer_is_no_checkpoint_for_embeddings(tmp_path):
    for name in ("google--siglip2-base-patch16-256", "florence-community--Florence-2-base-ft", ".partial"):
        (tmp_path / name).mkdir()
    assert list(downloaded(tmp_path)) == ["google/siglip2-base-patch16-256"]
