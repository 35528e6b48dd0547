#!/usr/bin/env python3
"""Makes the golden numbers of layers_golden_test.cc: each layer and option, forward and backward, in Keras 3.

    python3 -m venv venv && venv/bin/pip install tensorflow-cpu && venv/bin/python tests/conformance/layers_golden.py

Writes layers_golden.txt beside itself (layers_torch_golden.py makes the same from PyTorch). Neither building nor testing Pumasi needs this script.

Rows of different lengths are computed one by one, each at its own length, in float64; the loss is sum(output * seed) with a
given `seed`, so that its gradient by the output is `seed`. A case is a few lines:

    case NAME
    layer {...}             the layer as a job has it (text format of v1.Layer)
    width N                 of the input
    lengths L L ...         tokens of each row; of a layer over one vector a row, `rows N`
    input V V ...           all tokens' vectors, one after another
    table ROWS COLUMNS V V ...    each table, in the plan's order
    output V V ...
    seed V V ...
    input_gradient V V ...
    table_gradient V V ...  each table; of batch normalisation's moving ones the statistic that Keras moves them by
    inference V V ...       the output outside of training, if it is another one

Batch normalisation sees all rows' vectors at once.
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
WIDTH, UNITS = 3, 4
LENGTHS = [3, 1, 5, 2]


def hard_sigmoid_keras2(x):
    return tf.clip_by_value(0.2 * x + 0.5, 0, 1)


GATES = {
    "": "sigmoid",
    "RECURRENT_ACTIVATION_HARD_SIGMOID": "hard_sigmoid",
    "RECURRENT_ACTIVATION_HARD_SIGMOID_KERAS2": hard_sigmoid_keras2,
}


class AdditiveAttention(keras.layers.Layer):
    """score_t = v . tanh(W h_t + b); the mean of h_t weighted by softmax(score): Keras has none without a query."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], UNITS), name="kernel")
        self.bias = self.add_weight(shape=(UNITS,), name="bias")
        self.vector = self.add_weight(shape=(UNITS,), name="vector")

    def call(self, x):
        score = tf.tensordot(tf.tanh(x @ self.kernel + self.bias), self.vector, 1)
        return tf.reduce_sum(tf.nn.softmax(score)[..., None] * x, axis=1)


class FlattenSteps(keras.layers.Layer):
    """Flatten over the first steps, a shorter row padded with zeros at its end."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps
        self.flatten = keras.layers.Flatten()

    def call(self, x):
        kept = x[:, : self.steps]
        return self.flatten(tf.pad(kept, [[0, 0], [0, self.steps - kept.shape[1]], [0, 0]]))


class Branches(keras.layers.Layer):
    """Chains of layers over the same input, concatenated."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = [list(branch) for branch in branches]
        self.concatenate = keras.layers.Concatenate()

    def call(self, x):
        outputs = []
        for branch in self.branches:
            y = x
            for layer in branch:
                y = layer(y)
            outputs.append(y)
        return self.concatenate(outputs) if len(outputs) > 1 else outputs[0]


def concatenations():
    """(name, layer's text, Keras layer, lengths)"""
    k = keras.layers

    def branch(*layers):
        return "branches { " + " ".join(f"layers {{ {layer} }}" for layer in layers) + " }"

    conv = "conv1d {{ filters: {} kernel_size: {} {}}}".format
    relu, same, pool = "activation: ACTIVATION_RELU ", "padding: PADDING_SAME ", "global_max_pooling1d { }"
    text_cnn = [branch(conv(4, size, relu), pool) for size in [2, 3, 1]]
    layers = [[k.Conv1D(4, size, activation="relu"), k.GlobalMaxPooling1D()] for size in [2, 3, 1]]
    yield "concatenate_text_cnn", f"concatenate {{ {' '.join(text_cnn)} }}", Branches(*layers), [n + 2 for n in LENGTHS]
    text = branch(conv(2, 3, same)) + " " + branch() + " " + branch("lstm { units: 4 return_sequences: true }")
    layers = [[k.Conv1D(2, 3, padding="same")], [], [k.LSTM(4, return_sequences=True)]]
    yield "concatenate_sequences", f"concatenate {{ {text} }}", Branches(*layers), LENGTHS
    inner = f"concatenate {{ {branch('dense { units: 2 activation: ACTIVATION_TANH }')} {branch()} }}"
    layers = [[k.Dense(3)], [Branches([k.Dense(2, "tanh")], [])]]
    text = f"concatenate {{ {branch('dense { units: 3 }')} {branch(inner)} }}"
    yield "concatenate_nested", text, Branches(*layers), None


def recurrent(kind, gate="", bidirectional="", reset_after=None, **options):
    text = [f"units: {UNITS}"] + [f"{key}: {str(value).lower()}" for key, value in options.items()]
    settings = dict(options, recurrent_activation=GATES[gate])
    if gate:
        text.append(f"recurrent_activation: {gate}")
    if reset_after is not None:
        text.append(f"reset_after: {str(reset_after).lower()}")
        settings["reset_after"] = reset_after
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[kind](UNITS, **settings)
    if bidirectional:
        text.append(f"bidirectional: BIDIRECTIONAL_{bidirectional.upper()}")
        layer = keras.layers.Bidirectional(layer, merge_mode=bidirectional)
    return f"{kind} {{ {' '.join(text)} }}", layer


def cases():
    """(name, layer's text, Keras layer, lengths; None: one vector a row)"""
    sequences = dict(return_sequences=True)
    for kind, choices in [("lstm", [{}]), ("gru", [dict(reset_after=True), dict(reset_after=False)])]:
        for choice in choices:
            name = kind + ("_reset_before" if choice.get("reset_after") is False else "")
            options = {
                "": {},
                "_sequences": sequences,
                "_backwards": dict(go_backwards=True),
                "_backwards_sequences": dict(go_backwards=True, **sequences),
                "_hard_sigmoid": dict(gate="RECURRENT_ACTIVATION_HARD_SIGMOID", **sequences),
                "_hard_sigmoid_keras2": dict(gate="RECURRENT_ACTIVATION_HARD_SIGMOID_KERAS2"),
                "_concat": dict(bidirectional="concat"),
                "_concat_sequences": dict(bidirectional="concat", **sequences),
                "_sum_sequences": dict(bidirectional="sum", **sequences),
                "_mul_sequences": dict(bidirectional="mul", **sequences),
                "_ave": dict(bidirectional="ave"),
            }
            for suffix, option in options.items():
                yield name + suffix, *recurrent(kind, **choice, **option), LENGTHS
    for activation in ["linear", "relu", "tanh", "sigmoid"]:
        text = f"activation: ACTIVATION_{activation.upper()}"
        yield f"dense_{activation}", f"dense {{ units: {UNITS} {text} }}", keras.layers.Dense(UNITS, activation), None
    for padding, size, activation in [("valid", 1, "linear"), ("valid", 2, "relu"), ("same", 3, "tanh"), ("same", 4, "linear")]:
        text = f"padding: PADDING_{padding.upper()} activation: ACTIVATION_{activation.upper()}"
        layer = keras.layers.Conv1D(UNITS, size, padding=padding, activation=activation)
        lengths = [n + 1 for n in LENGTHS] if padding == "valid" else LENGTHS
        yield f"conv1d_{padding}_{size}", f"conv1d {{ filters: {UNITS} kernel_size: {size} {text} }}", layer, lengths
    yield "max_pooling", "global_max_pooling1d { }", keras.layers.GlobalMaxPooling1D(), LENGTHS
    yield "average_pooling", "global_average_pooling1d { }", keras.layers.GlobalAveragePooling1D(), LENGTHS
    yield "attention", f"attention {{ units: {UNITS} }}", AdditiveAttention(), LENGTHS
    for name, lengths in [("layer_normalization", None), ("layer_normalization_sequences", LENGTHS)]:
        layer = keras.layers.LayerNormalization(epsilon=0.001)
        yield name, "layer_normalization { epsilon: 0.001 }", layer, lengths
    for steps in [3, 6]:
        yield f"flatten_{steps}", f"flatten {{ steps: {steps} }}", FlattenSteps(steps), LENGTHS
    yield from concatenations()
    for name, lengths in [("batch_normalization", None), ("batch_normalization_sequences", LENGTHS)]:
        layer = keras.layers.BatchNormalization(momentum=0.9, epsilon=0.01)
        yield name, "batch_normalization { momentum: 0.9 epsilon: 0.01 }", layer, lengths


def numbers(values):
    return " ".join(f"{value:.9g}" for value in np.asarray(values).reshape(-1))


def joined(arrays):
    return numbers(np.concatenate([np.asarray(array).reshape(-1) for array in arrays]))


def compute(name, text, layer, lengths, random):
    inputs = [tf.constant(random.uniform(-1.5, 1.5, (1, n, WIDTH))) for n in lengths or []]
    if lengths is None:
        inputs = [tf.constant(random.uniform(-1.5, 1.5, (1, WIDTH))) for _ in range(5)]
    rows, batch = len(inputs), isinstance(layer, keras.layers.BatchNormalization)
    if batch:
        inputs = [tf.concat(inputs, axis=0 if lengths is None else 1)]
    layer(inputs[0])
    # Variances are above 0.
    first = [0.1 if weight.name == "moving_variance" else -1 for weight in layer.weights]
    before = [random.uniform(low, 1, weight.shape) for low, weight in zip(first, layer.weights)]
    layer.set_weights(before)
    inference = layer(inputs[0], training=False) if batch else None
    variables = [weight.value for weight in layer.trainable_weights]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = [layer(x, training=True) if batch else layer(x) for x in inputs]
        seeds = [random.uniform(-1, 1, y.shape) for y in outputs]
        loss = tf.add_n([tf.reduce_sum(y * seed) for y, seed in zip(outputs, seeds)])
    gradients = tape.gradient(loss, inputs + variables)

    lines = [f"case {name}", f"layer {text}", f"width {WIDTH}"]
    lines.append(f"rows {rows}" if lengths is None else "lengths " + " ".join(map(str, lengths)))
    lines.append("input " + joined(inputs))
    for weight in before:
        # A bias is one row; a convolution's kernel has a row for each step and input.
        matrix = weight.reshape(-1, weight.shape[-1])
        lines.append(f"table {matrix.shape[0]} {matrix.shape[1]} {numbers(matrix)}")
    lines.append("output " + joined(outputs))
    lines.append("seed " + joined(seeds))
    lines.append("input_gradient " + joined(gradients[: len(inputs)]))
    lines.extend("table_gradient " + numbers(gradient) for gradient in gradients[len(inputs) :])
    if batch:
        for old, new in zip(before[2:], layer.get_weights()[2:]):
            lines.append("table_gradient " + numbers((new - layer.momentum * old) / (1 - layer.momentum)))
        lines.append("inference " + numbers(inference))
    return lines


def main():
    random = np.random.default_rng(9)
    lines = [f"# Made by layers_golden.py with Keras {keras.__version__} on TensorFlow {tf.__version__}."]
    for case in cases():
        lines.extend(compute(*case, random))
    (HERE / "layers_golden.txt").write_text("\n".join(lines) + "\n")
    print(f"Keras {keras.__version__}: {sum(line.startswith('case') for line in lines)} cases")


if __name__ == "__main__":
    main()
