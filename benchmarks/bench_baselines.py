"""Each workload by bytestride and by plain Python: `pytest benchmarks`.

The results are grouped by workload, so the table's ratios are those of one workload. For a ratio
to quote, `python benchmarks/record.py` runs both sides in turns.
"""


def check(workload, result):
    assert workload.size(result) == workload.expected_size


def test_fast(workload, benchmark):
    benchmark.group = workload.name
    result = benchmark.pedantic(workload.fast, rounds=5, warmup_rounds=1)
    check(workload, result)


def test_plain(workload, benchmark):
    benchmark.group = workload.name
    result = benchmark.pedantic(workload.plain, rounds=1)
    check(workload, result)
    assert workload.same(result, workload.fast())
