"""Runs the benchmarks: `./dev bench [NAME] [--json FILE]`. Figures to keep are the ratios."""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def psf(build):
    """Beads in a stack, as a ratio to touching every voxel once."""
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        subprocess.run([build / "psf_bench", "--json", result.name], check=True)
        return json.loads(pathlib.Path(result.name).read_text())


def start(build):
    """From the command to the first useful word, whole process, ms."""
    times = []
    for _ in range(21):
        begin = time.perf_counter()
        subprocess.run([build / "etalon", "--version"], check=True, stdout=subprocess.DEVNULL)
        times.append(1000 * (time.perf_counter() - begin))
    median = statistics.median(times)
    print(f"start: {median:.1f} ms median of {len(times)} (aim 10 ms)")
    return {"median_ms": median}


BENCHES = {"psf": psf, "start": start}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("name", nargs="?", choices=sorted(BENCHES))
    arguments.add_argument("--json", type=pathlib.Path)
    arguments.add_argument("--build", type=pathlib.Path, required=True)
    options = arguments.parse_args()
    names = [options.name] if options.name else sorted(BENCHES)
    results = {name: BENCHES[name](options.build) for name in names}
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
