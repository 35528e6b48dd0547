#!/usr/bin/env python3
"""PyTorch's nn.LSTM on seed80m's shapes: a training step, forward and backward, rows a second.

    taskset -c 0 python3 tools/bench/torch_lstm.py [threads]

50 tokens a row drawn Zipf(1.05) of 266,927, vectors of 300, LSTM 256. The step gathers the part's vectors, and its
gradients reach weights and vectors, as in the training step of tools/bench/ops; without dense layer and loss. Needs
PyTorch and NumPy.
"""

import statistics
import sys
import time

import numpy
import torch

WORDS, WIDTH, UNITS, VOCABULARY, REPETITIONS = 50, 300, 256, 266927, 9


def draw(rows, random):
    """Tokens of `rows` rows as indices of the distinct ids, and how many those are."""
    shares = 1 / numpy.arange(1, VOCABULARY + 1) ** 1.05
    ids = random.choice(VOCABULARY, size=(rows, WORDS), p=shares / shares.sum())
    distinct, tokens = numpy.unique(ids, return_inverse=True)
    return torch.from_numpy(tokens.reshape(rows, WORDS)), len(distinct)


def seconds_of_step(rows, dtype, random):
    tokens, distinct = draw(rows, random)
    lstm = torch.nn.LSTM(WIDTH, UNITS, batch_first=True)
    vectors = torch.nn.Embedding(distinct, WIDTH)
    seconds = []
    for repetition in range(REPETITIONS + 1):
        begin = time.perf_counter()
        with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
            states, _ = lstm(vectors(tokens))
        states[:, -1].float().sum().backward()
        lstm.zero_grad()
        vectors.zero_grad()
        if repetition > 0:
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), distinct


def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    print(f"PyTorch {torch.__version__}, {threads} thread(s), medians of {REPETITIONS}")
    for dtype in (torch.float32, torch.bfloat16):
        random = numpy.random.default_rng(1)
        for rows in (64, 32, 16):
            seconds, distinct = seconds_of_step(rows, dtype, random)
            name = str(dtype).removeprefix("torch.")
            print(f"nn.LSTM, {name}, {rows} rows, {distinct} ids: {rows / seconds:.0f} rows/s")


if __name__ == "__main__":
    main()
