"""Helm as a library, in a process beside each worker: started once, killed and started anew where a chart does not end."""

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from gitguard.edges import confined

_CHUNK = 1 << 20


class HelmSdk:
    """Asks one process to template charts, one after the other."""

    def __init__(self, command: tuple[str, ...], folder: Path, environment: Mapping[str, str], limits: confined.Limits) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def template(self, request: str) -> confined.Finished:
        """The answer to one request; a process that dies or hangs on it is replaced for the next."""
        if self._process is None:
            self._process = confined.start(self._command, self._folder, self._environment)
        process = self._process
        assert process.stdin is not None  # noqa: S101
        try:
            process.stdin.write(request.encode() + b"\n")
            process.stdin.flush()
            line, exceeded = self._line(process)
        except BrokenPipeError:
            line, exceeded = b"", "memory"
        except BaseException:
            confined.stop(process)
            raise
        if not line:
            confined.stop(process)
            self._process = None
            return confined.Finished(1, b"", b"", exceeded)
        answer = json.loads(line)
        return confined.Finished(1 if "error" in answer else 0, answer.get("output", "").encode(), answer.get("error", "").encode())

    def _line(self, process: "subprocess.Popen[bytes]") -> tuple[bytes, str]:
        """One line of its output, and "" or the limit that was exceeded."""
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        deadline = time.monotonic() + self._limits.seconds
        parts: list[bytes] = []
        size = 0
        while True:
            left = deadline - time.monotonic()
            ready = select.select([process.stdout, process.stderr], (), (), left)[0] if left > 0 else []
            if not ready:
                return b"", "time"
            if process.stderr in ready and not os.read(process.stderr.fileno(), _CHUNK) and process.stdout not in ready:
                return b"", "memory"
            if process.stdout not in ready:
                continue
            chunk = os.read(process.stdout.fileno(), _CHUNK)
            parts.append(chunk)
            size += len(chunk)
            if not chunk:
                return b"", "memory"
            if size > self._limits.output:
                return b"", "output"
            if chunk.endswith(b"\n"):
                return b"".join(parts), ""
