#!/usr/bin/env python3
"""Makes the golden numbers of losses_golden_test.cc: each loss and its gradient in Keras 3 and PyTorch.

    python3 -m venv keras && keras/bin/pip install keras tensorflow-cpu numpy
    python3 -m venv torch && torch/bin/pip install torch numpy
    keras/bin/python tests/conformance/losses_golden.py keras
    torch/bin/python tests/conformance/losses_golden.py torch

Writes, beside itself, losses_keras.txt or losses_torch.txt. Neither building nor testing Pumasi needs this script. All
arithmetic is float64. A case is a few lines:

    case LOSS SMOOTHING ROWS CLASSES
    values V V ...      logits; with mse the outputs
    targets V V ...     1 for a label, 0 for none; with mse the numbers
    loss V              the sum over the rows
    gradient V V ...    of that sum by the values
"""

import os
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
ROWS, CLASSES = 6, 5


def keras_losses():
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras
    import tensorflow as tf

    keras.config.set_floatx("float64")
    losses = keras.losses

    def compute(kind, smoothing, values, targets):
        options = dict(from_logits=True, label_smoothing=smoothing, reduction="sum")
        loss = {
            "cross_entropy": lambda: losses.CategoricalCrossentropy(**options),
            "binary_cross_entropy": lambda: losses.BinaryCrossentropy(**options),
            "mse": lambda: losses.MeanSquaredError(reduction="sum"),
        }[kind]()
        values = tf.constant(values)
        with tf.GradientTape() as tape:
            tape.watch(values)
            total = loss(tf.constant(targets), values)
        return total.numpy(), tape.gradient(total, values).numpy()

    return f"Keras {keras.__version__}", compute


def torch_losses():
    import torch

    functional = torch.nn.functional

    def compute(kind, smoothing, values, targets):
        values, targets = torch.tensor(values, requires_grad=True), torch.tensor(targets)
        if kind == "cross_entropy":
            total = functional.cross_entropy(values, targets.argmax(1), label_smoothing=smoothing, reduction="sum")
        elif kind == "binary_cross_entropy":
            # PyTorch has no smoothing of its own here.
            smoothed = targets * (1 - smoothing) + smoothing / 2
            total = functional.binary_cross_entropy_with_logits(values, smoothed, reduction="sum") / CLASSES
        else:
            total = functional.mse_loss(values, targets, reduction="sum") / CLASSES
        total.backward()
        return total.item(), values.grad.numpy()

    return f"PyTorch {torch.__version__}", compute


def numbers(values):
    return " ".join(f"{value:.9g}" for value in np.asarray(values).reshape(-1))


def main(library):
    name, compute = {"keras": keras_losses, "torch": torch_losses}[library]()
    random = np.random.default_rng(12)
    lines = [f"# Made by losses_golden.py with {name}."]
    for kind, smoothing in [
        ("cross_entropy", 0),
        ("cross_entropy", 0.2),
        ("binary_cross_entropy", 0),
        ("binary_cross_entropy", 0.2),
        ("mse", 0),
    ]:
        values = random.uniform(-6, 6, (ROWS, CLASSES)).round(3)
        if kind == "cross_entropy":
            targets = np.eye(CLASSES)[random.integers(0, CLASSES, ROWS)]
        elif kind == "binary_cross_entropy":
            targets = (random.uniform(0, 1, (ROWS, CLASSES)) < 0.4).astype(float)
        else:
            targets = random.uniform(-6, 6, (ROWS, CLASSES)).round(3)
        loss, gradient = compute(kind, smoothing, values, targets)
        lines.append(f"case {kind} {smoothing} {ROWS} {CLASSES}")
        for key, numbers_of in [("values", values), ("targets", targets), ("loss", loss), ("gradient", gradient)]:
            lines.append(f"{key} {numbers(numbers_of)}")
    (HERE / f"losses_{library}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
