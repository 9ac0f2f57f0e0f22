"""Packages from npm that tests use as clients, installed once for each build."""

import os
import subprocess
import time

from programs import BUILD_DIR

INSTALL_SECONDS = 240
RUN_SECONDS = 120


def install(name, *packages):
    """Installs `packages` (with versions) into a directory of that name below the build and returns it.

    Scripts of packages do not run. A registry may be slow to answer once, so it is tried again.
    """
    directory = os.path.join(BUILD_DIR, "npm", name)
    mark = os.path.join(directory, "installed")
    wanted = "\n".join(packages)
    if os.path.exists(mark):
        with open(mark, encoding="utf-8") as file:
            if file.read() == wanted:
                return directory
    os.makedirs(directory, exist_ok=True)
    command = ["npm", "install", "--ignore-scripts", "--no-fund", "--no-audit", "--prefix", directory, *packages]
    for attempt in range(3):
        result = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if result.returncode == 0:
            with open(mark, "w", encoding="utf-8") as file:
                file.write(wanted)
            return directory
        time.sleep(2 * attempt)
    raise AssertionError(f"npm install {packages}: {result.stdout}{result.stderr}")


def run_node(script, directory, *arguments, stdin=None):
    """Runs a script of the directory npm, which gets the installation as its first argument; returns what it wrote."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npm", script)
    result = subprocess.run(["node", path, directory, *arguments], capture_output=True, text=True, input=stdin,
                            timeout=RUN_SECONDS, check=False)
    if result.returncode != 0:
        raise AssertionError(f"{script} ended with {result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout
