"""Skips the benchmarks, saying why, on a machine without the text that they measure on."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=["training", "encoding", "windowing", "windowing_documents"])
def workload(request):
    from workloads import WORKLOADS, DataMissingError

    try:
        return WORKLOADS[request.param]()
    except DataMissingError as missing:
        pytest.skip(str(missing))
