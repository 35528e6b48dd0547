"""A model of what a step costs, fitted to measured configurations:

    t = a + b * compute + c * wire + g * secured + d * workers + e * servers

compute  share of the batch's parts that the busiest core computes: b is a batch on one core, in seconds
wire     seconds that the bytes of one step need on the busiest link: c is the share that nothing hides
secured  bytes of one step that pass TLS and the kernel's network, for each core: g is seconds a byte
d, e     seconds for each worker and for each server that a step has to do with

Least squares of the relative errors, with no coefficient below zero, since nothing of this can save time.
"""

import itertools

NAMES = ["a", "b", "c", "g", "d", "e"]
WHAT = {"a": "s, always", "b": "s, a batch on one core", "c": "of the wire's time", "g": "s a byte through TLS",
        "d": "s a worker", "e": "s a server"}


def features(workers, servers, cores, parts, bytes_a_step, link):
    """The six factors of one configuration; `link`: bytes per second of each node's link each way, 0: no limit, None:
    processes of one machine that meet in unix sockets. `bytes_a_step`: pulled and pushed by all workers together."""
    compute = max(-(-parts // workers) / parts, 1 / min(cores, parts))
    # Rows and gradients spread evenly, so that the side with fewer nodes has the busier links.
    wire = 0.0 if not link else bytes_a_step / min(workers, servers) / link
    secured = 0.0 if link is None else bytes_a_step / cores
    return [1.0, compute, wire, secured, float(workers), float(servers)]


def solve(matrix, right):
    """x with matrix x = right, by elimination with pivots; None where the matrix is singular, or nearly."""
    n = len(right)
    rows = [list(map(float, row)) + [float(value)] for row, value in zip(matrix, right)]
    for column in range(n):
        pivot = max(range(column, n), key=lambda i: abs(rows[i][column]))
        if abs(rows[pivot][column]) < 1e-10:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for i in range(n):
            if i != column:
                factor = rows[i][column] / rows[column][column]
                rows[i] = [x - factor * y for x, y in zip(rows[i], rows[column])]
    return [rows[i][n] / rows[i][i] for i in range(n)]


def least_squares(rows, right):
    """x that minimises |rows x - right|; None where it is not unique."""
    n = len(rows[0])
    # Columns of length 1, so that the least pivot means the same whatever the units.
    lengths = [sum(row[j] ** 2 for row in rows) ** 0.5 for j in range(n)]
    if min(lengths) == 0:
        return None
    scaled = [[row[j] / lengths[j] for j in range(n)] for row in rows]
    matrix = [[sum(row[i] * row[j] for row in scaled) for j in range(n)] for i in range(n)]
    found = solve(matrix, [sum(row[i] * value for row, value in zip(scaled, right)) for i in range(n)])
    return None if found is None else [x / length for x, length in zip(found, lengths)]


def fit(rows, times):
    """Coefficients by name, none below zero, with the least sum of squared relative errors of `times`; a factor that is
    zero everywhere, or that the configurations do not tell from others, gets 0. ValueError with fewer than two rows.

    The best set of factors is found by trying all of them: there are 63.
    """
    if len(rows) < 2 or len(rows) != len(times) or min(times) <= 0:
        raise ValueError("a fit needs two configurations at least, and times above zero")
    relative = [[value / time for value in row] for row, time in zip(rows, times)]
    best, best_error = None, float("inf")
    for count in range(1, min(len(NAMES), len(rows)) + 1):
        for chosen in itertools.combinations(range(len(NAMES)), count):
            found = least_squares([[row[j] for j in chosen] for row in relative], [1.0] * len(rows))
            if found is None or min(found) < 0:
                continue
            error = sum((sum(row[j] * x for j, x in zip(chosen, found)) - 1) ** 2 for row in relative)
            # A further factor has to explain something.
            if error < best_error * 0.999 - 1e-15:
                best, best_error = dict(zip((NAMES[j] for j in chosen), found)), error
    if best is None:
        raise ValueError("no coefficients of at least zero fit")
    return {name: best.get(name, 0.0) for name in NAMES}


def predict(coefficients, row):
    """Seconds a step."""
    return sum(coefficients[name] * value for name, value in zip(NAMES, row))


def text(coefficients):
    return "\n".join("  %s = %.4g %s" % (name, value, WHAT[name]) for name, value in coefficients.items())
