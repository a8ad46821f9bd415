"""The tasks of the conformance suite, as package tandemtest describes them."""

from __future__ import annotations

import os
import socket


def double(n: int) -> int:
    return 2 * n


def echo(text: str) -> str:
    return text


def accept(_: object) -> int:
    return 1


def unencodable(n: int) -> set[int]:
    return {n}


def fail(failure: dict[str, str]) -> int:
    kind, text = failure["Kind"], failure["Text"]
    if kind == "wrapped":
        raise RuntimeError("outer: " + text) from ValueError(text)
    raise ValueError(text)


def hold(order: dict[str, object]) -> str:
    """Tell the gate that the call runs, then do what it says. Cancellation cannot reach it."""
    host, port = str(order["Gate"]).rsplit(":", 1)
    with socket.create_connection((host.strip("[]"), int(port))) as gate:
        gate.sendall(f"start {order['Key']} {os.getpid()}\n".encode())
        with gate.makefile("r", encoding="utf-8") as lines:
            line = lines.readline()
    if not line.endswith("\n"):
        raise ConnectionError("gate closed")
    command, _, text = line[:-1].partition(" ")
    if command == "return":
        return text
    if command == "fail":
        raise ValueError(text)
    if command == "exit":
        os._exit(int(text))
    raise ValueError(f"unknown command {line!r}")
