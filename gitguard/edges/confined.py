"""Processes that work on hostile input: no network, no home, no credentials, and limits on time, memory and output."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000
_CHUNK = 1 << 16
_MOST_ERRORS = 1 << 16
_NOWHERE = "http://127.0.0.1:9"


class Limits(NamedTuple):
    """What one process may use: seconds of wall time, bytes of memory, bytes of output; `written` bytes in one file, 0 for what it inherits."""

    seconds: float = 60.0
    memory: int = 4 << 30
    output: int = 48 << 20
    written: int = 0


USUAL = Limits()


class Finished(NamedTuple):
    """How a process ended; `exceeded` says which limit stopped it, "" for none."""

    code: int
    output: bytes
    errors: bytes
    exceeded: str = ""


def environment(home: Path) -> Mapping[str, str]:
    """All that a tool gets to see of the environment: an empty home of its own, programs nowhere, the network closed.

    The last three spare Go's runtime work: a short process gains little from collecting garbage, and nothing from threads of its own. Without any
    collection it would ask the kernel for more memory than it saves time.
    """
    proxies = {name: _NOWHERE for proxy in ("http_proxy", "https_proxy", "all_proxy") for name in (proxy, proxy.upper())}
    folders = [f"{owner}_{kind}_HOME" for owner in ("XDG", "HELM") for kind in ("CACHE", "CONFIG", "DATA")] + ["HELM_PLUGINS", "TMPDIR"]
    git = {"GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    runtime = {"GOGC": "800", "GOMEMLIMIT": "256MiB", "GOMAXPROCS": "1"}
    nowhere = {"PATH": str(home / "nothing"), "KUBECONFIG": os.devnull, "NO_PROXY": "", "no_proxy": "", "LC_ALL": "C.UTF-8"}
    return {"HOME": str(home), **dict.fromkeys(folders, str(home)), **proxies, **git, **runtime, **nowhere}


def isolate() -> bool:
    """Cut this process, and all that it starts, off from every network; False where the system does not let it."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        return any(libc.unshare(flags) == 0 for flags in (_NEW_NETWORK, _NEW_USER | _NEW_NETWORK))
    return False


def confine(limits: Limits) -> None:
    """Give this process, and all that it starts, limits on memory, on the size of files, and no core dumps.

    Set here and not between fork and exec: a process without code of ours in between is started without copying this one's memory.
    """
    if sys.platform == "win32":
        return
    import resource

    for kind, most in ((resource.RLIMIT_AS, limits.memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, limits.output)):
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (allowed, hard))


def start(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a process in a group of its own, with pipes."""
    return subprocess.Popen(
        command, cwd=folder, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def run(command: Sequence[str], folder: Path, env: Mapping[str, str], limits: Limits) -> Finished:
    """Run a process to its end, or to its limits; whatever it started goes with it."""
    process = start(command, folder, env)
    _limit(process.pid, limits)
    assert process.stdin is not None  # noqa: S101
    process.stdin.close()
    try:
        output, errors, exceeded = _collected(process, limits)
    finally:
        stop(process)
    code = process.returncode
    if not exceeded and code and (code == -signal.SIGKILL or _out_of_memory(errors)):
        exceeded = "memory"
    return Finished(code, output, errors, exceeded)


def _limit(pid: int, limits: Limits) -> None:
    """The clock of `run` stops what hangs; this what outlives us, or fills the disk, where the system has it."""
    with suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        most = int(limits.seconds) + 2
        resource.prlimit(pid, resource.RLIMIT_CPU, (most, most))
        if limits.written:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limits.written, limits.written))


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its group, and wait for it."""
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _collected(process: "subprocess.Popen[bytes]", limits: Limits) -> tuple[bytes, bytes, str]:
    deadline = time.monotonic() + limits.seconds
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    sizes = {process.stdout: limits.output, process.stderr: _MOST_ERRORS}
    parts: dict[IO[bytes], list[bytes]] = {pipe: [] for pipe in sizes}
    pending = list(sizes)
    while pending:
        left = deadline - time.monotonic()
        ready = select.select(pending, (), (), left)[0] if left > 0 else []
        if not ready:
            return b"", b"".join(parts[process.stderr]), "time"
        for pipe in ready:
            chunk = os.read(pipe.fileno(), _CHUNK)
            if not chunk:
                pending.remove(pipe)
            elif sizes[pipe] > 0:
                parts[pipe].append(chunk)
                sizes[pipe] -= len(chunk)
            elif pipe is process.stdout:
                return b"", b"", "output"
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.1, deadline - time.monotonic()))
    return b"".join(parts[process.stdout]), b"".join(parts[process.stderr]), "" if process.returncode is not None else "time"


def _out_of_memory(errors: bytes) -> bool:
    return any(mark in errors for mark in (b"out of memory", b"cannot allocate memory", b"MemoryError", b"failed to create new OS thread"))
