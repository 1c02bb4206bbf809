"""nst_utils switches its whole process to graph mode, so everything here happens in processes of their own."""

import json
import os
import sys
import tempfile
import types
import warnings

import numpy as np
import pytest
from PIL import Image

from nst import run
from nst.config import TransferConfig
from nst.images import decode, reader
from tests.support import fake_vgg
from tests.support.assignment import engine_steps, in_a_process, picture

STYLE_LAYERS = [("conv1_1", 0.2), ("conv2_1", 0.2), ("conv3_1", 0.2), ("conv4_1", 0.2), ("conv5_1", 0.2)]


def answer_of(function, folder):
    """What a function of this module returns when it is called in a process of its own, through JSON."""
    code = f"import json; from tests.test_nst_utils import {function.__name__} as f; print(json.dumps(f()))"
    return json.loads(in_a_process(["-c", code], folder).splitlines()[-1])


# What importing it does


def import_effects():
    """Runs the engine, imports nst_utils, looks at what changed, and runs the engine again."""
    import scipy
    import tensorflow as tf
    from tensorflow.python.eager import context

    def paint():
        config = TransferConfig(epochs=4, image_size=36, seed=5)
        result = run.stylize(picture(27, 36, 1), picture(30, 24, 2), None, fake_vgg.network(), config)
        costs = [[row.total, row.content, row.style] for row in result.rows]
        return {"costs": costs, "picture": result.picture.tolist()}

    def keras():
        return {name for name in sys.modules if "keras" in name and not name.startswith("nst.")}

    def eager():
        with tf.Graph().as_default() as graph, context.eager_mode():
            graph.seed = 1  # which is not eager mode's
            tf.random.set_seed(3)
            draws = (tf.random.normal, tf.function(tf.random.normal), tf.function(tf.random.uniform), tf.Variable)
            picture, kernel = tf.random.normal([1, 4, 5, 3]), tf.random.normal([2, 2, 3, 2])
            calls = (
                tf.nn.conv2d(picture, filters=kernel, strides=1, padding="SAME"),
                tf.nn.dropout(picture, 0.9, seed=1),
                tf.reduce_sum(picture, 1, keepdims=True),
                tf.zeros_initializer()([2, 2]),
            )
            return [np.square(draw([3])).tolist() for draw in draws] + [call.numpy().tolist() for call in calls]

    def state():
        return {
            "eager": tf.executing_eagerly(),
            "Session": hasattr(tf, "Session"),
            "painted": paint(),
            "eager numbers": eager(),
        }

    def unwrapped(function):
        while function := vars(function).get("__wrapped__"):
            yield function

    before = state()
    parts = [tf, *(getattr(tf, part) for part in ("data", "image", "math", "nn", "random", "summary", "train"))]
    names = [dict(vars(part)) for part in parts]
    keras_before = keras()
    with tempfile.TemporaryFile() as file, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        real = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            import nst_utils
        finally:
            os.dup2(real, 2)
        file.seek(0)
        noise = file.read().decode() + "".join(str(warning.message) for warning in caught)
    lacking = []
    for name in TF1_NAMES.split():
        value = tf
        for word in name.split("."):
            value = getattr(value, word, None)
        if value is None:
            lacking.append(name)
    return {
        "before": before,
        "after": state(),
        "replaced": [
            f"{part.__name__}.{name}"
            for part, old in zip(parts, names, strict=True)
            for name, value in old.items()
            if (now := vars(part).get(name)) is not value
            and not (isinstance(now, types.FunctionType) and value in unwrapped(now))
        ],
        "lacking": lacking + [name for name in SCIPY_NAMES.split() if not hasattr(scipy.misc, name)],
        "keras": sorted(keras() - keras_before),
        "noise": noise,
        "star": [name for name in STAR_NAMES.split() if name not in nst_utils.__all__],
    }


# What public notebooks and scripts of the assignment call.
TF1_NAMES = """
    Session InteractiveSession ConfigProto GPUOptions Graph get_default_graph reset_default_graph get_default_session
    placeholder Variable get_variable variable_scope AUTO_REUSE VERSION gradients assign
    global_variables_initializer initialize_all_variables local_variables_initializer initialize_variables
    global_variables trainable_variables set_random_seed random_normal random_uniform truncated_normal
    to_float to_int32 squared_difference log app.run flags.DEFINE_string flags.FLAGS gfile.Exists
    logging.set_verbosity logging.ERROR random.set_random_seed image.resize_images nn.avg_pool nn.conv2d nn.bias_add
    train.AdamOptimizer train.GradientDescentOptimizer train.MomentumOptimizer train.RMSPropOptimizer train.Saver
    train.exponential_decay train.get_or_create_global_step summary.FileWriter summary.merge_all
    data.make_one_shot_iterator
"""

SCIPY_NAMES = "bytescale fromimage imread imresize imsave toimage"

STAR_NAMES = """
    CONFIG load_vgg_model generate_noise_image reshape_and_normalize_image save_image
    compute_content_cost gram_matrix compute_layer_style_cost compute_style_cost total_cost
    os sys scipy plt imshow Image np tf
"""


@pytest.fixture(scope="module")
def effects(tmp_path_factory):
    return answer_of(import_effects, tmp_path_factory.mktemp("effects"))


@pytest.mark.slow
def test_the_engine_alone_leaves_tensorflow_as_it_is(effects):
    assert effects["before"]["eager"] is True
    assert effects["before"]["Session"] is False


def test_importing_switches_to_graph_mode_and_supplies_the_old_names(effects):
    assert effects["after"]["eager"] is False
    assert effects["lacking"] == []
    assert effects["star"] == []


def test_a_name_stands_for_what_it_was(effects):
    """For the same object, or for a function that calls it, or for a module that asks it first."""
    assert sorted(effects["replaced"]) == ["tensorflow.initializers", "tensorflow.losses", "tensorflow.metrics"]


def test_importing_is_quiet_and_loads_no_keras(effects):
    assert effects["noise"] == ""
    assert effects["keras"] == []


def test_the_engine_gives_the_same_numbers_afterwards(effects):
    before, after = effects["before"]["painted"], effects["after"]["painted"]
    assert len(before["costs"]) == 4
    assert after == before


def test_eager_mode_gives_the_same_numbers_afterwards(effects):
    assert effects["after"]["eager numbers"] == effects["before"]["eager numbers"]


# The published numbers, and the engine's


def published_numbers():
    """The assignment's examples as it has them, under SciPy 2 (which has no scipy.misc)."""
    sys.modules["scipy.misc"] = None
    import nst_utils
    from nst_utils import np, tf

    answer = {}

    def evaluate(function, *shapes):
        tf.reset_default_graph()
        with tf.Session():
            tf.set_random_seed(1)
            normals = [tf.random_normal(shape, mean=1, stddev=4) for shape in shapes]
            return function(*normals).eval().tolist()

    answer["content"] = evaluate(nst_utils.compute_content_cost, [1, 4, 4, 3], [1, 4, 4, 3])
    answer["gram"] = evaluate(nst_utils.gram_matrix, [3, 2])
    answer["layer style"] = evaluate(nst_utils.compute_layer_style_cost, [1, 4, 4, 3], [1, 4, 4, 3])
    np.random.seed(3)
    answer["total"] = nst_utils.total_cost(np.random.randn(), np.random.randn())

    tf.reset_default_graph()
    try:
        nst_utils.compute_style_cost({}, [("conv1_1", 1.0)])
    except ValueError as error:
        answer["no session"] = str(error)

    misc = __import__("scipy.misc").misc
    grey = np.array([[-1.0, 0.0, 1.0], [1.0, 1.0, 3.0]])
    misc.imsave("grey.png", grey)
    answer["saved"] = misc.imread("grey.png").tolist()
    answer["flat"] = [str(misc.imread("grey.png", flatten=True).dtype), misc.imread("grey.png", mode="L").tolist()]
    colours = picture(20, 30, 0)
    sizes = [misc.imresize(colours, size).shape for size in ((7, 9), (7, 9, 3), 50, 0.1, np.float32(0.5))]
    answer["sizes"] = sizes
    answer["nearest"] = misc.imresize(colours, (10, 15), interp="nearest").tolist() == colours[1::2, 1::2].tolist()

    answer["images"] = images_of_scipy(misc, grey)
    answer["noise"] = noise_and_pixels()
    answer["model"] = model_shapes()
    answer["loops"] = {kind: compare_with_the_engine(kind) for kind in ("offered", "written out")}
    return answer


def images_of_scipy(misc, grey):
    """scipy.misc between arrays and Pillow's images."""
    colours = picture(4, 6, 0)
    palette = Image.fromarray(colours).convert("P", palette=Image.Palette.ADAPTIVE)
    colours_of_palette = np.array(palette.convert("RGB")).tolist()
    misc.imsave("grey.bmp", grey)
    misc.toimage(grey, cmin=0, cmax=2).save("toimage.png")
    try:
        misc.bytescale(grey, cmin=2, cmax=1)
    except ValueError as error:
        refused = str(error)
    return {
        "scaled": misc.bytescale(grey, high=200, low=100).tolist(),
        "flat": misc.bytescale(np.full((1, 2), 7.5)).tolist(),
        "unsigned": misc.bytescale(np.array([0, 5, 10], np.uint16), cmin=5).tolist(),
        "refused": refused,
        "bmp": reader.read("grey.bmp")[:, :, 0].tolist(),
        "toimage": np.array(Image.open("toimage.png")).tolist(),
        "modes": [misc.toimage(array).mode for array in (grey, colours, np.dstack([colours, colours[:, :, :1]]))],
        "same": misc.fromimage(misc.toimage(colours)).tolist() == colours.tolist(),
        "palette": misc.fromimage(palette).tolist() == colours_of_palette,
        "one bit": misc.fromimage(Image.new("1", (2, 1), 1)).tolist(),
        "flattened": str(misc.fromimage(misc.toimage(colours), flatten=True).dtype),
        "mode": list(misc.fromimage(misc.toimage(colours), mode="L").shape),
    }


def noise_and_pixels():
    """What goes into the network and what is saved of it."""
    import nst_utils
    from nst_utils import CONFIG, np

    colours = picture(8, 6, 3)
    image = nst_utils.reshape_and_normalize_image(colours)
    CONFIG.IMAGE_HEIGHT, CONFIG.IMAGE_WIDTH = 8, 6
    noise = [nst_utils.generate_noise_image(image, ratio) for ratio in (0, 1)]
    CONFIG.NOISE_RATIO = 0.5
    np.random.seed(1)
    half = nst_utils.generate_noise_image(image)
    expected = np.random.RandomState(1).uniform(-20, 20, (1, 8, 6, 3)) * 0.5 + image * 0.5
    CONFIG.NOISE_RATIO = 0.6
    nst_utils.save_image("same.png", image - 0.4)
    nst_utils.save_image("far.png", np.sign(image) * 999)
    saved = {}
    for suffix in ("bmp", "TIFF", "ppm", "gif", "webp", "jpe"):
        nst_utils.save_image(f"kind.{suffix}", image)
        with Image.open(f"kind.{suffix}") as file:
            saved[suffix] = [file.format, reader.read(f"kind.{suffix}").tolist() == colours.tolist()]
    try:
        nst_utils.save_image("kind.mat", image)
    except decode.PictureError as error:
        saved["mat"] = str(error)
    return {
        "normalized": [list(image.shape), (image[0, 0, 0] - colours[0, 0]).tolist()],
        "ratio 0": bool(np.allclose(noise[0], image)),
        "ratio 1": [float(noise[1].min()), float(noise[1].max())],
        "ratio of CONFIG": float(np.abs(half - expected).max()),
        "same": reader.read("same.png").tolist() == colours.tolist(),
        "saved": saved,
        "far": sorted(np.unique(reader.read("far.png")).tolist()),
    }


def model_shapes():
    """The dict that load_vgg_model gives for a tiny VGG-19, and what it says where there is no file."""
    import nst_utils
    from nst_utils import CONFIG, tf

    CONFIG.IMAGE_HEIGHT, CONFIG.IMAGE_WIDTH = 36, 48
    fake_vgg.write("tiny.mat", blocks=fake_vgg.VGG19)
    tf.reset_default_graph()
    model = nst_utils.load_vgg_model("tiny.mat")
    os.environ["HOME"] = os.getcwd()
    fake_vgg.write("imagenet-vgg-verydeep-19.mat", blocks=fake_vgg.SLIM)
    with tf.Graph().as_default():
        home = sorted(nst_utils.load_vgg_model("~/imagenet-vgg-verydeep-19.mat"))
    nst_utils.locations.folders = lambda name: []
    errors = []
    for path in ("nowhere/imagenet-vgg-verydeep-19.mat", "nowhere/other.mat"):
        try:
            nst_utils.load_vgg_model(path)
        except ValueError as error:
            errors.append(str(error))
    return {
        "shapes": {name: tensor.get_shape().as_list() for name, tensor in model.items()},
        "trained": [variable.name for variable in tf.trainable_variables()],
        "input": model["input"].name,
        "home": home,
        "errors": errors,
    }


def compare_with_the_engine(kind, epochs=12):
    """A bare loop of the assignment and `transfer.steps`, from one start: the largest differences.

    `offered`: over the costs of nst_utils; `written out`: over costs as a student writes them.
    """
    import nst_utils
    from nst_utils import CONFIG, np, tf

    CONFIG.IMAGE_HEIGHT, CONFIG.IMAGE_WIDTH = 36, 48
    fake_vgg.write("tiny.mat", blocks=fake_vgg.VGG19)
    pictures = picture(36, 48, 1), picture(36, 48, 2)

    def student_content(a_C, a_G):
        _, height, width, channels = a_G.get_shape().as_list()
        return tf.reduce_sum(tf.square(a_C - a_G)) / (4 * height * width * channels)

    def student_layer(a_S, a_G):
        _, height, width, channels = a_G.get_shape().as_list()
        a_S = tf.transpose(tf.reshape(a_S, [height * width, channels]))
        a_G = tf.transpose(tf.reshape(a_G, [height * width, channels]))
        difference = tf.matmul(a_S, tf.transpose(a_S)) - tf.matmul(a_G, tf.transpose(a_G))
        return tf.reduce_sum(tf.square(difference)) / (4 * channels**2 * (height * width) ** 2)

    def student_style(model, layers):
        return sum(weight * student_layer(sess.run(model[name]), model[name]) for name, weight in layers)

    tf.reset_default_graph()
    sess = tf.InteractiveSession()
    content_image, style_image = (nst_utils.reshape_and_normalize_image(image) for image in pictures)
    np.random.seed(4)
    generated_image = nst_utils.generate_noise_image(content_image)
    model = nst_utils.load_vgg_model("tiny.mat")
    content, style = (
        (nst_utils.compute_content_cost, nst_utils.compute_style_cost)
        if kind == "offered"
        else (student_content, student_style)
    )
    sess.run(model["input"].assign(content_image))
    J_content = content(sess.run(model["conv4_2"]), model["conv4_2"])
    sess.run(model["input"].assign(style_image))
    J_style = style(model, STYLE_LAYERS)
    J = nst_utils.total_cost(J_content, J_style)
    train_step = tf.train.AdamOptimizer(2.0).minimize(J)
    sess.run(tf.global_variables_initializer())
    sess.run(model["input"].assign(generated_image))
    loop = []
    for _ in range(epochs):
        sess.run(train_step)
        loop.append((sess.run([J, J_content, J_style]), sess.run(model["input"])))
    sess.close()

    painted = list(engine_steps("tiny.mat", *pictures, np.random.RandomState(4), TransferConfig(epochs=epochs)))
    costs = np.array([values for values, _ in loop]), np.array([step.costs[:3] for step in painted])
    frames = np.array([image for _, image in loop]), np.array([step.image for step in painted])
    return {
        "fell to": float(costs[1][-1, 0] / costs[1][0, 0]),
        "costs": float(np.abs(costs[0] / costs[1] - 1).max()),
        "grey levels": float(np.abs(frames[0] - frames[1]).max()),
    }


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    return answer_of(published_numbers, tmp_path_factory.mktemp("numbers"))


@pytest.mark.slow
def test_content_cost_as_published(numbers):
    assert numbers["content"] == pytest.approx(6.76559, abs=5e-6)


def test_gram_matrix_as_published(numbers):
    published = [
        [6.42230511, -4.42912197, -2.09668207],
        [-4.42912197, 19.46583748, 19.56387138],
        [-2.09668207, 19.56387138, 20.6864624],
    ]
    np.testing.assert_allclose(numbers["gram"], published, rtol=1e-6)


def test_layer_style_cost_as_published(numbers):
    assert numbers["layer style"] == pytest.approx(9.19028, abs=5e-6)


def test_total_cost_as_published(numbers):
    assert numbers["total"] == 35.34667875478276


def test_style_cost_without_a_session_says_what_to_do(numbers):
    assert "tf.InteractiveSession()" in numbers["no session"]


def test_pictures_and_noise(numbers):
    noise = numbers["noise"]
    shape, shift = noise["normalized"]
    assert shape == [1, 8, 6, 3]
    np.testing.assert_allclose(shift, [-123.68, -116.779, -103.939], atol=1e-9)
    assert noise["ratio 0"] is True
    low, high = noise["ratio 1"]
    assert -20 <= low < -15
    assert 15 < high <= 20
    assert noise["ratio of CONFIG"] < 1e-5
    assert noise["same"] is True
    assert noise["far"] == [0, 255]
    saved = noise["saved"]
    for suffix, kind in {"bmp": "BMP", "TIFF": "TIFF", "ppm": "PPM"}.items():
        assert saved[suffix] == [kind, True]
    assert [saved[suffix][0] for suffix in ("gif", "webp", "jpe")] == ["GIF", "WEBP", "JPEG"]
    assert "kind.mat" in saved["mat"]


def test_the_models_layers(numbers):
    model = numbers["model"]
    sizes = [(36, 48), (18, 24), (9, 12), (5, 6), (3, 3), (2, 2)]
    expected = {"input": [1, 36, 48, 3]}
    for block, (count, channels) in enumerate(zip(fake_vgg.VGG19, (4, 6, 8, 10, 12), strict=True), start=1):
        for index in range(1, count + 1):
            expected[f"conv{block}_{index}"] = [1, *sizes[block - 1], channels]
        expected[f"avgpool{block}"] = [1, *sizes[block], channels]
    assert model["shapes"] == expected
    assert model["trained"] == [model["input"]]
    assert "conv5_4" not in model["home"], "the network in the home folder, which ends earlier"


def test_a_missing_network_says_where_to_get_it(numbers):
    published, other = numbers["model"]["errors"]
    assert "https://" in published
    assert "imagenet-vgg-verydeep-19.mat" in published
    assert "nowhere/other.mat" in other


def test_scipy_misc_where_scipy_has_none(numbers):
    assert numbers["saved"] == [[[v] * 3 for v in row] for row in ([0, 64, 128], [128, 128, 255])]
    assert numbers["flat"] == ["float32", [[0, 64, 128], [128, 128, 255]]]
    assert numbers["sizes"] == [[7, 9, 3], [7, 9, 3], [10, 15, 3], [2, 3, 3], [10, 15, 3]]
    assert numbers["nearest"] is True


def test_scipy_misc_between_arrays_and_images(numbers):
    """The numbers are SciPy's: (x − cmin) · (high − low) / (cmax − cmin) + low + 0.5, cut to whole levels."""
    made = numbers["images"]
    assert made["scaled"] == [[100, 125, 150], [150, 150, 200]]
    assert made["flat"] == [[0, 0]]
    assert made["unsigned"] == [0, 0, 255]
    assert "from 2.0, 1.0" in made["refused"]
    assert made["bmp"] == [[0, 64, 128], [128, 128, 255]]
    assert made["toimage"] == [[0, 0, 128], [128, 128, 255]]
    assert made["modes"] == ["L", "RGB", "RGBA"]
    assert made["same"] is True
    assert made["palette"] is True
    assert made["one bit"] == [[255, 255]]
    assert made["flattened"] == "float32"
    assert made["mode"] == [4, 6]


@pytest.mark.parametrize("kind", ["offered", "written out"])
def test_a_bare_loop_equals_the_engine(numbers, kind):
    """To float32's rounding; the bits differ, because TensorFlow fuses the two graphs differently."""
    loop = numbers["loops"][kind]
    assert loop["fell to"] < 0.2
    assert loop["costs"] < 1e-5
    assert loop["grey levels"] < 0.01
