"""The rules of the house, as functions from a source tree to a list of violations."""

import pathlib
import re
import subprocess

FOLDERS = ("qc_metrics", "sop", "alerts", "dashboards", "monitor")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')

# Which first-party prefixes a folder may include; the longest matching folder decides.
MAY_INCLUDE = {
    "qc_metrics": ("qc_metrics",),
    "sop/journal": ("sop/journal",),
    "sop/store": ("sop",),
    "sop": ("sop", "!sop/store"),
    "alerts/delivery": ("alerts",),
    "alerts": ("alerts", "!alerts/delivery"),
    "dashboards": ("dashboards",),
    # What draws the images may not know what measures them, or a shared mistake would hide.
    "monitor/simulation": ("monitor/simulation",),
    "monitor": FOLDERS,
}

# One door for each outside library: header pattern, folders that may open it.
DOORS = (
    # Planes travel as cv::Mat headers over file pages, so readers and pictures see the type too.
    (r"opencv2/", ("qc_metrics", "monitor/acquisition", "monitor/measurement", "monitor/report",
                   "monitor/simulation")),
    (r"Eigen/", ("qc_metrics", "alerts")),
    (r"tiff(io|conf)?\.h|tiffio\.hxx", ("monitor/acquisition", "monitor/simulation")),
    (r"zstd\.h", ("monitor/acquisition",)),
    (r"pugixml\.hpp", ("monitor/acquisition", "monitor/simulation")),
    (r"soci/|sqlite3\.h|libpq", ("sop/store",)),
    (r"libical/", ("sop",)),
    (r"date/", ("sop",)),
    (r"sodium\.h", ("sop/journal", "monitor/service")),
    (r"openssl/", ("monitor/acquisition", "monitor/measurement", "monitor/service",
                   "monitor/agent")),
    (r"curl/", ("alerts/delivery",)),
    (r"png\.h", ("monitor/report",)),
    (r"cairo|pango", ("monitor/report",)),
    (r"httplib\.h", ("monitor/service", "monitor/agent", "monitor/cli")),
    (r"prometheus/", ("monitor/service", "monitor/agent")),
    (r"boost/log", ("monitor",)),
    (r"toml\+\+/|toml\.hpp", ("monitor",)),
    (r"CLI/", ("monitor/cli",)),
)


def sources(root, *folders):
    for folder in folders or FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".h", ".cpp") and "node_modules" not in path.parts:
                yield path


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1)


def _inside(name, folder):
    return name == folder or name.startswith(folder + "/")


def _rule_of(relative):
    return max((f for f in MAY_INCLUDE if _inside(relative, f)), key=len)


def layering(root):
    """First-party includes that go against an arrow."""
    violations = []
    for path in sources(root):
        relative = path.relative_to(root).as_posix()
        allowed = MAY_INCLUDE[_rule_of(relative)]
        for number, name in includes(path):
            if name.split("/")[0] not in FOLDERS:
                continue
            denied = any(a[0] == "!" and _inside(name, a[1:]) for a in allowed)
            if denied or not any(_inside(name, a) for a in allowed if a[0] != "!"):
                violations.append(f"{relative}:{number}: may not include {name}")
    return violations


def doors(root):
    """Outside libraries opened from a folder that is not their door."""
    violations = []
    for path in sources(root):
        relative = path.relative_to(root).as_posix()
        for number, name in includes(path):
            for pattern, folders in DOORS:
                if re.match(pattern, name) and not any(_inside(relative, f) for f in folders):
                    violations.append(f"{relative}:{number}: {name} has its door in "
                                      + ", ".join(folders))
    return violations


def relative_includes(root):
    """Includes of ours that do not start at the repository root."""
    violations = []
    for path in sources(root):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r'^\s*#\s*include\s*"([^"]+)"', line)
            if match and match.group(1).split("/")[0] not in FOLDERS:
                relative = path.relative_to(root).as_posix()
                violations.append(f"{relative}:{number}: {match.group(1)} does not start at the root")
    return violations


def one_type_a_name(root):
    """Types of one namespace that two headers define: no source may include both, and what a compiler
    makes of their templates a linker takes for one."""
    where, violations = {}, []
    for path in sources(root):
        if path.suffix != ".h":
            continue
        text = path.read_text(encoding="utf-8")
        space = re.search(r"^namespace ([\w:]+) \{", text, re.MULTILINE)
        for name in re.findall(r"^(?:struct|class|enum class) (\w+)(?!\w|::)[^;{]*\{", text,
                               re.MULTILINE):
            key = (space.group(1) if space else "", name)
            relative = path.relative_to(root).as_posix()
            if where.setdefault(key, relative) != relative:
                violations.append(f"{relative}: {name} is also a type of {where[key]}")
    return violations


def registration(root):
    """Test files that no CMakeLists.txt of their folder names, so that they would never run."""
    violations = []
    for pattern in ("*_test.cpp", "*_test.py", "*.test.mjs", "*.test.ts"):
        for folder in ("tests", "dashboards"):
            for path in sorted((root / folder).rglob(pattern)):
                if "node_modules" in path.parts:
                    continue
                if not _is_named(root, path):
                    relative = path.relative_to(root).as_posix()
                    violations.append(f"{relative}: registered in no CMakeLists.txt")
    return violations


def _is_named(root, path):
    folder = path.parent
    while folder != root:
        listing = folder / "CMakeLists.txt"
        if listing.exists():
            name = path.relative_to(folder).as_posix()
            text = re.sub(r"#.*", "", listing.read_text(encoding="utf-8"))
            return re.search(r"(?<![\w-])" + re.escape(name) + r"(?![\w-])", text) is not None
        folder = folder.parent
    return False


def proven_by_the_build(header):
    """A header that its own source includes before anything else compiles alone in every build."""
    source = header.with_suffix(".cpp")
    if not source.exists():
        return False
    first = next(includes(source), (0, ""))[1]
    return header.as_posix().endswith("/" + first)


def headers_alone(root, compiler, flags, jobs):
    """Headers that do not compile as the only include of a source file."""
    headers = [p for p in sources(root) if p.suffix == ".h" and not proven_by_the_build(p)]
    running, violations = [], []

    def reap(process, relative):
        output = process.communicate()[0]
        if process.returncode != 0:
            first = next((l for l in output.splitlines() if "error" in l), output[:200])
            violations.append(f"{relative}: does not compile alone: {first}")

    for header in headers:
        relative = header.relative_to(root).as_posix()
        process = subprocess.Popen(
            [*compiler, "-std=c++20", "-fsyntax-only", "-x", "c++", *flags, f"-I{root}",
             "-include", relative, "/dev/null"],
            cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        running.append((process, relative))
        if len(running) >= jobs:
            reap(*running.pop(0))
    for process, relative in running:
        reap(process, relative)
    return violations


TOP_LEVEL = {
    "CMakeLists.txt", "CMakePresets.json", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
    "dev", "docs", "monitor", "qc_metrics", "sop", "alerts", "dashboards", "tests",
}


def top_level(root, names):
    """Anything at the top that the architecture does not name; dot files are free."""
    return [f"{name}: not part of the top level" for name in sorted(names)
            if not name.startswith(".") and name not in TOP_LEVEL]


def words(root):
    """One word for one thing: the pages name each quantity and definition as the catalogue does."""
    catalogue = (root / "qc_metrics/catalogue.cpp").read_text(encoding="utf-8")
    pages = (root / "dashboards/web/src/vocabulary.ts").read_text(encoding="utf-8")
    named = dict(re.findall(r'^  "([a-z_0-9.]+(?:/\d+)?)": "([^"]+)",', pages, re.MULTILINE))
    violations = []
    for quantity, name in re.findall(r'^ *\{"([a-z_0-9.]+)", "([^"]+)", "', catalogue, re.MULTILINE):
        if named.get(quantity, "").replace("²", "2") != name:
            violations.append(f"{quantity}: the pages do not call it {name}")
    for path in sorted((root / "qc_metrics").glob("*.cpp")):
        for definition in re.findall(r'"([a-z_]+\.[a-z0-9_]+/\d+)"', path.read_text(encoding="utf-8")):
            if definition not in named:
                violations.append(f"{path.name}: the pages have no line for {definition}")
    return violations
