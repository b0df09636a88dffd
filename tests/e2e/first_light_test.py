"""The whole loop with real files: dropped into a watched folder, measured by the agent, judged by the
service, scraped by a real Prometheus, shown on a page; one number everywhere."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse
import urllib.request

import processes

DATA = pathlib.Path(os.environ.get("ETALON_CALIBRATION_DATA", "../shared/data"))

FACILITY = """
[facility]
name = "First light"
time_zone = "Europe/Lisbon"
log_origin = "example.org/first-light"
[[instrument]]
id = "wf-1"
name = "Widefield 1"
[[configuration]]
id = "real"
instrument = "wf-1"
setup = { numerical_aperture = 1.4, refractive_index = 1.515, emission_nm = 510.0, modality = "widefield" }
[[configuration]]
id = "trial"
instrument = "wf-1"
[[profile]]
id = "routine"
name = "Routine imaging"
needs = [{ procedure = "PSF-03" }]
[[profile]]
id = "quantitative"
name = "Quantitative intensity"
needs = [{ procedure = "FIELD-02" }, { procedure = "POWER-01" }]
"""
PROCEDURE = """
[[procedure]]
id = "%s"
version = 1
title = "%s"
analysis = "%s"
text = "As the bench card says."
recurrence = "FREQ=DAILY"
start = "2020-01-01"
window_start_d = 0
window_end_d = 36500
scope = "bead"
definitions = {}
requires_uncertainty = false
suspect_working_days = 2
review = "by_rule"
decision_rule = { guard_band_ratio = 0.0 }
[[limit]]
procedure = "%s"
quantity = "%s"
definition = "%s"
%s
source = "test"
[[assignment]]
procedure = "%s"
instrument = "wf-1"
configuration = "real"
"""
PROCEDURES = (
    ("PSF-03", "Point spread function", "psf", "psf.fwhm.lateral", "metroloj_qc.fwhm1d/1", "upper = 0.35"),
    ("FIELD-02", "Field", "illumination", "illumination.uniformity", "metroloj.minmax/1", "lower = 0.5"),
    ("POWER-01", "Power", "power", "power.mean", "etalon.segment/1", "lower = 0.0001"),
)
AGENT = """
[agent]
name = "e2e"
service = "%s"
token_file = "agent.token"
listen = "127.0.0.1:%d"
[spool]
dir = "spool"
archive = "copy"
[[watch]]
instrument = "wf-1"
dir = "watched"
settle_s = 1
poll_s = 0.5
[[watch.rule]]
glob = "**/metroloj_PSF.tif"
configuration = "real"
procedure = "PSF-03"
purpose = "as_found"
performer = "ana"
set = { pixel_size_um = 0.1024, z_step_um = 0.2 }
[[watch.rule]]
glob = "**/mpicbg_*.tif"
configuration = "trial"
procedure = "PSF-03"
purpose = "practice"
set = { pixel_size_um = 0.0225, z_step_um = 0.125 }
[[watch.rule]]
glob = "**/*field*.tif"
configuration = "real"
procedure = "FIELD-02"
purpose = "as_found"
performer = "ana"
set = { camera_offset_adu = 0 }
[[watch.rule]]
glob = "**/*.csv"
configuration = "real"
procedure = "POWER-01"
purpose = "as_found"
performer = "ana"
""" + "".join("""
[[watch.rule]]
glob = "**/*.%s"
configuration = "trial"
procedure = "PSF-03"
purpose = "practice"
""" % ending for ending in ("czi", "lif", "ome.tiff"))
# The folders whose files this version's analyses measure, and what has no rule and must wait.
MEASURED = ("beads/metroloj_PSF.tif", "beads/mpicbg_four_beads.tif", "illumination/metroloj_field.tif",
            "illumination/lsm5_field_488.tif", "power/SmartLPM_blindData.csv")
WAITING = ("sectioning/metroloj_axial.tif", "detector/metroloj_CV.tif")


def post(url, body, token):
    request = urllib.request.Request(url, data=json.dumps(body).encode(), method="POST",
                                     headers={"Authorization": "Bearer " + token,
                                              "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


@unittest.skipUnless(DATA.is_dir(), "the real calibration data are not here")
class FirstLight(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="etalon-first-light-"))
        cls.folder.chmod(0o755)
        cls.running = []
        try:
            cls.start()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def start(cls):
        facility = cls.folder / "facility.toml"
        facility.write_text(FACILITY + "".join(
            PROCEDURE % (i, title, analysis, i, quantity, definition, bound, i)
            for i, title, analysis, quantity, definition, bound in PROCEDURES))
        service, cls.address = processes.start_service(cls.folder, facility)
        cls.running.append(service)
        (cls.folder / "watched").mkdir()
        cls.agent_port = processes.free_port()
        (cls.folder / "agent.toml").write_text(AGENT % (cls.address, cls.agent_port))
        processes.enrol(cls.address, cls.folder / "data", "e2e", ["wf-1"], cls.folder / "agent.toml")
        cls.running.append(processes.Program(
            [processes.BIN, "agent", "--config", cls.folder / "agent.toml"],
            cls.folder / "agent.log"))
        for name in MEASURED + WAITING:
            shutil.copy(DATA / name, cls.folder / "watched")
        for path in (DATA / "formats").iterdir():
            if path.suffix in (".czi", ".lif", ".tiff"):
                shutil.copy(path, cls.folder / "watched")

    @classmethod
    def tearDownClass(cls):
        for program in reversed(cls.running):
            program.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def get(self, path):
        return json.loads(processes.fetch(self.address + path))

    def measurements(self):
        """By file name, once every file that has a rule is there."""
        items = self.get("/api/v1/measurements?instrument=wf-1")["items"]
        if len(items) < len(MEASURED) + 3:
            return None
        found = {}
        for item in items:
            whole = self.get("/api/v1/measurements/" + item["key"])
            found[whole["raw"][0]["name"]] = whole
        return found

    def all_measurements(self):
        return processes.wait_for("a verdict on every file", self.measurements, 45)

    def test_1_every_file_with_a_rule_is_a_measurement_with_a_decision(self):
        found = self.all_measurements()
        for name in MEASURED:
            one = found[pathlib.Path(name).name]
            self.assertIn("decision", one, name)
            self.assertEqual(one["decision"]["judged_by"]["procedure"]["version"], 1)
            self.assertTrue(one["raw"][0]["archived"])
            self.assertTrue(one["pictures"], name)
        self.assertEqual(found["metroloj_PSF.tif"]["outcome"], "pass")
        self.assertEqual(found["metroloj_field.tif"]["outcome"], "fail")
        self.assertEqual(found["lsm5_field_488.tif"]["outcome"], "pass")
        self.assertEqual(found["SmartLPM_blindData.csv"]["outcome"], "pass")

    def test_2_what_cannot_be_read_is_a_stored_finding(self):
        found = self.all_measurements()
        # Both hold several scenes, and the rule names none of them.
        for name in ("neubias_xyz_multiple_images.czi", "testdata_2channel_xz.lif"):
            self.assertEqual(found[name]["outcome"], "unmeasurable")
            codes = [finding["code"] for finding in found[name]["document"]["findings"]]
            self.assertIn("metadata_missing:scene", codes, name)

    def test_3_what_has_no_rule_waits_visibly(self):
        def waiting():
            entries = self.get("/api/v1/inbox")
            names = json.dumps(entries)
            return names if all(pathlib.Path(name).name in names for name in WAITING) else None
        self.assertIn("no_rule", processes.wait_for("the inbox", waiting, 30))

    def test_4_the_verdict_table_answers_with_reasons(self):
        self.all_measurements()
        routine = self.get("/api/v1/fitness?instrument=wf-1&configuration=real&profile=routine")
        # The bead is undersampled and not Gaussian: a person must look before it is released.
        self.assertEqual(routine["verdict"], "in_spec_with_conditions", routine)
        self.assertEqual([reason["code"] for reason in routine["reasons"]], ["review_pending"])
        key = self.all_measurements()["metroloj_PSF.tif"]["key"]
        admin = (self.folder / "data/admin.token").read_text().strip()
        post(f"{self.address}/api/v1/measurements/{key}/review", {"meaning": "reviewed"}, admin)
        routine = self.get("/api/v1/fitness?instrument=wf-1&configuration=real&profile=routine")
        self.assertEqual((routine["verdict"], routine["reasons"]), ("in_spec", []))
        other = self.get("/api/v1/fitness?instrument=wf-1&configuration=real&profile=quantitative")
        # The power log warns of short segments, so it cannot be in spec before a person looked.
        self.assertNotEqual(other["verdict"], "in_spec")
        self.assertIn("review_pending", [reason["code"] for reason in other["reasons"]])

    def test_5_one_number_everywhere(self):
        bead = self.all_measurements()["metroloj_PSF.tif"]
        value = next(q["value"] for q in bead["document"]["quantities"]
                     if q["id"] == "psf.fwhm.x" and q["definition"] == "metroloj_qc.fwhm1d/1")
        series = self.get("/api/v1/series?" + urllib.parse.urlencode(
            {"subject": "wf-1/real", "quantity": "psf.fwhm.x", "definition": "metroloj_qc.fwhm1d/1"}))
        self.assertIn(value, [point["value"] for point in series["points"]])
        for address in (self.address, f"http://127.0.0.1:{self.agent_port}"):
            with self.subTest(metrics=address):
                exposed = [float(line.split()[-1]) for line in
                           processes.fetch(address + "/metrics").splitlines()
                           if line.startswith("etalon_psf_fwhm_meters{") and 'axis="x"' in line
                           and "metroloj_qc.fwhm1d/1" in line]
                # One rounding of the product value x 1e-6 to a double is all that may differ.
                self.assertTrue(any(abs(x - value * 1e-6) <= 1e-15 * value for x in exposed), exposed)
        self.assertIn(f"{value}", self.page("/measurements/" + bead["key"]))

    def page(self, path):
        """The document as a browser holds it after its scripts have run."""
        if not processes.have("chromium"):
            self.skipTest("chromium is not installed")
        profile = tempfile.mkdtemp(prefix="etalon-chromium-")
        processes.give_away(profile)
        done = subprocess.run(
            processes.unprivileged(
                ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                 "--no-first-run", "--disable-background-networking", "--disable-component-update",
                 "--disable-sync", f"--user-data-dir={profile}", "--virtual-time-budget=8000",
                 "--dump-dom", self.address + path]),
            capture_output=True, text=True, timeout=120, env={**os.environ, "HOME": profile})
        shutil.rmtree(profile, ignore_errors=True)
        return done.stdout

    def test_6_a_real_prometheus_scrapes_both(self):
        if not processes.have("prometheus", "promtool"):
            self.skipTest("prometheus is not installed")
        self.all_measurements()
        for address in (self.address, f"http://127.0.0.1:{self.agent_port}"):
            text = processes.fetch(address + "/metrics")
            lint = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                  capture_output=True, timeout=30)
            self.assertEqual((lint.returncode, lint.stdout + lint.stderr), (0, ""))
        home = self.folder / "prometheus"
        home.mkdir()
        port = processes.free_port()
        (home / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [
                {"job_name": "etalon", "static_configs": [{"targets": [self.address[7:]]}]},
                {"job_name": "etalon-agent",
                 "static_configs": [{"targets": [f"127.0.0.1:{self.agent_port}"]}]}]}))
        processes.give_away(home)
        self.running.append(processes.Program(
            processes.unprivileged(
                ["prometheus", f"--config.file={home}/prometheus.yml",
                 f"--storage.tsdb.path={home}/data", f"--web.listen-address=127.0.0.1:{port}"]),
            self.folder / "prometheus.log"))

        def query(expression):
            answer = json.loads(processes.fetch(
                f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})))
            return answer["data"]["result"]

        up = processes.wait_for("both targets up", lambda: len(query("up == 1")) == 2, 60)
        self.assertTrue(up)
        verdict = processes.wait_for("the verdict in Prometheus", lambda: query(
            'etalon_fitness{job="etalon",profile="routine",verdict="in_spec"} == 1'), 30)
        self.assertEqual(verdict[0]["metric"]["instrument"], "wf-1")
        bead = self.all_measurements()["metroloj_PSF.tif"]
        value = next(q["value"] for q in bead["document"]["quantities"]
                     if q["id"] == "psf.fwhm.x" and q["definition"] == "metroloj_qc.fwhm1d/1")
        stored = query('etalon_psf_fwhm_meters{job="etalon",axis="x",definition="metroloj_qc.fwhm1d/1"}')
        self.assertTrue(any(abs(float(row["value"][1]) - value * 1e-6) <= 1e-15 * value
                            for row in stored), stored)

    def test_7_the_record_verifies_and_rebuilds(self):
        self.all_measurements()
        checkpoint = self.folder / "checkpoint.txt"
        checkpoint.write_text(processes.fetch(self.address + "/checkpoint"))
        done = subprocess.run([processes.BIN, "verify", self.folder / "data", "--checkpoint",
                               checkpoint], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
