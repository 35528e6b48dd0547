#!/usr/bin/env python3
"""Makes the golden numbers of models_golden_test.cc: whole models with branches, under each loss, in Keras 3.

    python3 -m venv venv && venv/bin/pip install tensorflow-cpu && venv/bin/python tests/conformance/models_golden.py

Writes models_golden.txt beside itself. Neither building nor testing Pumasi needs this script. Rows are computed one by one,
each at its own length, but for batch normalisation, which sees them all; in float64. A case is a few lines:

    case NAME
    layer {...}             each layer as a job has it (text format of v1.Layer)
    loss NAME SMOOTHING OUTPUTS
    lengths L L ...         tokens of each row
    ids I I ...             all rows' ids, one row's after another's
    targets V V ...         1 for a label, 0 for none; with mse the numbers
    table ROWS COLUMNS V V ...    each table, in the plan's order
    total V                 the sum of the rows' losses in training
    gradient V V ...        of that sum, each table; of moving ones the statistic
    predictions V V ...     outside of training
"""

import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

keras.backend.set_floatx("float64")
HERE = pathlib.Path(__file__).parent
VOCABULARY, WIDTH, OUTPUTS = 11, 3, 4
LENGTHS = [4, 3, 7, 5]
k = keras.layers


def run(layer, x, training):
    """A layer, a chain of layers (a list), or branches side by side (a tuple)."""
    if isinstance(layer, list):
        for inner in layer:
            x = run(inner, x, training)
        return x
    if isinstance(layer, tuple):
        return tf.concat([run(branch, x, training) for branch in layer], -1)
    return layer(x, training=training) if isinstance(layer, k.BatchNormalization) else layer(x)


def weights_of(layer):
    if isinstance(layer, (list, tuple)):
        return [weight for inner in layer for weight in weights_of(inner)]
    return layer.weights


class FlattenSteps(k.Layer):
    """The first steps side by side, a shorter row padded with zeros at its end."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.flatten = k.Flatten()

    def call(self, x):
        kept = x[:, : self.steps]
        return self.flatten(tf.pad(kept, [[0, 0], [0, self.steps - kept.shape[1]], [0, 0]]))


def branches(*chains):
    inner = [" ".join(f"layers {{ {layer} }}" for layer in chain) for chain in chains]
    return "concatenate { " + " ".join(f"branches {{ {text} }}" for text in inner) + " }"


def cases():
    """(name, layers' texts behind the embedding, layers over one row, layers over all rows, loss, smoothing)"""
    conv = "conv1d {{ filters: {} kernel_size: {} activation: ACTIVATION_{} }}".format
    texts = [
        branches(
            [conv(4, 2, "RELU"), "global_max_pooling1d { }"],
            [conv(3, 3, "TANH"), "global_average_pooling1d { }"],
            ["lstm { units: 2 }", "dense { units: 2 activation: ACTIVATION_RELU }"],
        ),
        "dense { units: 5 activation: ACTIVATION_TANH }",
        "dense { activation: ACTIVATION_SIGMOID }",
    ]
    layers = [
        (
            [k.Conv1D(4, 2, activation="relu"), k.GlobalMaxPooling1D()],
            [k.Conv1D(3, 3, activation="tanh"), k.GlobalAveragePooling1D()],
            [k.LSTM(2), k.Dense(2, "relu")],
        )
    ]
    yield "text_cnn", texts, layers, [k.Dense(5, "tanh"), k.Dense(OUTPUTS, "sigmoid")], "binary_cross_entropy", 0.1
    for activation in ["linear", "tanh"]:
        texts = [
            "conv1d { filters: 3 kernel_size: 2 padding: PADDING_SAME }",
            "flatten { steps: 4 }",
            f"dense {{ activation: ACTIVATION_{activation.upper()} }}",
        ]
        layers = [k.Conv1D(3, 2, padding="same"), FlattenSteps(4)]
        yield f"numbers_{activation}", texts, layers, [k.Dense(OUTPUTS, activation)], "mse", 0
    texts = [
        "global_average_pooling1d { }",
        "batch_normalization { momentum: 0.9 epsilon: 0.01 }",
        "dense { units: 5 activation: ACTIVATION_RELU }",
        "batch_normalization { momentum: 0.8 epsilon: 0.01 }",
        "dense { activation: ACTIVATION_SOFTMAX }",
    ]
    behind = [
        k.BatchNormalization(momentum=0.9, epsilon=0.01),
        k.Dense(5, "relu"),
        k.BatchNormalization(momentum=0.8, epsilon=0.01),
        k.Dense(OUTPUTS, "softmax"),
    ]
    yield "normalised", texts, [k.GlobalAveragePooling1D()], behind, "cross_entropy", 0.1


def numbers(values):
    return " ".join(f"{value:.9g}" for value in np.asarray(values).reshape(-1))


def targets_of(loss, random):
    shape = (len(LENGTHS), OUTPUTS)
    if loss == "cross_entropy":
        return np.eye(OUTPUTS)[random.integers(0, OUTPUTS, len(LENGTHS))]
    if loss == "binary_cross_entropy":
        return (random.uniform(0, 1, shape) < 0.4).astype(float)
    return random.uniform(-1, 1, shape).round(3)


def compute(name, texts, of_row, of_all, loss, smoothing, random):
    rows = [random.integers(0, VOCABULARY, n) for n in LENGTHS]
    targets = targets_of(loss, random)
    embedding = k.Embedding(VOCABULARY, WIDTH)
    losses = keras.losses
    judge = {
        "cross_entropy": lambda: losses.CategoricalCrossentropy(label_smoothing=smoothing, reduction="sum"),
        "binary_cross_entropy": lambda: losses.BinaryCrossentropy(label_smoothing=smoothing, reduction="sum"),
        "mse": lambda: losses.MeanSquaredError(reduction="sum"),
    }[loss]()

    def forward(training):
        inner = [run(of_row, embedding(row[None]), training) for row in rows]
        return run(of_all, tf.concat(inner, 0), training)

    forward(False)
    weights = embedding.weights + weights_of(of_row) + weights_of(of_all)
    for weight in weights:
        weight.assign(random.uniform(0.1 if weight.name == "moving_variance" else -1, 1, weight.shape))
    before = [weight.numpy() for weight in weights]
    predictions = forward(False)
    variables = [weight.value for weight in weights]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        total = judge(tf.constant(targets), forward(True))
    gradients = tape.gradient(total, variables)

    lines = [f"case {name}", f"layer embedding {{ width: {WIDTH} }}"] + [f"layer {text}" for text in texts]
    lines.append(f"loss {loss} {smoothing} {OUTPUTS}")
    lines.append("lengths " + " ".join(map(str, LENGTHS)))
    lines.append("ids " + " ".join(str(i) for row in rows for i in row))
    lines.append("targets " + numbers(targets))
    for values in before:
        matrix = values.reshape(-1, values.shape[-1])
        lines.append(f"table {matrix.shape[0]} {matrix.shape[1]} {numbers(matrix)}")
    lines.append(f"total {total.numpy():.9g}")
    momentum = {id(w): layer.momentum for layer in of_all if isinstance(layer, k.BatchNormalization) for w in layer.weights}
    for weight, old, gradient in zip(weights, before, gradients):
        if weight.name.startswith("moving_"):
            m = momentum[id(weight)]
            gradient = (weight.numpy() - m * old) / (1 - m)
        lines.append("gradient " + numbers(tf.convert_to_tensor(gradient)))
    lines.append("predictions " + numbers(predictions))
    return lines


def main():
    random = np.random.default_rng(13)
    lines = [f"# Made by models_golden.py with Keras {keras.__version__} on TensorFlow {tf.__version__}."]
    for case in cases():
        lines.extend(compute(*case, random))
    (HERE / "models_golden.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
