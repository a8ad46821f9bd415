"""Computing work: train one model for each set of parameters."""

import math
import random

SAMPLES = 400


def train(rate, penalty, epochs):
    """Train a logistic regression and return how well it does on samples that it
    has not seen. The parameters are the columns of the input, which are text.
    """
    rate, penalty, epochs = float(rate), float(penalty), int(epochs)
    known, unknown = samples(1), samples(2)
    weights = [0.0, 0.0, 0.0]
    for _ in range(epochs):
        for features, label in known:
            error = probability(weights, features) - label
            for i, feature in enumerate(features):
                weights[i] -= rate * (error * feature + penalty * weights[i])
    right = sum((probability(weights, features) > 0.5) == label for features, label in unknown)
    return {"rate": rate, "penalty": penalty, "epochs": epochs, "accuracy": right / len(unknown)}


def probability(weights, features):
    """Return what the model says about a sample."""
    return 1 / (1 + math.exp(-sum(weight * feature for weight, feature in zip(weights, features))))


def samples(seed):
    """Return points, each with 1 for the side of a line that it is on: nearly,
    because one in ten is on the wrong side.
    """
    draw = random.Random(seed).random
    points = [(1.0, 2 * draw() - 1, 2 * draw() - 1) for _ in range(SAMPLES)]
    return [(point, int((point[1] + 2 * point[2] > 0.3) != (draw() < 0.1))) for point in points]
