#!/usr/bin/env python3
"""Makes the golden numbers of optimizers_golden_test.cc: 20 steps of every optimizer and option in Keras 3 and PyTorch.

    python3 -m venv keras && keras/bin/pip install keras tensorflow-cpu numpy
    python3 -m venv torch && torch/bin/pip install torch numpy
    keras/bin/python tests/conformance/optimizers_golden.py keras
    torch/bin/python tests/conformance/optimizers_golden.py torch

Writes, beside itself, optimizers_keras.txt or optimizers_torch.txt. Neither building nor testing Pumasi needs this script.

A file starts with the lines `initial: VALUES` and, for each step, `gradient: VALUES`: 4 rows of 3, row after row; a row that
a step does not touch has zeros. For each case follow `case: OPTIMIZER` (a pumasi.v1.Optimizer in protobuf's text format) and
for each step `value: VALUES`, the parameters after it. All arithmetic is float64.
"""

import os
import pathlib
import sys

import numpy as np

ROWS, WIDTH, STEPS = 4, 3, 20
HERE = pathlib.Path(__file__).parent
# Row 0 in every step, row 1 in a few, row 2 in the first alone, row 3 late.
TOUCHED = [set(range(1, 21)), {2, 3, 9, 17}, {1}, {15, 20}]


def traffic():
    random = np.random.RandomState(3)
    initial = random.uniform(-0.5, 0.5, (ROWS, WIDTH)).astype(np.float32)
    gradients = (random.standard_normal((STEPS, ROWS, WIDTH)) * [1, 0.1, 0.01]).astype(np.float32)
    for row, steps in enumerate(TOUCHED):
        for step in range(1, STEPS + 1):
            if step not in steps:
                gradients[step - 1, row] = 0
    return initial, gradients


def settings(**fields):
    def write(value):
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)

    return " ".join(f"{name}: {write(value)}" for name, value in fields.items())


def keras_cases():
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import keras

    keras.config.set_floatx("float64")
    o, s = keras.optimizers, keras.optimizers.schedules
    moments = dict(beta_1=0.9, beta_2=0.99, epsilon=1e-4)
    exponential = "schedule { exponential { every: 7 factor: 0.6 } }"
    cases = [
        (f"adam {{ {settings(learning_rate=0.01, **moments)} }}", o.Adam(0.01, **moments)),
        (
            f"adam {{ {settings(learning_rate=0.01, **moments, amsgrad=True)} }}",
            o.Adam(0.01, **moments, amsgrad=True),
        ),
        (
            f"adam {{ {settings(learning_rate=0.01, **moments)} }} {exponential}",
            o.Adam(s.ExponentialDecay(0.01, 7, 0.6), **moments),
        ),
        (
            f"adam {{ {settings(learning_rate=0.01, **moments, amsgrad=True)} }} schedule {{ step {{ every: 3 factor: 0.5 }} }}",
            o.Adam(s.ExponentialDecay(0.01, 3, 0.5, staircase=True), **moments, amsgrad=True),
        ),
        (
            f"adam {{ {settings(learning_rate=0.01, **moments)} }} clip {{ value: 0.05 }}",
            o.Adam(0.01, **moments, clipvalue=0.05),
        ),
        (
            f"adamw {{ {settings(learning_rate=0.01, **moments, weight_decay=0.3)} }}",
            o.AdamW(0.01, **moments, weight_decay=0.3),
        ),
        (
            f"adamw {{ {settings(learning_rate=0.01, **moments, weight_decay=0.3)} }} "
            "schedule { cosine { batches: 12 floor: 0.1 } }",
            o.AdamW(s.CosineDecay(0.01, 12, alpha=0.1), **moments, weight_decay=0.3),
        ),
        (f"sgd {{ {settings(learning_rate=0.1)} }}", o.SGD(0.1)),
        (f"sgd {{ {settings(learning_rate=0.1, momentum=0.8)} }}", o.SGD(0.1, momentum=0.8)),
        (
            f"sgd {{ {settings(learning_rate=0.1, momentum=0.8, nesterov=True)} }} {exponential}",
            o.SGD(s.ExponentialDecay(0.1, 7, 0.6), momentum=0.8, nesterov=True),
        ),
    ]
    for initial, schedule in [(0.1, ""), (0.0, exponential)]:
        rate = s.ExponentialDecay(0.05, 7, 0.6) if schedule else 0.05
        text = settings(learning_rate=0.05, initial_accumulator=initial, epsilon=1e-5)
        cases.append(
            (f"adagrad {{ {text} }} {schedule}", o.Adagrad(rate, initial_accumulator_value=initial, epsilon=1e-5))
        )
    cases.append((f"adadelta {{ {settings(learning_rate=1, rho=0.9, epsilon=1e-4)} }}", o.Adadelta(1.0, rho=0.9, epsilon=1e-4)))
    for momentum in (0.0, 0.7):
        fields = dict(rho=0.8, momentum=momentum, epsilon=1e-5)
        cases.append((f"rmsprop {{ {settings(learning_rate=0.01, **fields)} }}", o.RMSprop(0.01, **fields)))
    for power, l1, l2, beta in [(-0.5, 0, 0, 0), (-0.5, 0.05, 0.02, 0.5), (-0.8, 0.01, 0, 0)]:
        text = settings(learning_rate=0.1, learning_rate_power=power, initial_accumulator=0.1, l1=l1, l2=l2, beta=beta)
        optimizer = o.Ftrl(
            0.1,
            learning_rate_power=power,
            initial_accumulator_value=0.1,
            l1_regularization_strength=l1,
            l2_regularization_strength=l2,
            beta=beta,
        )
        cases.append((f"ftrl {{ {text} }}", optimizer))

    def run(optimizer, initial, gradients):
        variable = keras.Variable(initial.astype(np.float64), dtype="float64")
        for gradient in gradients:
            optimizer.apply([keras.ops.convert_to_tensor(gradient, dtype="float64")], [variable])
            yield keras.ops.convert_to_numpy(variable).copy()

    return cases, run


def torch_cases():
    import torch

    def cosine(optimizer):
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 25)

    def exponential(optimizer):
        return torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.6 ** (1 / 7))

    def steps(optimizer):
        return torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.5)

    t = torch.optim
    moments = dict(beta_1=0.9, beta_2=0.99, epsilon=1e-4, epsilon_mode="EPSILON_MODE_TORCH")
    adam = dict(lr=0.01, betas=(0.9, 0.99), eps=1e-4)
    text = settings(learning_rate=0.01, **moments)
    cases = [
        (f"adam {{ {text} }}", lambda p: t.Adam(p, **adam), None, None),
        (f"adam {{ {text} amsgrad: true }}", lambda p: t.Adam(p, **adam, amsgrad=True), None, None),
        (f"adam {{ {text} }} schedule {{ cosine {{ batches: 25 }} }}", lambda p: t.Adam(p, **adam), cosine, None),
        (
            f"adam {{ {text} amsgrad: true }} schedule {{ exponential {{ every: 7 factor: 0.6 }} }}",
            lambda p: t.Adam(p, **adam, amsgrad=True),
            exponential,
            None,
        ),
        (f"adamw {{ {text} weight_decay: 0.3 }}", lambda p: t.AdamW(p, **adam, weight_decay=0.3), None, None),
        (
            f"adamw {{ {text} weight_decay: 0.3 }} schedule {{ step {{ every: 3 factor: 0.5 }} }}",
            lambda p: t.AdamW(p, **adam, weight_decay=0.3),
            steps,
            None,
        ),
        ("sgd { learning_rate: 0.1 momentum: 0.8 }", lambda p: t.SGD(p, lr=0.1, momentum=0.8), None, None),
        (
            "sgd { learning_rate: 0.1 momentum: 0.8 nesterov: true }",
            lambda p: t.SGD(p, lr=0.1, momentum=0.8, nesterov=True),
            None,
            None,
        ),
        # The penalty reaches every row in every step here: compared as a dense tensor alone.
        (
            "sgd { learning_rate: 0.1 momentum: 0.8 } clip { value: 0.05 } l2: 0.2",
            lambda p: t.SGD(p, lr=0.1, momentum=0.8, weight_decay=0.2),
            None,
            0.05,
        ),
        (f"adam {{ {text} }} l2: 0.2", lambda p: t.Adam(p, **adam, weight_decay=0.2), None, None),
        (
            "adadelta { learning_rate: 1 rho: 0.9 epsilon: 0.0001 }",
            lambda p: t.Adadelta(p, lr=1, rho=0.9, eps=1e-4),
            None,
            None,
        ),
    ]

    def run(case, initial, gradients):
        make, schedule, clip = case
        parameter = torch.nn.Parameter(torch.tensor(initial, dtype=torch.float64))
        optimizer = make([parameter])
        scheduler = schedule(optimizer) if schedule else None
        for gradient in gradients:
            parameter.grad = torch.tensor(gradient, dtype=torch.float64)
            if clip:
                torch.nn.utils.clip_grad_value_([parameter], clip)
            optimizer.step()
            if scheduler:
                scheduler.step()
            yield parameter.detach().numpy().copy()

    return [(text, case) for text, *case in cases], run


def main():
    name = sys.argv[1]
    cases, run = {"keras": keras_cases, "torch": torch_cases}[name]()
    initial, gradients = traffic()

    def line(kind, values):
        return kind + ": " + " ".join(f"{x:.10g}" for x in np.asarray(values).ravel())

    lines = [line("initial", initial)]
    lines += [line("gradient", gradient) for gradient in gradients]
    for text, case in cases:
        lines.append("case: " + text)
        lines += [line("value", value) for value in run(case, initial, gradients)]
    (HERE / f"optimizers_{name}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
