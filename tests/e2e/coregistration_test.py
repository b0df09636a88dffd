"""Simulated channels and grids through `etalon measure coregistration` and `geometry`: what is
measured, what is refused and by which name, and the pictures. Needs ETALON_BIN."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ETALON = str(pathlib.Path(os.environ.get("ETALON_BIN", "build/release/etalon")).resolve())


class InAFolder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def etalon(self, *words):
        return subprocess.run([ETALON, *words], capture_output=True, timeout=300, cwd=self.path,
                              text=True)

    def simulate(self, kind, name, **keys):
        words = [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]
        done = self.etalon("simulate", kind, "--output", name, *words)
        self.assertEqual(done.returncode, 0, done.stderr)

    def measure(self, analysis, *words, code=0):
        done = self.etalon("measure", analysis, *words, "--json", "m.json", "--quiet")
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads((self.path / "m.json").read_text())

    @staticmethod
    def values(document, quantity, definition):
        return [row for row in document["quantities"]
                if row["id"] == quantity and row["definition"] == definition]

    @staticmethod
    def codes(document, severity):
        return [row["code"] for row in document["findings"] if row["severity"] == severity]


class Channels(InAFolder):
    def test_two_channels_of_a_field(self):
        self.simulate("coregistration", "two.ome.tif", beads=20, columns=280, rows=280,
                      emission_nm="520,600")
        done = self.measure("coregistration", "two.ome.tif", "--report", "m.html", "--pictures",
                            "pictures")
        for axis, truth in (("x", 0.05), ("y", -0.03), ("z", 0.1)):
            shift = self.values(done, "coregistration.shift." + axis, "etalon.affine/1")[0]
            self.assertAlmostEqual(shift["value"], truth, delta=5 * shift["u"])
            self.assertEqual(shift["of"]["channels"], [0, 1])
            self.assertLess(shift["u"], 0.001)
        self.assertTrue(self.values(done, "coregistration.ratio", "etalon.ellipsoid/1"))
        self.assertTrue(self.values(done, "coregistration.ratio", "metroloj_qc.ellipsoid/1"))
        self.assertGreaterEqual(sum(row["state"] == "kept" for row in done["objects"]), 18)
        names = {picture["name"] for picture in done["pictures"]}
        self.assertEqual(names, {"coregistration_overlay", "coregistration_bead_xy",
                                 "coregistration_bead_xz", "coregistration_bead_yz",
                                 "coregistration_map"})
        turned = self.measure("coregistration", "two.ome.tif", "--set", "reference_channel=1")
        back = self.values(turned, "coregistration.shift.x", "etalon.affine/1")[0]
        self.assertEqual(back["of"]["channels"], [1, 0])
        self.assertAlmostEqual(back["value"], -0.05, delta=0.002)
        self.assertEqual(self.etalon("measure", "coregistration", "two.ome.tif", "--set",
                                     "reference_channel=2").returncode, 2)

    def test_one_file_a_channel(self):
        for name, size in (("a.ome.tif", 200), ("b.ome.tif", 200), ("c.ome.tif", 190)):
            self.simulate("psf", name, model="gaussian", beads=5, columns=size, rows=size)
        same = self.measure("coregistration", "a.ome.tif", "b.ome.tif")
        shift = self.values(same, "coregistration.shift.x", "etalon.median_shift/1")[0]
        self.assertAlmostEqual(shift["value"], 0.0, delta=0.002)
        sizes = self.measure("coregistration", "a.ome.tif", "c.ome.tif", code=3)
        self.assertEqual(self.codes(sizes, "fault"), ["settings_differ"])
        scales = self.measure("coregistration", "a.ome.tif", "b.ome.tif,z_step_um=0.3", code=3)
        self.assertEqual(self.codes(scales, "fault"), ["settings_differ"])
        alone = self.measure("coregistration", "a.ome.tif", code=3)
        self.assertEqual(self.codes(alone, "fault"), ["settings_differ"])


class Grids(InAFolder):
    def test_a_grid(self):
        self.simulate("geometry", "grid.ome.tif", pixel_size_x_um=0.103, turn_deg=2, missing=0.1)
        missing = self.measure("geometry", "grid.ome.tif", code=3)
        self.assertIn("metadata_missing:grid_pitch_um", self.codes(missing, "fault"))
        done = self.measure("geometry", "grid.ome.tif", "--set", "grid_pitch_um=5", "--report",
                            "m.html")
        for axis, truth in (("x", 0.103), ("y", 0.1)):
            size = self.values(done, "geometry.pixel_size." + axis, "etalon.grid/2")[0]
            self.assertAlmostEqual(size["value"] / truth, 1.0, delta=1e-4)
        self.assertEqual(self.codes(done, "warning"), [])
        self.assertEqual([picture["name"] for picture in done["pictures"]],
                         ["geometry_grid", "geometry_map"])
        wrong = self.measure("geometry", "grid.ome.tif", "--set", "grid_pitch_um=10")
        self.assertEqual(self.codes(wrong, "warning"), ["settings_differ", "settings_differ"])


if __name__ == "__main__":
    unittest.main()
