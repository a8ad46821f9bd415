"""Computing work: count primes. Processes make it faster, threads do not while
there is a GIL.

    tandem map examples/primes.py:count ::: 100000 200000 300000

prints 9592, 17984 and 25997, each on its line.
"""


def count(n):
    """Return how many primes are less than n."""
    if not isinstance(n, int):
        raise TypeError(f"n is {n!r}: want an integer")
    if n < 3:
        return 0
    composite = bytearray(n)
    for i in range(3, int(n**0.5) + 1, 2):
        if not composite[i]:
            composite[i * i :: 2 * i] = b"\x01" * ((n - 1 - i * i) // (2 * i) + 1)
    # Among 2 and the odd numbers from 3 on, those not marked are primes.
    return 1 + composite[3::2].count(0)
