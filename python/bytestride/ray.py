"""The jobs on a Ray cluster. This is the only module that imports ray (``bytestride[ray]``).

Numbers of parts go to the nodes, and a line of counts comes back for each: texts and tokens never
pass through Ray. Every node must see the inputs and the output under the same names, and have the
same bytestride.

Ray starts a task again whose node went away, and may run two of the same. That is harmless: each
attempt writes in a folder of its own, and what it publishes are the same bytes.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from bytestride import __version__
from bytestride.corpus.input_files import STDIN
from bytestride.corpus.remote import is_url
from bytestride.jobs.job import CorpusResult, InputNames, Job, as_inputs, opened_job
from bytestride.jobs.progress import OnProgress, Tally
from bytestride.jobs.run import chunk_bytes_within, tally_for
from bytestride.jobs.settings import DEFAULT_SHARD_TOKENS
from bytestride.jobs.tokenize import OnBad, tokenize_shard

try:
    import ray
    import ray.data
except ModuleNotFoundError as error:
    if error.name not in ("ray", "pandas", "pyarrow"):
        raise
    raise ModuleNotFoundError(
        f"jobs on a cluster need the package ray with its data part ({error}): "
        "pip install 'bytestride[ray]'"
    ) from error

if TYPE_CHECKING:
    from bytestride.corpus.inputs import Inputs
    from bytestride.corpus.reading import Reading
    from bytestride.tokenizer import Tokenizer

Concurrency = int | tuple[int, int] | None

_MOST_CPUS = 8
"""One reading thread feeds about this many that encode: a part on more cores would wait for it."""


def tokenize_corpus_on_ray(
    inputs: InputNames | Inputs,
    output: str | os.PathLike[str],
    *,
    tokenizer: Tokenizer,
    address: str | None = None,
    num_cpus: int | None = None,
    concurrency: Concurrency = None,
    reading: Reading | None = None,
    append_eos: str | None = None,
    dtype: str | None = None,
    shard_tokens: int = DEFAULT_SHARD_TOKENS,
    seed: int | None = None,
    emit: Sequence[str] = (),
    memory_bytes: int | None = None,
    on_bad: OnBad = "skip",
    resume: bool = True,
    overwrite: bool = False,
    verify: bool = False,
    progress: OnProgress | None = None,
) -> CorpusResult:
    """Encode a corpus into a token store as `tokenize_corpus` does, on the nodes of a Ray cluster.

    The store has the same bytes as one that was made on one machine, and a job that was begun in
    one way may go on in the other. This process makes the plan and, when all parts are done, the
    store; it must see the output too.

    Parameters
    ----------
    address
        The cluster: what `ray.init` takes, "auto" for the one that runs here, "local" for a new one
        of this machine. By default the one that this process is connected to, or what `ray.init`
        finds.
    num_cpus
        Cores, and threads, for each part; by default eight, or as many as the largest node has.
    concurrency
        How many parts at the same time: a number, or the fewest and the most. By default as many
        as there are cores for.
    memory_bytes
        What chunks of text and ids may take in each of them.
    progress
        Called with a `Progress` after each part.

    The other parameters are those of `tokenize_corpus`.

    Returns
    -------
    CorpusResult

    Raises
    ------
    ValueError
        No node has `num_cpus` cores; `concurrency` is below 1; an input is standard input, which
        the nodes cannot read; another version of bytestride is on a node.
    RuntimeError
        This process is connected to another cluster than `address`.
    Exception
        What `tokenize_corpus` raises, also where it happened on a node; the first ends the job.
    """
    _check_concurrency(concurrency)
    inputs = as_inputs(inputs)
    if STDIN in inputs.names:
        raise ValueError("the nodes of a cluster cannot read standard input; name files")
    with (
        _connected(address),
        opened_job(
            inputs,
            output,
            tokenizer,
            reading=reading,
            append_eos=append_eos,
            dtype=dtype,
            shard_tokens=shard_tokens,
            seed=seed,
            emit=emit,
            resume=resume,
            overwrite=overwrite,
            verify=verify,
            alone=True,
        ) as job,
    ):
        n_cpus = _cpus_for_each(num_cpus)
        chunk_bytes = chunk_bytes_within(memory_bytes, n_cpus)
        parts = job.parts_to_do()
        if parts:
            work = {
                "plan": ray.put(job.plan),
                "tokenizer": ray.put(tokenizer),
                "workers": n_cpus,
                "chunk_bytes": chunk_bytes,
                "on_bad": on_bad,
                "folder": _folder_of(inputs),
                "version": __version__,
            }
            _run_parts(job, parts, work, n_cpus, concurrency, progress)
        return job.finish()


def _run_parts(
    job: Job,
    parts: list[int],
    work: dict[str, Any],
    n_cpus: int,
    concurrency: Concurrency,
    progress: OnProgress | None,
) -> None:
    if concurrency is None:
        concurrency = 1, max(int(ray.cluster_resources().get("CPU", 1)) // n_cpus, 1)
    if isinstance(concurrency, tuple):  # no actor without a part
        concurrency = min(concurrency[0], len(parts)), min(concurrency[1], len(parts))
    else:
        concurrency = min(concurrency, len(parts))
    tally = tally_for(job.plan, len(parts))
    items = [{"part": part} for part in parts]
    with _quiet():
        # A block is what Ray does again after a failure: one part.
        dataset = ray.data.from_items(items, override_num_blocks=len(parts)).map_batches(
            TokenizeShard,
            fn_constructor_kwargs=work,
            batch_size=1,
            num_cpus=n_cpus,
            concurrency=concurrency,
        )
        dataset.set_name(f"bytestride tokenize {job.plan.output.name}")
        rows = dataset.iter_rows()
        for row in rows:
            if row["error"]:
                raise pickle.loads(row["error"])
            tally.add(pickle.loads(row["counts"]))
            if progress is not None:
                progress(tally.now())


class TokenizeShard:
    """Does one part after the other on a node, with one tokenizer; the actor that Ray keeps.

    Parameters
    ----------
    plan, tokenizer
        References to what the driver put into Ray's store.
    workers, chunk_bytes, on_bad
        As for `tokenize_shard`.
    folder
        The driver's folder, which relative names of inputs are from; None if there are none.
    version
        That of the driver's bytestride.
    """

    def __init__(
        self,
        plan: ray.ObjectRef,
        tokenizer: ray.ObjectRef,
        workers: int,
        chunk_bytes: int,
        on_bad: OnBad,
        folder: str | None,
        version: str,
    ) -> None:
        # An error here would be Ray's, and said many times: the parts find out what is wrong.
        self._references = plan, tokenizer
        self._version = version
        self._folder = folder
        self._options: dict[str, Any] = {
            "workers": workers,
            "chunk_bytes": chunk_bytes,
            "on_bad": on_bad,
        }
        self._plan = self._tokenizer = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do a part: ``{"part": [i]}`` gives one row of its tokens, documents and errors."""
        part = int(batch["part"][0])
        tally = Tally(None, 1, 1)
        raised = b""
        rows = []
        try:
            self._prepare()
            rows = tokenize_shard(
                self._plan,  # type: ignore[arg-type] # prepared
                part,
                self._tokenizer,  # type: ignore[arg-type]
                on_chunk=tally.add_chunk,
                **self._options,
            )
            tally.add_part()
        except Exception as error:
            # Ray would wrap it, and lose its type on the way to the driver.
            raised = _packed(error, part)
        entries = [row.entry for row in rows if row.entry is not None]
        return {
            "part": np.array([part]),
            "tokens": np.array([sum(entry.n_tokens for entry in entries)]),
            "documents": np.array([sum(entry.n_documents for entry in entries)]),
            "counts": np.array([pickle.dumps(tally.now())], object),
            "error": np.array([raised], object),
        }

    def _prepare(self) -> None:
        """Once: fetch what the parts share, and see that this node is as the driver."""
        if self._plan is not None:
            return
        if self._version != __version__:
            raise ValueError(
                f"the node {ray.util.get_node_ip_address()} has bytestride {__version__}, and the "
                f"job was begun with {self._version}; install the same on all nodes"
            )
        if self._folder is not None:
            os.chdir(self._folder)
        self._plan, self._tokenizer = ray.get(list(self._references))


def _packed(error: Exception, part: int) -> bytes:
    """Give an error in a form that comes to the driver whole, or what it said."""
    if sys.version_info >= (3, 11):
        error.add_note(f"in part {part}, on the node {ray.util.get_node_ip_address()}")
    try:
        packed = pickle.dumps(error)
        if type(pickle.loads(packed)) is type(error):
            return packed
    except Exception:  # whatever a class does when it is packed
        pass
    return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))


def _check_concurrency(concurrency: Concurrency) -> None:
    least, most = concurrency if isinstance(concurrency, tuple) else (concurrency, concurrency)
    if least is not None and most is not None and not 1 <= least <= most:
        raise ValueError(
            "concurrency must be a number of at least 1, or the fewest and the most, found "
            f"{concurrency!r}"
        )


def _folder_of(inputs: Inputs) -> str | None:
    """Give the folder that names are from, if any is relative."""
    relative = any(not is_url(name) and not os.path.isabs(name) for name in inputs.names)  # noqa: PTH117
    return os.getcwd() if relative else None  # noqa: PTH109 (it goes to another process)


def _cpus_for_each(num_cpus: int | None) -> int:
    """Give how many cores a part takes, so that there is a node for it: else Ray waits for ever."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = int(max((resources.get("CPU", 0) for resources in nodes), default=0))
    if num_cpus is None:
        num_cpus = min(_MOST_CPUS, max(most, 1))
    if num_cpus < 1:
        raise ValueError(f"num_cpus must be at least 1, found {num_cpus}")
    if num_cpus > most:
        raise ValueError(
            f"no node has {num_cpus} cores, the largest has {most}; give a smaller num_cpus, or "
            "wait until there is one"
        )
    return num_cpus


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """Be connected to a cluster; if this connects to it, until the end of the block."""
    if ray.is_initialized():
        at = ray.get_runtime_context().gcs_address
        if address not in (None, "auto", at):
            raise RuntimeError(
                f"this process is connected to the cluster at {at}, and not to {address}; leave "
                "the address out, or call ray.shutdown() before"
            )
        yield
        return
    ray.init(address=address, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Let Ray's own bars be silent: progress is told to whoever asked."""
    context = ray.data.DataContext.get_current()
    before = context.enable_progress_bars
    context.enable_progress_bars = False
    try:
        yield
    finally:
        context.enable_progress_bars = before
