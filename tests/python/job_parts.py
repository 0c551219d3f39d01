"""Jobs in processes of their own: started, killed, signalled; what they left is looked at after."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from corpora import END

import bytestride

# One process imports everything once, and forks a command for each try.
SERVER = """
import json, os, random, signal, sys, time
import bytestride.jobs.job as job
from bytestride.cli import main
from bytestride.cli import tokenize, job_progress, stopping
from bytestride.jobs import shuffled
import pyarrow.json, pyarrow.parquet, zstandard
import bytestride.corpus.gz, bytestride.corpus.zstd, bytestride.corpus.tables
import bytestride.tokenizer, bytestride.corpus.json_lines

def without_end(plan, *_, **__):
    raise OSError(f"{plan.output}: not finished here")

def command(arguments, is_without_end):
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if is_without_end:
            job.finish_job = without_end
        status = main(arguments)
    except SystemExit as error:
        status = error.code
    finally:
        os._exit(status)

for line in sys.stdin:
    commands, seconds, is_without_end = json.loads(line)
    begin = time.perf_counter()
    children = [command(arguments, is_without_end) for arguments in commands]
    for child, after in sorted(zip(children, seconds), key=lambda pair: pair[1] or 0):
        if after is not None:
            time.sleep(max(begin + after - time.perf_counter(), 0))
            os.kill(child, signal.SIGKILL)  # not yet waited for: the number is still the child's
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    print(json.dumps([statuses, time.perf_counter() - begin]), flush=True)
"""


@contextmanager
def folder_in_memory():
    """Give a folder where nothing waits for a disk, if there is one: kills do not cut the power."""
    memory = "/dev/shm"
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


def environment():
    package = str(Path(bytestride.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([package, *sys.path])}


class Jobs:
    """Runs commands, several at once if asked, and kills each after a while if told to."""

    def __init__(self, errors):
        self._errors = errors
        with errors.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-c", SERVER],
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )

    def run(self, *commands, seconds=None, without_end=False):
        """Run them; give their exit statuses (-9: killed) and the seconds that they took."""
        seconds = [None] * len(commands) if seconds is None else seconds
        order = [[list(map(str, command)) for command in commands], seconds, without_end]
        print(json.dumps(order), file=self._process.stdin, flush=True)
        statuses, taken = json.loads(self._process.stdout.readline())
        return statuses, taken

    def errors(self):
        """What all commands so far said on stderr."""
        return self._errors.read_text()

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait() == 0


def tokenize(inputs, out, tokenizer, *options):
    """Give the command's arguments."""
    fixed = ["--tokenizer", tokenizer, "--append-eos", END, "--workers", 3]
    return ["tokenize", *([inputs] if inputs else []), "-o", out, *fixed, *options]


def hear_ctrl_c():
    """Undo a shell's "&", which has what it starts ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(arguments, **options):
    """Start a command in a Python of its own, which hears signals."""
    return subprocess.Popen(
        [sys.executable, "-m", "bytestride", *map(str, arguments)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=hear_ctrl_c,
        **options,
    )
