"""Flags of other style transfer programs, and what they are called here."""

from __future__ import annotations

from collections.abc import Container

_SCALE = "; weights of other programs have another scale, so start from the default"
_GPU = (
    "TensorFlow uses the first GPU that it finds: set the environment variable CUDA_VISIBLE_DEVICES to the number of "
    "another one, or to -1 for the CPU"
)
# Own flag, remark, and the names used by neural-style, neural-style-tf, style-transfer-pytorch, Keras' example and
# others. The first flag that the command has is suggested: a batch calls the pictures by other names.
_NAMES: tuple[tuple[str, str, str], ...] = (
    ("content", "", "content_image_filename content_image content_img content_path content_dir input input_image"),
    ("style", "", "style_image_filename style_image style_img style_path style_dir styles style_images"),
    (
        "content_image_filename",
        "",
        "content content_image content_images content_img content_img_name content_path input input_image "
        "base_image_path",
    ),
    (
        "style_image_filename",
        "; repeat the flag for several styles",
        "style style_image style_images style_img style_imgs style_img_name style_path styles "
        "style_reference_image_path",
    ),
    ("output", "", "output_image output_img output_path output_file out result_prefix"),
    (
        "output_dir",
        "",
        "output_image output_img output_path output_file out result_prefix img_output_dir out_dir save_dir",
    ),
    ("alpha", _SCALE, "content_weight content_loss_weight content_weights"),
    ("beta", _SCALE, "style_weight style_loss_weight"),
    ("tv_weight", _SCALE, "tv total_variation_weight tv_loss_weight"),
    ("style_weights", "", "style_blend_weights style_imgs_weights style_interpolation_weights"),
    ("strength", "", "style_strength stylization_strength style_ratio content_style_ratio"),
    (
        "epochs",
        "",
        "iterations num_iterations num_iters num_iter max_iter max_iters max_iterations n_iter iter iters steps "
        "num_steps n_steps",
    ),
    ("print_every", "", "print_iter print_iterations save_iter save_every saving_freq log_every"),
    ("learning_rate", "", "lr step_size"),
    ("preserve_color=luminance", "", "original_colors original_colours preserve_colors preserve_colours keep_colors"),
    ("init", "", "init_image init_img initial init_img_type init_method start_image"),
    (
        "image_size",
        ", for the longest side",
        "width height size max_size img_size end_scale resolution content_size",
    ),
    ("style_scale", ", a factor", "style_size style_scales style_scale_fac"),
    ("scales", "", "min_scale multiscale octaves num_scales"),
    ("content_layers", "", "content_layer"),
    ("style_layers", "", "style_layer"),
    ("content_layers and --style_layers", "", "layers layer_weights"),
    ("pooling", "", "pool pooling_type"),
    ("optimizer", "", "optimiser"),
    ("seed", "", "random_seed"),
    ("model", "", "model_file model_weights network vgg vgg_path weights"),
    ("content_mask", "", "mask masks mask_path content_masks"),
    ("content_video", "", "video_input video_input_dir input_video"),
    ("preset=fast", "", "fast"),
    ("preset=quality", "", "quality high_quality"),
    ("resume", "", "checkpoint continue restore restart"),
    ("verbosity=1", "", "verbose debug"),
)
_DEVICE = "gpu gpus gpu_id use_gpu no_gpu cpu cuda device devices backend cudnn_autotune multidevice_strategy"


STARTS = {"random": "noise", "image": "content"}
"""What other programs call the starts in `nst.config.STARTS`."""


def advice(name: str, known: Container[str]) -> str | None:
    """What to do instead of giving an unknown flag; None if no program is known to have it.

    Args:
        name: the flag without its dashes; `-` inside it counts as `_`.
        known: the flags of this command.
    """
    spelled = name.replace("-", "_")
    if spelled in known:
        return f"it is written --{spelled}"
    for own, remark, names in _NAMES:
        if spelled in names.split() and own.partition("=")[0].partition(" ")[0] in known:
            return f"here it is --{own}{remark}"
    if spelled in _DEVICE.split() and "model" in known:
        return _GPU
    return None
