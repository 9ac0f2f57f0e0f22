"""Starts and ends the suite's programs. Nothing that was started here outlives the test."""

import atexit
import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

SOURCE_DIR = os.environ.get(
    "CLV_SOURCE_DIR",
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD_DIR = os.environ.get("CLV_BUILD_DIR", os.path.join(SOURCE_DIR, "build", "release"))
BIN_DIR = os.environ.get("CLV_BIN_DIR", os.path.join(BUILD_DIR, "bin"))

START_SECONDS = 60
END_SECONDS = 30

_running = set()


def binary(name):
    """Path of a program of this build. CLV_FIRST_BIN_DIR names a directory with other versions of some."""
    first = os.path.join(os.environ.get("CLV_FIRST_BIN_DIR", BIN_DIR), name)
    return first if os.path.exists(first) else os.path.join(BIN_DIR, name)


def clean_environment(extra=None):
    """The environment without settings of the suite, plus `extra`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CLV_")}
    environment.update(extra or {})
    return environment


def run(name, *arguments, environment=None, timeout=START_SECONDS, stdin=None):
    """Runs a program to its end; the result has returncode, stdout and stderr as text."""
    return subprocess.run(
        _bound_to_us([binary(name), *arguments]), env=clean_environment(environment),
        capture_output=True, text=True, timeout=timeout, check=False, input=stdin)


def _bound_to_us(command):
    """The command, to be killed by the system if this process dies."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", *command] if setpriv else command


class Program:
    """One running program of the suite. Start it from the main thread only."""

    def __init__(self, name, *arguments, environment=None):
        self.name = name
        self.lines = []
        self._new_lines = queue.Queue()
        self._log = tempfile.NamedTemporaryFile(prefix=name + ".", suffix=".log", delete=False)
        self._process = subprocess.Popen(
            _bound_to_us([binary(name), *arguments]), env=clean_environment(environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, text=True)
        _running.add(self)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self._new_lines.put(line.rstrip("\n"))
        self._new_lines.put(None)

    def ready(self):
        """Waits for the `ready` line and returns its addresses, for example {"grpc": "127.0.0.1:4711"}."""
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                line = self._new_lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self.name} is not ready after {START_SECONDS} s:\n{self.log()}") from None
            if line is None:
                code = self._process.wait()
                raise AssertionError(f"{self.name} ended with exit code {code} before it was ready:\n{self.log()}")
            self.lines.append(line)
            if line.startswith("ready "):
                words = line.split()
                if words[1] != self.name:
                    raise AssertionError(f"{self.name} calls itself {words[1]}")
                return dict(word.split("=", 1) for word in words[2:])

    def tokens(self):
        """Tokens that the program printed before its `ready` line, by kind."""
        found = (re.match(r"(admin|append|read) token: *(\S+)", line.strip()) for line in self.lines)
        return {match.group(1): match.group(2) for match in found if match}

    def log(self):
        """The end of what the program wrote to standard error."""
        with open(self._log.name, encoding="utf-8", errors="replace") as log:
            return log.read()[-4000:]

    def full_log(self):
        """All that the program wrote to standard error."""
        with open(self._log.name, encoding="utf-8", errors="replace") as log:
            return log.read()

    @property
    def pid(self):
        return self._process.pid

    def is_running(self):
        return self._process.poll() is None

    def kill(self):
        """kill -9. Returns when the process is gone."""
        if self.is_running():
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def terminate(self):
        """SIGTERM; returns the exit code."""
        self.send_terminate()
        return self.wait()

    def send_terminate(self):
        self._process.send_signal(signal.SIGTERM)

    def wait(self):
        """Waits for the end and returns the exit code."""
        try:
            return self._process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end:\n{self.log()}") from None

    def close(self):
        """Ends the program at once, where it still runs, and removes its log."""
        if self not in _running:
            return
        _running.discard(self)
        self.kill()
        self._reader.join(timeout=5)
        self._process.stdout.close()
        self._log.close()
        os.unlink(self._log.name)


def _close_all():
    for program in list(_running):
        program.close()


atexit.register(_close_all)
