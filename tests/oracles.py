"""Independent ways to the same numbers: plain loops, mpmath, complex steps.

Nothing here imports skxent, so that no oracle can share a mistake with what it
checks.
"""

import cmath
import decimal
import itertools
import math

import mpmath
import numpy as np

# Softmax cross-entropy and the linear objective


def exact_softmax_terms(logits, target):
    """Softmax, its logarithm, CE(t, z) and its gradient of one row, as lists of mpmath numbers.

    The textbook formulas, with so many digits that none of their cancellations matters: the
    smallest probability that a double can hold is 5e-324.
    """
    logits = [mpmath.mpf(float(value)) for value in logits]
    target = [mpmath.mpf(float(value)) for value in target]
    with mpmath.workdps(400):
        top = max(logits)
        exponentials = [mpmath.exp(value - top) for value in logits]
        normaliser = mpmath.fsum(exponentials)
        probabilities = [value / normaliser for value in exponentials]
        logarithms = [value - top - mpmath.log(normaliser) for value in logits]
        loss = -mpmath.fsum(t * value for t, value in zip(target, logarithms, strict=True))
        gradient = [p - t for p, t in zip(probabilities, target, strict=True)]
    return probabilities, logarithms, loss, gradient


def cross_entropy_term(logits, target, exp=cmath.exp, log=cmath.log):
    """CE(t, z) = log(sum_k exp(z_k)) - t . z of lists of real or complex numbers."""
    top = max(value.real for value in logits)
    total = sum(exp(value - top) for value in logits)
    return top + log(total) - sum(t * z for t, z in zip(target, logits, strict=True))


def smoothed(target, label_smoothing):
    return [(1 - label_smoothing) * t + label_smoothing / len(target) for t in target]


def one_hot(labels, n_classes):
    return [[float(k == label) for k in range(n_classes)] for label in labels]


def distribution_of(target, n_classes):
    """A label or a distribution, as the latter."""
    if np.ndim(target) == 0:
        return one_hot([target], n_classes)[0]
    return [float(share) for share in target]


def entropy(target):
    return -sum(t * math.log(t) for t in target if t > 0)


def mean_cross_entropy(logits, targets, weights, label_smoothing):
    """Weighted mean of CE over rows of logits (real or complex) and of distributions."""
    total = 0.0
    for row, target, weight in zip(logits.tolist(), targets, weights, strict=True):
        total += weight * cross_entropy_term(row, smoothed(target, label_smoothing))
    return total / sum(weights)


def linear_objective(
    params,
    X,
    labels,
    *,
    n_classes,
    alpha=0.0,
    sample_weight=None,
    class_weight=None,
    label_smoothing=0.0,
    fit_intercept=True,
    exp=cmath.exp,
    log=cmath.log,
):
    """J of the design, by loops: params has the intercept as its last column, if any.

    Two classes have one row of params, whose logit stands against zero. The numbers in params
    may be real, complex or mpmath's. Labels may be distributions, too: each of them has the
    expected class weight.
    """
    params = [list(row) for row in params]
    total = total_weight = 0.0
    for i, label in enumerate(labels):
        x = [float(value) for value in X[i]] + [1.0] * fit_intercept
        logits = [sum(w * value for w, value in zip(row, x, strict=True)) for row in params]
        if n_classes == 2:
            logits = [0 * logits[0], *logits]
        target = distribution_of(label, n_classes)
        weight = 1.0 if sample_weight is None else float(sample_weight[i])
        if class_weight is not None:
            weight *= sum(t * class_weight[k] for k, t in enumerate(target))
        target = smoothed(target, label_smoothing)
        total += weight * cross_entropy_term(logits, target, exp, log)
        total_weight += weight
    n_features = len(X[0])
    squares = sum(w * w for row in params for w in row[:n_features])
    return total / total_weight + alpha / 2 * squares


def complex_step_gradient(function, point):
    """Gradient of an analytic function of an array: no difference is taken, no digit is lost."""
    gradient = np.empty(point.shape)
    for index in np.ndindex(point.shape):
        moved = point.astype(np.complex128)
        moved[index] += 1e-30j
        gradient[index] = function(moved).imag / 1e-30
    return gradient


def linear_gradient(params, X, labels, **terms):
    return complex_step_gradient(
        lambda moved: linear_objective(moved.tolist(), X, labels, **terms),
        np.asarray(params, dtype=np.float64),
    )


def exact_linear_objective(params, X, labels, **terms):
    """J as a float that is right to its last digit, also where it is tiny."""
    with mpmath.workdps(60):
        rows = [[mpmath.mpf(value) for value in row] for row in np.asarray(params).tolist()]
        exact = linear_objective(rows, X, labels, **terms, exp=mpmath.exp, log=mpmath.log)
    return float(exact)


def linear_hessian(params, X, labels, **terms):
    """Hessian of J over the entries of params: second differences with 80 digits."""
    flat = [float(value) for value in np.ravel(params)]
    width = np.shape(params)[1]
    with mpmath.workdps(80):
        step = mpmath.mpf(10) ** -25

        def at(*moved):
            values = [
                value + step * moved.count(i) for i, value in enumerate(map(mpmath.mpf, flat))
            ]
            rows = [values[i : i + width] for i in range(0, len(values), width)]
            return linear_objective(rows, X, labels, **terms, exp=mpmath.exp, log=mpmath.log)

        here, once = at(), [at(i) for i in range(len(flat))]
        hessian = np.empty((len(flat), len(flat)))
        for i in range(len(flat)):
            for j in range(i + 1):
                second = (at(i, j) - once[i] - once[j] + here) / step**2
                hessian[i, j] = hessian[j, i] = float(second)
    return hessian


def linear_slopes(
    params,
    X,
    labels,
    *,
    n_classes,
    alpha=0.0,
    sample_weight=None,
    class_weight=None,
    label_smoothing=0.0,
    fit_intercept=True,
    exp=cmath.exp,
):
    """Gradient of J by the textbook's formula (p - t) x + alpha w, as lists; see linear_objective.

    p - t loses the digits of a sure class: give it mpmath's numbers there.
    """
    params = [list(row) for row in params]
    gradient = [[0 * value for value in row] for row in params]
    total_weight = 0.0
    for i, label in enumerate(labels):
        x = [float(value) for value in X[i]] + [1.0] * fit_intercept
        logits = [sum(w * value for w, value in zip(row, x, strict=True)) for row in params]
        if n_classes == 2:
            logits = [0 * logits[0], *logits]
        target = distribution_of(label, n_classes)
        weight = 1.0 if sample_weight is None else float(sample_weight[i])
        if class_weight is not None:
            weight *= sum(t * class_weight[k] for k, t in enumerate(target))
        target = smoothed(target, label_smoothing)
        top = max(value.real for value in logits)
        exponentials = [exp(value - top) for value in logits]
        slopes = [e / sum(exponentials) - t for e, t in zip(exponentials, target, strict=True)]
        for row, slope in zip(gradient, slopes[n_classes == 2 :], strict=True):
            for j, value in enumerate(x):
                row[j] += weight * slope * value
        total_weight += weight
    for row, values in zip(gradient, params, strict=True):
        for j, value in enumerate(values):
            row[j] = row[j] / total_weight + (alpha * value if j < len(X[0]) else 0.0)
    return gradient


def exact_linear_gradient(params, X, labels, **terms):
    """Gradient of J, each entry right to its last digit."""
    with mpmath.workdps(100):
        rows = [[mpmath.mpf(value) for value in row] for row in np.asarray(params).tolist()]
        slopes = linear_slopes(rows, X, labels, **terms, exp=mpmath.exp)
        return np.array([[float(value) for value in row] for row in slopes])


def exact_linear_hessian_product(params, direction, X, labels, **terms):
    """Hessian of J times a direction: a complex step of the gradient, right to the last digit."""
    params, direction = np.asarray(params).tolist(), np.asarray(direction).tolist()
    with mpmath.workdps(100):
        step = mpmath.mpf(10) ** -50
        rows = [
            [mpmath.mpc(w, step * d) for w, d in zip(*pair, strict=True)]
            for pair in zip(params, direction, strict=True)
        ]
        slopes = linear_slopes(rows, X, labels, **terms, exp=mpmath.exp)
        return np.array([[float(value.imag / step) for value in row] for row in slopes])


def exact_softmax_change(logits, direction):
    """Derivative of the softmax of one row along a direction, as mpmath numbers.

    A complex step, with so many digits that none of its cancellations matters. As the gradient
    of the cross-entropy is softmax(z) - t, it is the product with its Hessian.
    """
    with mpmath.workdps(400):
        step = mpmath.mpf(10) ** -200
        exponentials = [
            mpmath.exp(mpmath.mpc(float(z), step * mpmath.mpf(float(d))))
            for z, d in zip(logits, direction, strict=True)
        ]
        total = mpmath.fsum(exponentials)
        return [(value / total).imag / step for value in exponentials]


# Audio


def round_half_up(number):
    return int(decimal.Decimal(number).quantize(decimal.Decimal(1), decimal.ROUND_HALF_UP))


def frames_of(signal, length, step):
    """Frames of a signal as lists: as many as hold every sample, the last one padded."""
    frames, start = [], 0
    while True:
        inside = [float(sample) for sample in signal[start : start + length]]
        frames.append(inside + [0.0] * (length - len(inside)))
        if start + length >= len(signal):
            return frames
        start += step


def mel_bins(n_mels, n_fft, sample_rate):
    """Bins of the filters' edges and centres, n_mels + 2 of them, from 0 to half the rate."""
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    hertz = [700 * (10 ** (top * i / (n_mels + 1) / 2595) - 1) for i in range(n_mels + 2)]
    return [math.floor((n_fft + 1) * frequency / sample_rate) for frequency in hertz]


def slopes_of(frames, width):
    """Least-squares slopes over 2 * width + 1 frames, the ends repeated."""
    n_frames, n_coefficients = len(frames), len(frames[0])
    offsets = range(-width, width + 1)
    slopes = np.empty((n_frames, n_coefficients))
    for t in range(n_frames):
        for j in range(n_coefficients):
            products = [n * float(frames[min(max(t + n, 0), n_frames - 1)][j]) for n in offsets]
            slopes[t, j] = math.fsum(products) / sum(n * n for n in offsets)
    return slopes


def mean_of(values):
    return math.fsum(values) / len(values)


def deviation_of(values):
    mean = mean_of(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def segments_of(n_frames, n_segments):
    """First and past-the-last frame of each segment."""
    firsts = [s * n_frames // n_segments for s in range(n_segments + 1)]
    return [(a, max(b, a + 1)) for a, b in itertools.pairwise(firsts)]


def pooled(frames, statistics, n_segments):
    """Segments outermost, then statistics, then coefficients."""
    functions = {"mean": mean_of, "std": deviation_of, "min": min, "max": max}
    return [
        functions[statistic]([float(frame[j]) for frame in frames[start:stop]])
        for start, stop in segments_of(len(frames), n_segments)
        for statistic in statistics
        for j in range(len(frames[0]))
    ]


def htk_mfcc(signal, sample_rate, *, n_mels=20, n_mfcc=13, log_mel=False):
    """MFCC_0 (the zeroth coefficient first) of a signal in [-1, 1), by the HTK book's formulas.

    S. Young et al., "The HTK Book", version 3.4: framing and pre-emphasis in section 5.2, the
    filterbank in 5.4, coefficients and lifter in 5.6; 25 ms every 10 ms, a Hamming window, the
    magnitude spectrum, 16-bit samples, and energies of at least one before the logarithm.
    """
    length, step = int(0.025 * sample_rate + 1e-6), int(0.010 * sample_rate + 1e-6)
    n_fft = 2
    while n_fft < length:
        n_fft *= 2
    edges = [
        1127 * math.log(1 + 0.5 * sample_rate / 700) * i / (n_mels + 1) for i in range(n_mels + 2)
    ]
    rows = []
    for start in range(0, len(signal) - length + 1, step):
        frame = [32768.0 * float(sample) for sample in signal[start : start + length]]
        emphasized = [frame[0] * (1 - 0.97)]
        emphasized += [frame[i] - 0.97 * frame[i - 1] for i in range(1, length)]
        windowed = [
            x * (0.54 - 0.46 * math.cos(2 * math.pi * i / (length - 1)))
            for i, x in enumerate(emphasized)
        ]
        magnitudes = np.abs(np.fft.fft(windowed, n_fft))
        channels = [0.0] * (n_mels + 2)
        for k in range(1, n_fft // 2):
            mel = 1127 * math.log(1 + k * sample_rate / n_fft / 700)
            below = max(i for i in range(n_mels + 1) if edges[i] <= mel)
            share = (edges[below + 1] - mel) / (edges[below + 1] - edges[below])
            channels[below] += share * magnitudes[k]
            channels[below + 1] += (1 - share) * magnitudes[k]
        logs = [math.log(max(channel, 1.0)) for channel in channels[1:-1]]
        cepstrum = []
        for i in range(n_mfcc):
            total = math.fsum(
                m * math.cos(math.pi * i / n_mels * (j + 0.5)) for j, m in enumerate(logs)
            )
            lift = 1 + 11 * math.sin(math.pi * i / 22)
            cepstrum.append(math.sqrt(2 / n_mels) * total * lift)
        rows.append(logs if log_mel else cepstrum)
    return np.array(rows)


# Neural networks, one clip at a time


def network_logits(
    weights,
    clip,
    *,
    activation="relu",
    context=0,
    cell="gru",
    bidirectional=False,
    pooling=None,
    **_,
):
    """Logits of a clip by a network with given weights; it knows no batch and no padding.

    weights are tensors by the names of `weights_`, clip is a tensor of (n_frames, n_features).
    They are those of a feed-forward network, a row for each frame, or of a recurrent one, a row
    for each frame or with pooling a single row for the clip.
    """
    import torch

    frames = (clip - weights["standardize.mean"]) / weights["standardize.scale"]
    if "layers.0.weight" in weights:
        return _feed_forward(torch, weights, frames, activation, context)
    ours = {
        name.removeprefix("recurrent."): value
        for name, value in weights.items()
        if name.startswith("recurrent.")
    }
    n_layers = len([name for name in ours if name.startswith("weight_ih_l")]) // (1 + bidirectional)
    kind = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
    size = ours["weight_hh_l0"].shape[1]
    layers = kind(frames.shape[1], size, n_layers, bidirectional=bidirectional, dtype=clip.dtype)
    units, _ = torch.func.functional_call(layers, ours, (frames,))  # of one clip, unpadded
    if pooling == "mean":
        units = sum(units) / len(units)
    elif pooling == "last":  # the backward half has read all of the clip at its first frame
        units = torch.cat([units[-1, :size], units[0, size:]])
    elif pooling == "attention":
        scores = [torch.exp(weights["relevance.weight"][0] @ torch.tanh(unit)) for unit in units]
        units = sum(score * unit for score, unit in zip(scores, units, strict=True)) / sum(scores)
    return torch.atleast_2d(units @ weights["output.weight"].T + weights["output.bias"])


def _feed_forward(torch, weights, frames, activation, context):
    last = len(frames) - 1
    functions = {
        "relu": lambda x: x * (x > 0),
        "tanh": torch.tanh,
        "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
        "gelu": lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2,
    }
    places = sorted({int(name.split(".")[1]) for name in weights if name.startswith("layers.")})
    logits = []
    for t in range(len(frames)):
        shifted = range(t - context, t + context + 1)
        units = torch.cat([frames[min(max(s, 0), last)] for s in shifted])
        for place in places:
            layer = {
                name.split(".")[2]: value
                for name, value in weights.items()
                if name.startswith(f"layers.{place}.")
            }
            if "running_mean" in layer:
                units = (units - layer["running_mean"]) / torch.sqrt(layer["running_var"] + 1e-5)
                units = units * layer["weight"] + layer["bias"]
            else:
                units = layer["weight"] @ units + layer["bias"]
            follows = f"layers.{place + 1}.running_mean"
            if place != places[-1] and follows not in weights:
                units = functions[activation](units)
        logits.append(units)
    return torch.stack(logits)


def tensor_cross_entropy(logits, targets, weights, label_smoothing):
    """sum_i w_i CE(t_i, z_i) of rows of tensors, for distributions t_i, by the formula."""
    import torch

    n_classes = logits.shape[1]
    total = 0.0
    for row, target, weight in zip(logits, targets, weights, strict=True):
        smooth = [(1 - label_smoothing) * float(t) + label_smoothing / n_classes for t in target]
        top = row.max()
        normaliser = top + torch.log(sum(torch.exp(z - top) for z in row))
        total = total + weight * (normaliser - sum(t * z for t, z in zip(smooth, row, strict=True)))
    return total
