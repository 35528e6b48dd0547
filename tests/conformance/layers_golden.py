#!/usr/bin/env python3
"""Makes the golden numbers of layers_golden_test.cc: each layer and option, forward and backward, in Keras 3.

    python3 -m venv venv && venv/bin/pip install tensorflow-cpu && venv/bin/python tests/conformance/layers_golden.py

Writes layers_golden.txt beside itself. Neither building nor testing Pumasi needs this script.

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
    table_gradient V V ...  each table
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


def numbers(values):
    return " ".join(f"{value:.9g}" for value in np.asarray(values).reshape(-1))


def compute(name, text, layer, lengths, random):
    inputs = [tf.constant(random.uniform(-1.5, 1.5, (1, n, WIDTH))) for n in lengths or []]
    if lengths is None:
        inputs = [tf.constant(random.uniform(-1.5, 1.5, (1, WIDTH))) for _ in range(5)]
    layer(inputs[0])
    layer.set_weights([random.uniform(-1, 1, weight.shape) for weight in layer.weights])
    variables = [weight.value for weight in layer.weights]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = [layer(x) for x in inputs]
        seeds = [random.uniform(-1, 1, y.shape) for y in outputs]
        loss = tf.add_n([tf.reduce_sum(y * seed) for y, seed in zip(outputs, seeds)])
    gradients = tape.gradient(loss, inputs + variables)

    def joined(arrays):
        return numbers(np.concatenate([np.asarray(array).reshape(-1) for array in arrays]))

    lines = [f"case {name}", f"layer {text}", f"width {WIDTH}"]
    lines.append(f"rows {len(inputs)}" if lengths is None else "lengths " + " ".join(map(str, lengths)))
    lines.append("input " + joined(inputs))
    for weight in layer.get_weights():
        # A bias is one row; a convolution's kernel has a row for each step and input.
        matrix = weight.reshape(-1, weight.shape[-1])
        lines.append(f"table {matrix.shape[0]} {matrix.shape[1]} {numbers(matrix)}")
    lines.append("output " + joined(outputs))
    lines.append("seed " + joined(seeds))
    lines.append("input_gradient " + joined(gradients[: len(inputs)]))
    lines.extend("table_gradient " + numbers(gradient) for gradient in gradients[len(inputs) :])
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
