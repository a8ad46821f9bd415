"""mpire's three published workloads in sizes for two cores, without a pool: inputs, tasks, and digests of results.

Differences from the original are told in docs/benchmarks.md.
"""

import hashlib
import json
import os
import random
import string
import time

import numpy

SEED = 42
IMAGE_SIDE = 1500
STEP = 5  # every fifth row and column of a result is kept
WORDS = (1500, 500)  # of documents, in turn
WORD_LENGTH = 20
POPULAR = 3  # a prefix is popular when it is counted more often
REPORTED = 4  # longest prefix a worker reports: longer ones are never popular here, which the digest proves
LAYERS = (784, 512, 10)
TASKS = 10  # of a round

# What is less in a quick run.
FULL = {"filters": 20, "documents": 100, "rounds": 50, "images": 250, "load": 1.5}
QUICK = {"filters": 2, "documents": 12, "rounds": 5, "images": 250, "load": 0.2}


def prepare(folder, quick):
    """Write the inputs and the digests of the serial results into ``folder``."""
    sizes = QUICK if quick else FULL
    rng = numpy.random.default_rng(SEED)
    rng.normal(size=(sizes["filters"], 4, 4)).tofile(_in(folder, "filters.bin"))
    letters = random.Random(SEED)
    documents = [
        ["".join(letters.choices(string.ascii_lowercase, k=WORD_LENGTH)) for _ in range(WORDS[number % 2])]
        for number in range(sizes["documents"])
    ]
    with open(_in(folder, "documents.json"), "w") as file:
        json.dump(documents, file)
    parts = {"images": rng.random((sizes["images"], LAYERS[0]), dtype=numpy.float32)}
    for number, (before, after) in enumerate(zip(LAYERS, LAYERS[1:])):
        parts[f"weights{number}"] = rng.normal(0, 0.05, (before, after)).astype(numpy.float32)
        parts[f"biases{number}"] = rng.normal(0, 0.05, after).astype(numpy.float32)
    numpy.savez(_in(folder, "model.npz"), **parts)
    with open(_in(folder, "sizes.json"), "w") as file:
        json.dump(sizes, file)
    digests = {name: work(folder) for name, work in SERIAL.items()}
    with open(_in(folder, "digests.json"), "w") as file:
        json.dump(digests, file)


def sizes(folder):
    with open(_in(folder, "sizes.json")) as file:
        return json.load(file)


def expected(folder, name):
    with open(_in(folder, "digests.json")) as file:
        return json.load(file)[name]


# 1: numerical. The image is made inside the time.


def make_image():
    return (numpy.arange(IMAGE_SIDE * IMAGE_SIDE) % 251).astype(numpy.float64).reshape(IMAGE_SIDE, IMAGE_SIDE)


def filters(folder):
    return list(numpy.fromfile(_in(folder, "filters.bin")).reshape(-1, 4, 4))


def convolve(image, kernel):
    from scipy.signal import convolve2d

    return convolve2d(image, kernel)[::STEP, ::STEP]


def serial_numerical(folder):
    image = make_image()
    return digest_arrays([convolve(image, kernel) for kernel in filters(folder)])


# 2: stateful. Counts of all prefixes of all words are kept; the popular ones are the result.


def documents(folder):
    with open(_in(folder, "documents.json")) as file:
        return json.load(file)


def count(counts, document):
    """Add the prefixes of a document's words, of length 1 to 19, to ``counts``."""
    for word in document:
        for end in range(1, len(word)):
            prefix = word[:end]
            counts[prefix] = counts.get(prefix, 0) + 1


def report(counts):
    """Return what a worker says of its state at the end: the counts that can be part of the result."""
    return {prefix: number for prefix, number in counts.items() if len(prefix) <= REPORTED}


def merge(counts, more):
    for prefix, number in more.items():
        counts[prefix] = counts.get(prefix, 0) + number


def digest_popular(counts):
    popular = sorted(item for item in counts.items() if item[1] > POPULAR)
    return _hash([f"{prefix} {number}\n".encode() for prefix, number in popular])


def serial_stateful(folder):
    counts = {}
    for document in documents(folder):
        count(counts, document)
    return digest_popular(counts)


# 3: expensive init. A model is loaded once or again and again.


def load_model(folder):
    with numpy.load(_in(folder, "model.npz")) as file:
        model = dict(file)
    time.sleep(sizes(folder)["load"])
    return model


def predict(model, index):
    hidden = numpy.maximum(model["images"] @ model["weights0"] + model["biases0"], 0)
    output = hidden @ model["weights1"] + model["biases1"]
    power = numpy.exp(output - output.max(axis=1, keepdims=True))
    return power / power.sum(axis=1, keepdims=True) + numpy.float32(index)


def serial_init(folder):
    model = load_model(folder)
    rounds = sizes(folder)["rounds"]
    return digest_arrays([predict(model, index) for _ in range(rounds) for index in range(TASKS)])


def digest_arrays(arrays):
    return _hash([numpy.ascontiguousarray(array).tobytes() for array in arrays])


def _hash(parts):
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def _in(folder, name):
    return os.path.join(folder, name)


SERIAL = {"numerical": serial_numerical, "stateful": serial_stateful, "init": serial_init}
