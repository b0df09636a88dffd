"""`etalon measure detector | stage | sectioning` as a user calls it: published files, lists of moves
and what is missing. Needs ETALON_BIN; real data where ETALON_CALIBRATION_DATA is."""

import json
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import unittest

from tiff_writer import TiffWriter

ETALON = os.environ.get("ETALON_BIN", "build/release/etalon")
DATA = pathlib.Path(os.environ.get("ETALON_CALIBRATION_DATA", "../shared/data"))


def document(*words):
    """The JSON on standard output, and the exit code."""
    done = subprocess.run([ETALON, "measure", *words, "--json", "-"], capture_output=True,
                          timeout=300)
    return json.loads(done.stdout.decode("utf-8")), done.returncode


def rows(doc, quantity, definition):
    return [row for row in doc["quantities"]
            if row["id"] == quantity and row["definition"] == definition]


def faults(doc):
    return [finding["code"] for finding in doc["findings"] if finding["severity"] == "fault"]


@unittest.skipUnless(DATA.is_dir(), "the real calibration data are not here")
class PublishedFiles(unittest.TestCase):
    def test_four_photomultipliers(self):
        doc, code = document("detector", str(DATA / "detector/metroloj_CV.tif") + ",series=uniform",
                             "--set", "roi=109,109,65,56")
        self.assertEqual(code, 0, doc["findings"])
        found = rows(doc, "detector.cv", "metroloj_qc.cv/1")
        self.assertEqual([row["channel"] for row in found], [0, 1, 2, 3])
        for row, published in zip(found, (0.6362173310622068, 0.456159487475199,
                                          0.32452664367519896, 0.22977352657981087)):
            self.assertAlmostEqual(row["value"], published, places=12)
            self.assertEqual(row["n"], 3640)

    def test_axial_response(self):
        doc, code = document("sectioning", str(DATA / "sectioning/metroloj_axial.tif"), "--set",
                             "roi=214,0,82,512", "--set", "pixel_size_um=0.09785")
        self.assertEqual(code, 0, doc["findings"])
        first = doc["quantities"][0]
        self.assertEqual((first["id"], first["definition"]), ("sectioning.fwhm.z",
                                                              "etalon.gauss1d/1"))
        self.assertAlmostEqual(first["value"], 1.8695, delta=1e-4)
        self.assertAlmostEqual(rows(doc, "sectioning.r2", "etalon.gauss1d/1")[0]["value"], 0.9669,
                               delta=1e-4)
        self.assertIn("xz_image", [finding["code"] for finding in doc["findings"]])


class Series(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.random = random.Random(7)

    def series(self, name, light_e, frames=24, side=48, hot=None, gain=0.5):
        """Frames of a camera with 2 e- of read noise, offset 100."""
        writer = TiffWriter()
        for _ in range(frames):
            values = []
            for place in range(side * side):
                electrons = self.random.gauss(light_e, (light_e + 4.0) ** 0.5)
                value = 100.0 + electrons / gain + (400.0 if place == hot else 0.0)
                values.append(max(0, min(65535, round(value))))
            writer.page(side, side, struct.pack("<%dH" % len(values), *values))
        path = self.path / name
        path.write_bytes(writer.bytes())
        return str(path)

    def test_dark_and_flat_series(self):
        inputs = [self.series("dark.tif", 0.0, hot=777) + ",series=dark,exposure_s=0.01"]
        for level in (200.0, 800.0, 2000.0):
            inputs.append(self.series("flat_%d.tif" % level, level) +
                          ",series=flat,exposure_s=%g" % (level / 1e4))
        doc, code = document("detector", *inputs)
        self.assertEqual(code, 0, doc["findings"])
        gain = rows(doc, "detector.gain", "etalon.photon_transfer/1")[0]
        self.assertAlmostEqual(gain["value"], 0.5, delta=5.0 * gain["u"])
        self.assertLess(gain["u"], 0.01)
        noise = rows(doc, "detector.read_noise.rms", "etalon.dark_series/1")[0]
        self.assertAlmostEqual(noise["value"], 2.0, delta=5.0 * noise["u"])
        self.assertEqual(rows(doc, "detector.hot_pixels", "etalon.dark_series/1")[0]["value"], 1)
        self.assertEqual(len(rows(doc, "detector.linearity_error", "etalon.photon_transfer/1")), 1)
        self.assertEqual([entry["format"] for entry in doc["inputs"]], ["TIFF"] * 4)

    def test_what_is_missing_is_named(self):
        dark = self.series("dark.tif", 0.0, frames=20)
        doc, code = document("detector", dark)
        self.assertEqual((code, faults(doc)), (3, ["metadata_missing:series"]))
        doc, code = document("detector", dark + ",series=dark")
        self.assertEqual(code, 0)
        self.assertIn("metadata_missing:gain_e_per_adu",
                      [finding["code"] for finding in doc["findings"]])
        doc, code = document("stage", dark)
        self.assertEqual(code, 3)
        self.assertEqual(faults(doc), ["metadata_missing:pixel_size_x_um",
                                       "metadata_missing:pixel_size_y_um",
                                       "metadata_missing:frame_interval_s"])
        doc, code = document("sectioning", dark)
        self.assertEqual((code, faults(doc)), (3, ["metadata_missing:z_step_um"]))

    def test_one_frame_equal_frames_and_another_size(self):
        one = self.series("one.tif", 0.0, frames=1)
        doc, code = document("detector", one + ",series=dark")
        self.assertEqual((code, faults(doc)), (3, ["too_few"]))
        writer = TiffWriter()
        for _ in range(20):
            writer.page(32, 32, b"\x64\x00" * 1024)
        (self.path / "equal.tif").write_bytes(writer.bytes())
        doc, code = document("detector", str(self.path / "equal.tif") + ",series=dark")
        self.assertEqual((code, faults(doc)), (3, ["no_signal"]))
        dark = self.series("dark.tif", 0.0, frames=20)
        small = self.series("small.tif", 500.0, frames=20, side=32)
        doc, code = document("detector", dark + ",series=dark", small + ",series=flat")
        self.assertEqual(code, 0)
        self.assertIn("unsupported_format", faults(doc))


class Moves(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name) / "moves.csv"

    def test_every_direction(self):
        lines = ["round,direction,distance_um,x_um,y_um,z_um"]
        for turn in range(1, 6):
            for direction, x in (("+x", 0.4), ("-x", -0.4), ("+y", 0.0), ("-y", 0.0), ("xy", 0.2)):
                for distance in (300, 3000):
                    lines.append("%d,%s,%d,%.3f,%.3f,0" % (turn, direction, distance,
                                                           x + 0.01 * turn, 0.02 * turn))
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        doc, code = document("stage", str(self.path))
        self.assertEqual(code, 0, doc["findings"])
        found = rows(doc, "stage.repeatability.x", "etalon.moves/1")
        self.assertEqual({row["of"]["direction"] for row in found},
                         {"all", "+x", "-x", "+y", "-y", "xy"})
        self.assertEqual({row["of"]["distance_um"] for row in found}, {300, 3000})
        alone = [row for row in found if row["of"] == {"direction": "+x", "distance_um": 300}]
        self.assertAlmostEqual(alone[0]["value"], 0.01 * 2.5 ** 0.5, places=6)
        backlash = rows(doc, "stage.backlash.x", "etalon.moves/1")
        self.assertAlmostEqual(backlash[0]["value"], 0.8, places=6)

    def test_a_bad_row_is_named(self):
        self.path.write_text("direction,distance_um,x_um,y_um\n+x,300,1,two\n", encoding="utf-8")
        doc, code = document("stage", str(self.path))
        self.assertEqual(code, 4)
        self.assertIn("row 2", doc["findings"][0]["text"])


if __name__ == "__main__":
    unittest.main()
