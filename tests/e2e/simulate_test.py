"""`etalon simulate` as a user calls it: every kind is simulated and then measured with the words that
its truth file gives, and the result must agree with the truth. Needs ETALON_BIN."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ETALON = str(pathlib.Path(os.environ.get("ETALON_BIN", "build/release/etalon")).resolve())
ROOT = pathlib.Path(__file__).resolve().parents[2]
STANDARD_UNCERTAINTIES = 4  # agreement: within as many, or the tolerance that the truth states


def etalon(*words, folder=None):
    return subprocess.run([ETALON, *words], capture_output=True, timeout=300, cwd=folder, text=True)


def matches(row, truth):
    return (row["id"] == truth["id"]
            and row["definition"] == truth.get("definition", row["definition"])
            and ("channel" not in truth or row.get("channel", 0) == truth["channel"])
            and all(row.get("of", {}).get(key) == value
                    for key, value in truth.get("of", {}).items()))


class RoundTrip(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def simulate(self, kind, *words, name="simulated.ome.tif"):
        done = etalon("simulate", kind, "--output", name, *words, folder=self.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        truth = json.loads((self.path / f"{name}.truth.json").read_text())
        self.assertEqual(truth["schema"], "etalon.truth/1")
        for file in truth["files"]:
            self.assertTrue((self.path / file).is_file(), file)
        return truth

    def measured(self, truth):
        done = etalon("measure", *truth["measure"], "--json", "-", folder=self.path)
        if "is not measured yet" in done.stderr:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def agree(self, truth, document, skip=()):
        """Every true quantity is reported, and as it is; the default definition speaks for the
        measurand itself."""
        for quantity in truth["quantities"]:
            if quantity["id"] in skip:
                continue
            rows = [row for row in document["quantities"] if matches(row, quantity)]
            self.assertTrue(rows, f"{quantity} is not reported")
            allowed = max(STANDARD_UNCERTAINTIES * (rows[0].get("u") or 0.0),
                          quantity.get("tolerance", 0.0))
            self.assertLessEqual(abs(rows[0]["value"] - quantity["value"]), allowed,
                                 (quantity, rows[0]))

    def beads_agree(self, truth, document, nm=30):
        """Beads that can be used are kept, at their places; the others are not kept."""
        kept = [row for row in document["objects"] if row["state"] == "kept"]
        for bead in truth["objects"]:
            near = [row for row in kept if row.get("channel", 0) == bead["channel"] and all(
                abs(a - b) < 1e-3 * nm * factor for a, b, factor in
                zip(row["position_um"], bead["position_um"], (1, 1, 3)))]
            self.assertEqual(len(near), 1 if bead["expected"] == "kept" else 0, bead)

    def round_trip(self, kind, *words, skip=(), **options):
        truth = self.simulate(kind, *words, **options)
        document = self.measured(truth)
        self.agree(truth, document, skip)
        return truth, document

    def test_gaussian_beads(self):
        truth, document = self.round_trip("psf", "--set", "model=gaussian", "--seed", "3")
        self.beads_agree(truth, document)
        self.assertEqual(document["setup"]["numerical_aperture"],
                         {"value": 1.4, "source": "file"})
        self.assertEqual(document["setup"]["modality"], {"value": "widefield", "source": "file"})
        for key, value in (("instrument_serial", "SIMULATED"), ("immersion", "Oil"),
                           ("objective_serial", "SIMULATED-OBJECTIVE"), ("exposure_s", 0.05),
                           ("emission_nm", [520.0]), ("excitation_nm", [488.0]),
                           ("saturation_adu", 65535.0), ("refractive_index", 1.515)):
            self.assertEqual(document["setup"][key], {"value": value, "source": "file"})
        self.assertEqual(document["acquired_at"], "2026-01-05T09:00:00Z")
        self.assertNotIn("model_mismatch", [f["code"] for f in document["findings"]])

    def test_born_wolf_beads(self):
        truth, document = self.round_trip("psf", "--set", "beads=20", "--set", "columns=320")
        self.beads_agree(truth, document)
        self.assertIn("model_mismatch", [f["code"] for f in document["findings"]])

    def test_two_colours(self):
        truth, _ = self.round_trip("psf", "--set", "model=gaussian", "--set",
                                   "emission_nm=520,600", "--set", "excitation_nm=488,561")
        self.assertEqual({row["channel"] for row in truth["quantities"]}, {0, 1})

    def test_hard_field(self):
        truth, document = self.round_trip(
            "psf", "--set", "model=gaussian", "--set", "columns=448", "--set", "rows=448",
            "--set", "pairs=4", "--set", "edge_beads=3", "--set", "saturated_beads=2",
            "--set", "hot_pixels=20", "--set", "gradient=0.5")
        self.beads_agree(truth, document)

    def test_channels(self):
        truth, document = self.round_trip("coregistration", "--set", "turn_deg=0.05", "--set",
                                          "plane_tilt_x=0.01")
        self.assertEqual(len([row for row in truth["objects"] if row["channel"] == 1]),
                         len([row for row in document["objects"] if row["state"] == "kept"]))

    def test_detector(self):
        truth, _ = self.round_trip("detector", "--set", "hot_pixels=7", name="camera.ome.tif")
        self.assertEqual(truth["files"][0], "camera.ome.tif")
        self.assertEqual(truth["files"][2], "camera_flat_1.ome.tif")
        self.assertIn("detector.linearity_error", [row["id"] for row in truth["quantities"]])

    def test_detector_that_bends_and_overflows(self):
        truth, _ = self.round_trip("detector", "--set", "curvature=0.2", "--set",
                                   "uniform_level=2000", "--set", "blinking_pixels=2",
                                   name="bent.ome.tif")
        error, = [row["value"] for row in truth["quantities"]
                  if row["id"] == "detector.linearity_error"]
        self.assertGreater(error, 0.01)
        self.assertIn("detector.snr", [row["id"] for row in truth["quantities"]])
        truth, _ = self.round_trip("detector", "--set", "flat_levels=500,2000,5000,9000,13000,40000",
                                   "--set", "full_well_e=20000", name="full.ome.tif")
        self.assertIn("detector.full_well", [row["id"] for row in truth["quantities"]])

    def test_beads_that_are_too_dim_or_too_large_are_named(self):
        for reason, words in (("low_snr", ["photons=25"]),
                              ("too_large", ["model=gaussian", "fwhm_x_um=1.4", "fwhm_y_um=1.4",
                                             "columns=400", "rows=400"])):
            truth = self.simulate("psf", "--set", "beads=2",
                                  *(word for each in words for word in ("--set", each)),
                                  name=reason + ".ome.tif")
            done = etalon("measure", *truth["measure"], "--json", "-", folder=self.path)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertEqual({row["reason"] for row in json.loads(done.stdout)["objects"]},
                             {reason})

    def test_thin_plane(self):
        self.round_trip("sectioning", "--set", "plane_tilt_x_deg=1")

    def test_stage(self):
        self.round_trip("stage", name="moves.csv")
        self.round_trip("stage", "--set", "record=drift", name="drift.ome.tif")

    def test_grid(self):
        self.round_trip("geometry", "--set", "pixel_size_y_um=0.101", "--set", "shear_deg=0.1")
        self.round_trip("geometry", "--set", "pattern=lines", "--seed", "2")

    def test_field(self):
        self.round_trip("illumination", "--set", "dust=3", "--set", "tilt_x=0.1")
        self.round_trip("illumination", "--set", "beam_sigma=0.5", "--set", "columns=400",
                        "--seed", "5")

    def test_power_logs_of_three_makers(self):
        for maker in ("smartlpm", "thorlabs", "csv"):
            with self.subTest(maker):
                self.round_trip("power", "--set", "log=" + maker, name="laser.csv")
        self.round_trip("power", "--set", "settings=10,50,100", "--set", "outliers=2",
                        name="laser.csv")

    def test_the_same_seed_gives_the_same_file(self):
        digests = []
        for seed in ("4", "4", "5"):
            self.simulate("illumination", "--set", "columns=64", "--seed", seed)
            digests.append(
                hashlib.sha256((self.path / "simulated.ome.tif").read_bytes()).hexdigest())
        self.assertEqual(digests[0], digests[1])
        self.assertNotEqual(digests[0], digests[2])

    def test_wrong_usage(self):
        for words, hint in ((["psff", "-o", "x"], "'psf'"), ([], "name a kind"),
                            (["psf"], "--output"),
                            (["psf", "-o", "x", "--set", "bead=3"], "'beads'"),
                            (["psf", "-o", "x", "--set", "beads"], "key=value"),
                            (["psf", "-o", "x", "--set", "beads=-1"], "whole number from 0"),
                            (["psf", "-o", "x", "--set", "beads=1", "--set", "beads=2"], "twice"),
                            (["psf", "-o", "x", "--set", "model=airy"], "born_wolf"),
                            (["psf", "-o", "x", "--set", "beads=2000"], "no room"),
                            (["psf", "power", "-o", "x"], "one kind"),
                            (["psf", "-o", "x", "--seeed", "1"], "'--seed'"),
                            (["psf", "-o", "x", "--seed", "-1"], "whole number"),
                            (["psf", "-o"], "needs a value")):
            with self.subTest(words):
                done = etalon("simulate", *words, folder=self.path)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(hint, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)
                self.assertEqual(done.stdout, "")
        self.assertEqual(list(self.path.iterdir()), [])

    def test_what_cannot_be_written_fails(self):
        done = etalon("simulate", "illumination", "-o", "no/such/folder/x.tif", "--set",
                      "columns=64", folder=self.path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no/such/folder", done.stderr)

    def test_help_and_its_examples(self):
        overview = etalon("simulate", "--help")
        self.assertEqual(overview.returncode, 0)
        examples = re.findall(r"etalon (simulate .*--output.*)", overview.stdout)[1:]
        self.assertGreaterEqual(len(examples), 3)
        kinds = [example.split()[1] for example in examples]
        for kind, example in zip(kinds, examples):
            with self.subTest(example):
                done = etalon(*example.split(), folder=self.path)
                self.assertEqual(done.returncode, 0, done.stderr)
                words = etalon("simulate", kind, "--help")
                self.assertEqual(words.returncode, 0)
                self.assertIn(example, words.stdout)

    def test_documented_examples(self):
        """The commands of docs/measure.md work as they stand there, in their order."""
        page = (ROOT / "docs" / "measure.md").read_text(encoding="utf-8")
        section = page.split("## Simulating", 1)[1]
        block = re.search(r"```sh\n(.*?)```", section, re.S).group(1)
        commands = [line.split(" #")[0].split() for line in block.splitlines() if line.strip()]
        self.assertGreaterEqual(len(commands), 3)
        for command in commands:
            self.assertEqual(command[0], "etalon")
            done = etalon(*command[1:], folder=self.path)
            self.assertEqual(done.returncode, 0, (command, done.stderr))


if __name__ == "__main__":
    unittest.main()
