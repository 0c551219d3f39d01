"""The virtual environment that the encoders are measured in. Standard library only.

Each package is installed by itself, so that one that has no wheel for this machine costs its own
rows only. bytestride is built from this source tree, again whenever its sources have changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-peers"
PYTHON = FOLDER / "bin" / "python"
CACHE = ROOT / "build" / "peers"

# What the measuring itself needs.
TOOLS = ("numpy", "zstandard", "matplotlib>=3.8")
# The versions that were compared; a list that names others is another comparison.
PACKAGES = (
    "tiktoken==0.14.0",
    "tokenizers==0.23.3",
    "awkward==2.14.0",
    "gigatoken==0.10.0",
    "fastokens==0.3.5",
    "snaptokens==0.2.6",
    "splintr-rs==0.22.0",
    "toktok-rs==0.3.0",
    "quicktok-v1==0.4.0",
    "rs-bpe==0.1.0",
    "wordchipper==0.9.2",
)


def install(tree: Path | None, packages: Sequence[str] = PACKAGES) -> None:
    """Make the environment whole: tools, rivals, and bytestride unless a built tree is given."""
    if not PYTHON.exists():
        print(f"making {FOLDER.name}", flush=True)
        venv.create(FOLDER, with_pip=True)
    stamp = FOLDER / "packages.json"
    done: dict[str, str] = json.loads(stamp.read_text()) if stamp.exists() else {}
    for package in (*TOOLS, *packages):
        if done.get(package) != "installed":
            done[package] = _pip("--only-binary=:all:", package)
            print(f"{package}: {done[package]}", flush=True)
            stamp.write_text(json.dumps(done, indent=2))
    if tree is None and done.get("bytestride") != (sources := digest_of_sources(ROOT)):
        print("building bytestride", flush=True)
        problem = _pip("--force-reinstall", "--no-deps", str(ROOT))
        if problem != "installed":
            raise SystemExit(f"bytestride could not be built: {problem}")
        # numpy stands already; these two are the other things that it needs.
        _pip("regex", "rich")
        done["bytestride"] = sources
        stamp.write_text(json.dumps(done, indent=2))


def problems(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Packages that could not be installed, with the last line that pip said."""
    done: dict[str, str] = json.loads((FOLDER / "packages.json").read_text())
    return {name: done[name] for name in packages if done.get(name, "missing") != "installed"}


def variables(tree: Path | None, n_threads: int) -> dict[str, str]:
    """Environment of a child: nothing is downloaded, nothing kept between runs, threads bounded."""
    home = CACHE / "home"
    home.mkdir(parents=True, exist_ok=True)
    nowhere = "http://127.0.0.1:9"
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "TIKTOKEN_CACHE_DIR": str(home / "tiktoken"),
        "HF_HOME": str(home / "hf"),
        "HF_HUB_OFFLINE": "1",
        "http_proxy": nowhere,
        "https_proxy": nowhere,
        "RAYON_NUM_THREADS": str(n_threads),
        "TOKENIZERS_PARALLELISM": "true" if n_threads > 1 else "false",
        "PYTHONPATH": str(ROOT / "benchmarks"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    if tree is not None:
        environment["PYTHONPATH"] += os.pathsep + str(tree / "python")
    return environment


def _pip(*arguments: str) -> str:
    """Install; "installed", or the last line of the complaint."""
    command = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True)
    if done.returncode == 0:
        return "installed"
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return (lines or done.stderr.splitlines() or ["pip failed"])[-1]


def digest_of_sources(tree: Path) -> str:
    """SHA-256 of what the engine is made from, whether committed or not."""
    digest = hashlib.sha256(sys.version.encode())
    for folder in ("cpp", "python"):
        for path in sorted((tree / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".py", ".pyi"):
                digest.update(str(path.relative_to(tree)).encode() + path.read_bytes())
    for name in ("CMakeLists.txt", "cpp/CMakeLists.txt", "pyproject.toml"):
        if (tree / name).exists():
            digest.update((tree / name).read_bytes())
    return digest.hexdigest()
