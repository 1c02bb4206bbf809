"""The costs by their definitions: NumPy in double precision, many pictures at once, and nothing of the program's code.

Only what it is asked for comes from there: the numbers of a network, a `TransferConfig` and a `masks.Mixture`.
"""

import itertools

import numpy as np


def layers_until(network, deepest):
    """Names of the layers in order, a pooling between two blocks."""
    found = []
    for name in network.layers:
        block = int(name[4])
        if found and int(found[-1][4]) != block:
            found.append(f"pool{block - 1}")
        found.append(name)
        if deepest in found:
            break
    return found[: found.index(deepest) + 1]


def convolved(maps, kernel, bias, *, repeats_border=False):
    """Each value from the nine around it; beyond the border stand zeros, or the border again."""
    _, height, width, _ = maps.shape
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)), "edge" if repeats_border else "constant")
    found = np.zeros((*maps.shape[:3], kernel.shape[3])) + bias
    for row, column in itertools.product(range(3), range(3)):
        found += padded[:, row : row + height, column : column + width] @ kernel[row, column]
    return found


def fours(maps):
    """The four values that a pooling takes together, `[4, N, h, w, C]`: NaN where the map has ended."""
    _, height, width, _ = maps.shape
    padded = np.pad(maps, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), constant_values=np.nan)
    return np.stack([padded[:, row::2, column::2] for row in (0, 1) for column in (0, 1)])


class Seen:
    """What a network sees in pictures `[N, H, W, 3]`: `maps`, layer → `[N, h, w, C]`, and what is made of them."""

    def __init__(self, network, images, names, pooling, padding):
        self.images, self.maps, self._known = images.astype(np.float64), {}, {}
        current = self.images
        for name in layers_until(network, max(names, key=lambda name: len(layers_until(network, name)))):
            if name.startswith("pool"):
                current = {"avg": np.nanmean, "max": np.nanmax}[pooling](fours(current), axis=0)
            else:
                kernel, bias = (values.astype(np.float64) for values in network.layers[name])
                around = name == "conv1_1" and padding == "replicate"
                current = np.maximum(convolved(current, kernel, bias, repeats_border=around), 0)
            if name in names:
                self.maps[name] = current

    def moments(self, name, counts):
        """Σ g·f·fᵀ `[N, C, C]` and Σ g·f `[N, C]`; g is `counts`, or where that is None one over their number."""
        key = name, None if counts is None else counts.tobytes()
        if key not in self._known:
            maps = self.maps[name]
            flat = maps.reshape(len(maps), -1, maps.shape[3])
            counts = np.full(flat.shape[1], 1 / flat.shape[1]) if counts is None else counts.ravel()
            weighed = flat * counts[:, np.newaxis]
            self._known[key] = weighed.transpose(0, 2, 1) @ flat, weighed.sum(axis=1)
        return self._known[key]

    def variation(self):
        """Σ |step| / (H·W·3) over all steps to the right and down."""
        steps = [np.abs(np.diff(self.images, axis=axis)).sum(axis=(1, 2, 3)) for axis in (1, 2)]
        return sum(steps) / self.images[0].size


# --- regions ---


def inside(network, mask, layer):
    """For each value of the layer the least of the mask's pixels that it sees."""
    current = mask.astype(np.float64)[np.newaxis, :, :, np.newaxis]
    for name in layers_until(network, layer):
        if name.startswith("pool"):
            current = np.nanmin(fours(current), axis=0)
        else:
            _, height, width, _ = current.shape
            padded = np.pad(current, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=np.inf)
            nine = [padded[:, row : row + height, column : column + width] for row in range(3) for column in range(3)]
            current = np.min(nine, axis=0)
    return current[0, :, :, 0]


def covered(mask, shape):
    """For each value of a layer of this shape the mean of the mask's pixels that it stands for."""
    stride = next(2**times for times in range(9) if -(-mask.shape[0] // 2**times) == shape[0])
    return np.array(
        [[mask[row : row + stride, column : column + stride].astype(np.float64).mean()
          for column in range(0, mask.shape[1], stride)] for row in range(0, mask.shape[0], stride)]
    )  # fmt: skip


def guide(network, mask, layer):
    """What each value of the layer counts for a region, Σ = 1; None where less than a tenth of the region is left."""
    least = inside(network, mask, layer)
    if least.sum() < 0.1 * covered(mask, least.shape).sum():
        return None
    return least / least.sum()


def part(network, mask, layer):
    """The same of a part of a style picture: where too little is left, all that it covers."""
    found = guide(network, mask, layer)
    if found is None:
        found = covered(mask, inside(network, mask, layer).shape)
    return found / found.sum()


# --- costs: an array of one for each picture ---


def content_cost(target, maps):
    return ((maps - target) ** 2).sum(axis=(1, 2, 3)) / (4 * target.size)


def gram_distance(style, painted):
    (target, _), (grams, _) = style, painted
    return ((grams - target) ** 2).sum(axis=(1, 2)) / (4 * target.size)


def wasserstein_distance(style, painted):
    """tr(√C·D·√C)^½ is the sum of the singular values of LᵀM, C = L·Lᵀ and D = M·Mᵀ.

    A thousandth of C's mean variance lies over both.
    """
    (products, mean), (others, means) = style, painted
    covariance = products[0] - np.outer(mean[0], mean[0])
    channels = len(covariance)
    haze = 1e-3 * np.trace(covariance) / channels * np.eye(channels)
    spreads = others - means[:, :, np.newaxis] * means[:, np.newaxis] + haze
    covariance = covariance + haze
    halves = np.linalg.cholesky(covariance), np.linalg.cholesky(spreads)
    crossed = np.linalg.svd(halves[0].T @ halves[1], compute_uv=False).sum(axis=1)
    traces = np.trace(covariance) + np.trace(spreads, axis1=1, axis2=2)
    return (((means - mean) ** 2).sum(axis=1) + traces - 2 * crossed) / (4 * channels)


DISTANCES = {"gram": gram_distance, "wasserstein": wasserstein_distance}


class Definition:
    """J of what is `seen` of pictures: total, content, style and total variation, an array of one for each picture."""

    def __init__(self, network, config, content, styles, mixture):
        self._network, self._config = network, config
        self._content = self.see(content).maps
        pictures = [self.see(style) for style in styles]
        self._terms = []
        for term in mixture.terms:
            left = config.style_layers
            if term.guide is not None:
                counts = {name: guide(network, mixture.guides[term.guide].mask, name) for name, _ in left}
                left = [(name, weight) for name, weight in left if counts[name] is not None]
            # What a region has lost of its layers' weight goes to those that are left.
            times = term.weight * sum(weight for _, weight in config.style_layers) / sum(weight for _, weight in left)
            for name, weight in left:
                target = pictures[term.style].moments(
                    name, None if term.part is None else part(network, term.part, name)
                )
                self._terms.append((times * weight, name, target, None if term.guide is None else counts[name]))

    def see(self, images):
        config = self._config
        names = [name for name, _ in (*config.content_layers, *config.style_layers)]
        return Seen(self._network, images, names, config.pooling, config.padding)

    def __call__(self, seen):
        config, nothing = self._config, np.zeros(len(seen.images))
        content, style = nothing.copy(), nothing.copy()
        for name, weight in config.content_layers:
            content += weight * content_cost(self._content[name], seen.maps[name])
        for weight, name, target, counts in self._terms:
            style += weight * DISTANCES[config.style_distance](target, seen.moments(name, counts))
        variation = seen.variation()
        return np.array([config.alpha * content + config.beta * style + config.tv_weight * variation,
                         content, style, variation])  # fmt: skip
