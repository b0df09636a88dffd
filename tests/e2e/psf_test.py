"""A simulated field of beads in two colours, through `etalon measure psf`: every channel is reported
with all that belongs to a field, and the report shows it. Needs ETALON_BIN."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ETALON = str(pathlib.Path(os.environ.get("ETALON_BIN", "build/release/etalon")).resolve())


def etalon(*words, folder):
    done = subprocess.run([ETALON, *words], capture_output=True, timeout=300, cwd=folder, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


class TwoColours(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        etalon("simulate", "psf", "--output", "beads.ome.tif", "--set", "model=gaussian",
               "--set", "excitation_nm=488,561", "--set", "emission_nm=520,600", "--set", "beads=30",
               "--set", "columns=330", "--set", "rows=330", "--set", "field_width=0.2",
               "--set", "pairs=1", folder=cls.path)
        etalon("measure", "psf", "beads.ome.tif", "--set", "bead_diameter_um=0.1", "--json", "m.json",
               "--report", "m.html", "--pictures", "pictures", folder=cls.path)
        cls.document = json.loads((cls.path / "m.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def rows(self, channel, quantity):
        return [row for row in self.document["quantities"]
                if row["id"] == quantity and row["channel"] == channel]

    def test_every_channel_has_every_quantity(self):
        for channel, emission_um in ((0, 0.520), (1, 0.600)):
            widths = self.rows(channel, "psf.fwhm.lateral")
            self.assertEqual([row["definition"] for row in widths],
                             ["etalon.halfmax/1", "etalon.gauss3d/1", "metroloj_qc.fwhm1d/1",
                              "etalon.bead_corrected/1", "etalon.averaged_psf/1"])
            # .51 em/NA in the centre, 20 % more in the corners.
            centre = 0.51 * emission_um / 1.4
            self.assertGreater(widths[0]["value"], centre)
            self.assertLess(widths[0]["value"], 1.2 * centre)
            self.assertLess(widths[3]["value"], widths[0]["value"])
            bowl = self.rows(channel, "psf.field.lateral.bowl")[0]
            self.assertAlmostEqual(bowl["value"], 0.2, delta=4 * bowl["u"])
            worst = self.rows(channel, "psf.fwhm.worst_zone.lateral")[0]
            self.assertGreater(worst["value"], widths[0]["value"])
            zones = self.rows(channel, "psf.fwhm.zone.lateral")
            self.assertGreaterEqual(len(zones), 7)
            self.assertAlmostEqual(max(row["value"] for row in zones), worst["value"], places=9)
            self.assertEqual(len({row["of"]["zone"] for row in zones}), len(zones))
            self.assertTrue(self.rows(channel, "psf.planarity.angle"))
            self.assertTrue(self.rows(channel, "psf.sbr"))
            objects = [row for row in self.document["objects"] if row["channel"] == channel]
            self.assertEqual(sum(row["state"] == "kept" for row in objects), 30)
            self.assertEqual(sum(row.get("reason") == "too_close" for row in objects), 2)

    def test_the_pictures_of_each_channel_are_there(self):
        names = {picture["name"] for picture in self.document["pictures"]}
        for suffix in ("", "_c1"):
            for name in ("psf_field", "psf_xy", "psf_profiles", "psf_average_xy", "psf_average_xz",
                         "psf_map_lateral", "psf_map_axial", "psf_map_asymmetry", "psf_map_focus"):
                self.assertIn(name + suffix, names)
        page = (self.path / "m.html").read_text()
        self.assertIn("lateral FWHM over the field", page)
        self.assertIn("for people", page)


if __name__ == "__main__":
    unittest.main()
