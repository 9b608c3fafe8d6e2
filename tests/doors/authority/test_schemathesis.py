"""A stranger's fuzzer against the secured seller, with a token: nothing is a fault of ours, and nothing is told without a token."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from emulator.standard.contract import Contract
from tests.doors.authority.secured import RELEASE, Served

TOOL = os.environ.get("OIT_SCHEMATHESIS") or shutil.which("schemathesis")
CHECKS = "not_a_server_error,ignored_auth,unsupported_method"


def _document(contract: Contract, folder: Path) -> Path:
    """The contract with what it does not say of itself: that each operation wants a bearer token, and answers 401 without."""
    document = json.loads(json.dumps(contract.document))
    document.setdefault("components", {})["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "operationId" in operation:
                operation["security"] = [{"bearer": []}]
    path = folder / f"{contract.api}.json"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.slow
@pytest.mark.skipif(
    TOOL is None, reason="schemathesis is not installed (pip install schemathesis; OIT_SCHEMATHESIS names it)"
)
@pytest.mark.parametrize("api", ["quote", "poq", "inventory", "order"])
def test_a_fuzzer_with_a_token_finds_no_fault_and_no_way_without_it(seller: Served, api: str, tmp_path: Path) -> None:
    assert TOOL is not None
    contract = RELEASE.contract(api)
    done = subprocess.run(
        [
            TOOL, "run", str(_document(contract, tmp_path)), "--url", seller.url + contract.base_path, "--checks", CHECKS,
            "--header", f"Authorization: Bearer {seller.token()}", "--phases", "coverage,fuzzing", "--max-examples", "15",
            "--seed", "1", "--no-color", "--warnings", "off", "--suppress-health-check", "all", "--request-timeout", "30",
        ],
        capture_output=True, text=True, timeout=500, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    statuses = {
        exchange.response.status for exchange in seller.transcript if exchange.response and exchange.api == contract.api
    }
    assert 401 in statuses
    assert 500 not in statuses
