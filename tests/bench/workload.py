"""The rows of a run: the shop that is loaded first, and slices of it under new ids for all that comes after."""

import itertools
import os
import re
import subprocess

from programs import binary

CONTINUOUS_ROWS = 600_000  # of each batch size at most: half a minute of the slowest peer
BACKGROUND_ROWS = 1_300_000  # half a minute of 50,000 rows/s
EVENT_ROWS = 200_000  # of single events; they are sent again when they end
LATENCY_BATCH_ROWS = 100
LATENCY_BATCHES = 200


PURCHASE_SECOND = re.compile(rb'(?<="purchase_date":"....-..-.. ..:..:)\d\d')


class Workload:
    """Files of NDJSON in a directory. The same flags give the same bytes."""

    def __init__(self, directory, arguments):
        self.directory = directory
        command = [binary("clv-demo-data"), "--output-dir", directory]
        command += (["--customers", str(arguments.customers), "--purchases", str(arguments.purchases)]
                    if arguments.customers else ["--size", arguments.size])
        subprocess.run(command, check=True, capture_output=True)
        self.customers = os.path.join(directory, "customers.ndjson")
        self.purchases = os.path.join(directory, "purchases.ndjson")
        self.rows = self._count(self.purchases)
        continuous = max(1, min(self.rows // 3, CONTINUOUS_ROWS))
        few = max(1, min(self.rows // 3, LATENCY_BATCH_ROWS * LATENCY_BATCHES))
        # Rows of all three years: the store holds their customers.
        self.continuous = {1_000: self._slice("a", 0, continuous), 10_000: self._slice("b", continuous, continuous)}
        self.latency = self._slice("c", 2 * continuous, few)
        self.awaited = self._slice("d", 2 * continuous, few)
        self.separate = self._slice("e", 2 * continuous, few)
        # Sent again under other ids where it is too short.
        self.background = self._slice("f", 0, min(self.rows, BACKGROUND_ROWS))
        self.events = self._slice("g", continuous, min(continuous, EVENT_ROWS))

    @staticmethod
    def _count(path):
        with open(path, "rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))

    def _slice(self, prefix, skip, rows):
        """Some rows of the shop as other purchases: `prefix`, a letter, before each purchase_id, and another second:
        hardly anybody buys twice within one."""
        later = ord(prefix) - ord("a") + 1
        path = os.path.join(self.directory, f"slice_{prefix}.ndjson")
        with open(self.purchases, "rb") as source, open(path, "wb") as target:
            for line in itertools.islice(source, skip, skip + rows):
                line = line.replace(b'"purchase_id":"', b'"purchase_id":"' + prefix.encode(), 1)
                target.write(PURCHASE_SECOND.sub(lambda second: b"%02d" % ((int(second[0]) + later) % 60), line, count=1))
        return path

    def encoded(self, path, batch_rows, *flags):
        """The rows of a file as messages; the path of that file, which the caller removes."""
        target = f"{path}.{batch_rows}.batches"
        subprocess.run([binary("clv-bench-load"), "encode", "--batch-rows", str(batch_rows), *map(str, flags), path,
                        target], check=True, capture_output=True)
        return target

    def lines(self, path):
        """Rows of one of the files."""
        return self._count(path)
