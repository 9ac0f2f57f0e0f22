"""What the figures are of."""

import os


def machine():
    """Processor, cores, memory and kernel."""
    def line_of(path, begin):
        with open(path, encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith(begin)), "unknown")
    return (f"{line_of('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores, "
            f"{int(line_of('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.0f} GiB, Linux {os.uname().release}")
