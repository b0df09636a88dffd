"""Mutates calibration files and measures each: exit 0, 3 or 4 in time, or the mutant is kept and reported.

    python3 tests/fuzz/fuzz_measure.py --etalon build/asan-ubsan/etalon --seconds 60
"""

import argparse
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib

ALLOWED_EXITS = {0, 3, 4}


def tiff(width=24, height=20, pages=3, compression=1):
    """A small little-endian multi-page TIFF, 16 bit, one strip a page."""
    data, offsets = bytearray(b"II*\0\0\0\0\0"), []
    for page in range(pages):
        raw = struct.pack(f"<{width * height}H",
                          *((100 + 37 * ((i * 31 + page) % 97)) for i in range(width * height)))
        strip = zlib.compress(raw) if compression == 8 else raw
        offsets.append((len(data), len(strip)))
        data += strip + b"\0" * (len(strip) % 2)
    link = 4
    for begin, size in offsets:
        struct.pack_into("<I", data, link, len(data))
        tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 16), (259, 3, 1, compression),
                (262, 3, 1, 1), (273, 4, 1, begin), (277, 3, 1, 1), (278, 4, 1, height),
                (279, 4, 1, size)]
        data += struct.pack("<H", len(tags))
        for tag in tags:
            data += struct.pack("<HHII", *tag)
        link = len(data)
        data += struct.pack("<I", 0)
    return bytes(data)


def power_log():
    rows = "".join(f"2024-11-08 17:27:{s:02d}.000\t488\t30\t{8 + s % 7 * 0.01}\n" for s in range(60))
    return ("timestamp\twavelength[nm]\tsetting[%]\tpower[mW]\ttemperature[C]\n" + rows).encode()


SEEDS = (
    ("illumination", ".tif", tiff(64, 48, 1), ["--set", "camera_offset_adu=0"]),
    ("illumination", ".tif", tiff(64, 48, 1, 8), ["--set", "camera_offset_adu=0"]),
    ("psf", ".tif", tiff(24, 20, 9), ["--set", "pixel_size_um=0.1", "--set", "z_step_um=0.2"]),
    ("power", ".csv", power_log(), []),
)


def mutate(data, generator):
    mutant = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 4, 16))):
        kind = generator.randrange(5)
        at = generator.randrange(max(1, len(mutant)))
        if kind == 0 and mutant:
            mutant[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            del mutant[at:]
        elif kind == 2:
            mutant[at:at] = generator.randbytes(generator.randrange(1, 9))
        elif kind == 3 and len(mutant) > 4:
            value = generator.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, len(mutant)))
            struct.pack_into("<I", mutant, generator.randrange(len(mutant) - 4), value)
        else:
            end = min(len(mutant), at + generator.randrange(1, 64))
            del mutant[at:end]
    return bytes(mutant)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--etalon", required=True)
    arguments.add_argument("--seconds", type=float, default=60)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--keep", default="fuzz-findings", help="folder for mutants that failed")
    options = arguments.parse_args()
    generator = random.Random(options.seed)
    end, tried, failed = time.monotonic() + options.seconds, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            analysis, ending, data, extra = generator.choice(SEEDS)
            path = pathlib.Path(folder) / f"mutant{ending}"
            path.write_bytes(mutate(data, generator))
            try:
                result = subprocess.run(
                    [options.etalon, "measure", analysis, str(path), "--json", "-", "--quiet", *extra],
                    capture_output=True, timeout=60, check=False)
                broken = (result.returncode not in ALLOWED_EXITS or not result.stdout
                          or b"Sanitizer" in result.stderr or b"runtime error" in result.stderr)
            except subprocess.TimeoutExpired:
                broken = True
            tried += 1
            if broken:
                failed += 1
                pathlib.Path(options.keep).mkdir(exist_ok=True)
                shutil.copy(path, pathlib.Path(options.keep) / f"{analysis}-{tried}{ending}")
    print(f"{tried - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
