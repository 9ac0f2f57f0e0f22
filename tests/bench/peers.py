"""Runs the peers, each in a process and a directory of its own, on the rows that the suite got."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
# Packages are installed here, outside of the source tree, once.
CACHE = os.environ.get("CLV_BENCH_CACHE", os.path.join(os.path.expanduser("~"), ".cache", "clv-bench"))
PACKAGES = {"duckdb": ("@duckdb/node-api", "1.5.6-r.1"), "clickhouse": ("chdb", "3.4.0")}
NAMES = ("duckdb", "clickhouse", "sqlite", "postgresql")
INSTALL_SECONDS = 300
RUN_SECONDS = 7200


class Absent(Exception):
    """A peer that cannot be had here; the text says why."""


def _last_line(text):
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else "no message"


def _install(package, version):
    """Installs an npm package unless it is there already."""
    description = os.path.join(CACHE, "node_modules", package, "package.json")
    if os.path.exists(description):
        with open(description, encoding="utf-8") as file:
            if json.load(file)["version"] == version:
                return
    if not shutil.which("node") or not shutil.which("npm"):
        raise Absent("node and npm are not installed")
    os.makedirs(CACHE, exist_ok=True)
    result = subprocess.run(
        ["npm", "install", "--prefix", CACHE, "--no-audit", "--no-fund", f"{package}@{version}"], capture_output=True,
        text=True, check=False, timeout=INSTALL_SECONDS)
    if result.returncode != 0:
        raise Absent(f"npm cannot install {package}@{version}: {_last_line(result.stderr)}")


def node_program(name, package):
    """The command of a program of `peers/` and its environment, once its package is installed."""
    _install(*PACKAGES[package])
    return ["node", os.path.join(HERE, name + ".js")], environment()


def environment():
    return {**os.environ, "NODE_PATH": os.path.join(CACHE, "node_modules")}


def _command(name):
    if name in PACKAGES:
        return node_program(name, name)[0]
    if name == "postgresql" and not (shutil.which("initdb") or os.path.isdir("/usr/lib/postgresql")):
        raise Absent("no initdb; apt-get install postgresql-15")
    return [sys.executable, "-B", os.path.join(HERE, name + ".py")]


def _run(name, workload):
    command = _command(name)
    # Readable for the unprivileged user of PostgreSQL, whose directory this becomes.
    directory = tempfile.mkdtemp(prefix=f"clv-bench-{name}.")
    os.chmod(directory, 0o755)
    task = {"directory": directory, "rows": workload.rows, "bulk": workload.purchases,
            "continuous": {str(rows): path for rows, path in workload.continuous.items()}, "latency": workload.latency}
    try:
        result = subprocess.run(command + [json.dumps(task)], capture_output=True, text=True, check=False,
                                timeout=RUN_SECONDS, env=environment())
        if result.returncode != 0:
            raise Absent(_last_line(result.stderr))
        return json.loads(result.stdout.strip().splitlines()[-1])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def measure(workload, names=NAMES):
    """Figures by peer; {"absent": reason} for one that cannot be had or fails."""
    figures = {}
    for name in names:
        try:
            figures[name] = _run(name, workload)
        except (Absent, OSError, ValueError, subprocess.TimeoutExpired) as error:
            figures[name] = {"absent": str(error)}
    return figures
