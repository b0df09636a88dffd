"""The pages on the demonstration year, in a real browser: what people see is what the service says.

With ETALON_SCREENSHOTS set, the three pages are left there as pictures."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import processes

PAGES = pathlib.Path(__file__).parent.parent / "browser" / "pages.test.mjs"


@unittest.skipUnless(processes.have("node", "chromium"), "node or chromium is not installed")
class LivePages(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="etalon-live-pages-"))
        self.demo = processes.Program([processes.BIN, "demo"], self.folder / "demo.log")

    def tearDown(self):
        self.demo.stop(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self):
        if self.demo.process.poll() is not None:
            raise AssertionError(self.demo.said())
        found = re.search(r"pages\s+(http://\S+)", self.demo.said())
        return found and found.group(1)

    def test_the_three_pages_of_a_year(self):
        address = processes.wait_for("the demonstration", self.address, 200)
        done = subprocess.run(["node", "--test", PAGES], capture_output=True, text=True, timeout=280,
                              env={**os.environ, "ETALON_URL": address})
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])


if __name__ == "__main__":
    unittest.main()
