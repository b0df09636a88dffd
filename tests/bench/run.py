"""Runs the benchmarks: `./dev bench [NAME] [--json FILE]`. Figures to keep are the ratios.

They are of release builds: a build with assertions is refused.
Inputs come from `etalon simulate`, in a temporary folder. Times are those of `etalon measure FILE
--json`, whole processes, in processor time, so that other programs on the machine count little:
user and system time of the process and its reader, less the digest of the input (which runs on a
second thread, is no part of the targets and is measured apart) and, where the target says so, less
the start of the process.
`touch` is reading each 16-bit word of the mapped input once, measured in the same run.
"""

import argparse
import hashlib
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROUNDS = 5


class Machine:
    """The built programs, and inputs that are made once a run."""

    def __init__(self, build, folder, events):
        self.build = build
        self.events = events
        self.folder = pathlib.Path(folder)

    def simulate(self, kind, name, **keys):
        path = self.folder / (name + ".ome.tif")
        if not path.exists():
            words = [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]
            subprocess.run([self.build / "etalon", "simulate", kind, "--output", path, *words],
                           check=True, stdout=subprocess.DEVNULL)
        return path

    def touch_ms(self, path):
        return float(subprocess.run([self.build / "file_touch", path], check=True, text=True,
                                    capture_output=True).stdout)

    def start_ms(self):
        """Processor time of a process that does nothing."""
        return cpu_ms([self.build / "etalon", "--version"])

    def digest_ms(self, path):
        """Processor time of reading the input for its SHA-256, and of that, by the same library."""
        block = bytearray(1 << 16)
        times = []
        for _ in range(3):
            begin = time.process_time()
            digest = hashlib.sha256()
            with path.open("rb", buffering=0) as file:
                while count := file.readinto(block):
                    digest.update(memoryview(block)[:count])
            times.append(1000 * (time.process_time() - begin))
        return statistics.median(times)

    @staticmethod
    def peak_kilobytes(command):
        """In a run that is not timed: to be looked at costs a process time."""
        peak = PeakMemory()
        cpu_ms(command, peak)
        return peak.kilobytes

    def measure(self, analysis, path, *words, keys="", rounds=ROUNDS):
        """Median figures of some runs; the touch before and after, the start between them."""
        result = self.folder / "result.json"
        command = [self.build / "etalon", "measure", analysis, str(path) + keys, "--json", result,
                   "--quiet"]
        command += [word for key in words for word in ("--set", key)]
        before = self.touch_ms(path)
        digest = self.digest_ms(path)
        cpu, wall, start = [], [], []
        for _ in range(rounds):
            start.append(self.start_ms())
            cpu.append(cpu_ms(command) - digest)
            wall.append(1000 * json.loads(result.read_text())["timing"]["analysis_s"])
        kilobytes = max(self.peak_kilobytes(command) for _ in range(rounds))
        touch = statistics.median([before, self.touch_ms(path)])
        row = {"cpu_ms": statistics.median(cpu), "analysis_wall_ms": statistics.median(wall),
               "touch_ms": touch, "digest_ms": digest, "start_ms": statistics.median(start),
               "input_mb": path.stat().st_size / 1e6,
               "memory_besides_mapped_mb": kilobytes / 1024}
        row["ratio_to_touch"] = row["cpu_ms"] / touch
        row["net_of_start_ms"] = row["cpu_ms"] - row["start_ms"]
        return row


class PeakMemory(threading.Thread):
    """Looks at the anonymous memory of a process and its children as often as it can."""

    def __init__(self):
        super().__init__(daemon=True)
        self.kilobytes = 0
        self.pid = None
        self.done = threading.Event()

    def run(self):
        while not self.done.is_set():
            self.kilobytes = max(self.kilobytes, sum(map(anonymous_kilobytes, tree(self.pid))))
            time.sleep(0.002)


def tree(pid):
    try:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *(int(child) for child in children)]


def anonymous_kilobytes(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def cpu_ms(command, peak=None, good=(0,)):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if peak:
        peak.pid = process.pid
        peak.start()
    code = process.wait()
    if peak:
        peak.done.set()
        peak.join()
    if code not in good:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def say(target, name, row, limit, figure="cpu_ms", unit="ms"):
    print(f"{target:3} {name:32} {row[figure]:9.2f} {unit} (must {limit})   "
          f"{row['ratio_to_touch']:6.1f} x touch ({row['touch_ms']:.2f} ms)   "
          f"{row['memory_besides_mapped_mb']:.0f} MB besides mapped pages")


CAMERA = ("gain_e_per_adu=0.46", "camera_offset_adu=100", "read_noise_e=1.6")
BEADS = {"model": "gaussian", "fwhm_x_um": 0.212, "fwhm_y_um": 0.235, "fwhm_z_um": 0.706,
         "bead_diameter_um": 0, "photons_spread": 0.05, "pixel_size_um": 0.065}


def stack(machine, side, planes, beads):
    return machine.simulate("psf", f"beads-{side}-{planes}-{beads}", columns=side, rows=side,
                            planes=planes, beads=beads, **BEADS)


def psf(machine):
    """S1, S2, S5 on Gaussian light, and whether time grows in proportion to voxels and beads."""
    rows = {}
    for name, target, limit, shape in (("mid", "S1", "50 ms", (512, 64, 40)),
                                       ("wide_50", "S7", "-", (1024, 64, 50)),
                                       ("wide_250", "S7", "-", (1024, 64, 250)),
                                       ("large", "S2", "300 ms", (1024, 128, 200))):
        rows[name] = machine.measure("psf", stack(machine, *shape), *CAMERA)
        say(target, "psf " + name, rows[name], limit)
    mid, few, many, large = (rows[name] for name in ("mid", "wide_50", "wide_250", "large"))
    per_bead = (many["cpu_ms"] - few["cpu_ms"]) / 200
    more_mb = large["input_mb"] - few["input_mb"]
    per_mb = (large["cpu_ms"] - few["cpu_ms"] - 150 * per_bead) / more_mb
    field_mb = few["input_mb"] - mid["input_mb"]
    field_ms = few["cpu_ms"] - mid["cpu_ms"] - 10 * per_bead - field_mb * per_mb
    per_field = field_ms / (3 * 0.512 ** 2)
    rest = (mid["cpu_ms"] - 40 * per_bead - mid["input_mb"] * per_mb - 0.512 ** 2 * per_field)
    rows["cost"] = {"per_bead_ms": per_bead, "per_mb_ms": per_mb, "per_megapixel_ms": per_field,
                    "rest_ms": rest}
    print(f"S7  a bead {per_bead:.3f} ms, a MB of slices {per_mb:.3f} ms, a megapixel of the field "
          f"{per_field:.1f} ms, and {rest:.1f} ms (whether beads are linear: see fits)")
    return rows


def optical(machine):
    """The same field of light that is not Gaussian, as a whole process."""
    path = machine.simulate("psf", "optical-512-64-40", columns=512, rows=512, planes=64, beads=40,
                            pixel_size_um=0.065, photons_spread=0.05)
    row = machine.measure("psf", path, *CAMERA)
    say("S4", "psf mid, optical light", row, "-")
    return row


def memory(machine):
    """S5: a stack of a gigabyte, mapped, must not need more memory of its own than a small one."""
    path = stack(machine, 2048, 128, 200)
    row = machine.measure("psf", path, *CAMERA, rounds=1)
    path.unlink()
    say("S5", f"psf of {row['input_mb'] / 1000:.1f} GB", row, "64 MB besides pages")
    return row


def fits(machine):
    """S3, S4: what voxels and beads cost in one channel, without files."""
    result = machine.folder / "fits.json"
    subprocess.run([machine.build / "psf_bench", "--json", result], check=True)
    figures = json.loads(result.read_text())
    own = figures["figures"]
    print(f"S3  all that a bead costs (fits, gates, lines, mean bead): "
          f"{1000 / own['gaussian_beads_40_to_240_ms']:.0f} a second (must 3,500; 5,000 with "
          "256-bit registers)")
    rates = [own[name] for name in sorted(own) if name.startswith("shape_fits")]
    print(f"S4  shape fits, learning included: {min(rates):.0f} to {max(rates):.0f} a second "
          "(must 1,000)")
    return figures


def illumination(machine):
    path = machine.simulate("illumination", "field", columns=2048, rows=2048, dust=6)
    row = machine.measure("illumination", path, "camera_offset_adu=100", rounds=9)
    say("S6", "illumination 2048 x 2048", row, "15 ms net of start", "net_of_start_ms")
    return row


def detector(machine):
    path = machine.simulate("detector", "dark", columns=1024, rows=1024, dark_frames=100,
                            dark_exposures_s=0.01, flat_levels=200, flat_frames=2)
    row = machine.measure("detector", path, "gain_e_per_adu=0.46",
                          keys=",series=dark,exposure_s=0.01", rounds=3)
    say("S6", "detector, dark series", row, "150 ms net of start", "net_of_start_ms")
    return row


def coregistration(machine):
    path = machine.simulate("coregistration", "pair", columns=512, rows=512, planes=48, beads=40,
                            emission_nm="520,600", excitation_nm="488,561", **BEADS)
    row = machine.measure("coregistration", path, *CAMERA)
    say("S6", "coregistration, 2 channels", row, "60 ms net of start", "net_of_start_ms")
    return row


def start(machine):
    """From the command to the first useful word, whole process."""
    times = []
    for _ in range(21):
        begin = time.perf_counter()
        subprocess.run([machine.build / "etalon", "--version"], check=True,
                       stdout=subprocess.DEVNULL)
        times.append(1000 * (time.perf_counter() - begin))
    row = {"wall_ms": statistics.median(times),
           "cpu_ms": statistics.median(machine.start_ms() for _ in times)}
    print(f"S7  process start {row['wall_ms']:.1f} ms wall, {row['cpu_ms']:.1f} ms processor "
          "(must 30 ms)")
    return row


def two(machine):
    """Two processes, each on a processor of its own, against one on one: how often as much is done.

    A process keeps to its processor with all that it starts. Left free, one process would use more
    than one (the digest has its own thread), and the figure would not say what a second one adds.
    """
    path = stack(machine, 1024, 128, 200)
    places = sorted(os.sched_getaffinity(0))[:2]
    if len(places) < 2:
        raise RuntimeError("there is only one processor")

    def seconds(places):
        begin = time.perf_counter()
        running = [subprocess.Popen([machine.build / "etalon", "measure", "psf", path, "--quiet",
                                     "--json", machine.folder / f"two-{place}.json"],
                                    preexec_fn=lambda: os.sched_setaffinity(0, {place}))
                   for place in places]
        for process in running:
            if process.wait() != 0:
                raise RuntimeError(f"a run on its own processor ended with {process.returncode}")
        return time.perf_counter() - begin

    seconds(places)  # the file is in the cache from here on
    gains = []
    for _ in range(ROUNDS):
        one_after_the_other = sum(seconds([place]) for place in places)
        gains.append(one_after_the_other / seconds(places))
    row = {"gain": statistics.median(gains), "gains": gains, "load": os.getloadavg()[0]}
    print(f"S7  two processes on two processors: {row['gain']:.2f} x (must 1.8 x; load "
          f"{row['load']:.1f})")
    return row


def process_figures(command):
    """Wall and processor time and the peak of anonymous memory of one process."""
    peak = PeakMemory()
    begin = time.perf_counter()
    used = cpu_ms(list(map(str, command)), peak, good=(0, 3))  # 3: consistent, not anchored
    return {"wall_s": time.perf_counter() - begin, "cpu_s": used / 1000,
            "memory_mb": peak.kilobytes / 1024}


def record(machine, engine, database):
    """A record of the asked size on one engine: append, ask, start, verify, rebuild."""
    data = machine.folder / f"record-{engine}"
    where = ["--database", database] if database else []

    def bench(events):
        result = subprocess.run([machine.build / "journal_bench", "--data", data, *where,
                                 "--events", str(events)], check=True, text=True,
                                stdout=subprocess.PIPE)
        return json.loads(result.stdout)

    row = bench(machine.events)
    row["start"] = bench(0)["start"]
    server = machine.build / "etalon-server"
    row["verify"] = process_figures([server, "verify", data, *where])
    row["rebuild"] = process_figures([server, "rebuild", "--data", data, *where])
    for size, figures in row["sizes"].items():
        append = figures["append"]
        asked = "   ".join(f"{name} {figures[name]['wall_ms']:.2f} ms ({figures[name]['cpu_ms']:.2f} cpu)"
                           for name in ("single_event", "fitness", "fitness_as_of", "instruments",
                                        "metrics", "page"))
        print(f"J1  {engine:10} to {int(size):9,} events: {append['events_per_s']:6.0f} a second, "
              f"{append['cpu_us_per_event']:.0f} us of processor each   {asked}")
    print(f"J2  {engine:10} start {row['start']['wall_ms']:.0f} ms   " + "   ".join(
        f"{name} {row[name]['wall_s']:.0f} s wall, {row[name]['cpu_s']:.0f} s processor, "
        f"{row[name]['memory_mb']:.0f} MB" for name in ("verify", "rebuild")))
    return row


def journal(machine):
    """The record's targets: 5,000 events a second on SQLite, 2,000 on PostgreSQL, the rest flat."""
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
    from with_postgresql import Server
    rows = {"sqlite": record(machine, "sqlite", None)}
    folder = tempfile.mkdtemp(prefix="etalon-pg-")
    server = None
    try:
        server = Server(folder, {})
        rows["postgresql"] = record(machine, "postgresql",
                                    server.environment()["ETALON_TEST_POSTGRESQL"])
    finally:
        if server:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return rows


BENCHES = {"journal": journal, "psf": psf, "optical": optical, "fits": fits, "illumination": illumination,
           "detector": detector,
           "coregistration": coregistration, "start": start, "two": two,
           "memory": memory}


def flags_of(build):
    """The flags that the programs were built with, as CMake noted them."""
    notes = dict(line.split("=", 1) for line in (build / "CMakeCache.txt").read_text().splitlines()
                 if "=" in line and not line.startswith(("#", "//")))
    kind = notes.get("CMAKE_BUILD_TYPE:STRING", "").upper()
    return " ".join(value for name, value in notes.items()
                    if name.startswith(f"CMAKE_CXX_FLAGS_{kind}:"))


def run(name, machine):
    """A benchmark that cannot run is said and does not hide the others."""
    try:
        return BENCHES[name](machine)
    except (OSError, RuntimeError, subprocess.CalledProcessError, KeyError) as error:
        print(f"--  {name}: {error}")
        return {"error": str(error)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("name", nargs="?", choices=sorted(BENCHES))
    arguments.add_argument("--json", type=pathlib.Path)
    arguments.add_argument("--events", type=int, default=1_000_000, help="of the journal's record")
    arguments.add_argument("--build", type=pathlib.Path, required=True)
    options = arguments.parse_args()
    if "-DNDEBUG" not in flags_of(options.build):
        arguments.error(f"{options.build} is no release build (assertions are on)")
    names = [options.name] if options.name else list(BENCHES)
    with tempfile.TemporaryDirectory(prefix="etalon-bench-") as folder:
        machine = Machine(options.build.resolve(), folder, options.events)
        results = {name: run(name, machine) for name in names}
    results["machine"] = {"cores": os.cpu_count(), "load": os.getloadavg()[0]}
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    return 1 if any("error" in result for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
