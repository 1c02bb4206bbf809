"""The command from end to end, in separate processes."""

import ast
import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nst.config import PRESETS, THEMES, TransferConfig, settings
from nst.images import reader, writer
from nst.output import metadata
from nst.utils.fields import written
from tests.conftest import ROOT, in_terminal
from tests.support import animations, clips, fake_vgg


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a tiny network and two small pictures."""
    folder = tmp_path_factory.mktemp("place")
    fake_vgg.write(folder / "tiny.mat")
    rng = np.random.default_rng(0)
    writer.write(folder / "content.png", rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    writer.write(folder / "style.png", rng.integers(0, 256, (24, 32, 3), dtype=np.uint8))
    return folder


TINY = (
    "--model=tiny.mat",
    "--content_image_filename=content.png",
    "--style_image_filename=style.png",
    "--image_size=0",
)


@pytest.mark.parametrize("flag", ["-h", "--helpshort"])
def test_short_help_shows_the_twelve_most_common_flags_and_fits_two_screens(command, definitions, tmp_path, flag):
    done = command(flag, cwd=tmp_path, COLUMNS="90")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(re.findall(r"^  --(\w+)=", done.stdout, re.MULTILINE)) == sorted(definitions.common)
    assert len(definitions.common) == 12
    assert len(done.stdout.splitlines()) <= 60
    assert max(map(len, done.stdout.splitlines())) <= 90
    for name, preset in PRESETS.items():
        assert re.search(rf"^  {name} +{re.escape(preset.about)}", done.stdout, re.MULTILINE)


def test_help_groups_the_flags_by_theme(command, tmp_path):
    done = command("--help", cwd=tmp_path)
    themes = re.findall(r"^([A-Z][\w ]+):$", done.stdout, re.MULTILINE)
    assert themes == ["Pictures and folders", *THEMES, "Others"]
    chapters = re.split(r"^([A-Z][\w ]+):$", done.stdout, flags=re.MULTILINE)
    assert not re.findall(r"^  --\w+=", chapters[0], re.MULTILINE), "a new flag needs a theme"
    theme_of = dict(zip(chapters[1::2], chapters[2::2], strict=True))
    for setting in settings():
        assert f"\n  --{setting.name}=" in theme_of[setting.theme]
    assert "--style_mask" in theme_of["Pictures and folders"]
    assert "--model" in theme_of["Network"]


@pytest.mark.parametrize("flag", ["--help", "--helpfull"])
def test_help_shows_every_flag_with_its_default(command, tmp_path, flag):
    done = command(flag, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    legacy = {
        "content_image_filename": None, "style_image_filename": None, "epochs": "200", "print_every": "20",
        "learning_rate": "2.0", "alpha": "10.0", "beta": "40.0", "output_dir": "output", "model": "auto",
        "download": "true",
    }  # fmt: skip
    for name, default in {**legacy, **{setting.name: written(setting.default) for setting in settings()}}.items():
        assert re.search(rf"^  --{name}={'' if default is None else re.escape(default)}", done.stdout, re.MULTILINE), (
            name
        )
    assert "absl" not in done.stdout


def test_help_shows_what_every_preset_changes(command, tmp_path):
    flags, _, presets = command("--help", cwd=tmp_path, COLUMNS="120").stdout.partition(
        "\n\nPresets (sets of defaults; a flag given by hand wins):\n"
    )
    names = re.findall(r"^  --(\w+)=", flags, re.MULTILINE)
    assert {setting.name for setting in settings()} < {*names}
    assert len(names) == len({*names})
    entries = re.split(r"^  (\w+)", presets, flags=re.MULTILINE)[1:]
    assert entries[::2] == list(PRESETS)
    for name, entry in zip(entries[::2], entries[1::2], strict=True):
        about, *words = re.split(r"\s+(?=--)", entry.strip())
        assert about == PRESETS[name].about
        changed = PRESETS[name].settings
        assert words == [f"--{setting.name}={setting.default}" for setting in settings(name) if setting.name in changed]
    assert max(map(len, presets.splitlines())) <= 116


def test_help_and_flag_errors_load_nothing_heavy():
    code = (
        "import sys; sys.argv = ['nst', *sys.argv[1:]]; import nst_main\n"
        "try: nst_main.run()\n"
        "except SystemExit as end: status = end.code\n"
        "assert not {'tensorflow', 'numpy', 'scipy', 'matplotlib', 'rich'} & set(sys.modules), sorted(sys.modules)\n"
        "sys.exit(status)"
    )
    for words, status in ((["-h"], 0), (["--epocs=3"], 2), (["--print_every=0"], 2)):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--epocs", "5"], "there is no flag 'epocs'; did you mean --epochs?"),
        (["--epoch", "abc"], "--epochs=abc: 'abc' is not a whole number"),
        (["--epochs", "abc"], "'abc' is not a whole number"),
        (["--alpha=x"], "'x' is not a number"),
        (["--alpha"], "Missing value for flag --alpha"),
        (["--epochs=3", "false"], "unexpected word 'false'"),
        (["--download", "false"], "unexpected word 'false'"),
        (["--download=maybe"], "maybe"),
        (["--print_every=0"], "print_every is 0: it must be 1 or more"),
        (["--noise_ratio=2"], "noise_ratio is 2.0: it must be from 0 to 1"),
        (["--style_layers=conv9_1"], "there is no layer 'conv9_1'"),
        (["--style_layers=conv1_1=0"], "weights sum to 0"),
        (["--content_layers="], "names no layer"),
        (["--pooling=median"], "use avg or max"),
        (["--init=random"], "init is 'random': here it is noise"),
        (["--preset=slow"], "preset is 'slow': use coursera, fast or quality (see --help)"),
        (["--preset="], "preset is '': use coursera, fast or quality"),
        (["--tile_size=5"], "tile_size is 5: it must be 0, or 32 or more"),
        (["--epochs=3", "--scales=4"], "scales is 4: there are only 3 epochs; each size needs one"),
        (["--padding=mirror"], "use zeros or replicate"),
        (["--alpha=0", "--beta=0"], "nothing would be painted"),
        (["--flagfile=nowhere.txt"], "nowhere.txt"),
        ([f"--flagfile={ROOT / 'images' / 'chelsea.jpg'}"], "not a text file"),
        (["--output_dir="], "output_dir is empty"),
        (["--style_weights=1,x"], "style_weights: 'x' is not a number"),
        (["--style_weights=1,2"], "style weights have no effect on a single style picture"),
        ([*["--style_image_filename=a.jpg"] * 2, "--style_weights=1"], "there is 1 style weight for 2"),
        (["--preset=fast", "--learning_rate=3"], "learning_rate has no effect"),
        (["--init=content", "--noise_ratio=0.5"], "noise_ratio has no effect"),
        (["--preserve_color=hue"], "use none, luminance or histogram"),
        (["--like=me.png", "--preset=fast"], "like and preset contradict each other"),
        ([f"--like={ROOT / 'images' / 'chelsea.jpg'}"], "is not a readable PNG"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_status_2(command, tmp_path, words, sentence):
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"nst_main\.py: .+\n", done.stderr), done.stderr
    assert sentence in done.stderr
    assert not (tmp_path / "output").exists()


# Each command line in a child of its own, for absl's flags are the process's.
def test_without_a_preset_the_defaults_are_the_assignments(settings_of):
    assert settings_of() == TransferConfig()


def test_the_flags_of_the_older_script_may_be_abbreviated(settings_of):
    expected = TransferConfig(epochs=3, print_every=2, learning_rate=1.5, alpha=4, beta=5)
    assert settings_of("--epoch", 3, "--print=2", "--learning", 1.5, "--a=4", "-bet", 5) == expected
    assert settings_of("--epochs=3", "--print_every=2", "--learning_rate=1.5", "--alpha=4", "--beta=5") == expected


def test_an_abbreviation_has_one_meaning_and_a_flag_of_just_that_name_is_none():
    words = ["--content", "a=b", "--style=x", "--seed=4", "--noc", "--nodownload", "--content_video=v", "--", "--e"]
    code = (
        "import nst_main, sys; from nst.cli import commandline\n"
        "print(nst_main.LEGACY)\n"
        "print(commandline.written_out(sys.argv[1:], nst_main.LEGACY))\n"
        "commandline.define('content', '', '')\n"
        "print(commandline.written_out(sys.argv[1:], nst_main.LEGACY))"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    names, before, after = (ast.literal_eval(line) for line in done.stdout.splitlines())
    assert len({name[0] for name in names}) == len(names) == 7
    assert before == ["--content_image_filename", "a=b", "--style_image_filename=x", *words[3:]]
    assert after == ["--content", "a=b", "--style_image_filename=x", *words[3:]]


@pytest.mark.parametrize("name", PRESETS)
def test_a_flag_given_by_hand_wins_over_the_preset(settings_of, tmp_path, name):
    assert settings_of(f"--preset={name}") == TransferConfig.from_preset(name)
    expected = TransferConfig.from_preset(name, tv_weight=3.5, style_layers={"conv2_1": 1})
    assert settings_of("--tv_weight=3.5", f"--preset={name}", "--style_layers=conv2_1") == expected
    # Even where the value is the default's own; the last of several words counts.
    defaults = [f"--{setting.name}={setting.default}" for setting in settings()]
    assert settings_of(f"--preset={name}", *defaults) == TransferConfig()
    file = tmp_path / "flags.txt"
    file.write_text("\n".join(defaults))
    assert settings_of(f"--flagfile={file}", f"--preset={name}") == TransferConfig()
    file.write_text(f"--preset={name}\n--tv_weight=9\n")
    assert settings_of(f"--flagfile={file}") == TransferConfig.from_preset(name, tv_weight=9)
    assert settings_of(f"--flagfile={file}", "--preset=coursera", "--tv_weight=4") == TransferConfig(tv_weight=4)


def test_like_repeats_the_settings_of_a_picture(settings_of, tmp_path):
    path = tmp_path / "me.png"
    config = TransferConfig(alpha=3, style_layers={"conv2_1": 1}, style_weights=(1, 2), contact_sheet=True)
    writer.write(path, np.zeros((4, 5, 3), np.uint8), text=metadata.notes(config, {}))
    assert settings_of(f"--like={path}") == config
    assert settings_of(f"--like={path}", "--alpha=10", "--nocontact_sheet") == dataclasses.replace(
        config, alpha=10, contact_sheet=False
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["--content_image_filename=nobody.jpg"], "there is no picture 'nobody.jpg'"),
        (["--content_image_filename=page.jpg"], "is a web page"),
        (["--style_image_filename=empty.jpg"], "empty"),
        (["--init=nobody.jpg"], "there is no picture 'nobody.jpg'"),
        (["--model=page.jpg"], "is a web page, not a network"),
        (["--image_size=12"], "the content picture of 12×9 pixels is too small: conv5_1 needs 16"),
        (["--style_layers=conv5_3"], "has no layer conv5_3; it has conv1_1"),
        (["--model=nowhere.mat"], "nowhere.mat is not there"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_status_1(command, place, changes, sentence):
    (place / "page.jpg").write_text("<!DOCTYPE html><html><body>Sign in</body></html>")
    (place / "empty.jpg").write_text("")
    done = command(*TINY, *changes, "--output_dir=never", cwd=place)
    assert done.returncode == 1
    assert re.fullmatch(r"nst_main\.py: .+\n", done.stderr), done.stderr
    assert sentence in done.stderr
    assert not (place / "never").exists()


@pytest.mark.slow
def test_a_run_into_a_pipe(command, place):
    (place / "older.txt").write_text("--print=2\n--learn=1.5\n")
    done = command(*TINY, "--epoch", 5, "--flagfile=older.txt", "--output_dir=piped", "--beta=0.01", cwd=place)
    assert done.returncode == 0, done.stderr
    ruler, *names = done.stdout.splitlines()[:3]
    assert set(ruler) == {"="}
    assert names == ["content_image_filename :  content.png", "style_image_filename :  style.png"]
    assert json.loads((place / "piped" / "config.json").read_text())["settings"]["learning_rate"] == 1.5
    assert done.stderr == "", "TensorFlow's start-up noise reached the user"
    assert re.findall(r"^Iteration (\d+) :$", done.stdout, re.MULTILINE) == ["0", "2", "4"]
    for cost in ("total", "content", "style"):
        assert len(re.findall(rf"^{cost} cost = [\d.e+-]+$", done.stdout, re.MULTILINE)) == 3
    for beginning in ("Device: ", "Network: ", "Picture: 40×30", "Time: about "):
        assert re.search(rf"^{beginning}", done.stdout, re.MULTILINE)
    assert "\x1b" not in done.stdout
    assert (place / "piped" / "generated_image.jpg").exists()


@pytest.mark.slow
def test_flags_txt_repeats_the_settings_of_a_preset(command, settings_of, place):
    # One size only: the smaller ones of a preset would be too small for the network here.
    done = command(*TINY, "--preset=fast", "--epochs=3", "--scales=1", "--output_dir=preset", cwd=place)
    assert done.returncode == 0, done.stderr
    expected = TransferConfig.from_preset("fast", epochs=3, scales=1, image_size=0)
    document = json.loads((place / "preset" / "config.json").read_text())
    assert TransferConfig.from_json(document["settings"]) == expected
    assert "--preset" not in (place / "preset" / "flags.txt").read_text()
    assert settings_of(f"--flagfile={place / 'preset' / 'flags.txt'}") == expected


@pytest.mark.slow
def test_flags_txt_repeats_a_run_with_several_styles_and_masks(command, place):
    """From another folder as well: its paths are absolute."""
    halves = np.zeros((30, 40), np.uint8)
    halves[:, :20] = 255
    for name, mask in (("left.png", halves), ("right.png", 255 - halves)):
        Image.fromarray(mask).save(place / name)
    words = (*TINY, "--style_image_filename=content.png", "--content_mask=left.png", "--content_mask=right.png")
    words = (*words, "--style_weights=1,2", "--preserve_color=luminance", "--contact_sheet", "--epochs=3", "--seed=5")
    done = command(*words, "--style_layers=conv1_1,conv2_1", "--output_dir=several", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    assert "contact_sheet.png" in done.stdout
    other = place / "another"
    other.mkdir()
    again = command(f"--flagfile={place / 'several' / 'flags.txt'}", "--output_dir=../again", cwd=other)
    assert (again.returncode, again.stderr) == (0, "")
    first, second = (reader.read(place / folder / "generated_image.png") for folder in ("several", "again"))
    np.testing.assert_array_equal(first, second)
    alone = command(*TINY, "--epochs=3", "--seed=5", "--style_layers=conv1_1,conv2_1", "--output_dir=alone", cwd=place)
    assert alone.returncode == 0
    assert (reader.read(place / "alone" / "generated_image.png") != first).any()


@pytest.mark.slow
def test_a_picture_by_another_network_is_a_warning(command, place):
    settings = metadata.notes(TransferConfig(epochs=2), {"network": {"name": "VGG-19"}})
    writer.write(place / "like.png", np.zeros((4, 5, 3), np.uint8), text=settings)
    done = command(*TINY, "--like=like.png", "--output_dir=liked", cwd=place)
    assert done.returncode == 0
    assert "like.png was painted with VGG-19, this picture is painted with" in done.stderr
    assert "Painted 2 epochs" in done.stdout


def test_trouble_with_the_video_is_a_warning_and_status_0(command, place, monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/bin/false")
    done = command(*TINY, "--epochs=3", "--output_dir=silent", cwd=place)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"Warning: the video silent/progress\.mp4 cannot be written: .*\n", done.stderr), done.stderr
    assert (place / "silent/generated_image.png").is_file()


def test_a_run_that_loses_its_picture_ends_with_status_1(command, place):
    """It is saved elsewhere."""
    words = (*TINY, "--video=none", "--epochs=400", "--print_every=1", "--output_dir=blocked")

    def block():
        while not (place / "blocked/1.png").exists():
            time.sleep(0.01)
        (place / "blocked/generated_image.png/in").mkdir(parents=True)

    threading.Thread(target=block, daemon=True).start()
    done = command(*words, cwd=place)
    assert done.returncode == 1, done.stdout
    elsewhere = Path(re.search("Warning: the picture was saved as (.*) instead", done.stderr)[1])
    assert reader.read(elsewhere).shape == (30, 40, 3)
    shutil.rmtree(elsewhere.parent)


def test_a_folder_that_cannot_be_made(command, place):
    done = command(*TINY, "--epochs=3", "--output_dir=tiny.mat", cwd=place)
    assert done.returncode == 1
    assert done.stderr == (
        "nst_main.py: cannot write into the output folder tiny.mat: a file is in the way; choose another folder\n"
    )


@pytest.mark.slow
def test_a_signal_ends_the_run_with_everything_written(place):
    """The other signals: test_terminal."""
    number, folder = signal.SIGHUP, place / "signal"
    words = [*TINY, "--epochs=100000", "--print_every=1", f"--output_dir={folder}"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "nst_main.py"), *words],
        cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A suite that was started by nohup ignores the signal, and the program would too, as it should.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while not (folder / "3.png").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 129, err
    assert "Stopped after" in out
    assert err == "Stopping after this step; once more ends at once.\n"
    for name in ("generated_image.png", "generated_image.jpg", "progress.mp4", "costs.csv", "costs.png"):
        assert (folder / name).stat().st_size > 0
    assert [path.name for path in folder.rglob(".*")] == [".nst.lock"]


@pytest.mark.slow
def test_a_terminal_shows_a_bar_under_the_costs(place):
    """Seen through a pseudo-terminal."""
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, str(ROOT / "nst_main.py"), *TINY, "--epochs=30", "--print_every=10"]
    text = in_terminal([*command, "--output_dir=seen"], place, environment)
    assert re.findall(r"Iteration (\d+) :", text) == ["0", "10", "20"]
    assert "30/30" in text
    assert "s/epoch" in text
    assert "left" in text


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", ">/dev/full", "<&- >&- 2>&-"])
def test_closed_and_full_streams_stop_nothing(place, closed):
    words = " ".join([*TINY, "--epochs=2", "--print_every=1", "--output_dir=deaf"])
    shutil.rmtree(place / "deaf", ignore_errors=True)
    done = subprocess.run(
        ["bash", "-c", f"exec {sys.executable} {ROOT / 'nst_main.py'} {words} {closed}"],
        cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (place / "deaf" / "generated_image.png").exists()


@pytest.mark.slow
def test_a_screen_without_unicode(place):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    words = [sys.executable, str(ROOT / "nst_main.py"), *TINY, "--epochs=1", "--output_dir=plain"]
    done = subprocess.run(words, cwd=place, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Picture: 40?30 pixels" in done.stdout


@pytest.mark.slow
def test_a_reader_that_goes_away_stops_nothing(place):
    words = [sys.executable, str(ROOT / "nst_main.py"), *TINY, "--epochs=4", "--print_every=1", "--output_dir=unread"]
    process = subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0
    assert (place / "unread" / "generated_image.png").exists()


def test_the_console_script_is_the_same_program():
    assert 'nst = "nst_main:run"' in (ROOT / "pyproject.toml").read_text()


# --- what moves, given as a picture ---


def test_the_first_frame_of_an_animation_is_painted_with_a_hint(command, place, tmp_path):
    path = animations.write(tmp_path / "cat.gif")
    done = command(
        *TINY[:1], *TINY[2:], f"--content_image_filename={path}", "--epochs=1", "--output_dir=out", cwd=place
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        f"Warning: {path} is animated: its first frame is painted; for all, give --content_video={path}\n"
    )
    opacity = np.asarray(Image.open(place / "out" / "generated_image.png"))[..., 3]
    np.testing.assert_array_equal(opacity > 0, np.asarray(animations.drawn(0))[..., 3] > 0)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "mov", "flv", "ts", "mpg", "webm", "wmv"])
def test_a_video_is_referred_to_its_flag(command, place, tmp_path, suffix):
    codec = {"webm": "-c:v libvpx", "wmv": "-c:v wmv2", "mpg": "-c:v mpeg2video -r 25"}.get(suffix, "-c:v mpeg4")
    codec = "-c:v flv" if suffix == "flv" else codec
    path = clips.write(tmp_path / f"a.{suffix}", clips.scene(3), 25, sound="", options=f"{codec} -pix_fmt yuv420p")
    done = command(*TINY[:1], f"--content_image_filename={path}", "--output_dir=wrong", cwd=place)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (f"nst_main.py: {path} is a video, not a picture: to paint it, give --content_video={path}\n")
    done = command(*TINY[:2], f"--style_image_filename={path}", "--output_dir=wrong", cwd=place)
    assert done.stderr == f"nst_main.py: {path} is a video, not a picture: save one of its frames as a picture\n"
    assert not (place / "wrong").exists()


@pytest.mark.parametrize("pattern", ["", "/%d.png", "/*.png"])
def test_frames_are_referred_to_their_flag(command, place, tmp_path, pattern):
    for number in range(3):
        shutil.copy(place / "content.png", tmp_path / f"{number}.png")
    name = f"{tmp_path}{pattern}"
    done = command(*TINY[:1], f"--content_image_filename={name}", cwd=place)
    assert done.returncode == 1
    assert done.stderr == (
        f"nst_main.py: {name} has 3 pictures: give one of them, or --content_video={name} to paint them as a video\n"
    )


def test_a_steered_run_is_repeated_from_its_record(command, place, tmp_path):
    record = [{"epoch": 2, "strength": 0.9}, {"epoch": 4, "strength": 0.2}]
    (tmp_path / "steering.json").write_text(json.dumps(record))
    words = (*TINY, "--epochs=6", "--video=none", "--beta=0.01")
    done = command(*words, f"--output_dir={tmp_path / 'one'}", f"--steer={tmp_path / 'steering.json'}", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "Steered from epoch 2 on: strength 0.9" in done.stdout
    for steer in (f"--steer={tmp_path / 'one/generated_image.png'}", f"--flagfile={tmp_path / 'one/flags.txt'}"):
        again = command(*words, steer, f"--output_dir={tmp_path / 'two'}", cwd=place)
        assert again.returncode == 0, again.stderr
        one, two = (reader.read(tmp_path / name / "generated_image.png") for name in ("one", "two"))
        np.testing.assert_array_equal(one, two)
    for wrong, message in (("none.json", "cannot read the record of the steering"), ("tiny.mat", "not the record")):
        refused = command(*words, f"--steer={wrong}", cwd=place)
        assert refused.returncode == 1
        assert message in refused.stderr
    refused = command("--content_video=me.mp4", f"--steer={tmp_path / 'steering.json'}", cwd=place)
    assert refused.returncode == 1 or refused.returncode == 2
    assert "steer has no effect on a content_video" in refused.stderr
