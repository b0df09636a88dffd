"""500 power logs through the real agent and the real service while both are killed (SIGKILL) at
seeded random moments: every measurement is in the journal, each once, and `etalon verify` passes.
Needs ETALON_BIN (the `etalon` of a build with the server beside it). ETALON_KILLS and ETALON_FILES
make it shorter for a quick look."""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import processes

ETALON = pathlib.Path(os.environ.get("ETALON_BIN", "build/release/etalon"))
FILES = int(os.environ.get("ETALON_FILES", "500"))
KILLS = int(os.environ.get("ETALON_KILLS", "50"))
SEED = 20261122
LIMIT_S = 170

FACILITY = """
[facility]
name = "Kill test"
time_zone = "Europe/Lisbon"
log_origin = "example.org/kill-test"

[[instrument]]
id = "lsm-1"
name = "LSM 1"

[[configuration]]
id = "63x-561"
instrument = "lsm-1"

[[procedure]]
id = "POWER-01"
version = 1
title = "Light power"
analysis = "power"
recurrence = "FREQ=MONTHLY"
start = "2026-01-01"
window_start_d = 7
window_end_d = 7
scope = "field"
definitions = { "power.mean" = "etalon.segment/1" }
requires_uncertainty = false
suspect_working_days = 2
review = "by_rule"

[[assignment]]
procedure = "POWER-01"
configuration = "63x-561"
instrument = "lsm-1"
"""

AGENT = """
[agent]
name = "kill-test"
service = "http://127.0.0.1:{port}"
token_file = "agent.token"
listen = "127.0.0.1:0"
[spool]
dir = "spool"
archive = "copy"
[[watch]]
instrument = "lsm-1"
dir = "qc"
settle_s = 0.2
poll_s = 0.2
[[watch.rule]]
glob = "**/power_*.csv"
configuration = "63x-561"
procedure = "POWER-01"
performer = "ana"
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def power_log(number, rows=40):
    """A short log whose content is this file's alone."""
    lines = ["timestamp\twavelength[nm]\tsetting[%]\tpower[mW]\ttemperature[C]"]
    for row in range(rows):
        power = 10 + number * 1e-3 + 0.01 * ((row * 7) % 5)
        lines.append("2026-11-08 17:%02d:%02d.000\t488\t30\t%.6f\t25.0"
                     % (27 + row // 60, row % 60, power))
    return "\n".join(lines) + "\n"


class AgentAndServiceKilled(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="etalon_kill_")
        self.home = pathlib.Path(self.folder.name)
        (self.home / "qc").mkdir()
        self.port = free_port()
        (self.home / "facility.toml").write_text(FACILITY)
        (self.home / "agent.toml").write_text(AGENT.format(port=self.port))
        self.log = open(self.home / "log.txt", "ab")
        self.service = self.agent = None

    def tearDown(self):
        for process in (self.agent, self.service):
            if process is not None:
                process.kill()
                process.wait()
        self.log.close()
        self.folder.cleanup()

    def start_service(self):
        self.service = subprocess.Popen(
            [ETALON, "serve", "--data", self.home / "record", "--facility",
             self.home / "facility.toml", "--listen", "127.0.0.1:%d" % self.port],
            stdout=self.log, stderr=self.log)

    def start_agent(self):
        self.agent = subprocess.Popen([ETALON, "agent", "--config", self.home / "agent.toml"],
                                      stdout=self.log, stderr=self.log)

    def ask(self, path, body=None, token=None):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.port, path))
        if token:
            request.add_header("Authorization", "Bearer " + token)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def log_text(self):
        self.log.flush()
        return (self.home / "log.txt").read_text(errors="replace")[-4000:]

    def wait_for(self, what, limit_s, interval_s=0.1):
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            try:
                if what():
                    return
            except OSError:
                pass
            time.sleep(interval_s)
        self.fail("not within %d s: %s\n%s" % (limit_s, what.__name__, self.log_text()))

    def enrol(self):
        def answers():
            return self.ask("/api/v1/procedures") is not None
        self.wait_for(answers, 20)
        processes.enrol("http://127.0.0.1:%d" % self.port, self.home / "record", "kill-test",
                        ["lsm-1"], self.home / "agent.toml")

    def stored(self):
        return len(list((self.home / "spool" / "sent").glob("*.json")))

    def drop_files(self, numbers):
        for number in numbers:
            hidden = self.home / "qc" / (".power_%03d" % number)
            hidden.write_text(power_log(number))
            hidden.rename(self.home / "qc" / ("power_%03d.csv" % number))

    def kill_and_restart(self, rng):
        for name, start in (("agent", self.start_agent), ("service", self.start_service)):
            if rng.random() < 0.6:
                process = getattr(self, name)
                process.send_signal(signal.SIGKILL)
                process.wait()
                start()

    def journal_keys(self):
        keys = []
        cursor = ""
        while True:
            page = self.ask("/api/v1/measurements?limit=500" + cursor)
            keys += [row["key"] for row in page["items"]]
            if not page.get("next_cursor"):
                return keys
            cursor = "&cursor=" + str(page["next_cursor"])

    def test_nothing_lost_nothing_twice(self):
        rng = random.Random(SEED)
        begin = time.monotonic()
        self.start_service()
        self.enrol()
        self.start_agent()
        numbers = list(range(FILES))
        share = max(1, FILES // max(1, KILLS))
        for _ in range(KILLS):
            self.drop_files(numbers[:share])
            del numbers[:share]
            time.sleep(rng.uniform(0.05, 1.2))
            self.kill_and_restart(rng)
        self.drop_files(numbers)

        def all_sent():
            return self.stored() >= FILES
        self.wait_for(all_sent, LIMIT_S - (time.monotonic() - begin))
        self.agent.terminate()
        self.assertEqual(self.agent.wait(timeout=20), 0, self.log_text())
        keys = self.journal_keys()
        self.assertEqual(len(keys), FILES)
        self.assertEqual(len(set(keys)), FILES)
        self.service.terminate()
        self.assertEqual(self.service.wait(timeout=20), 0, self.log_text())
        verify = subprocess.run(
            [ETALON, "verify", self.home / "record", "--checkpoint",
             self.home / "spool" / "checkpoint"], capture_output=True, text=True, timeout=60)
        self.assertEqual(verify.returncode, 0, verify.stdout + verify.stderr)
        self.assertFalse((self.home / "spool" / "checkpoint.alarm").exists())
        self.assertEqual(list((self.home / "spool" / "pending").iterdir()), [])
        self.assertEqual(list((self.home / "spool" / "refused").iterdir()), [])
        print("%d files, %d kill rounds, %.1f s" % (FILES, KILLS, time.monotonic() - begin))


if __name__ == "__main__":
    unittest.main()
