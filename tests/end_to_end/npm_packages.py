"""Packages from npm that tests use as clients, installed once for each build beside the scripts that use them."""

import fcntl
import os
import shutil
import subprocess

from programs import BUILD_DIR

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npm")
HOME = os.path.join(BUILD_DIR, "npm_clients")
ATTEMPTS = 3


def install():
    """Installs what npm/package.json names, without running any package's scripts."""
    os.makedirs(HOME, exist_ok=True)
    with open(os.path.join(HOME, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in os.listdir(HERE):
            shutil.copy(os.path.join(HERE, name), os.path.join(HOME, name))
        stamp = os.path.join(HOME, "installed")
        with open(os.path.join(HOME, "package.json"), encoding="utf-8") as wanted:
            package = wanted.read()
        if os.path.exists(stamp):
            with open(stamp, encoding="utf-8") as done:
                if done.read() == package:
                    return
        command = ["npm", "install", "--ignore-scripts", "--no-fund", "--no-audit", "--no-package-lock", "--silent"]
        for attempt in range(ATTEMPTS):
            # A registry may be slow to answer once.
            if subprocess.run(command, cwd=HOME, timeout=240, check=attempt + 1 == ATTEMPTS).returncode == 0:
                break
        with open(stamp, "w", encoding="utf-8") as done:
            done.write(package)


def run(script, *arguments, stdin=None, timeout=120):
    """Runs a script of npm/ with node and returns what it wrote; fails where the script does."""
    result = subprocess.run(["node", script, *map(str, arguments)], cwd=HOME, capture_output=True, text=True,
                            input=stdin, timeout=timeout, check=False)
    if result.returncode != 0:
        raise AssertionError(f"{script} ended with {result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout
