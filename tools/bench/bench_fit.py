"""Finds costs, all above zero, with which a forecast errs least: a search that needs nothing of the forecast but its error."""

import math


def relative_error(predicted, measured):
    """Mean of the squared errors of predictions, relative to what was measured; both by configuration."""
    return sum((predicted[key] / measured[key] - 1) ** 2 for key in measured) / len(measured)


def search(error, start, factor=2.0, least=1.05, most=200):
    """The costs, by name, with the least `error(costs)` that a pattern search finds from `start` (all above zero).

    One cost after another is multiplied and divided by `factor`; where nothing of that helps the factor comes closer to
    1, and it ends below `least`, or after `most` calls of `error`.
    """
    best, best_error, calls = dict(start), error(start), 1
    while factor > least and calls < most:
        improved = False
        for name in start:
            for by in (factor, 1 / factor):
                tried = {**best, name: best[name] * by}
                tried_error = error(tried)
                calls += 1
                if tried_error < best_error * (1 - 1e-9):
                    best, best_error, improved = tried, tried_error, True
                    break
        if not improved:
            factor **= 0.5
    return best, best_error


def seconds_of_part(points, rows):
    """As tools/plan/costs.h, ComputeTime: of a part of so many rows; `points`: (rows, seconds), ascending."""
    if rows <= points[0][0]:
        return points[0][1] * rows / points[0][0]
    for (low, low_s), (high, high_s) in zip(points, points[1:]):
        if rows <= high:
            return low_s * (high_s / low_s) ** (math.log(rows / low) / math.log(high / low))
    return points[-1][1] * rows / points[-1][0]
