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
import shutil
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bytestride import __version__
from bytestride.corpus.bad_documents import OnBad
from bytestride.corpus.input_files import STDIN
from bytestride.corpus.reading import Reading
from bytestride.corpus.remote import is_url
from bytestride.jobs.count import (
    PART_BYTES,
    count_shard,
    left_out,
    make_count_plan,
    path_of,
    sum_of_counts,
)
from bytestride.jobs.job import CorpusResult, InputNames, as_inputs, opened_job
from bytestride.jobs.progress import OnProgress, Progress, Tally
from bytestride.jobs.run import chunk_bytes_within, tally_for
from bytestride.jobs.settings import DEFAULT_SHARD_TOKENS
from bytestride.jobs.tokenize import tokenize_shard
from bytestride.training.count_settings import (
    CountSettings,
    SpecialsInText,
    Unit,
    check_special_tokens,
)
from bytestride.training.counting import opened_counter, warn_of_bad

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
    from bytestride.stages import Pattern
    from bytestride.tokenizer import Tokenizer
    from bytestride.training.counting import Progress as CountProgress
    from bytestride.training.word_counts import WordCounts

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
            tally = tally_for(job.plan, len(parts))
            work = {
                "shared": [ray.put(job.plan), ray.put(tokenizer)],
                "options": {"workers": n_cpus, "chunk_bytes": chunk_bytes, "on_bad": on_bad},
                "folder": _folder_of(inputs),
            }
            name = f"tokenize {job.plan.output.name}"
            with closing(_rows_of(name, TokenizeShard, parts, work, n_cpus, concurrency)) as rows:
                for done in rows:
                    tally.add(done)
                    if progress is not None:
                        progress(tally.now())
        return job.finish()


def count_words_on_ray(
    inputs: InputNames | Inputs,
    work: str | os.PathLike[str],
    *,
    address: str | None = None,
    num_cpus: int | None = None,
    concurrency: Concurrency = None,
    reading: Reading | None = None,
    part_bytes: int = PART_BYTES,
    pattern: Pattern = "cl100k",
    unit: Unit = "document",
    special_tokens: Iterable[str] = (),
    specials_in_text: SpecialsInText = "drop",
    normalizer: str | None = None,
    memory_bytes: int | None = None,
    on_bad: OnBad = "stop",
    progress: CountProgress | None = None,
) -> WordCounts:
    """Count the words of files as `count_words` does, on the nodes of a Ray cluster.

    `Tokenizer.train` takes the result. A count that was stopped goes on with the parts that are not
    done, if it is called again with the same arguments.

    Parameters
    ----------
    inputs
        What `find_inputs` takes, or what it gave.
    work
        A folder that all nodes see, for the parts' counts until they are added up.
    address, num_cpus, concurrency
        As for `tokenize_corpus_on_ray`.
    reading
        How documents are found in the files; by default by what their names end in, a text file
        being one document, which may hold what is not UTF-8.
    part_bytes
        About how many bytes of the files are counted at a time.
    pattern, unit, special_tokens, specials_in_text, normalizer, on_bad
        As for `count_words`.
    memory_bytes
        What the tables of words may take in each of the parts.
    progress
        Called as ``progress("count", done, total)`` after each part, in parts.

    Returns
    -------
    WordCounts
        The same as on one machine.

    Raises
    ------
    BadDocumentError
        A document cannot be read, and `on_bad` is "stop".
    ValueError, RuntimeError, OSError
        As for `tokenize_corpus_on_ray` and `count_words`.

    Warns
    -----
    UserWarning
        Documents were left out.
    """
    _check_concurrency(concurrency)
    inputs = as_inputs(inputs)
    if STDIN in inputs.names:
        raise ValueError("the nodes of a cluster cannot read standard input; name files")
    settings = CountSettings(
        pattern, unit, check_special_tokens(special_tokens), specials_in_text, normalizer
    )
    if reading is None:
        with opened_counter(settings, False, None, None) as (_, may_cut):
            reading = Reading(may_cut=may_cut, keep_invalid_utf8=True)
    plan = make_count_plan(
        Path(work).absolute(), inputs, reading, settings, part_bytes=part_bytes, on_bad=on_bad
    )
    with _connected(address):
        n_cpus = _cpus_for_each(num_cpus)
        parts = [i for i in range(len(plan.parts)) if not path_of(plan, i).exists()]
        if parts:
            shared = {
                "shared": [ray.put(plan)],
                "options": {"num_threads": n_cpus, "memory_bytes": memory_bytes},
                "folder": _folder_of(inputs),
            }
            with closing(
                _rows_of("count words", CountShard, parts, shared, n_cpus, concurrency)
            ) as rows:
                for n_done, _ in enumerate(rows, len(plan.parts) - len(parts) + 1):
                    if progress is not None:
                        progress("count", n_done, len(plan.parts))
    counts = sum_of_counts((path_of(plan, i) for i in range(len(plan.parts))), settings)
    warn_of_bad(left_out(plan), 2)
    shutil.rmtree(plan.work, ignore_errors=True)
    return counts


def _rows_of(
    name: str,
    actor: type[_OnNode],
    parts: list[int],
    work: dict[str, Any],
    n_cpus: int,
    concurrency: Concurrency,
) -> Generator[Any, None, None]:
    """Have parts done by actors, and yield what each part gave, as they end; raise what it raised.

    `work` is what the actors are made of.
    """
    if concurrency is None:
        concurrency = 1, max(int(ray.cluster_resources().get("CPU", 1)) // n_cpus, 1)
    if isinstance(concurrency, tuple):  # no actor without a part
        concurrency = min(concurrency[0], len(parts)), min(concurrency[1], len(parts))
    else:
        concurrency = min(concurrency, len(parts))
    items = [{"part": part} for part in parts]
    with _quiet():
        # A block is what Ray does again after a failure: one part.
        dataset = ray.data.from_items(items, override_num_blocks=len(parts)).map_batches(
            actor,
            fn_constructor_kwargs={**work, "version": __version__},
            batch_size=1,
            num_cpus=n_cpus,
            concurrency=concurrency,
        )
        dataset.set_name(f"bytestride {name}")
        for row in dataset.iter_rows():
            if row["error"]:
                raise pickle.loads(row["error"])
            yield pickle.loads(row["result"])


class _OnNode:
    """Does one part after the other on a node; the actor that Ray keeps.

    Parameters
    ----------
    shared
        References to what the driver put into Ray's store for all of them.
    options
        What the work of every part takes.
    folder
        The driver's folder, which relative names of inputs are from; None if there are none.
    version
        That of the driver's bytestride.
    """

    def __init__(
        self,
        shared: list[ray.ObjectRef],
        options: dict[str, Any],
        folder: str | None,
        version: str,
    ) -> None:
        # An error here would be Ray's, and said many times: the parts find out what is wrong.
        self._references = shared
        self._shared: list[Any] | None = None
        self._options = options
        self._folder = folder
        self._version = version

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Do a part: ``{"part": [i]}`` gives one row, of what it gave or what it raised."""
        part = int(batch["part"][0])
        result, raised = b"", b""
        try:
            result = pickle.dumps(self._do(part, *self._prepared()))
        except Exception as error:
            # Ray would wrap it, and lose its type on the way to the driver.
            raised = _packed(error, part)
        return {
            "part": np.array([part]),
            "result": np.array([result], object),
            "error": np.array([raised], object),
        }

    def _do(self, part: int, *shared: Any) -> object:  # noqa: ANN401 (each actor's own)
        raise NotImplementedError

    def _prepared(self) -> list[Any]:
        """Fetch what the parts share, once, and see that this node is as the driver."""
        if self._shared is None:
            if self._version != __version__:
                raise ValueError(
                    f"the node {ray.util.get_node_ip_address()} has bytestride {__version__}, and "
                    f"the job was begun with {self._version}; install the same on all nodes"
                )
            if self._folder is not None:
                os.chdir(self._folder)
            self._shared = ray.get(list(self._references))
        return self._shared


class TokenizeShard(_OnNode):
    """Encodes parts of a plan, with one tokenizer."""

    def _do(self, part: int, *shared: Any) -> Progress:  # noqa: ANN401
        plan, tokenizer = shared
        tally = Tally(None, 1, 1)
        tokenize_shard(plan, part, tokenizer, on_chunk=tally.add_chunk, **self._options)
        tally.add_part()
        return tally.now()


class CountShard(_OnNode):
    """Counts parts of a plan."""

    def _do(self, part: int, *shared: Any) -> str:  # noqa: ANN401
        (plan,) = shared
        return str(count_shard(plan, part, **self._options))


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
