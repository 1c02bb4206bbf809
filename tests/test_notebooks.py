"""Scripts in the manner of those that others have published, run unchanged: what they print is checked by hand."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.support import fake_vgg, scripts

KINDS = ("seeded", "numpy", "keywords", "feed", "modules", "dropped", "session", "star", "config")
SCRIPTS = [path.name for path in sorted(scripts.SCRIPTS.glob("*_*.py")) if path.name.split("_")[0] in KINDS]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scripts")
    for name in ("pretrained-model", "output"):
        (folder / name).mkdir()
    fake_vgg.write(folder / "pretrained-model/imagenet-vgg-verydeep-19.mat", blocks=fake_vgg.VGG19)
    return scripts.printed(*SCRIPTS, folder=folder)


# Seeds


def test_the_published_checks_print_the_published_numbers(printed):
    found = printed["seeded_checks.py"]
    assert found["J_content"] == pytest.approx(6.76559, abs=5e-6)
    published = [
        [6.42230511, -4.42912197, -2.09668207],
        [-4.42912197, 19.46583748, 19.56387138],
        [-2.09668207, 19.56387138, 20.6864624],
    ]
    np.testing.assert_allclose(found["GA"], published, rtol=1e-6)
    assert found["J_style_layer"] == pytest.approx(9.19028, abs=5e-6)
    assert found["J"] == 35.34667875478276


def test_an_operation_is_seeded_by_the_number_of_those_before_it(printed):
    """The values are those of TensorFlow 1.2.1."""
    found = printed["seeded_draws.py"]
    assert found["seeds"] == [[7, 3], [7, 10], [7, 17]]
    expected = [[-3.9564857, -4.9264431, -7.6282883], [-16.4769745, 9.8422909, -1.8117142]]
    np.testing.assert_allclose(found["noise"], expected, rtol=1e-6)
    np.testing.assert_allclose(found["start"], [0.05349388, -0.09548976, -0.02168501, -0.00164918], rtol=1e-5)
    assert found["order"] == [4, 0, 3, 1, 2, 5]


def test_seeds_given_by_hand_stay(printed):
    found = printed["seeded_by_hand.py"]
    assert found["both"] == [1, 9]
    np.testing.assert_allclose(found["drawn"], [-0.34760869, -1.4914773, -1.596887], rtol=1e-6)
    assert found["by hand"][1] == 9
    assert found["neither"] == [0, 0]
    assert found["again"] == "True"


# NumPy's functions on tensors


def layer_costs(a, b):
    """Content and style cost of two arrays `[1, H, W, C]`, by NumPy in float64."""
    _, height, width, channels = a.shape
    a, b = (x.reshape(-1, channels).astype(np.float64) for x in (a, b))
    content = ((a - b) ** 2).sum() / (4 * a.size)
    return content, ((a.T @ a - b.T @ b) ** 2).sum() / (4 * channels**2 * (height * width) ** 2)


def test_costs_by_numpys_functions(printed):
    found = printed["numpy_power.py"]
    random = np.random.RandomState(2)
    content, style = layer_costs(*(random.normal(1, 4, (1, 4, 5, 3)).astype("float32") for _ in range(2)))
    assert found["J_content"] == pytest.approx(content, rel=1e-5)
    assert found["J_style"] == pytest.approx(style, rel=1e-5)


def test_numpy_sums_lists_of_tensors_and_leaves_a_tensor_as_it_is(printed):
    found = printed["numpy_sums.py"]
    values = np.random.RandomState(3).uniform(1, 2, (3, 2)).astype("float32")
    costs = values.sum(axis=1)
    assert found["sum"] == pytest.approx(costs.sum(), rel=1e-5)
    assert found["weighted"] == pytest.approx(costs @ [0.5, 0.3, 0.2], rel=1e-5)
    assert found["product"] == pytest.approx(costs.prod(), rel=1e-5)
    np.testing.assert_array_equal(np.float32(found["one"]), values)
    assert found["total"] == pytest.approx(10 * costs[0] + 40 * costs[1], rel=1e-5)
    assert found["size"] == 6
    assert found["negative"] == pytest.approx(-costs[2], rel=1e-5)
    np.testing.assert_allclose(found["each"], costs[0] * values[1], rtol=1e-5)


def test_numpys_functions_in_what_is_trained(printed):
    found = printed["numpy_training.py"]
    target = np.random.RandomState(4).uniform(-1, 1, (2, 3)).astype("float32")
    image = np.zeros((2, 3))
    for step in range(4):
        image -= 0.6 * 2 * (image - target) / 6
        assert found[f"cost {step}"] == pytest.approx(((image - target) ** 2).mean(), rel=1e-4)
    np.testing.assert_allclose(found["image"], image, rtol=1e-5)
    assert found["sqrt"] == "TypeError", "TF1 had none either"


# TensorFlow 1's keywords on names that TensorFlow 2 has kept


def test_a_network_in_old_keywords(printed):
    found = printed["keywords_network.py"]
    random = np.random.RandomState(5)
    picture = random.uniform(-1, 1, (1, 6, 8, 3)).astype("float32")
    kernel = random.uniform(-1, 1, (3, 3, 3, 2)).astype("float32")
    bias = random.uniform(-1, 1, 2).astype("float32")
    padded = np.pad(picture, [(0, 0), (1, 1), (1, 1), (0, 0)])
    conv = bias + sum(
        padded[:, row : row + 6, column : column + 8] @ kernel[row, column] for row in range(3) for column in range(3)
    )
    conv = conv.clip(0)
    np.testing.assert_allclose(found["conv"], conv, atol=1e-6)
    np.testing.assert_allclose(found["pool"], conv.reshape(1, 3, 2, 4, 2, 2).mean(axis=(2, 4)), atol=1e-6)
    assert found["dropout"] == [0, 4]
    assert 0.15 < found["share"] < 0.35, "a quarter is kept"


def test_sums_in_old_keywords(printed):
    found = printed["keywords_sums.py"]
    x = np.random.RandomState(6).uniform(-1, 1, (2, 3, 1)).astype("float32").astype(float)
    exponentials = np.exp(x)
    expected = {
        "sum": x.sum(axis=1, keepdims=True),
        "mean": x.mean(axis=(0, 1), keepdims=True),
        "max": x.max(axis=0),
        "norm": np.sqrt((x**2).sum(axis=1, keepdims=True)),
        "squeezed": x[:, :, 0],
        "expanded": [1, 2, 3, 1],
        "largest": x.argmax(axis=1),
        "smallest": x.argmin(axis=0),
        "softmax": exponentials / exponentials.sum(axis=1, keepdims=True),
        "variance": x.var(axis=(0, 1), keepdims=True),
    }
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, err_msg=name)
        assert np.shape(found[name]) == np.shape(value), name


def test_a_cost_in_old_keywords(printed):
    found = printed["keywords_cost.py"]
    values = np.random.RandomState(7).uniform(0, 1, (1, 3, 4, 2)).astype("float32").astype(float)
    rows, image = values.reshape(-1, 2), np.full((12, 2), 0.5)
    difference = image.T @ image - rows.T @ rows
    assert found["scope"] == "cost/"
    assert found["J"] == pytest.approx((difference**2).sum(), rel=1e-5)
    np.testing.assert_allclose(found["gradient"], (4 * image @ difference).reshape(values.shape), rtol=1e-4)
    np.testing.assert_allclose(found["tv"], np.abs(0.5 - values).sum(axis=(1, 2), keepdims=True), rtol=1e-5)
    assert found["zeros"] == 0
    assert found["drawn"] == "True"
    assert found["shift"] == [0.75, 0.75]


# Variables that are fed


def test_a_picture_is_fed_to_the_network(printed):
    found = printed["feed_model.py"]
    assert found["apart"] > 1, "the two pictures"
    assert found["fed"] == found["cost of content"] == found["slope at content"] == 0
    assert found["cost of style"] == 0
    assert found["seen"] == 0, "who fetches the variable gets what was fed"
    assert found["kept"] == found["held"] == 0, "and the variable keeps its own"
    assert found["slope at style"] == "True"


def test_a_scripts_own_variables_are_fed(printed):
    """a · 2 + b + c[1] + a, with a = 1, 2, 3, b = 10 and c = 0 where they are not fed."""
    found = printed["feed_variables.py"]
    assert found["as it is"] == [13, 16, 19]
    assert found["fed"] == [16, 16, 19]
    assert found["both"] == [[8, 8, 8], [12, 12, 12]]
    assert found["eval"] == [14, 16, 18]
    assert found["fetched"] == [7, 8, 9]
    assert found["partial"] == [2, 2, 2]
    assert found["after"] == [1, 2, 3]
    assert found["counted"] == [2, 3, 4]
    assert found["refused"] == "Cannot feed value of shape (2,)"


def test_a_variable_is_fed_trained_saved_and_restored(printed):
    found = printed["feed_training.py"]
    target = np.random.RandomState(9).uniform(-1, 1, (2, 2)).astype("float32").astype(float)
    picture, momentum = np.zeros((2, 2)), np.zeros((2, 2))
    for _ in range(3):
        momentum = 0.5 * momentum + 2 * (picture - target)
        picture -= 0.1 * momentum
    np.testing.assert_allclose(found["trained"], picture, rtol=1e-4)
    assert found["cost of target"] == 0
    assert found["cost of zeros"] == pytest.approx((target**2).sum(), rel=1e-5)
    assert found["initialized"] == [[0, 0], [0, 0]]
    assert found["restored"] == "True"


# Modules of TensorFlow 1 that TensorFlow 2 has lost, or has under the same names with other functions


def test_summaries_are_merged_and_written(printed):
    found = printed["modules_summary.py"]
    assert found["total_cost"] == [[0, 10], [1, 9], [2, 8]]
    assert found["values"] == [[0, 30], [1, 27], [2, 24]]
    assert found["generated/image"] == [[0, 5], [1, 5], [2, 5]]


def test_losses_are_collected(printed):
    found = printed["modules_losses.py"]
    random = np.random.RandomState(10)
    labels, predictions = (random.uniform(-2, 2, (3, 4)).astype("float32") for _ in range(2))
    difference = np.abs(labels - predictions)
    huber = np.where(difference <= 1, 0.5 * difference**2, difference - 0.5)
    expected = [(difference**2).mean(), 0.5 * difference.mean(), huber.mean()]
    np.testing.assert_allclose(found["losses"], expected, rtol=1e-5)
    assert found["total"] == pytest.approx(sum(expected), rel=1e-5)
    assert found["mean"] == pytest.approx(labels.mean(), rel=1e-5)


def test_what_there_is_of_contrib_and_what_is_said_of_the_rest(printed):
    """The drawn values are TensorFlow 1.15's."""
    found = printed["modules_contrib.py"]
    assert found["seed"] == 3
    assert found["limit"] == pytest.approx(0.33166283)
    assert found["limit"] < np.sqrt(6 / (9 * 2 + 9 * 4))
    np.testing.assert_allclose(found["first"], [-0.13358387, 0.210215, -0.2843892, 0.27329972], rtol=1e-5)
    assert found["deviation"] == pytest.approx(0.14296709, rel=1e-5)
    assert found["penalty"] == pytest.approx(0.1 * 6 * 2**2 / 2)
    for name in ("slim", "layers.fully_connected"):
        assert found[name].startswith(f"tf.contrib.{name} was removed with TensorFlow 1")
    assert found["flat"] == [3, 24] or "python -m pip install tf_keras" in found["flat"]


# What SciPy, imageio, Pillow, NumPy and Python have dropped


def test_pictures_by_scipy_misc(printed):
    found = printed["dropped_scipy.py"]
    random = np.random.RandomState(11)
    grey = random.randint(0, 256, (6, 8)).astype("uint8")
    planes = random.randint(0, 256, (3, 6, 8)).astype("uint8")
    values = random.uniform(-3, 5, (6, 8))
    # A quarter turn about the middle keeps what lies within the sides.
    assert np.array(found["turned"])[:, 1:7].tolist() == np.rot90(grey[:, 1:7]).tolist()
    assert (np.array(found["turned"])[:, [0, 7]] == 0).all()
    tilted = np.array(Image.fromarray(grey).rotate(30, Image.Resampling.BILINEAR))
    assert found["tilted"] == tilted.tolist()
    floats = Image.fromarray(values.astype(np.float32)).resize((4, 3), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(found["resized"], np.array(floats), rtol=1e-6)
    colours = np.moveaxis(planes, 0, 2)
    halved = Image.fromarray(colours).resize((4, 3), Image.Resampling.BICUBIC)
    assert found["bicubic"] == np.array(halved).tolist()
    assert found["first"] == f"['RGB', [8, 6], {colours.tolist()}]"
    assert found["guessed"] == "True"
    assert found["three high"] == "True", "the first of two axes of length 3, as SciPy took it"
    assert found["luma"] == "YCbCr"
    share = (values - values.min()) / np.ptp(values)
    assert found["wide"] == (10 + share * 990).astype(int).tolist()
    assert found["palette"] == str(["P", [(3 * int(grey[0, 0]) + channel) % 256 for channel in range(3)]])
    assert found["mode P"] == [int(grey[1, 2])] * 3
    assert found["named"] == (share * 255 + 0.5).astype(int).tolist()
    assert found["kind"] == "PNG"
    assert found["bmp"] == "True"
    assert found["refused shape"] == "toimage makes no picture of the shape (5, 6, 7)"
    assert found["refused mode"] == "toimage makes no picture of the shape (6, 8) in mode RGB"
    assert found["shown"] == "True"


def test_pictures_of_floats_by_imageio_and_filters_by_pillow(printed):
    found = printed["dropped_writers.py"]
    random = np.random.RandomState(12)
    unit = random.uniform(0, 1, (4, 5, 3))
    image = random.uniform(-20, 300, (4, 5, 3)).astype("float32")
    whole = (unit * 1000).astype(int)
    assert found["unit.png"] == np.rint(unit * 255).tolist()
    for name, values in (("image.png", image), ("whole.bmp", whole)):
        share = (values - values.min()) / np.ptp(values.astype(float))
        assert found[name] == np.rint(share * 255).tolist()
    assert found["grey"] == np.rint(unit[:, :, 0] * 255).tolist()
    assert found["float.tif"] == 0, "which keeps them as they are"
    assert found["bytes.png"] == (unit * 255).astype("uint8").tolist()
    for name in ("ANTIALIAS", "CUBIC", "LINEAR"):
        assert found[name] == "True"


def test_numpys_old_names_and_a_clock(printed):
    found = printed["dropped_names.py"]
    assert found["types"] == "['float64', 'b', 'O', 'x', 1.0]"
    assert found["image"] == [[2, 2, 4], [2, 2, 4]]
    assert found["size"] == 6
    assert found["scalar"] == 7
    assert found["rank"] == 2
    assert found["not"] == "[True, True, False, True]"
    assert found["seconds"] == "True"


# compute_style_cost with a session


@pytest.mark.parametrize("name", ["session_positional.py", "session_keyword.py", "session_with.py"])
def test_the_cost_of_the_style_in_a_session(printed, name):
    found = printed[name]
    assert found["by hand"] > 100
    assert found["J_style"] == pytest.approx(found["by hand"], rel=1e-5)


# `from nst_utils import *` after functions of one's own


def test_the_star_import_leaves_a_scripts_own_functions(printed):
    found = printed["star_after.py"]
    assert found["style"] == found["style again"] == "my style cost"
    assert found["gram"] == "traced my gram matrix"
    assert found["total"] == "my total cost"
    assert found["width"] == 111
    assert found["np"] == "numpy", "which is no function"
    assert found["layer"] == found["deleted"] == "nst_utils"


def test_the_star_import_leaves_a_notebooks_own_functions(printed):
    pytest.importorskip("IPython.core.interactiveshell", exc_type=ImportError)
    found = printed["star_cells.py"]
    assert found["theirs"] == found["offered"] == "nst_utils"
    assert found["mine"] == "my content cost"
    assert found["session"] == "Session"


def test_the_star_import_elsewhere_and_the_names_that_tools_see(printed):
    found = printed["star_elsewhere.py"]
    for place in ("exec", "locals", "module"):
        assert found[place] == "('my save_image', 'nst_utils')", place
    assert found["names here"] == "False"
    assert found["names for tools"] == f"[{found['names'] + 1}, True]"
    assert found["all there"] == "True"
    assert found["no such name"] == "False"
    assert found["reloaded"] == found["names"]


# CONFIG


def test_the_modules_own_pictures_are_found_from_any_folder(printed):
    found = printed["config_pictures.py"]
    for name in ("chelsea.jpg", "strokes.jpg"):
        assert found[name] == [[300, 400, 3]] * 4
        assert found[f"same {name}"] == "True"
    assert found["there"] == "False"


def test_a_picture_of_another_size_says_what_to_do(printed):
    found = printed["config_sizes.py"]
    wrong = "the picture is 40×30 pixels, but CONFIG.IMAGE_WIDTH / IMAGE_HEIGHT "
    cure = (
        ": set CONFIG.IMAGE_WIDTH, CONFIG.IMAGE_HEIGHT = 40, 30 before generate_noise_image and load_vgg_model, or "
        "resize the picture to 24×18"
    )
    assert found["noise"] == f"{wrong}say 24×18{cure}"
    assert found["too wide"].startswith("the picture is 40×18 pixels")
    assert found["too high"].startswith("the picture is 24×30 pixels")
    for way in ("assign", "tf.assign", "fed", "changed too late"):
        assert found[way] == f"{wrong}said 24×18 when the network was loaded{cure}", way
    assert "incompatible" in found["tensor"], "whose height is not known"
    assert found["noise afterwards"] == found["no batch"] == "accepted"
    for kind, shape in (("grey", (30, 40)), ("with opacity", (30, 40, 4))):
        assert found[kind].startswith(f"a picture of shape {shape} does not have red, green and blue: read it with")


def test_config_is_read_when_it_is_needed(printed):
    found = printed["config_changed.py"]
    assert found["40 x 30"] == "[[1, 30, 40, 3], True]"
    assert found["25 x 35"] == "[[1, 35, 25, 3], True]"


def test_nst_utils_alone_says_how_to_install_the_rest(tmp_path):
    shutil.copy(ROOT / "nst_utils.py", tmp_path)
    for package in ("tensorflow", "matplotlib"):  # which take their time, and come first
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "matplotlib" / "pyplot.py").write_text("imshow = None")
    done = subprocess.run([sys.executable, "-c", "import nst_utils"], cwd=tmp_path, capture_output=True, text=True)
    lines = done.stderr.splitlines()
    assert lines[-1].startswith("ImportError: nst_utils.py needs the rest of its project, the package nst: copy the")
    assert "python -m pip install FOLDER" in lines[-1]
    assert done.stderr.count("Traceback") == 1
    (tmp_path / "nst.py").write_text("import no_such_package")
    done = subprocess.run([sys.executable, "-c", "import nst_utils"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'no_such_package'"
