"""Run a command and print its wall seconds, its peak memory in megabytes and its status as JSON.

`python -m tests.benchmarks.child COMMAND…`. Nothing is imported here that takes memory: what the kernel calls the peak
of a process begins with that of the process that started it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

if __name__ == "__main__":
    began = time.perf_counter()
    status = subprocess.run(sys.argv[1:], stdout=sys.stderr, check=False).returncode
    seconds = time.perf_counter() - began
    # Kilobytes on Linux; of the largest process, where there are several.
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, "status": status}))
