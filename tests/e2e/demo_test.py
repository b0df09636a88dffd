"""`etalon demo --once`: a year is lived, one more image gets its verdict, the last line is one JSON object."""

import json
import subprocess
import time
import unittest

import processes

CONTRACT = {"instrument", "configuration", "profile", "verdict", "reasons", "url"}


class Demo(unittest.TestCase):
    def test_one_more_image_gets_a_verdict(self):
        begin = time.monotonic()
        done = subprocess.run([processes.BIN, "demo", "--once"], capture_output=True, text=True,
                              timeout=400)
        taken = time.monotonic() - begin
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        verdict = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(set(verdict), CONTRACT)
        self.assertEqual((verdict["instrument"], verdict["configuration"], verdict["profile"]),
                         ("lsm-1", "63x-561", "routine"))
        self.assertEqual(verdict["verdict"], "in_spec", verdict["reasons"])
        self.assertRegex(verdict["url"], r"^http://127\.0\.0\.1:\d+/measurements/[0-9a-f]{64}$")
        print(f"demo: {taken:.0f} s")
        self.assertLess(taken, 180)


if __name__ == "__main__":
    unittest.main()
