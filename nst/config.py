"""`TransferConfig`, the settings of a run with their units and checks, the presets, and conversion to and from JSON.

The defaults are the Coursera assignment's and are defined only here: the command's flags are generated from these
fields, and a preset or a model lists only its differences. The module imports nothing heavy, to keep `--help` instant.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nst.utils.fields import (
    BOUNDS,
    USUAL,
    LayerWeights,
    checked,
    choice,
    layer_weights,
    number,
    parse_layers,
    switch,
    weights,
    word,
    written,
)
from nst.utils.text import either

STARTS = ("blend", "content", "matched", "style", "noise")
"""The named starts of G; any other value of `init` is the path of a picture."""

_COSTS = "picture frames graph"
_SPEED = f"{_COSTS} speed"
_FILES = "files"
_LOOK, _TIME, _METHOD, _VIDEOS = "Content and style", "Size and time", "Start and optimiser", "Videos"
_RUN, _NETWORK = "Files of the run", "Network"
THEMES = ("Sets of defaults", _LOOK, _TIME, _METHOD, _VIDEOS, _RUN, _NETWORK)
"""The themes of the settings, in the order in which help and documentation show them; commands add their own."""

SMALLEST_TILE = 32  # four poolings reduce it to 2 × 2


@dataclass(frozen=True, kw_only=True)
class TransferConfig:
    """The settings of one run. An invalid value raises `ValueError` with the name of the setting.

    NumPy numbers are converted to Python's. Layers may also be a dict or a list of pairs, and have Keras' names. An
    integer is accepted for a float, but neither a float nor a bool for an integer.

    J(G) = alpha * J_content(C, G) + beta * J_style(S, G) + tv_weight * J_tv(G); Gatys, Ecker, Bethge 2015,
    equation 7, with the normalisation of the Coursera assignment. Frames of a video that follow another add
    temporal_weight * J_temporal(G) * beta * J_style of the previous frame.
    """

    epochs: int = number(200, "number of updates of the picture", at_least=1, affects="frames", theme=_TIME)
    print_every: int = number(
        20, "epochs between printed costs and saved frames", at_least=1, affects=_FILES, theme=_RUN
    )
    optimizer: str = choice(
        "adam",
        "how the picture is updated; lbfgs converges faster than the assignment's Adam",
        ("adam", "lbfgs"),
        affects=f"{USUAL} speed",
        theme=_METHOD,
    )
    metric: str = choice(
        "pixels",
        "how L-BFGS measures a change of the picture; spectral counts fine grain more than broad "
        "strokes, so that strokes come first",
        ("pixels", "spectral"),
        theme=_METHOD,
    )
    precision: str = choice(
        "float32",
        "number format of the convolutions; auto is bfloat16 where the processor is fast at it",
        ("float32", "bfloat16", "auto"),
        affects=_SPEED,
        theme=_TIME,
    )
    learning_rate: float = number(2.0, "Adam's step size, in grey levels", above=0, theme=_METHOD)
    alpha: float = number(10.0, "weight of the content cost", at_least=0, affects=_COSTS, theme=_LOOK)
    beta: float = number(40.0, "weight of the style cost", at_least=0, affects=_COSTS, theme=_LOOK)
    strength: float = number(
        0.5,
        "how much of the style shows: 0 is almost the photograph, 0.5 what alpha and beta give, 1 the style alone",
        at_least=0,
        at_most=1,
        theme=_LOOK,
    )
    tv_weight: float = number(
        0.0, "weight of the total variation cost, which smooths noise", at_least=0, affects=_COSTS, theme=_LOOK
    )
    temporal_weight: float = number(
        0.01,
        "weight of the difference between a video frame and the previous one, where both show the same thing: at w, "
        "1/√w grey levels weigh as much as the style cost",
        at_least=0,
        affects="frames graph",
        theme=_VIDEOS,
    )
    image_size: int = number(
        400, "longest side of the picture in pixels; 0 keeps its size", at_least=0, at_most=32768, theme=_TIME
    )
    scales: int = number(
        1,
        "number of sizes to paint, each twice the previous one; 1 paints the final size only",
        at_least=1,
        at_most=8,
        theme=_TIME,
    )
    tile_size: int = number(
        0,
        "side in pixels of the tiles that a large picture is computed in; 0 chooses by the free memory",
        at_least=0,
        affects="memory",
        theme=_TIME,
    )
    padding: str = choice(
        "zeros",
        "what the first convolution sees beyond the border: zeros, as the network was trained, or "
        "the border's pixels repeated, which gives cleaner edges",
        ("zeros", "replicate"),
        affects=_SPEED,
        theme=_NETWORK,
    )
    init: str = word(
        "blend",
        "what the picture starts from: blend (noise over the content), content, matched (the "
        "content in the style's colours), style, noise, or a picture",
        f"{either(STARTS)}, or the path of a picture",
        theme=_METHOD,
    )
    noise_ratio: float = number(0.6, "share of noise in a blended start, 0 to 1", at_least=0, at_most=1, theme=_METHOD)
    seed: int = number(
        0,
        "seed of the noise; the same as np.random.seed() in the notebook",
        at_least=0,
        at_most=2**32 - 1,
        theme=_METHOD,
    )
    content_layers: LayerWeights = layer_weights(
        "conv4_2=1", "content layers and their weights; vgg16 has its own", affects=_SPEED, theme=_NETWORK
    )
    style_layers: LayerWeights = layer_weights(
        "conv1_1=0.2,conv2_1=0.2,conv3_1=0.2,conv4_1=0.2,conv5_1=0.2",
        "style layers and their weights; vgg16 has its own",
        affects=_SPEED,
        theme=_NETWORK,
    )
    style_weights: tuple[float, ...] = weights(
        "weights of several styles, relative to each other; empty weighs them equally", theme=_LOOK
    )
    style_distance: str = choice(
        "gram",
        "how the style is compared: gram (the assignment's), or wasserstein (means and "
        "covariances), which paints larger shapes of the style and needs about five times the "
        "beta",
        ("gram", "wasserstein"),
        affects=_SPEED,
        theme=_LOOK,
    )
    style_scale: float = number(
        1.0, "size of the strokes: the style picture is enlarged by this factor", above=0, at_most=16, theme=_LOOK
    )
    preserve_color: str = choice(
        "none",
        "keeps the content's colours: luminance applies the style to brightness only, histogram "
        "first gives the style picture the content's colours",
        ("none", "luminance", "histogram"),
        theme=_LOOK,
    )
    pooling: str = choice(
        "avg", "pooling between the blocks of the network", ("avg", "max"), affects=_SPEED, theme=_NETWORK
    )
    video: str = choice(
        "mp4", "format of the progress video", ("mp4", "gif", "webp", "none"), affects=_FILES, theme=_RUN
    )
    video_every: int = number(
        0, "epochs between frames of the video; 0 makes about 200 frames", at_least=0, affects=_FILES, theme=_RUN
    )
    video_fps: int = number(
        25,
        "frames per second of the video; given for a content_video, the most that are painted of it, or the rate of a "
        "folder of frames",
        at_least=1,
        at_most=60,
        affects=_FILES,
        theme=_RUN,
    )
    video_layout: str = choice(
        "plain",
        "plain shows the picture alone in the video, side_by_side also the content and the styles",
        ("plain", "side_by_side"),
        affects=_FILES,
        theme=_RUN,
    )
    contact_sheet: bool = switch(
        False, "write contact_sheet.png: content, styles, picture and cost curve", affects=_FILES, theme=_RUN
    )
    picture_16bit: str = choice(
        "none", "also write the picture with 16 bits per channel", ("none", "png", "tiff"), affects=_FILES, theme=_RUN
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            # The class is frozen; the generated initialiser sets its fields in the same way.
            object.__setattr__(self, field.name, checked(field, getattr(self, field.name)))
        if self.alpha == 0 and self.beta == 0 and self.tv_weight == 0:
            raise ValueError("alpha, beta and tv_weight are all 0: nothing would be painted; raise one of them")
        if 0 < self.tile_size < SMALLEST_TILE:
            raise ValueError(f"tile_size is {self.tile_size}: it must be 0, or {SMALLEST_TILE} or more")
        if self.scales > self.epochs:
            only = "is only 1 epoch" if self.epochs == 1 else f"are only {self.epochs} epochs"
            raise ValueError(f"scales is {self.scales}: there {only}; each size needs one")

    @property
    def video_stride(self) -> int:
        """The epochs between two frames of the video: `video_every`, or as many as give about 200 frames."""
        return self.video_every or max(1, round(self.epochs / 200))

    def to_json(self) -> dict[str, Any]:
        """Returns the settings as a dict of JSON values, with layers as `{"conv1_1": 0.2}`."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name, value in values.items():
            if isinstance(value, tuple):
                values[name] = list(value) if name == "style_weights" else dict(value)
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TransferConfig:
        """The inverse of `to_json`; missing settings take their defaults.

        Raises:
            ValueError: a setting is unknown, or a value is invalid.
        """
        known = {field.name: field for field in dataclasses.fields(cls)}
        if unknown := sorted(set(values) - set(known)):
            raise ValueError(f"unknown settings: {', '.join(unknown)}; known are {', '.join(known)}")
        return cls(**values)

    @classmethod
    def from_preset(cls, name: str, *, model: str = "", **changes: Any) -> TransferConfig:
        """The settings of a preset with the layers of a model in `MODEL_LAYERS`; `changes` override both.

        Raises:
            ValueError: the preset is unknown, a value is invalid, or a change has no effect.
        """
        if not isinstance(name, str) or name not in PRESETS:
            raise ValueError(f"preset is {name!r}: use {either(tuple(PRESETS))}")
        return cls(**{**PRESETS[name].settings, **MODEL_LAYERS.get(model, {})}).changed(**changes)

    def changed(self, **changes: Any) -> TransferConfig:
        """Returns a copy with some settings changed.

        Raises:
            ValueError: a value is invalid, or a change has no effect.
        """
        config = dataclasses.replace(self, **changes)
        for setting, idle, reason in _IDLE:
            # The default value is no mistake: a flagfile gives every flag.
            if setting in changes and getattr(config, setting) != getattr(type(self), setting) and idle(config):
                raise ValueError(f"{setting} has no effect: {reason}")
        return config


_IDLE: tuple[tuple[str, Callable[[TransferConfig], bool], str], ...] = (
    ("learning_rate", lambda config: config.optimizer == "lbfgs", "L-BFGS finds the length of its steps by itself"),
    ("metric", lambda config: config.optimizer == "adam", "only L-BFGS has one"),
    ("noise_ratio", lambda config: config.init != "blend", "only the start called blend has noise over the content"),
    ("seed", lambda config: config.init not in ("blend", "noise"), "this start has no noise"),
    ("seed", lambda config: config.init == "blend" and config.noise_ratio == 0, "this start has no noise"),
    ("content_layers", lambda config: config.alpha == 0 and config.strength >= 0.5, "alpha is 0"),
    ("strength", lambda config: config.beta == 0, "beta is 0"),
    ("style_layers", lambda config: config.beta == 0, "beta is 0"),
    ("style_weights", lambda config: config.beta == 0, "beta is 0"),
    ("style_distance", lambda config: config.beta == 0, "beta is 0"),
    ("style_scale", lambda config: config.beta == 0 and config.init != "style", "beta is 0"),
    ("video_every", lambda config: config.video == "none", "there is no video"),
    ("video_fps", lambda config: config.video == "none", "there is no video"),
    ("video_layout", lambda config: config.video == "none", "there is no video"),
)
"""Settings that have no effect in combination with others, and why. Giving one is reported as a mistake."""


def affecting(part: str) -> tuple[str, ...]:
    """The names of the settings that affect a part of a run.

    `picture` is the finished picture, so that the other settings may change when a run is resumed. `frames` are those
    of a video, `graph` is the graph of the costs, `memory` the use of memory, `speed` the time of a step in a given
    size, and `files` the other files of a picture's run, which a video does not have.
    """
    fields = dataclasses.fields(TransferConfig)
    return tuple(field.name for field in fields if part in field.metadata["affects"])


class Preset(NamedTuple):
    """A named set of defaults: its purpose in one line, and the settings that differ from `TransferConfig`'s."""

    about: str
    settings: Mapping[str, Any]


PRESETS: Mapping[str, Preset] = {
    "coursera": Preset("the assignment, exactly: Adam, 32-bit numbers, one size", {}),
    "fast": Preset(
        "the best picture per second",
        {
            "epochs": 50,
            "print_every": 10,
            "optimizer": "lbfgs",
            "metric": "spectral",
            "precision": "auto",
            "scales": 2,
            "padding": "replicate",
            "init": "matched",
            "alpha": 1e4,
            # conv5_1 would add hardly anything to the cost, but 30 % to the time.
            "style_layers": parse_layers("conv1_1=0.2,conv2_1=0.2,conv3_1=0.2,conv4_1=0.2"),
        },
    ),
    "quality": Preset(
        "the best picture; time is no object",
        {
            "epochs": 150,
            "optimizer": "lbfgs",
            "metric": "spectral",
            "precision": "auto",
            "image_size": 800,
            "scales": 3,
            "init": "matched",
            "beta": 200.0,
            "temporal_weight": 0.001,
            "style_distance": "wasserstein",
            "padding": "replicate",
        },
    ),
}
"""The presets by name. The first changes nothing and is the default."""


MODEL_LAYERS: Mapping[str, Mapping[str, LayerWeights]] = {
    "vgg16": {
        "content_layers": parse_layers("conv2_2=1"),
        "style_layers": parse_layers("conv1_2=0.2,conv2_2=0.2,conv3_3=0.2,conv4_3=0.2,conv5_3=0.2"),
    },
}
"""The layers of models other than VGG-19, by name. Not used for a path, because settings are checked before the
network is read."""


class Setting(NamedTuple):
    """One setting, described for a flag or a form; `default` is text for the kinds `str`, `layers` and `weights`.

    `bounds` of a number are those of `at_least`, `at_most` and `above` that exist. `theme` is one of `THEMES`.
    """

    name: str
    kind: str
    default: Any
    help: str
    choices: tuple[str, ...]
    bounds: Mapping[str, float]
    theme: str


def settings(preset: str | None = None, model: str = "") -> list[Setting]:
    """Describes all settings, in the order of `TransferConfig`, for flags or a form.

    The defaults are those of the preset, and the layers those of the model. Raises `ValueError` for an unknown preset.
    """
    defaults = TransferConfig.from_preset(next(iter(PRESETS)) if preset is None else preset, model=model)
    found = []
    for field in dataclasses.fields(TransferConfig):
        kind = next((kind for kind in ("layers", "weights") if field.metadata.get(kind)), str(field.type))
        default: Any = getattr(defaults, field.name)
        if isinstance(default, tuple):
            default = written(default)
        bounds = {name: field.metadata[name] for name in BOUNDS if field.metadata.get(name) is not None}
        about, choices = field.metadata["help"], field.metadata.get("choices", ())
        found.append(Setting(field.name, kind, default, about, choices, bounds, field.metadata["theme"]))
    return found
