#!/usr/bin/env python3
"""Makes the golden numbers of layers_golden_test.cc that come from PyTorch: layers whose meaning it shares.

    python3 -m venv venv && venv/bin/pip install torch numpy && venv/bin/python tests/conformance/layers_torch_golden.py

Writes layers_torch.txt beside itself, as layers_golden.py writes layers_golden.txt. Neither building nor testing Pumasi
needs this script. PyTorch moves its running variance by the unbiased variance; the file has the biased one, by which
Keras and Pumasi do.
"""

import pathlib

import numpy as np
import torch

HERE = pathlib.Path(__file__).parent
WIDTH = 3
LENGTHS = [3, 1, 5, 2]


def numbers(values):
    return " ".join(f"{value:.9g}" for value in values.detach().numpy().reshape(-1))


def compute(name, text, layer, lengths, random):
    count = 5 if lengths is None else sum(lengths)
    x = torch.tensor(random.uniform(-1.5, 1.5, (count, WIDTH)), requires_grad=True)
    tables = [layer.weight, layer.bias]
    moving = [layer.running_mean, layer.running_var] if isinstance(layer, torch.nn.BatchNorm1d) else []
    with torch.no_grad():
        for table in tables:
            table.copy_(torch.tensor(random.uniform(-1, 1, WIDTH)))
        for table in moving:
            table.copy_(torch.tensor(random.uniform(0.1, 1, WIDTH)))
    lines = [f"case {name}", f"layer {text}", f"width {WIDTH}"]
    lines.append(f"rows {count}" if lengths is None else "lengths " + " ".join(map(str, lengths)))
    lines.append("input " + numbers(x))
    lines.extend(f"table 1 {WIDTH} {numbers(table)}" for table in tables + moving)
    inference = layer.eval()(x) if moving else None
    before = [table.clone() for table in moving]
    output = layer.train()(x)
    seed = torch.tensor(random.uniform(-1, 1, (count, WIDTH)))
    (output * seed).sum().backward()
    lines += ["output " + numbers(output), "seed " + numbers(seed), "input_gradient " + numbers(x.grad)]
    lines.extend("table_gradient " + numbers(table.grad) for table in tables)
    for old, new, share in zip(before, moving, [1, (count - 1) / count]):
        lines.append("table_gradient " + numbers((new - (1 - layer.momentum) * old) / layer.momentum * share))
    if moving:
        lines.append("inference " + numbers(inference))
    return lines


def main():
    torch.set_default_dtype(torch.float64)
    random = np.random.default_rng(10)
    lines = [f"# Made by layers_torch_golden.py with PyTorch {torch.__version__}."]
    for suffix, lengths in [("", None), ("_sequences", LENGTHS)]:
        layer = torch.nn.BatchNorm1d(WIDTH, eps=0.01, momentum=0.1)
        text = "batch_normalization { momentum: 0.9 epsilon: 0.01 }"
        lines += compute("batch_normalization" + suffix, text, layer, lengths, random)
        layer = torch.nn.LayerNorm(WIDTH, eps=0.001)
        lines += compute("layer_normalization" + suffix, "layer_normalization { epsilon: 0.001 }", layer, lengths, random)
    (HERE / "layers_torch.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
