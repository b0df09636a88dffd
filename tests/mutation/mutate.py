"""Mutation test: `./dev mutate FOLDER [--count N] [--seed N] [--files REGEX]`.

A seeded sample of mutants of the folder's sources is built at once, the tests that pass by a mutant
are run with it on, quickest first, and what no test notices is listed. Mutants that change nothing
that can be observed stand with their reason in equivalent.txt. What is known is kept in the build
folder, so that an interrupted run goes on where it was; after a change of the sources all is run anew,
the test that noticed a mutant the last time first.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import pickle
import re
import shlex
import subprocess
import sys

import mutants as finder

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MOST_ALIVE = 0.05
QUICK = 0.3         # seconds of processor time: such tests share a process
LONGEST = 20.0      # tests beyond are not asked, which can only leave more alive
MOST_NUMBERS = 1 << 16   # as mutant_switch.h has room for
MOST_FAILING = 3    # tests that fail without any mutant: a busy machine, not a broken build
MEMORY = 6 << 30    # bytes a test may take
STARVED = "no processor time"


def run(command, **options):
    return subprocess.run(command, text=True, capture_output=True, **options)


def lay_out(tree, folder):
    """A copy of the sources to be changed; unchanged files keep their times, so that builds are short.

    Told back are the state of all sources and that of what decides which mutants a source has."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT)
    names = [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    digest = hashlib.sha256()
    headers = hashlib.sha256((HERE / "mutants.py").read_bytes())
    for name in names:
        data, copy = (ROOT / name).read_bytes(), tree / name
        if name.endswith((".cpp", ".h", "CMakeLists.txt")):
            digest.update(name.encode() + b"\0" + data)
        if name.startswith(folder) and name.endswith(".h"):
            headers.update(name.encode() + b"\0" + data)
        # A file that changed is new, however old it is where it comes from: the build goes by time.
        if not copy.exists() or copy.read_bytes() != data:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(data)
            copy.chmod((ROOT / name).stat().st_mode)
    known = set(names)
    for copy in tree.glob("[!b]*/**/*.*"):
        if copy.is_file() and str(copy.relative_to(tree)) not in known:
            copy.unlink()
    return digest.hexdigest(), headers.hexdigest()


def configure(tree, build, calibration):
    """As the tests are built, at the same depth, apart from the sources that hold a mutant: a compiler
    cache knows the rest."""
    os.environ["CCACHE_BASEDIR"] = str(tree)
    command = ["cmake", "-S", tree, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
               "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1", "-DETALON_WARNINGS_AS_ERRORS=ON",
               "-DETALON_TESTS=ON", f"-DETALON_CALIBRATION_DATA={calibration}"]
    done = run(command)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)


def compile_arguments(build, file):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"] == str(file):
            words = shlex.split(entry["command"])
            kept = [w for w in words[1:] if w.startswith(("-I", "-D", "-std"))]
            for at, word in enumerate(words):
                if word == "-isystem":
                    kept += [word, words[at + 1]]
            return kept
    return None


def find_all(tree, build, folder, files, state):
    """The mutants of all sources; what was found in a file is kept while no source changes it."""
    kept_in = tree.parent / "found.pickle"
    kept = pickle.loads(kept_in.read_bytes()) if kept_in.exists() else {}
    found = []
    for path in sorted((tree / folder).glob("*.cpp")):
        name = str(path.relative_to(tree))
        arguments = compile_arguments(build, path)
        if arguments is None or not re.search(files, name):
            continue
        key = hashlib.sha256(state.encode() + path.read_bytes()).hexdigest()
        if kept.get(name, ("",))[0] != key:
            kept[name] = (key, finder.find(path, name, arguments))
            kept_in.write_bytes(pickle.dumps(kept))
        found += kept[name][1]
    return found


def keys_of(found, texts):
    """Equal lines of a file are told apart by their order."""
    keys, count = {}, collections.Counter()
    for mutant in found:
        key = mutant.key(texts[mutant.file])
        count[key] += 1
        keys[mutant] = key if count[key] == 1 else f"{key} | {count[key]}"
    return keys


def draw(keys, count, seed):
    """A sample that stays nearly the same when a line changes: the lowest of a seeded hash. So do its
    numbers, so that a source is compiled anew only when it or what is wrong with it changes."""
    def rank(mutant):
        return hashlib.sha256(f"{seed} {keys[mutant]}".encode()).digest()
    sample = {}
    for mutant in sorted(keys, key=rank)[:count]:
        number = int.from_bytes(rank(mutant)[-2:], "big")
        while number in sample:
            number = (number + 1) % MOST_NUMBERS
        sample[number] = mutant
    return dict(sorted(sample.items(), key=lambda item: (item[1].file, item[1].start)))


def write(tree, folder, lists, sample, texts):
    """Offsets count bytes, so that texts are one character a byte."""
    by_file = collections.defaultdict(dict)
    for number, mutant in sample.items():
        by_file[mutant.file][number] = mutant
    changed = " ".join(sorted(pathlib.Path(name).name for name in by_file))
    # A read beyond a container's end is a mistake that need not change a result to be one.
    flags = f'COMPILE_OPTIONS "-w;-D_GLIBCXX_ASSERTIONS;-include;{HERE / "mutant_switch.h"}"'
    wanted = {name: finder.build_in(text, by_file[name]) for name, text in texts.items()}
    wanted[f"{folder}/CMakeLists.txt"] = (
        f"{lists}\nset_source_files_properties({changed} PROPERTIES {flags})\n")
    for name, text in wanted.items():
        data = text.encode("latin-1")
        if (tree / name).read_bytes() != data:
            (tree / name).write_bytes(data)


def build_sample(tree, build, options, lists, sample, texts, targets):
    """Builds; mutants that the compiler refuses are dropped, and are no mistakes one could ship."""
    refused = 0
    while True:
        write(tree, options.folder, lists, sample, texts)
        done = run(["ninja", "-C", build, "-k", "0", f"-j{options.jobs}", *targets])
        if done.returncode == 0:
            return refused
        # An error may stand far from its mutant (a constant of a static_assert), of which a note tells.
        for kind in ("error", "note"):
            broken = set()
            for name, line in re.findall(rf"(\S+\.cpp):(\d+):\d+: {kind}", done.stdout):
                relative = os.path.relpath((build / name).resolve(), tree)
                broken |= {n for n, m in sample.items()
                           if m.file == relative and m.line <= int(line) <= m.line + 4}
            if broken:
                break
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


def run_tests(program, names, environment, limit):
    """The first test that fails (None: all pass; STARVED: nobody knows) and the processor time.

    Hangs end at the limit; a busy machine that grants no processor time is no failure."""
    command = ["prlimit", f"--cpu={int(limit) + 1}", f"--as={MEMORY}", "timeout", f"{20 * limit + 60:.0f}",
               program, "--gtest_fail_fast", f"--gtest_filter={':'.join(names)}"]
    child = subprocess.Popen(command, env=os.environ | environment, text=True, errors="replace",
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    # Tests skipped after a failure begin too; a crash or a hang is told by what began last.
    told = (re.findall(r"^\[  FAILED  \] ([^\s,]+)", said, re.MULTILINE)[:1] or
            re.findall(r"^\[ RUN      \] (\S+)", said, re.MULTILINE)[-1:] or names[:1])
    failed = None if child.returncode == 0 else STARVED if child.returncode == 124 else told[0]
    return failed, usage.ru_utime + usage.ru_stime


class Tests:
    """The tests of the build: what each passes by and how long it takes, once `trace` was called."""

    def __init__(self, build, targets, jobs):
        self.build, self.jobs = build, jobs
        self.names = [(target, name) for target in targets for name in test_names(build / target)]
        self.seconds, self.reached = {}, collections.defaultdict(list)

    def trace(self, kept_in, key):
        """Runs every test once, or reads what a run of the same build found."""
        kept = pickle.loads(kept_in.read_bytes()) if kept_in.exists() else {}
        if key not in kept:
            with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
                kept = {key: list(pool.map(self._trace, self.names))}
            kept_in.write_bytes(pickle.dumps(kept))
        failing = 0
        for test, failed, took, passed_by in kept[key]:
            if failed:
                print(f"{test[1]} fails without any mutant and is not asked", flush=True)
                failing += 1
                continue
            self.seconds[test] = took
            for number in passed_by if took <= LONGEST else ():
                self.reached[number].append(test)
        if failing > MOST_FAILING:
            sys.exit("without a mutant the tests must pass")

    def _trace(self, test):
        file = self.build / f"trace-{test[0]}-{test[1].replace('/', '-')}"
        file.unlink(missing_ok=True)
        environment = {"ETALON_MUTANT_TRACE": str(file)}
        failed, took = run_tests(self.build / test[0], [test[1]], environment, 600)
        passed_by = set(map(int, file.read_text().split())) if file.exists() else set()
        file.unlink(missing_ok=True)
        return test, failed, took, passed_by

    def passing(self, wanted):
        """Those tests of the names `wanted` that pass without any mutant, by name."""
        found = {name: target for target, name in self.names if name in wanted}
        for target in set(found.values()):
            while mine := [name for name in found if found[name] == target]:
                failed, _ = run_tests(self.build / target, mine, {}, LONGEST * len(mine))
                if failed is None:
                    break
                for name in mine if failed == STARVED else [failed]:
                    del found[name]
        return found

    def plan(self, number):
        """Groups of tests that share a process, the quickest test for the time first."""
        groups = collections.defaultdict(list)
        for test in sorted(self.reached[number], key=self.seconds.get):
            alone = self.seconds[test] > QUICK
            groups[test if alone else (test[0], test[1].split(".")[0])].append(test)
        return sorted(groups.values(), key=lambda g: sum(map(self.seconds.get, g)) / len(g))

    def notice(self, number, budget):
        """The state of a mutant, and who noticed it; beyond `budget` seconds it counts as alive."""
        if not self.reached[number]:
            return "never run", ""
        spent, all_asked = 0.0, True
        for group in self.plan(number):
            expected = sum(map(self.seconds.get, group))
            if spent > 0 and spent + expected > budget:
                all_asked = False
                continue
            failed, took = run_tests(self.build / group[0][0], [name for _, name in group],
                                     {"ETALON_MUTANT": str(number)}, 3 + 5 * expected)
            spent += took
            if failed == STARVED:
                all_asked = False
            elif failed:
                return "noticed", failed
        return ("alive" if all_asked else "alive (not all asked)"), ""


class Memory:
    """What earlier runs found: a line a mutant, `tree` the state of all sources it was found with."""

    def __init__(self, file, tree):
        self.file, self.tree, self.hints, self.known = file, tree, {}, {}
        for line in file.read_text().splitlines() if file.exists() else ():
            entry = json.loads(line)
            self.hints[entry["key"]] = entry["by"] or self.hints.get(entry["key"], "")
            if entry["tree"] == tree and not entry["state"].endswith("(not all asked)"):
                self.known[entry["key"]] = (entry["state"], entry["by"])

    def add(self, key, state, by):
        with self.file.open("a") as out:
            print(json.dumps({"tree": self.tree, "key": key, "state": state, "by": by}), file=out)


def ask(options, build, targets, sample, keys, memory):
    """state of each mutant of the sample"""
    states = {n: memory.known[keys[m]] for n, m in sample.items() if keys[m] in memory.known}
    tests = Tests(build, targets, options.jobs)

    def ask_all(numbers, one):
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for number, state in zip(numbers, pool.map(one, numbers)):
                if state is None:
                    continue
                states[number] = state
                memory.add(keys[sample[number]], *state)
                if state[0] != "noticed":
                    mutant = sample[number]
                    print(f"{state[0]}: {keys[mutant]}  [line {mutant.line}]", flush=True)

    # Who noticed a mutant the last time mostly does so again, and no tracing is needed to know it.
    hints = {n: memory.hints.get(keys[m], "") for n, m in sample.items() if n not in states}
    programs = tests.passing(set(hints.values()))

    def once_more(number):
        name = hints[number]
        failed, _ = run_tests(build / programs[name], [name], {"ETALON_MUTANT": str(number)},
                              3 * LONGEST)
        return ("noticed", name) if failed not in (None, STARVED) else None

    ask_all([n for n in hints if hints[n] in programs], once_more)
    left = [n for n in sample if n not in states]
    print(f"{len(sample) - len(left)} known or noticed as before, {len(left)} to be asked", flush=True)
    if left:
        every = f"{memory.tree} {sorted(keys[m] for m in sample.values())}"
        tests.trace(options.build / "trace.pickle", hashlib.sha256(every.encode()).hexdigest())
        slow = [s for s in tests.seconds.values() if s > LONGEST]
        print(f"{len(tests.seconds)} tests, {sum(tests.seconds.values()):.0f} s of processor time; "
              f"{len(slow)} of them, {sum(slow):.0f} s, take over {LONGEST:.0f} s and are not asked",
              flush=True)
        ask_all(left, lambda number: tests.notice(number, options.budget))
    return states


def equivalents():
    lines = (HERE / "equivalent.txt").read_text().splitlines()
    return {line.split(" # ")[0].strip() for line in lines if line and not line.startswith("#")}


def parse():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", help="qc_metrics or alerts")
    arguments.add_argument("--count", type=int, default=300)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--files", default="", help="only sources whose name matches")
    arguments.add_argument("--tests", default="", help="only test programs whose name matches")
    arguments.add_argument("--budget", type=float, default=60.0,
                           help="seconds of processor time of tests that a mutant may cost")
    arguments.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "mutation")
    arguments.add_argument("--calibration", type=pathlib.Path,
                           default=(ROOT / "../shared/data").resolve())
    arguments.add_argument("--jobs", type=int, default=os.cpu_count())
    return arguments.parse_args()


def main():
    options = parse()
    tree = options.build.resolve() / "tree"
    build = tree / "build" / "dev"
    state, headers = lay_out(tree, options.folder)
    lists = (tree / options.folder / "CMakeLists.txt").read_text("latin-1")
    listed = (tree / "tests" / options.folder / "CMakeLists.txt").read_text()
    configure(tree, build, options.calibration)
    everything = find_all(tree, build, options.folder, options.files, headers)
    texts = {m.file: (tree / m.file).read_text("latin-1") for m in everything}
    keys, known = keys_of(everything, texts), equivalents()
    worth = {m: key for m, key in keys.items() if key not in known}
    sample = draw(worth, options.count, options.seed)
    print(f"{len(everything)} mutants in {options.folder}, {len(everything) - len(worth)} known to "
          f"change nothing, {len(sample)} drawn with seed {options.seed}", flush=True)
    targets = [t for t in re.findall(r"etalon_test\((\w+)", listed) if re.search(options.tests, t)]
    refused = build_sample(tree, build, options, lists, sample, texts, targets)
    print(f"{refused} refused by the compiler", flush=True)
    memory = Memory(options.build / "results.jsonl", state)
    states = ask(options, build, targets, sample, keys, memory)
    alive = [n for n in sample if states[n][0] != "noticed"]
    print("\n".join(f"{states[n][0]}: {sample[n].told(texts[sample[n].file])}" for n in alive))
    share = len(alive) / max(1, len(sample))
    print(f"{len(sample)} mutants, {len(alive)} alive ({100 * share:.1f} %), most {100 * MOST_ALIVE:.0f} %")
    return 1 if share > MOST_ALIVE else 0


if __name__ == "__main__":
    sys.exit(main())
