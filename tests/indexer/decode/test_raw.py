"""RAW photos: the camera's preview if it is large enough, otherwise the sensor's pixels."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from indexer.decode import Damaged, Unsupported, read_photo
from indexer.decode.errors import Incomplete
from indexer.models import FlexiblePreprocessing, Preprocessing
from tests.pictures import scene
from tests.raw_photos import dng, stamp_of_phase_one

SQUARE = Preprocessing(32, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
#: The picture's red corner in each orientation of a camera.
BACK = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


def alike(pixels, image):
    wanted = SQUARE.pixels(image)
    return np.corrcoef(pixels.ravel(), wanted.ravel())[0, 1]


@pytest.mark.parametrize("has_preview", [False, True])
@pytest.mark.parametrize("orientation", BACK)
def test_a_raw_photo_is_upright_with_and_without_a_preview(orientation, has_preview):
    picture = scene(240, 160, seed=3)
    stored = picture if BACK[orientation] is None else picture.transpose(BACK[orientation])
    preview = stored.resize((stored.width // 2, stored.height // 2)) if has_preview else None
    photo = read_photo(dng(stored, preview, orientation), SQUARE)
    assert alike(photo.pixels, picture) > 0.97
    assert (photo.facts.width, photo.facts.height, photo.facts.format) == (240, 160, "RAW")


@pytest.mark.parametrize("preview", [None, (480, 320), (60, 40), (480, 270)])
@pytest.mark.parametrize("orientation", BACK)
def test_a_raw_photo_keeps_the_proportions_of_what_is_shown_of_it(orientation, preview):
    flexible = FlexiblePreprocessing(16, 64, "bilinear", 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    turn = BACK[orientation]
    stored, small = (
        image if image is None or turn is None else image.transpose(turn)
        for image in (scene(480, 320, seed=3), preview and scene(*preview, seed=3))
    )
    tall, wide, _ = read_photo(dng(stored, small, orientation), flexible).pixels.shape
    # A preview of another shape is shown as it is; one that is too small is not shown.
    assert (wide, tall) == flexible.wanted(*(preview if preview == (480, 270) else (480, 320)))


def test_a_preview_that_is_upright_already_is_not_turned():
    picture = scene(160, 240, seed=3)
    stored = picture.transpose(Image.Transpose.ROTATE_90)
    photo = read_photo(dng(stored, picture.resize((80, 120)), 6), SQUARE)
    assert alike(photo.pixels, picture) > 0.97


def test_the_camera_preview_is_used_and_its_thumbnail_is_not():
    picture, other = scene(240, 160, seed=3), scene(240, 160, seed=4)
    large = read_photo(dng(picture, other.resize((120, 80))), SQUARE)
    small = read_photo(dng(picture, other.resize((30, 20))), SQUARE)
    assert alike(large.pixels, other) > 0.97
    assert alike(large.pixels, picture) < 0.9
    assert alike(small.pixels, picture) > 0.97


def test_facts_are_read_from_the_file_itself():
    facts = read_photo(dng(scene(64, 48), model="Test X100"), SQUARE).facts
    assert (facts.camera, facts.taken_at.isoformat()) == ("Test X100", "2021-02-03T04:05:06")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_raw_photo_is_damaged(share):
    data = dng(scene(240, 160, seed=3))
    with pytest.raises(Damaged, match="RAW"):
        read_photo(data[: int(len(data) * share)], SQUARE)


@pytest.mark.parametrize("head", [b"FUJIFILMCCD-RAW 0201", b"IIRO\x08\0\0\0", b"\0\0\0\x18ftypcrx \0\0\0\1"])
def test_a_file_with_only_the_start_of_a_raw_photo_is_refused(head):
    with pytest.raises((Damaged, Unsupported), match="RAW"):
        read_photo(head + bytes(range(256)) * 40, SQUARE)


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_the_preview_serves_for_half_a_raw_photo_if_it_is_whole(share):
    picture, other = scene(240, 160, seed=3), scene(240, 160, seed=4)
    data = dng(picture, other.resize((120, 80)))
    photo = read_photo(data[: int(len(data) * share)], SQUARE)
    assert alike(photo.pixels, other) > 0.97
    assert photo.note == "it was read from its preview, since the end of the file is missing"
    assert read_photo(data, SQUARE).note is None


@pytest.mark.parametrize("preview", [None, (30, 20)])
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_half_a_raw_photo_is_no_black_picture(preview, share):
    picture = scene(240, 160, seed=3)
    data = dng(picture, None if preview is None else picture.resize(preview))
    with pytest.raises(Incomplete, match=r"RAW photo that is incomplete: its end is missing \(\d+% of the file\)"):
        read_photo(data[: int(len(data) * share)], SQUARE)


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_zeros_in_place_of_a_sensor_are_no_black_picture(share):
    picture = scene(240, 160, seed=3)
    data = dng(picture)
    kept = int(len(data) * share)
    with pytest.raises(Incomplete, match="RAW photo"):
        read_photo(data[:kept] + bytes(len(data) - kept), SQUARE)


def test_half_a_raw_photo_of_canon_is_damaged_and_not_an_unknown_kind():
    with pytest.raises(Damaged, match="RAW photo .* incomplete"):
        read_photo(b"II\x1a\0\0\0HEAPCCDR" + bytes(range(256)) * 40, SQUARE)


def test_half_a_preview_does_not_serve():
    picture = scene(240, 160, seed=3)
    grainy = Image.effect_noise((120, 80), 80).convert("RGB")
    data = dng(picture, grainy)
    jpeg = data.index(b"\xff\xd8\xff")
    end = data.index(b"\xff\xd9", jpeg)
    middle = (jpeg + end) // 2
    cut = data[:middle] + b"\xff\xd9" + bytes(end - middle) + data[end + 2 :]
    assert len(cut) == len(data)
    assert alike(read_photo(cut, SQUARE).pixels, picture) > 0.97


def test_a_sensor_of_nothing_but_zeros_is_no_photo():
    black = dng(Image.new("RGB", (240, 160)))
    with pytest.raises(Damaged, match="black"):
        read_photo(black, SQUARE)


def test_a_raw_photo_of_phase_one_is_not_read_as_its_stamp():
    for data in (stamp_of_phase_one(), stamp_of_phase_one()[:60]):
        with pytest.raises((Unsupported, Damaged), match="RAW photo"):
            read_photo(data, SQUARE)


def test_what_a_camera_keeps_behind_a_stamp_is_no_picture_of_the_stamp():
    def made(side, behind):
        stream = io.BytesIO()
        scene(side, side).save(stream, "TIFF", tiffinfo={271: "Maker"})
        return stream.getvalue() + bytes(behind)

    with pytest.raises(Unsupported, match="RAW photo"):
        read_photo(made(160, 1_000_000), SQUARE)
    # A picture with layers of Photoshop behind it is large enough to be one.
    assert alike(read_photo(made(400, 5_000_000), SQUARE).pixels, scene(400, 400)) > 0.97
    assert alike(read_photo(made(160, 0), SQUARE).pixels, scene(160, 160)) > 0.97


def test_a_raw_photo_of_fujifilm_must_have_its_parts():
    parts = struct.pack(">6I", 200, 1000, 1200, 400, 1600, 90_000)
    head = b"FUJIFILMCCD-RAW 0201FF389501".ljust(84, b"\0") + parts
    with pytest.raises(Incomplete, match=r"RAW photo .* its end is missing \(78% of the file\)"):
        read_photo(head.ljust(20_000, b"\1"), SQUARE)
