"""What it costs that each request shows a token: our seller secured, against our seller as it is."""

from __future__ import annotations

import statistics
from typing import Any

from emulator.record.payload import dump
from tests.bench import load
from tests.bench.contenders import Contender, ours, secured
from tests.bench.peers import known
from tests.bench.serving import serving


def _measure(contender: Contender, seconds: float) -> dict[str, float]:
    """Requests per second with 16 connections: POST, and GET by id; and processor time per POST in microseconds."""
    body = dump(contender.body())
    with serving(contender) as server:
        load.drive(server.url, [contender.path], body=body, seconds=1, token=server.token)
        used = server.processor_seconds()
        post = load.drive(server.url, [contender.path], body=body, seconds=seconds, token=server.token)
        used = server.processor_seconds() - used
        get = load.drive(server.url, known(server), seconds=seconds, token=server.token)
        if post.refused + get.refused:
            message = f"{contender.name} refused {post.refused + get.refused} requests"
            raise RuntimeError(message)
        return {"post": post.rate, "get": get.rate, "post_cpu_us": used / max(1.0, post.rate * seconds) * 1e6}


def run(rounds: int, seconds: float) -> dict[str, Any]:
    """Both in turn, round by round; medians, and the ratio of secured to plain."""
    rows: dict[str, list[dict[str, float]]] = {"plain": [], "secured": []}
    for _ in range(rounds):
        for name, contender in (("plain", ours()), ("secured", secured())):
            rows[name].append(_measure(contender, seconds))
    ratios = {
        member: round(statistics.median(b[member] / a[member] for a, b in zip(*rows.values(), strict=True)), 3)
        for member in ("post", "get", "post_cpu_us")
    }
    for name, found in rows.items():
        print(name, {member: round(statistics.median(row[member] for row in found)) for member in found[0]})
    print("secured / plain:", ratios)
    return {"rounds": rounds, "seconds": seconds, "each_round": rows, "ratios": ratios}
