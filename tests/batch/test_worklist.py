"""The list of pictures in a batch, and the errors in a list that cannot be painted."""

import json
import re
import shutil

import pytest
from PIL import Image

from nst.batch import files, worklist
from tests.conftest import ROOT

PRESET = "coursera"


@pytest.fixture
def folder(tmp_path):
    """Three contents and two styles, a note and a hidden file between them."""
    for name in ("b.jpg", "a.jpg", "c d.PNG", "style/ink.jpg", "style/oil.jpg", ".hidden.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / "images/coffee.jpg", tmp_path / name)
    (tmp_path / "note.txt").write_text("not a picture")
    return tmp_path


def plan(contents=(), styles=(), rows=(), sweeps=(), model="preview", preset=PRESET, **given):
    return worklist.plan(contents, styles, rows, sweeps, model, preset, given)


def find(*words, warn=lambda sentence: None, **options):
    return files.find(words, warn, **options)


def names(works):
    return [work.name for work in works]


def test_folders_patterns_and_names_mean_pictures_in_order_and_once(folder):
    found = find(str(folder), f"{folder}/*.jpg", f"{folder}/**/ink.*", "chelsea.jpg")
    assert [path.name for path in found] == ["a.jpg", "b.jpg", "c d.PNG", "ink.jpg", "chelsea.jpg"]


def test_a_file_with_the_letters_of_a_pattern_is_a_file(folder):
    (folder / "a.jpg").rename(folder / "x[1].jpg")
    assert find(f"{folder}/x[1].jpg") == [folder / "x[1].jpg"]


def test_files_that_are_skipped_are_counted_and_named_with_the_reason(folder):
    kinds = {"psd": b"8BPS rest", "mystery": (folder / "a.jpg").read_bytes(), "mp4": b"\0\0\0\x18ftypmp42"}
    for name in ("1.psd", "2.PSD", "3.psd", "4.psd", "5.mystery", "6.mp4"):
        (folder / name).write_bytes(kinds[name.split(".")[1].lower()])
    said = []
    assert len(find(str(folder), f"{folder}/*", warn=said.append)) == 3
    assert said == [
        "Skipped 4 files (1.psd, 2.PSD, 3.psd and 1 more): each is a Photoshop file: open it in an image editor and "
        "save it as JPEG or PNG",
        "Skipped 5.mystery: it is a picture in JPEG format with another suffix: rename it",
        "Skipped 6.mp4: it is a video, and a style must be a picture",
        "Skipped note.txt: it is neither a picture nor a video, by its name",
    ]
    assert find(str(folder), videos=True)[0] == folder / "6.mp4"
    with pytest.raises(ValueError, match=r"no picture matches .*psd: skipped 3 files \(1.psd, 3.psd, 4.psd\): each is"):
        find(f"{folder}/*.psd")
    (folder / "outer/inner").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"outer: only folders do, .* write for example '.*outer/\*\*/\*'"):
        find(f"{folder}/outer")


def test_an_animation_as_a_content_is_said(tmp_path):
    frames = [Image.new("RGB", (20, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=100)
    frames[0].save(tmp_path / "still.gif")
    said = []
    assert len(find(str(tmp_path), warn=said.append, videos=True)) == 2
    (sentence,) = said
    assert sentence.startswith("moving.gif is animated: its first frame is painted; for all, use nst ")
    find(str(tmp_path), warn=said.append)
    assert len(said) == 1, "of a style, one picture is all that is wanted"


@pytest.mark.parametrize("word", ["no/such.jpg", "nothing*.jpg", "tests"])
def test_a_word_that_matches_no_picture_is_an_error(word, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(ValueError, match=r"no picture|no/such\.jpg"):
        find(word)


def test_rows_name_masks_which_names_tell_apart(folder):
    (folder / "jobs.csv").write_text(
        "content,style,content_mask,style_mask\na.jpg,style/ink.jpg;style/oil.jpg,b.jpg;a.jpg,\n"
        "a.jpg,style/ink.jpg;style/oil.jpg,,b.jpg;b.jpg\n"
    )
    first, second = plan(rows=worklist.read_rows(folder / "jobs.csv"))
    assert first.content_masks == (folder / "b.jpg", folder / "a.jpg")
    assert second.style_masks == (folder / "b.jpg",) * 2
    assert names([first, second]) == ["a-ink+oil-content_mask=b+a", "a-ink+oil-style_mask=b+b"]
    assert first.inputs == [folder / name for name in ("a.jpg", "style/ink.jpg", "style/oil.jpg", "b.jpg", "a.jpg")]
    (folder / "jobs.jsonl").write_text('{"content": "a.jpg", "style": "style/ink.jpg", "content_mask": ["no.png"]}')
    with pytest.raises(ValueError, match=r"line 1: there is no picture 'no\.png'"):
        worklist.read_rows(folder / "jobs.jsonl")


def test_a_batch_is_a_product_in_a_fixed_order(folder):
    contents, styles = find(str(folder)), find(f"{folder}/style")
    sweeps = [worklist.read_sweep("alpha=5,10"), worklist.read_sweep("style_scale=0.5, 1")]
    works = plan(contents, styles, sweeps=sweeps, epochs=7)
    assert len(works) == 3 * 2 * 2 * 2
    assert names(works)[:3] == [
        f"{pair}-alpha=5,style_scale=0.5".replace(",style", "-style") for pair in ("a-ink", "a-oil", "b-ink")
    ]
    assert names(works) == names(plan(contents, styles, sweeps=sweeps, epochs=7))
    assert len(set(names(works))) == len(works)
    assert {work.config.epochs for work in works} == {7}
    assert [(w.config.alpha, w.config.style_scale) for w in works[::6]] == [(5, 0.5), (5, 1), (10, 0.5), (10, 1)]
    assert works[0].varied == {"alpha": "5", "style_scale": "0.5"}


def test_names_are_unique_and_have_no_special_characters(folder):
    shutil.copyfile(folder / "a.jpg", folder / "style/A.jpg")
    works = plan([folder / "a.jpg", folder / "style/A.jpg", folder / "c d.PNG"], [folder / "style/ink.jpg"])
    assert names(works) == ["a-ink", "A-ink-2", "c_d-ink"]
    rows = [worklist.Row("", name="../up/x y", contents=(folder / "a.jpg",), styles=(folder / "b.jpg",))]
    assert names(plan(rows=rows)) == ["up_x_y"]


def test_the_models_own_layers_and_the_models_in_names(folder):
    rows = [
        worklist.Row("", (folder / "a.jpg",), (folder / "b.jpg",), model=model) for model in ("vgg16", "nets/own.mat")
    ]
    works = plan(rows=rows)
    assert [name[: name.index("-content_layers")] for name in names(works)] == ["a-b-model=vgg16", "a-b-model=own"]
    assert works[0].config.content_layers == (("conv2_2", 1.0),)
    assert works[1].config.content_layers == (("conv4_2", 1.0),)


def test_rows_of_csv(folder):
    (folder / "list.csv").write_text(
        "content, style, alpha, epochs, name, contact_sheet, style_weights\n"
        "a.jpg, style/ink.jpg, 5, 20, first, true,\n"
        'b.jpg, "style/ink.jpg; style/oil.jpg", , , , , "2,1"\n'
    )
    works = plan(rows=worklist.read_rows(folder / "list.csv"), epochs=9)
    assert [work.content.name for work in works] == ["a.jpg", "b.jpg"]
    assert [len(work.styles) for work in works] == [1, 2]
    assert works[0].name == "first"
    assert (works[0].config.alpha, works[0].config.epochs, works[0].config.contact_sheet) == (5.0, 20, True)
    assert (works[1].config.alpha, works[1].config.epochs, works[1].config.style_weights) == (10.0, 9, (2.0, 1.0))


def test_rows_of_json_lines_and_what_they_leave_out(folder):
    rows = [{"content": "a.jpg", "style": ["style/ink.jpg", "style/oil.jpg"]}, {"preset": "fast", "alpha": 3}]
    (folder / "list.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    read = worklist.read_rows(folder / "list.jsonl")
    works = plan([folder / "b.jpg"], find(f"{folder}/style"), read)
    assert [(work.content.name, len(work.styles)) for work in works] == [("a.jpg", 2), ("b.jpg", 1), ("b.jpg", 1)]
    assert [work.config.optimizer for work in works] == ["adam", "lbfgs", "lbfgs"]
    assert works[1].config.alpha == 3


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("list.csv", "content,colour\na.jpg,red\n", "line 1: there is no column 'colour'; use content, style"),
        (
            "list.csv",
            "content,alpha\na.jpg,many\n",
            "line 2: alpha is 'many': it must be a number, with a decimal point",
        ),
        ("list.csv", "content,epochs\na.jpg,1.5\n", "line 2: epochs is '1.5': it must be a whole number"),
        ("list.csv", "content,alpha\na.jpg\n", "line 2: the number of fields differs from that of the first line"),
        ("list.csv", "content,alpha\na.jpg,1,2\n", "line 2: the number of fields differs from that of the first line"),
        ("list.csv", "content\nmissing.jpg\n", "line 2: there is no picture 'missing.jpg'"),
        ("list.csv", "content,alpha\n", "has no rows"),
        ("list.csv", 'content\n"a.jpg\n', "unexpected end of data"),
        ("list.csv", "a.jpg,b.jpg\na.jpg,b.jpg\n", "line 1: there is no column 'a.jpg'; use content, style"),
        ("list.csv", "content,styel\na.jpg,b.jpg\n", "line 1: there is no column 'styel'; did you mean style?"),
        ("list.csv", "content,Style,style\na.jpg,,b.jpg\n", "line 1: two columns are called 'style'"),
        ("list.csv", "\ncontent;;\na.jpg;;note\n", "line 3: 'note' is in a column without a name"),
        ("list.csv", "content;alpha\na.jpg;1,500\n", "line 2: alpha is '1,500': it must be a number, with a decimal"),
        ("list.csv", "content;alpha\na.jpg;1.500,5\n", "line 2: alpha is '1.500,5': it must be a number"),
        ("list.csv", "content;epochs\na.jpg;1,5\n", "line 2: epochs is '1,5': it must be a whole number"),
        ("list.csv", "content;style\na.jpg;b.jpg;a.jpg\n", "line 2: the number of fields differs"),
        ("list.json", '[{"content": "a.jpg"}, 1]', "entry 2: not a JSON object"),
        ("list.json", '[{"content": "a.jpg", "colour": 1}]', "entry 1: there is no column 'colour'"),
        ("list.jsonl", '{"content": "a.jpg"}\n[1]\n', "line 2: not a JSON object"),
        ("list.jsonl", '{"content": 5}\n', "line 1: content is 5: it must be text"),
        ("list.jsonl", "[" * 100_000, "line 1: not a JSON object"),
        ("list.jsonl", '{"content": "a.jpg", "epochs": "x"}\n', "line 1: epochs is 'x': it must be a whole number"),
    ],
)
def test_an_error_in_a_file_names_the_line(folder, name, text, sentence):
    (folder / name).write_text(text)
    with pytest.raises(ValueError, match=re.escape(sentence)):
        worklist.read_rows(folder / name)


def test_another_kind_of_file_is_an_error(folder):
    with pytest.raises(ValueError, match=r"is not text in UTF-8, .*: a jobs file is CSV or JSON lines"):
        worklist.read_rows(folder / "a.jpg")
    (folder / "list.csv").write_bytes("content\na.jpg\n".encode("utf-16-le"))  # without its mark
    with pytest.raises(ValueError, match="is not text in UTF-8, UTF-16 with a byte order mark"):
        worklist.read_rows(folder / "list.csv")
    for data in (b"PK\x03\x04and more", b"\xd0\xcf\x11\xe0and more"):
        (folder / "list.xlsx").write_bytes(data)
        with pytest.raises(ValueError, match=r"list\.xlsx is a workbook or an archive: save its sheet as CSV"):
            worklist.read_rows(folder / "list.xlsx")


TABLE = 'Content;Style;Image Size;Alpha;Style-Scale\r\nblå ö.jpg;"style/ink.jpg;style/oil.jpg";64;0,5;1.25\r\n;;;;\r\n'


@pytest.mark.parametrize(
    ("table", "encoding"),
    [
        *((TABLE, encoding) for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252")),
        ("\ufeff" + TABLE, "utf-16-be"),
        (f"sep=;\r\n{TABLE}", "cp1252"),
        (f"\r\n{TABLE}", "utf-8"),
        (TABLE.replace(";", "\t").replace("ink.jpg\tstyle", "ink.jpg;style"), "utf-16"),
        (TABLE.replace("0,5", '"0,5"').replace(";", ",").replace("ink.jpg,style", "ink.jpg;style"), "utf-8"),
    ],
)
def test_tables_as_spreadsheets_write_them(folder, table, encoding):
    (folder / "blå ö.jpg").write_bytes((folder / "a.jpg").read_bytes())
    (folder / "list.csv").write_bytes(table.encode(encoding))
    [work] = plan(rows=worklist.read_rows(folder / "list.csv"))
    assert work.content == folder / "blå ö.jpg"
    assert work.styles == (folder / "style/ink.jpg", folder / "style/oil.jpg")
    assert (work.config.image_size, work.config.alpha, work.config.style_scale) == (64, 0.5, 1.25)


def test_a_wrong_guess_of_the_encoding_shows_in_the_message(folder):
    (folder / "list.csv").write_bytes("content;style\nö.jpg;b.jpg\n".encode("mac_roman"))
    with pytest.raises(ValueError, match=r"list\.csv, read as Windows-1252, line 2: there is no picture 'š\.jpg'"):
        worklist.read_rows(folder / "list.csv")


@pytest.mark.parametrize("name", ["list.json", "list.txt"])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_list(folder, name, indent):
    rows = [
        {"Content": "a.jpg", "style": "b.jpg", "image size": None},
        {"content": "b.jpg", "style": ["a.jpg"], "image size": 64},
    ]
    (folder / name).write_text(json.dumps(rows, indent=indent), encoding="utf-8-sig")
    works = plan(rows=worklist.read_rows(folder / name))
    assert [(work.content.name, work.config.image_size) for work in works] == [("a.jpg", 400), ("b.jpg", 64)]


def test_a_setting_out_of_range_names_the_line(folder):
    (folder / "list.csv").write_text("content,style,epochs\na.jpg,b.jpg,0\n")
    with pytest.raises(ValueError, match=r"list\.csv, line 2: epochs is 0: it must be 1 or more"):
        plan(rows=worklist.read_rows(folder / "list.csv"))
    with pytest.raises(ValueError, match="there is no style picture: name one"):
        plan([folder / "a.jpg"])
    with pytest.raises(ValueError, match="style weights have no effect on a single style picture"):
        plan([folder / "a.jpg"], [folder / "b.jpg"], style_weights=(1.0,))
    with pytest.raises(ValueError, match=r"there is no picture 'start\.png'"):
        plan([folder / "a.jpg"], [folder / "b.jpg"], init="start.png")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("alpha=5,10.5", (5.0, 10.5)),
        ("epochs = 10, 20", (10, 20)),
        ("preserve_color=none,luminance", ("none", "luminance")),
        ("contact_sheet=true,false", (True, False)),
        ("style_layers=conv1_1,conv2_1;conv3_1", ((("conv1_1", 0.5), ("conv2_1", 0.5)), (("conv3_1", 1.0),))),
    ],
)
def test_a_sweep_has_the_values_of_its_setting(text, values):
    assert worklist.read_sweep(text)[1] == values


@pytest.mark.parametrize("text", ["alpha", "colour=1", "alpha=", "alpha=a", "epochs=1.5", "=5"])
def test_an_invalid_sweep_is_an_error(text):
    with pytest.raises(ValueError, match="sweep"):
        worklist.read_sweep(text)
