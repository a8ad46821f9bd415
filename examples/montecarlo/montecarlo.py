"""Computing work: the price of an option, estimated from random paths.

    python3 montecarlo.py < estimates

prints the mean of estimates, its error, and the exact price.
"""

import json
import math
import random
import sys

SPOT, STRIKE, RATE, VOLATILITY, YEARS = 100.0, 105.0, 0.03, 0.2, 1.0
PATHS = 20_000


def price(seed):
    """Return an estimate of the price of a European call option. It depends on
    nothing but the seed.
    """
    normal = random.Random(seed).gauss
    drift = (RATE - VOLATILITY**2 / 2) * YEARS
    spread = VOLATILITY * math.sqrt(YEARS)
    total = 0.0
    for _ in range(PATHS):
        total += max(SPOT * math.exp(drift + spread * normal(0, 1)) - STRIKE, 0)
    return math.exp(-RATE * YEARS) * total / PATHS


def exact():
    """Return the price by the formula of Black and Scholes."""
    spread = VOLATILITY * math.sqrt(YEARS)
    d = (math.log(SPOT / STRIKE) + (RATE + VOLATILITY**2 / 2) * YEARS) / spread
    return SPOT * below(d) - STRIKE * math.exp(-RATE * YEARS) * below(d - spread)


def below(x):
    """Return the probability that a normal number is less than x."""
    return (1 + math.erf(x / math.sqrt(2))) / 2


def main():
    estimates = [json.loads(line) for line in sys.stdin]
    n = len(estimates)
    mean = sum(estimates) / n
    error = math.sqrt(sum((e - mean) ** 2 for e in estimates) / (n - 1) / n)
    print(f"{mean:.3f} +- {error:.3f} from {n * PATHS} paths; exact: {exact():.3f}")


if __name__ == "__main__":
    main()
