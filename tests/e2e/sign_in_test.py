"""People: `etalon user` makes accounts on a running service, reading closes with the first of them, and
the pages sign in, change a password, make a token and say when a session is over."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import processes

PAGES = pathlib.Path(__file__).parent.parent / "browser" / "sign_in.mjs"

FACILITY = """
[facility]
name = "People"
time_zone = "Europe/Lisbon"
log_origin = "example.org/people"
access_log_days = 400
[[instrument]]
id = "lsm-1"
name = "LSM 1"
"""


class SignIn(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="etalon-people-"))
        (self.folder / "facility.toml").write_text(FACILITY)
        self.service, self.address = processes.start_service(
            self.folder, self.folder / "facility.toml")
        self.token_file = self.folder / "data" / "admin.token"

    def tearDown(self):
        self.service.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def user(self, *words, password=""):
        return subprocess.run(
            [processes.BIN, "user", "--service", self.address, "--token-file", self.token_file,
             *words], input=password, capture_output=True, text=True, timeout=60)

    def add_ana(self):
        done = self.user("add", "ana", "--name", "Ana Sousa", "--role", "quality_manager",
                         password="given by somebody\n")
        self.assertEqual(done.returncode, 0, done.stderr)

    def status(self, path):
        try:
            processes.fetch(self.address + path)
            return 200
        except urllib.error.HTTPError as error:
            return error.code

    def test_accounts_from_the_command_line(self):
        self.assertEqual(self.status("/api/v1/events"), 200, "nobody else can ask yet")
        self.add_ana()
        self.assertEqual(self.status("/api/v1/events"), 401, "there are accounts now")
        self.assertEqual(self.status("/status"), 200)
        listed = self.user("list").stdout
        self.assertRegex(listed, r"ana +Ana Sousa +quality_manager")
        for words, sentence in (
                (("add", "ana", "--name", "Again"), "exists already"),
                (("grant", "ana", "emperor"), "no role emperor"),
                (("grant", "ana", "auditor"), "until is missing"),
                (("passwd", "nobody"), "no such account")):
            failed = self.user(*words, password="given by somebody\n")
            self.assertEqual(failed.returncode, 1, words)
            self.assertIn(sentence, failed.stderr)
        self.assertEqual(self.user("add", "rui", "--name", "Rui", password="short\n").returncode, 1)
        self.assertEqual(self.user("grant", "ana").returncode, 2)
        self.assertEqual(self.user("grant", "ana", "operator", "--instrument", "lsm-1").returncode, 0)
        self.assertIn("operator on lsm-1", self.user("list").stdout)
        self.assertEqual(self.user("revoke", "ana", "operator", "--instrument", "lsm-1",
                                   "--reason", "moved on").returncode, 0)
        self.assertNotIn("operator", self.user("list").stdout)
        self.assertEqual(self.user("close", "ana", "--reason", "left").returncode, 0)
        self.assertRegex(self.user("list").stdout, r"ana +Ana Sousa +closed")

    @unittest.skipUnless(processes.have("node", "chromium"), "node or chromium is not installed")
    def test_the_pages(self):
        self.add_ana()
        done = subprocess.run(
            ["node", "--test", PAGES], capture_output=True, text=True, timeout=200,
            env={**os.environ, "ETALON_URL": self.address,
                 "ETALON_ADMIN_TOKEN": self.token_file.read_text().strip()})
        self.assertEqual(done.returncode, 0, done.stdout[-6000:] + done.stderr[-2000:])
        log = json.loads(processes.fetch(
            self.address + "/api/v1/access-log?limit=500",
            Authorization="Bearer " + self.token_file.read_text().strip()))
        seen = {(item["subject"], item["method"], item["route"], item["status"])
                for item in log["items"]}
        self.assertIn(("ana", "POST", "/api/v1/session", 401), seen, "the wrong password")
        self.assertIn(("ana", "POST", "/api/v1/session", 201), seen)
        self.assertIn(("ana", "POST", "/api/v1/account/password", 200), seen)
        self.assertNotIn("given by somebody", json.dumps(log))


if __name__ == "__main__":
    unittest.main()
