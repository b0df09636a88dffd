"""Backup while the service writes, its machine lost, restore: agents see the signed recovery, send
again what they hold, and what is lost is stated. Needs ETALON_BIN with the server beside it."""

import contextlib
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

import processes
from agent_kill_test import AGENT, FACILITY, power_log


class BackupAndRestore(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="etalon_backup_")
        self.home = pathlib.Path(self.folder.name)
        (self.home / "qc").mkdir()
        (self.home / "facility.toml").write_text(FACILITY)
        self.port, self.agent_port = processes.free_port(), processes.free_port()
        agent = AGENT.format(port=self.port).replace("127.0.0.1:0", f"127.0.0.1:{self.agent_port}")
        (self.home / "agent.toml").write_text(agent)
        self.running = []
        self.service = self.start_service()
        processes.enrol(self.address, self.home / "data", "kill-test", ["lsm-1"], self.home / "agent.toml")
        self.run_program("agent", "--config", self.home / "agent.toml")

    def tearDown(self):
        for program in reversed(self.running):
            program.stop()
        self.folder.cleanup()

    def run_program(self, *words):
        program = processes.Program([processes.BIN, *words], self.home / f"{words[0]}.log")
        self.running.append(program)
        return program

    def start_service(self):
        service, self.address = processes.start_service(self.home, self.home / "facility.toml", self.port)
        self.running.append(service)
        return service

    def etalon(self, *words):
        done = subprocess.run([processes.BIN, *words], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def post(self, path, body):
        admin = (self.home / "data/admin.token").read_text().strip()
        request = urllib.request.Request(
            self.address + path, data=json.dumps(body).encode(), method="POST",
            headers={"Authorization": "Bearer " + admin, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def drop(self, numbers):
        for number in numbers:
            hidden = self.home / "qc" / (".power_%03d" % number)
            hidden.write_text(power_log(number))
            hidden.rename(self.home / "qc" / ("power_%03d.csv" % number))

    def sent(self):
        return len(list((self.home / "spool/sent").glob("*.json")))

    def wait_until_sent(self, count):
        processes.wait_for(f"{count} measurements", lambda: self.sent() >= count, 120)

    def gauge(self, name):
        page = processes.fetch(f"http://127.0.0.1:{self.agent_port}/metrics")
        return float(re.search("^" + re.escape(name) + r" (\S+)$", page, re.MULTILINE).group(1))

    def holding(self, folder, text):
        return [path for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]

    def back_up_under_load(self):
        """A backup while faults are reported as fast as one client can."""
        stop = threading.Event()

        def load():
            with contextlib.suppress(OSError):
                while not stop.is_set():
                    self.post("/api/v1/faults", {"instrument": "lsm-1", "text": "load"})

        thread = threading.Thread(target=load)
        thread.start()
        code, text = self.etalon("backup", "--data", self.home / "data", "--to", self.home / "backup")
        stop.set()
        thread.join()
        self.assertEqual(code, 0, text)

    def test_a_lost_machine(self):
        self.drop(range(6))
        self.wait_until_sent(6)
        self.post("/api/v1/faults", {"instrument": "lsm-1", "text": "no light", "reporter": "Jane Roe-Doe"})
        self.post("/api/v1/erasures", {"name": "Jane Roe-Doe", "reason": "asked to"})
        self.back_up_under_load()
        backup = self.home / "backup"
        self.assertEqual(self.holding(backup, b"Jane Roe-Doe"), [])
        self.assertEqual(self.holding(backup, b"PRIVATE+KEY"), [], "the key is no part of a backup")
        self.assertTrue(self.holding(backup, b'"performer":"ana"'), "who performed stays")
        self.drop(range(6, 10))
        self.wait_until_sent(10)
        processes.wait_for("the witness", lambda: self.gauge("etalon_agent_witness_log_epoch") == 1)
        lost_note = self.home / "last-checkpoint"
        shutil.copy(self.home / "spool/checkpoint", lost_note)
        self.service.stop(signal.SIGKILL)
        self.assertEqual(self.holding(self.home / "data", b"Jane Roe-Doe"), [])
        self.assertEqual(self.holding(self.home, b"Jane Roe-Doe"), [], "nor in a log")
        (self.home / "data").rename(self.home / "lost")
        self.refusals(backup)
        code, text = self.restore(backup, "--last-checkpoint", lost_note)
        self.assertEqual(code, 0, text)
        lost = int(re.search(r"LOST: (\d+) events", text).group(1))
        self.assertGreaterEqual(lost, 8, "four measurements of two events each")
        self.start_service()
        self.drop([10])  # its receipt shows the new epoch; an idle agent looks once a minute
        processes.wait_for("the recovery", lambda: self.gauge("etalon_agent_witness_log_epoch") == 2, 150)
        self.assertGreaterEqual(self.gauge("etalon_agent_witness_lost_events"), 8)
        self.assertEqual(self.gauge('etalon_agent_witness_alarm{reason="rewritten"}'), 0)
        evidence = json.loads((self.home / "spool/checkpoint.recovered.2").read_text())
        self.assertEqual(evidence["reason"], "the disk failed")
        self.wait_until_sent(11)
        rows = json.loads(processes.fetch(self.address + "/api/v1/measurements?limit=100"))["items"]
        self.assertEqual(len({row["key"] for row in rows}), 11, "sent again, each once")
        self.verified(lost_note)

    def restore(self, backup, *words):
        return self.etalon("restore", backup, "--data", self.home / "data", "--log-key",
                           self.home / "lost/log.key", "--reason", "the disk failed", *words)

    def refusals(self, backup):
        """Nothing is put in place of what does not hold."""
        damaged = self.home / "damaged"
        shutil.copytree(backup, damaged)
        database = bytearray((damaged / "etalon.db").read_bytes())
        database[len(database) // 2] ^= 1
        (damaged / "etalon.db").write_bytes(database)
        code, text = self.restore(damaged)
        self.assertEqual((code, "is not what its manifest says" in text), (1, True), text)
        other = self.home / "other"
        other.mkdir()
        (other / "log.key").write_text(
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n")
        code, text = self.etalon("restore", backup, "--data", self.home / "data", "--log-key",
                                 other / "log.key", "--reason", "x")
        self.assertEqual((code, "is not signed by the key" in text), (1, True), text)
        code, text = self.etalon("restore", backup, "--data", other, "--log-key",
                                 self.home / "lost/log.key", "--reason", "x")
        self.assertEqual((code, "is there already" in text), (1, True), text)
        self.assertFalse((self.home / "data").exists())

    def verified(self, lost_note):
        self.running[-1].stop()
        first = next((self.home / "spool/checkpoints").iterdir())
        code, text = self.etalon("verify", self.home / "data", "--checkpoint", first)
        self.assertEqual(code, 0, text)
        # What is lost is told from a record that was rolled back.
        code, text = self.etalon("verify", self.home / "data", "--checkpoint", lost_note)
        self.assertNotIn("rolled_back", text)
        other = subprocess.run(
            [sys.executable, "-B", pathlib.Path(__file__).with_name("independent_verifier.py"),
             self.home / "data", "--checkpoint", first], capture_output=True, text=True, timeout=60)
        self.assertEqual(other.returncode, 0, other.stdout + other.stderr)
        self.assertIn("restore", text)


if __name__ == "__main__":
    unittest.main()
