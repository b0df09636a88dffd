"""Mutation test: `./dev mutate FOLDER [--count N] [--seed N] [--files REGEX]`.

A seeded sample of mutants of the folder's sources is built at once, the tests that pass by a mutant
are run with it on, quickest first, and what no test notices is listed. Mutants that change nothing
that can be observed stand with their reason in equivalent.txt.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import time

import mutants as finder

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MOST_ALIVE = 0.05


def run(command, **options):
    return subprocess.run(command, text=True, capture_output=True, **options)


def lay_out(tree):
    """A copy of the sources to be changed; unchanged files keep their times, so that builds are short."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT)
    for name in listed.stdout.splitlines():
        source, copy = ROOT / name, tree / name
        if not source.is_file() or copy.exists() and copy.stat().st_mtime == source.stat().st_mtime:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)


def configure(tree, build, calibration):
    command = ["cmake", "-S", tree, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
               "-DCMAKE_CXX_FLAGS_DEBUG=-O2", "-DETALON_TESTS=ON",
               f"-DETALON_CALIBRATION_DATA={calibration}",
               f"-DCMAKE_CXX_FLAGS=-include {HERE / 'mutant_switch.h'} -w"]
    done = run(command)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def compile_arguments(build, file):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"] == str(file):
            words = shlex.split(entry["command"])
            kept = [w for w in words[1:] if w.startswith(("-I", "-D", "-std"))]
            for at, word in enumerate(words):
                if word in ("-isystem", "-include"):
                    kept += [word, words[at + 1]]
            return kept
    return None


def find_all(tree, build, folder, files):
    found = []
    for path in sorted((tree / folder).glob("*.cpp")):
        name = str(path.relative_to(tree))
        arguments = compile_arguments(build, path)
        if arguments is None or not re.search(files, name):
            continue
        found += finder.find(path, name, arguments)
    return found


def write(tree, sample, texts):
    """Offsets count bytes, so that texts are one character a byte."""
    by_file = collections.defaultdict(dict)
    for number, mutant in sample.items():
        by_file[mutant.file][number] = mutant
    for name, text in texts.items():
        data = finder.build_in(text, by_file[name]).encode("latin-1")
        if (tree / name).read_bytes() != data:
            (tree / name).write_bytes(data)


def build_sample(tree, build, sample, texts, targets, jobs):
    """Builds; mutants that the compiler refuses are dropped, and are no mistakes one could ship."""
    refused = 0
    while True:
        write(tree, sample, texts)
        done = run(["ninja", "-C", build, "-k", "0", f"-j{jobs}", *targets])
        if done.returncode == 0:
            return refused
        broken = set()
        for name, line in re.findall(r"(\S+\.cpp):(\d+):\d+: error", done.stdout):
            relative = os.path.relpath((build / name).resolve(), tree)
            broken |= {n for n, m in sample.items()
                       if m.file == relative and m.line <= int(line) <= m.line + 4}
        if not broken:
            sys.exit(done.stdout[-4000:])
        refused += len(broken)
        for number in broken:
            del sample[number]


def test_names(program):
    suite, names = "", []
    for line in run([program, "--gtest_list_tests"]).stdout.splitlines():
        if not line.startswith(" "):
            suite = line.split("#")[0].strip()
        else:
            names.append(suite + line.split("#")[0].strip())
    return names


def run_test(program, name, environment, timeout):
    start = time.monotonic()
    try:
        done = subprocess.run([program, f"--gtest_filter={name}"], env=os.environ | environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=timeout)
        return done.returncode == 0, time.monotonic() - start
    except subprocess.TimeoutExpired:
        return False, time.monotonic() - start


def trace(tests, build, jobs):
    """Which mutants each test passes by, and how long it takes."""
    reached, seconds = collections.defaultdict(list), {}

    def one(index):
        file = build / f"trace-{index}"
        file.unlink(missing_ok=True)
        passed, took = run_test(*tests[index], {"ETALON_MUTANT_TRACE": str(file)}, 600)
        if not passed:
            sys.exit(f"{tests[index][1]} fails without any mutant")
        return index, took, set(map(int, file.read_text().split())) if file.exists() else set()

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for index, took, numbers in pool.map(one, range(len(tests))):
            seconds[index] = took
            for number in numbers:
                reached[number].append(index)
    return reached, seconds


def is_noticed(number, tests, reached, seconds):
    for index in sorted(reached[number], key=seconds.get):
        passed, _ = run_test(*tests[index], {"ETALON_MUTANT": str(number)}, 10 + 10 * seconds[index])
        if not passed:
            return True
    return False


def equivalents():
    lines = (HERE / "equivalent.txt").read_text().splitlines()
    return {line.split(" # ")[0].strip() for line in lines if line and not line.startswith("#")}


def parse():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", help="qc_metrics or alerts")
    arguments.add_argument("--count", type=int, default=300)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--files", default="", help="only sources whose name matches")
    arguments.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "mutation")
    arguments.add_argument("--calibration", type=pathlib.Path,
                           default=(ROOT / "../shared/data").resolve())
    arguments.add_argument("--jobs", type=int, default=os.cpu_count())
    return arguments.parse_args()


def main():
    options = parse()
    tree, build = options.build / "tree", options.build / "build"
    lay_out(tree)
    configure(tree, build, options.calibration)
    known = equivalents()
    everything = find_all(tree, build, options.folder, options.files)
    texts = {m.file: (tree / m.file).read_text("latin-1") for m in everything}
    worth = [m for m in everything if m.key(texts[m.file]) not in known]
    chosen = random.Random(options.seed).sample(worth, min(options.count, len(worth)))
    sample = dict(enumerate(chosen))
    print(f"{len(everything)} mutants in {options.folder}, {len(everything) - len(worth)} known to "
          f"change nothing, {len(sample)} drawn with seed {options.seed}", flush=True)
    listed = (tree / "tests" / options.folder / "CMakeLists.txt").read_text()
    targets = re.findall(r"etalon_test\((\w+)", listed)
    refused = build_sample(tree, build, sample, texts, targets, options.jobs)
    tests = [(build / target, name) for target in targets for name in test_names(build / target)]
    reached, seconds = trace(tests, build, options.jobs)
    print(f"{refused} refused by the compiler; {len(tests)} tests, {sum(seconds.values()):.0f} s",
          flush=True)
    alive = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        noticed = pool.map(lambda n: is_noticed(n, tests, reached, seconds), sample)
        for number, seen in zip(sample, noticed):
            if not seen:
                alive.append(number)
                text = texts[sample[number].file]
                state = "alive" if reached[number] else "never run"
                print(f"{state}: {sample[number].told(text)}\n    {sample[number].key(text)}",
                      flush=True)
    share = len(alive) / max(1, len(sample))
    print(f"{len(sample)} mutants, {len(alive)} alive ({100 * share:.1f} %), most {100 * MOST_ALIVE:.0f} %")
    return 1 if share > MOST_ALIVE else 0


if __name__ == "__main__":
    sys.exit(main())
