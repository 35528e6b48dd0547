#!/usr/bin/env python3
"""Makes the golden numbers of sections_golden_test.cc: the first 20 losses of the sections network in PyTorch.

    python3 -m venv venv && venv/bin/pip install torch numpy && venv/bin/python tests/conformance/sections_golden.py

Writes, beside itself, sections_rows.txt (20 batches of 64 made-up rows: label, then ids) and sections_losses.txt (the mean
loss of each batch, computed before its update). Neither building nor testing Pumasi needs this script.

The network: Embedding(5000 x 100) -> LSTM(128) -> Dense(58, softmax), cross entropy, Adam(1e-3, .9, .999, 1e-8). The initial
weights are Pumasi's own (ops/initializer.h, common/model_plan.cc), written here a second time in numpy, so that the test also
covers them. torch.optim.Adam adds epsilon after the bias correction, Keras and Pumasi before: the update is written out.
"""

import pathlib

import numpy as np
import torch

VOCABULARY, WIDTH, UNITS, CLASSES = 5000, 100, 128, 58
BATCHES, ROWS, LONGEST = 20, 64, 20
SEED = 1
HERE = pathlib.Path(__file__).parent


def philox(key, counters):
    """Philox4x32-10: counters is uint32[n, 4], the result too."""
    mask = np.uint64(0xFFFFFFFF)
    c = [counters[:, i].astype(np.uint64) for i in range(4)]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [
            (p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0),
            p1 & mask,
            (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1),
            p0 & mask,
        ]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, axis=1)


def fnv1a(text, bits):
    value, prime, size = {
        32: (2166136261, 16777619, 0xFFFFFFFF),
        64: (14695981039346656037, 1099511628211, 0xFFFFFFFFFFFFFFFF),
    }[bits]
    for byte in text.encode():
        value = ((value ^ byte) * prime) & size
    return value


def table_seed(seed, name):
    """SplitMix64's finaliser, as common/model_plan.cc has it."""
    mask = 0xFFFFFFFFFFFFFFFF
    x = (seed + 0x9E3779B97F4A7C15 + fnv1a(name, 64)) & mask
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return x ^ (x >> 31)


def words(name, rows, per_row):
    """Word c of row r of a table: uint64[rows, per_row]."""
    blocks = -(-per_row // 4)
    row, block = np.divmod(np.arange(rows * blocks, dtype=np.uint64), np.uint64(blocks))
    counters = np.stack([block, row, np.zeros_like(row), np.full_like(row, fnv1a(name, 32))], axis=1)
    return philox(table_seed(SEED, name), counters).reshape(rows, blocks * 4)[:, :per_row]


def uniform(name, rows, columns, limit):
    integers = (words(name, rows, columns) >> np.uint64(8)).astype(np.int64) - (1 << 23)
    return integers.astype(np.float32) * (np.float32(limit) / np.float32(1 << 23))


def glorot_uniform(name, rows, columns):
    return uniform(name, rows, columns, np.sqrt(6 / (rows + columns)))


def orthogonal(name, rows, columns):
    sums = words(name, rows, columns * 12).reshape(rows, columns, 12).sum(axis=2)
    normal = (sums.astype(np.float64) - 6 * 4294967295.0) / 4294967296.0
    q, r = np.linalg.qr(normal.T)  # rows <= columns here
    return (q * np.sign(np.diag(r))).T.astype(np.float32)


def made_up_rows():
    """[(label, ids)]: ids about as frequent as words are. Few labels occur, so that the loss falls from the first steps on."""
    draws = words("sections_rows", BATCHES * ROWS, LONGEST + 1) / 4294967296.0
    result = []
    for row in draws:
        length = 1 + int(row[0] * LONGEST)
        ids = [1 + int((VOCABULARY - 1) * u**3) for u in row[1 : 1 + length]]
        result.append((ids[0] % 5 * 11, ids))
    return result


class Network:
    def __init__(self):
        self.embedding = torch.tensor(uniform("embedding", VOCABULARY, WIDTH, 0.05))
        kernel = glorot_uniform("lstm/kernel", WIDTH, 4 * UNITS)
        recurrent = orthogonal("lstm/recurrent_kernel", UNITS, 4 * UNITS)
        bias = np.zeros(4 * UNITS, np.float32)
        bias[UNITS : 2 * UNITS] = 1
        # PyTorch's gates are i, f, g, o, which is Keras' order; its matrices are transposed, its bias is there twice.
        self.lstm = torch.nn.LSTM(WIDTH, UNITS, batch_first=True)
        with torch.no_grad():
            self.lstm.weight_ih_l0.copy_(torch.tensor(kernel.T.copy()))
            self.lstm.weight_hh_l0.copy_(torch.tensor(recurrent.T.copy()))
            self.lstm.bias_ih_l0.copy_(torch.tensor(bias))
            self.lstm.bias_hh_l0.zero_()
        self.kernel = torch.tensor(glorot_uniform("dense/kernel", UNITS, CLASSES))
        self.bias = torch.zeros(CLASSES)
        self.trained = [
            self.embedding,
            self.lstm.weight_ih_l0,
            self.lstm.weight_hh_l0,
            self.lstm.bias_ih_l0,
            self.kernel,
            self.bias,
        ]
        for parameter in self.trained:
            parameter.requires_grad_(True)

    def loss(self, batch):
        lengths = torch.tensor([len(ids) for _, ids in batch])
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(ids) for _, ids in batch], batch_first=True)
        vectors = torch.nn.functional.embedding(ids, self.embedding)
        packed = torch.nn.utils.rnn.pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        _, (last, _) = self.lstm(packed)
        logits = last[0] @ self.kernel + self.bias
        return torch.nn.functional.cross_entropy(logits, torch.tensor([label for label, _ in batch]))


def adam_step(step, parameters, moments, rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    scale = rate * (1 - beta_2**step) ** 0.5 / (1 - beta_1**step)
    with torch.no_grad():
        for parameter, (m, v) in zip(parameters, moments):
            gradient = parameter.grad
            m.mul_(beta_1).add_(gradient, alpha=1 - beta_1)
            v.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
            parameter -= scale * m / (v.sqrt() + epsilon)
            parameter.grad = None


def main():
    torch.set_num_threads(1)
    rows = made_up_rows()
    network = Network()
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in network.trained]
    losses = []
    for batch in range(BATCHES):
        loss = network.loss(rows[batch * ROWS : (batch + 1) * ROWS])
        loss.backward()
        losses.append(loss.item())
        adam_step(batch + 1, network.trained, moments)
    (HERE / "sections_rows.txt").write_text(
        "".join(" ".join(map(str, [label, *ids])) + "\n" for label, ids in rows)
    )
    (HERE / "sections_losses.txt").write_text("".join(f"{loss:.8f}\n" for loss in losses))
    print(f"PyTorch {torch.__version__}: losses {losses[0]:.6f} … {losses[-1]:.6f}")


if __name__ == "__main__":
    main()
