"""The log is anchored by a real timestamp authority; what does not hold is never taken for an anchor.
Needs ETALON_BIN with the server beside it, and openssl."""

import base64
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import processes
import timestamp_authority

FACILITY = '[facility]\nname = "Anchors"\ntime_zone = "Europe/Lisbon"\nlog_origin = "demo/anchors"\n'


@unittest.skipUnless(processes.have("openssl"), "openssl is not installed")
class Anchors(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="etalon_anchor_")
        self.home = pathlib.Path(self.folder.name)
        (self.home / "facility.toml").write_text(FACILITY)
        (self.home / "tsa").mkdir()
        self.authority = timestamp_authority.Authority(self.home / "tsa")
        self.service = None

    def tearDown(self):
        self.stop()
        self.authority.stop()
        self.folder.cleanup()

    def start(self, *words, url=None):
        self.stop()
        port = processes.free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.log = self.home / f"service-{port}.log"
        self.service = processes.Program(
            [processes.BIN, "serve", "--data", self.home / "data", "--facility",
             self.home / "facility.toml", "--listen", f"127.0.0.1:{port}", "--timestamp-authority",
             url or self.authority.url, "--timestamp-ca", self.authority.root, *words], self.log)
        processes.wait_for("the service", lambda: processes.fetch(self.address + "/readyz"))

    def stop(self):
        if self.service:
            self.service.stop()
            self.service = None

    def anchors(self):
        return json.loads(processes.fetch(self.address + "/api/v1/anchors"))["items"]

    def said(self, words):
        return processes.wait_for(words, lambda: words in self.service.said() and self.service.said())

    def verify(self, *words):
        done = subprocess.run([processes.BIN, "verify", self.home / "data", *words],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def test_what_does_not_hold_is_no_anchor(self):
        for mode, why in (("error", "status 503"), ("noise", "no time stamp reply"),
                          ("other_nonce", "nonce mismatch"), ("other_imprint", "imprint mismatch"),
                          ("untrusted", "certificate verify error")):
            with self.subTest(mode):
                self.authority.mode = mode
                self.start()
                self.assertIn(why, self.said("anchor_failed"))
                self.assertEqual(self.anchors(), [])
        self.start(url="http://127.0.0.1:1/tsr")
        self.assertIn("not reached", self.said("anchor_failed"))
        self.assertIn("etalon_log_anchored_timestamp_seconds 0\n",
                      processes.fetch(self.address + "/metrics"))

    def test_an_anchor_is_kept_verified_and_missed(self):
        self.start()
        anchor = processes.wait_for("the anchor", self.anchors)[0]
        self.assertEqual(anchor["authority"], "good-stamps")
        self.assertEqual(json.loads(processes.fetch(self.address + "/healthz"))["notes"], [])
        stamped = re.search(r"(?m)^etalon_log_anchored_timestamp_seconds (\S+)$",
                            processes.fetch(self.address + "/metrics"))
        self.assertGreater(float(stamped.group(1)), 1.7e9)
        self.openssl_verifies(anchor)
        self.start()  # not older than a day: not asked again
        self.assertEqual(self.authority.asked, 1)
        self.verified(anchor)
        self.a_week_later()
        self.another_verifier_agrees()
        self.swapped_stamp()

    def openssl_verifies(self, anchor):
        note, reply = self.home / "note.txt", self.home / "reply.tsr"
        note.write_text(anchor["checkpoint"])
        reply.write_bytes(base64.b64decode(anchor["reply"]))
        timestamp_authority.openssl("ts", "-verify", "-in", reply, "-data", note, "-CAfile",
                                    self.authority.root)
        note.write_text(anchor["checkpoint"] + "x")
        with self.assertRaises(AssertionError):
            timestamp_authority.openssl("ts", "-verify", "-in", reply, "-data", note, "-CAfile",
                                        self.authority.root)

    def verified(self, anchor):
        code, text = self.verify()
        self.assertEqual(code, 3, text)
        self.assertIn("--tsa-ca", text)
        code, text = self.verify("--tsa-ca", self.authority.root)
        self.assertEqual(code, 0, text)
        self.assertIn(f"anchored up to event {anchor['tree_size'] - 1} at {anchor['time']} by good-stamps",
                      text)
        self.assertRegex(text, r"unanchored since event %d" % anchor["tree_size"])
        code, text = self.verify("--tsa-ca", self.home / "tsa/other-stamps-root.pem")
        self.assertEqual((code, "anchor_invalid" in text), (1, True), text)

    def another_verifier_agrees(self):
        done = subprocess.run(
            [sys.executable, "-B", pathlib.Path(__file__).with_name("independent_verifier.py"),
             self.home / "data"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)

    def a_week_later(self):
        self.authority.mode = "error"
        self.start("--clock-start", "2099-01-01T00:00:00Z")
        self.said("anchor_overdue")
        notes = json.loads(processes.fetch(self.address + "/healthz"))["notes"]
        self.assertIn("days ago", notes[0])
        self.authority.mode = "good"
        self.start("--clock-start", "2099-01-01T01:00:00Z")
        processes.wait_for("the second anchor", lambda: len(self.anchors()) == 2)
        self.assertEqual(json.loads(processes.fetch(self.address + "/healthz"))["notes"], [])
        self.stop()

    def swapped_stamp(self):
        """The second event with the first one's stamp, by the file's owner with the triggers dropped."""
        shutil.copytree(self.home / "data", self.home / "tampered")
        with sqlite3.connect(self.home / "tampered/etalon.db") as database:
            lines = database.execute("SELECT idx, line FROM event WHERE line LIKE "
                                     "'%\"checkpoint_anchored\"%' ORDER BY idx").fetchall()
            first, second = (json.loads(line)["body"]["reply"] for _, line in lines)
            database.execute("DROP TRIGGER event_no_update")
            database.execute("UPDATE event SET line = replace(line, ?, ?) WHERE idx = ?",
                             (second, first, lines[1][0]))
        done = subprocess.run([processes.BIN, "verify", self.home / "tampered", "--tsa-ca",
                               self.authority.root], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("anchor_invalid", done.stdout)


if __name__ == "__main__":
    unittest.main()
