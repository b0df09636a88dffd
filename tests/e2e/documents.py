"""`etalon measure` as a test calls it, and what its document says."""

import json
import os
import subprocess

ETALON = os.environ.get("ETALON_BIN", "build/release/etalon")


def measure(*words, **options):
    return subprocess.run([ETALON, "measure", *words], capture_output=True, timeout=300, **options)


def document(*words):
    """The JSON on standard output, and the exit code."""
    done = measure(*words, "--json", "-")
    return json.loads(done.stdout.decode("utf-8")), done.returncode


def values(doc, quantity, definition):
    return [row["value"] for row in doc["quantities"]
            if row["id"] == quantity and row["definition"] == definition]


def codes(doc):
    return [finding["code"] for finding in doc["findings"]]
