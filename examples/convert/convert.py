"""Computing work, the second half: convert files. Processes make it faster."""

import csv
import json
import os


def convert(path):
    """Write the readings at path as JSON into converted/ and return that path."""
    with open(path, encoding="utf-8", newline="") as file:
        values = [int(row["value"]) for row in csv.DictReader(file)]
    report = {"values": values, "sum": sum(values), "median": sorted(values)[len(values) // 2]}
    os.makedirs("converted", exist_ok=True)
    target = os.path.join("converted", os.path.splitext(os.path.basename(path))[0] + ".json")
    with open(target, "w", encoding="utf-8") as file:
        json.dump(report, file)
    return target
