"""`etalon measure power` as a user runs it: logs, run sheets, and live meters that misbehave."""

import json
import math
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import unittest

ETALON = os.environ["ETALON_BIN"]
METER = pathlib.Path(__file__).with_name("scpi_meter.py")
QUICK = ["duration_s=1.5", "interval_s=0.05"]


def measure(*arguments):
    done = subprocess.run([ETALON, "measure", "power", *map(str, arguments), "--json", "-"],
                          capture_output=True, text=True, timeout=60, check=False)
    return (json.loads(done.stdout) if done.stdout else {}), done.returncode, done.stderr


def codes(document):
    return [finding["code"] for finding in document["findings"]]


def values(document, quantity, definition=None):
    return [row for row in document["quantities"]
            if row["id"] == quantity and definition in (None, row["definition"])]


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def write(self, name, text):
        (self.path / name).write_text(text)
        return self.path / name


class Logs(Folder):
    def trace(self, n=300, step=0.0):
        noise = random.Random(7)
        return [5.0 * (1.0 + 2e-3 * noise.gauss(0.0, 1.0) + (step if i >= n // 2 else 0.0))
                for i in range(n)]

    def test_a_short_series_says_that_it_is_one(self):
        rows = "".join("%d,%.6f\n" % row for row in enumerate(self.trace(step=0.01)))
        document, code, _ = measure(self.write("short.csv", "time_s,power_mw\n" + rows),
                                    "--set", "line_nm=488", "--set", "setting_percent=20")
        self.assertEqual(code, 0)
        stability, = values(document, "power.stability")
        self.assertEqual(stability["of"]["series"], "short")
        self.assertGreater(stability["u"], 0.0)
        noises = [row["definition"] for row in values(document, "power.noise")]
        self.assertEqual(noises, ["etalon.trace/2", "quarep.sd_over_mean/1", "qtk.nsd/1"])
        self.assertAlmostEqual(values(document, "power.noise")[0]["value"], 2e-3, delta=3e-4)
        self.assertEqual(values(document, "power.steps")[0]["value"], 1)
        step, = [row for row in document["objects"] if row["kind"] == "step"]
        height = {row["id"]: row for row in step["quantities"]}["power.step.height"]
        self.assertLess(abs(height["value"] - 0.01 / 1.005), 4 * height["u"])
        self.assertNotIn("position_um", step)
        self.assertIn("steps", codes(document))
        self.assertIn("settings_not_stated", codes(document))

    def test_the_meter_is_set_to_the_line_or_the_result_is_void(self):
        rows = "".join("%d,%.6f\n" % row for row in enumerate(self.trace(40)))
        log = self.write("log.csv", "time_s,power_mw\n" + rows)
        document, _, _ = measure(log, "--set", "line_nm=488", "--set", "meter_wavelength_nm=635")
        finding, = [row for row in document["findings"] if row["code"] == "meter_wavelength"]
        self.assertEqual(finding["severity"], "fault")

    def test_an_identity_that_is_whole_misses_nothing(self):
        rows = "".join("%d,%.6f\n" % (i, 2.0) for i in range(30))
        log = self.write("log.csv", "time_s,power_mw\n" + rows)
        stated = {"line_nm": "488", "setting_percent": "20", "location": "sample plane",
                  "objective": "63x", "scan_mode": "point", "sensor_serial": "S1",
                  "meter_wavelength_nm": "488", "warm_up_min": "90", "field_area_um2": "1e6"}
        words = [word for key, value in stated.items() for word in ("--set", key + "=" + value)]
        document, code, _ = measure(log, *words)
        self.assertEqual(code, 0)
        mean, = values(document, "power.mean")
        self.assertEqual({key: mean["of"][key] for key in ("location", "objective", "scan_mode")},
                         {key: stated[key] for key in ("location", "objective", "scan_mode")})
        self.assertEqual(document["setup"]["warm_up_min"], {"value": 90.0, "source": "option"})
        self.assertNotIn("settings_not_stated", codes(document))
        # 2 mW on a square of 1 mm.
        self.assertAlmostEqual(values(document, "power.irradiance")[0]["value"], 0.2, delta=1e-9)
        for key in ("scan_mode", "warm_up_min", "sensor_serial"):
            without = [word for name, value in stated.items() if name != key
                       for word in ("--set", name + "=" + value)]
            document, _, _ = measure(log, *without)
            finding, = [row for row in document["findings"]
                        if row["code"] == "settings_not_stated"]
            self.assertIn(key, finding["text"])

    def test_irradiance_is_derived_at_the_sample_only(self):
        rows = "".join("%d,%.6f\n" % row for row in enumerate([2.0] * 20 + [2.002] * 20))
        log = self.write("log.csv", "time_s,power_mw\n" + rows)
        lit = ["--set", "spot_diameter_um=100"]
        document, _, _ = measure(log, *lit, "--set", "location=objective exit")
        irradiance, = values(document, "power.irradiance", "etalon.irradiance_derived/1")
        self.assertAlmostEqual(irradiance["value"], 2.001e-3 / (math.pi * 0.005 ** 2), delta=1e-6)
        self.assertEqual(irradiance["unit"], "W/cm2")
        document, _, _ = measure(log, *lit, "--set", "location=fibre exit")
        self.assertEqual(values(document, "power.irradiance"), [])

    def pulses(self):
        """Three lines in turns, and the sheet of the program that switched them, 1 h apart."""
        log, sheet, t = ["timestamp,power (W)"], ["start,end,line_nm,setting_percent"], 0
        clock = lambda s, h: "2024-11-08 %02d:%02d:%02d" % (h + s // 3600, s // 60 % 60, s % 60)
        for pulse in range(24):
            line, power = [(405, 2e-5), (488, 3e-3), (640, 2e-2)][pulse % 3]
            sheet.append("%s,%s,%d,50" % (clock(t, 9), clock(t + 6, 9), line))
            for second in range(10):
                value = power * (1 + 1e-3 * ((pulse * 7 + second) % 5)) if second < 6 else 2e-8
                log.append("%s,%.6e" % (clock(t + second, 10), value))
            t += 10
        return log, sheet

    def test_a_run_sheet_names_the_lines_pulse_by_pulse(self):
        log, sheet = self.pulses()
        path = self.write("log.csv", "\n".join(log) + "\n")
        run = self.write("sheet.csv", "\n".join(sheet) + "\n")
        document, code, _ = measure(path, "--set", "run_sheet=%s" % run)
        self.assertEqual(code, 0)
        means = {}
        for row in values(document, "power.mean"):
            means.setdefault(row["of"]["line_nm"], []).append(row["value"])
        self.assertEqual({line: len(rows) for line, rows in means.items()},
                         {405: 8, 488: 8, 640: 8})
        self.assertAlmostEqual(means[640][0], 20.0, delta=0.1)
        self.assertEqual(len(values(document, "power.repeatability")), 3)
        self.assertIn("clock", codes(document))  # an hour between the two
        self.assertEqual(len(document["setup"]["run_sheet_sha256"]["value"]), 64)
        del sheet[5]
        run.write_text("\n".join(sheet) + "\n")
        document, code, _ = measure(path, "--set", "run_sheet=%s" % run)
        self.assertEqual(code, 3)
        self.assertEqual(codes(document)[0], "run_sheet")
        self.assertEqual(document["quantities"], [])


class LiveMeters(Folder):
    def meter(self, kind, mode):
        process = subprocess.Popen([sys.executable, "-B", str(METER), kind, mode],
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process.stdout.readline().strip()

    def record(self, address, *arguments):
        record = self.path / "record.csv"
        document, code, _ = measure(",".join([address, *QUICK]), "--record", record,
                                    "--set", "line_nm=488", "--set", "setting_percent=10",
                                    *arguments)
        return document, code, record

    def tcp(self, mode):
        return "scpi://127.0.0.1:" + self.meter("tcp", mode)

    def test_each_kind_of_line(self):
        for scheme in ("scpi", "serial", "usbtmc"):
            with self.subTest(scheme):
                address = (self.tcp("steady") if scheme == "scpi"
                           else scheme + "://" + self.meter("pty", "steady"))
                document, code, record = self.record(address)
                self.assertEqual(code, 0, document)
                self.assertEqual(document["inputs"][0]["format"], "Etalon power record")
                self.assertEqual(len(document["inputs"][0]["sha256"]), 64)
                mean, = values(document, "power.mean")
                self.assertEqual(mean["n"], 30)
                self.assertAlmostEqual(mean["value"], 1.0, delta=1e-3)
                self.assertEqual(document["setup"]["meter_wavelength_nm"],
                                 {"value": 488.0, "source": "file"})
                self.assertEqual(document["setup"]["sensor_serial"],
                                 {"value": "98765", "source": "file"})
                self.assertNotIn("meter_wavelength", codes(document))
                again, code, _ = measure(record, "--set", "line_nm=488",
                                         "--set", "setting_percent=10")
                self.assertEqual((code, again["quantities"]), (0, document["quantities"]))
                record.unlink()

    def test_a_meter_that_goes_leaves_what_it_said(self):
        document, code, record = self.record(self.tcp("hangup"))
        self.assertEqual(code, 0)
        ended, = [row for row in document["findings"] if "ended early" in row["text"]]
        self.assertEqual((ended["code"], ended["severity"]), ("too_few", "warning"))
        self.assertIn("after 11 of 30 readings", record.read_text())
        self.assertEqual(values(document, "power.mean")[0]["n"], 11)

    def test_a_meter_that_falls_silent_is_waited_for_once(self):
        document, code, _ = self.record("serial://" + self.meter("pty", "silent"))
        self.assertEqual(code, 0)
        self.assertTrue(any("did not answer within 3000 ms" in row["text"]
                            for row in document["findings"]))

    def test_replies_that_are_no_power_are_no_samples(self):
        for mode, code in (("garbage", "not_finite"), ("over", "saturated")):
            with self.subTest(mode):
                document, _, record = self.record(self.tcp(mode))
                self.assertIn(code, codes(document))
                self.assertEqual(values(document, "power.mean")[0]["n"], 27)
                record.unlink()

    def test_nobody_there_is_a_stored_result(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        for address in ("scpi://127.0.0.1:%d" % port, self.tcp("deaf")):
            with self.subTest(address):
                document, code, record = self.record(address)
                self.assertEqual(code, 4)
                finding = document["findings"][0]
                self.assertEqual(finding["code"], "unreadable")
                self.assertIn("no reading", finding["text"])
                record.unlink()

    def test_a_record_is_never_written_over(self):
        taken = self.write("record.csv", "mine\n")
        document, code, record = self.record("scpi://127.0.0.1:1")
        self.assertEqual((document, code), ({}, 2))
        self.assertEqual(taken.read_text(), "mine\n")
        _, code, error = measure(taken, "--record", self.path / "other.csv")
        self.assertEqual(code, 2)
        self.assertIn("live meter", error)


if __name__ == "__main__":
    unittest.main()
