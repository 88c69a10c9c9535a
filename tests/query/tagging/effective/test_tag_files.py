"""Tags in the files that taggers write."""

import json

import pytest

from query.errors import BadTagFile
from query.tagging import read_tags


def is_picture(name: str) -> bool:
    return name.lower().endswith((".jpg", ".png", ".jpeg"))


def read(text, path="tags.txt"):
    return {each.path: each.labels for each in read_tags(text, path, is_picture)}


#: What RAM's script for folders writes, indented by two.
RAM = {
    "status": 0,
    "message": "ok",
    "data": [
        {
            "filepath": "photos/a.jpg",
            "model_identified_tags": "wall | ceiling fan | gym",
            "user_specified_tags": None,
            "image_caption": None,
        },
        {"filepath": "/b.png", "model_identified_tags": "", "user_specified_tags": None, "image_caption": None},
    ],
}
#: What a shell loop over RAM++'s script for one picture prints, messages included.
RUNS = """a b.jpg
/encoder/layer/0/crossattention/self/query is tied
--------------
pretrained/ram_plus_swin_large_14m.pth
--------------
load checkpoint from pretrained/ram_plus_swin_large_14m.pth
vit: swin_l
100%|██████████| 1/1 [00:00<00:00]
Image Tags:  armchair | blanket | living room
图像标签:  扶手椅 | 毯子 | 客厅
+ python inference_ram_plus.py --image /photos/c.png --pretrained pretrained/ram_plus_swin_large_14m.pth
Image Tags:  dog
图像标签:  狗
"""


@pytest.mark.parametrize("indent", [None, 2])
def test_the_json_of_rams_script_for_folders_is_read(indent):
    text = json.dumps(RAM, indent=indent, ensure_ascii=False)
    assert read(text, "ram_plus_results.json") == {"photos/a.jpg": ("wall", "ceiling fan", "gym"), "/b.png": ()}


def test_the_printed_tags_of_many_runs_are_read():
    assert read(RUNS, "ram.log") == {"a b.jpg": ("armchair", "blanket", "living room"), "/photos/c.png": ("dog",)}


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        ("a.jpg: dog | living room", ("dog", "living room")),
        ("a.jpg\tdog | living room", ("dog", "living room")),
        ("a.jpg,dog,living room", ("dog", "living room")),
        ("a.jpg | dog | living room", ("dog", "living room")),
        ("a.jpg -> dog; living room", ("dog", "living room")),
        ("a.jpg: dog", ("dog",)),
        ("a.jpg", ()),
        ("a.jpg: a, b | c", ("a, b", "c")),
    ],
)
def test_a_picture_and_its_tags_on_one_line_are_read(line, labels):
    assert read(f"{line}\r\n\n") == {"a.jpg": labels}


def test_a_name_may_hold_separators_and_other_endings():
    name = "/2019: Italy, Rome/v1.txt, a.b c.tar/x.JPG"
    assert read(f"{name}: dog | cat\n") == {name: ("dog", "cat")}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ({"a.jpg": {"<OD>": {"bboxes": [[1, 2, 3, 4]], "labels": ["dog", "dog"]}}}, "florence.json"),
        ([{"image": "a.jpg", "<OD>": {"bboxes": [], "labels": ["dog", "dog"]}}], "florence.json"),
        ({"a.jpg": ["dog", "dog"]}, "x.json"),
        ([{"file_name": "a.jpg", "tags": "dog | dog"}], "x.json"),
        ({"results": [{"path": "a.jpg", "labels": [{"label": "dog"}, "dog"]}]}, "x"),
    ],
)
def test_objects_by_path_and_lists_are_read(text, path):
    for indent in (None, 1):
        assert read(json.dumps(text, indent=indent), path) == {"a.jpg": ("dog", "dog")}


def test_empty_tags_in_json_are_left_out():
    assert read(json.dumps({"path": "a.jpg", "tags": ["dog ", "", " ", {"label": ""}]})) == {"a.jpg": ("dog",)}


def test_json_lines_are_read_as_before():
    text = '{"path": "a.jpg", "tags": ["dog"]}\n\n{"a.png": "cat"}\n'
    assert [(each.line, each.path) for each in read_tags(text, "x.jsonl", is_picture)] == [(1, "a.jpg"), (3, "a.png")]


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("Image Tags: dog\n", "x.txt", "line 1: no line before it names its picture"),
        ("a.jpg\nImage Tags: dog\nImage Tags: cat\n", "x.txt", "line 3: no line before it names its picture"),
        ("a.jpg: dog\nabc,dog,cat\n", "x.txt", "line 2: it does not begin with the name of a picture"),
        ("\n", "x.txt", "there are no tags in it"),
        ('{\n"a.jpg": 3\n}', "x.json", "entry 1: it is not a JSON object with 'path'"),
        ('{\n"a.jpg": {"<CAPTION>": "a dog"}\n}', "x.json", "entry 1: it is not a JSON object with 'path'"),
        ('[\n{"path": "a.jpg", "tags": [3]}\n]', "x.json", "entry 1: a tag is neither"),
        ('{"foo": "bar"}', "x.json", "line 1: it is not a JSON object with 'path'"),
        ("[\n]", "x.json", "there are no tags in it"),
        ('{"tags": ["dog"]}', "x.json", "line 1: it is not a JSON object with 'path'"),
        ("{" * 100_000, "x.txt", "line 1: it is not a JSON object"),
    ],
)
def test_what_holds_no_tags_is_named(text, path, message):
    with pytest.raises(BadTagFile, match=message):
        read_tags(text, path, is_picture)


@pytest.mark.parametrize(
    "text",
    ["a.ab, " * 200_000, "a" + " " * 1_000_000 + "b", "==> a" + " " * 1_000_000 + "b\nImage Tags:"],
    ids=["endings", "spaces", "frame"],
)
def test_long_lines_are_refused_at_once(text):
    with pytest.raises(BadTagFile, match="line [12]"):
        read_tags(text, "x.txt", is_picture)
