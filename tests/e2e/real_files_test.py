"""`etalon measure` on files that others made, of every analysis that has one: golden values, metadata
with their source, and a report of each. Needs ETALON_BIN; skips without ETALON_CALIBRATION_DATA."""

import hashlib
import os
import pathlib
import tempfile
import unittest

from documents import codes, document, measure, values

DATA = pathlib.Path(os.environ.get("ETALON_CALIBRATION_DATA", "../shared/data"))


@unittest.skipUnless(DATA.is_dir(), "the real calibration data are not here")
class Containers(unittest.TestCase):
    def test_scenes_are_listed_and_chosen(self):
        for name, scene in (("neubias_xyz_multiple_images.czi", "1"),
                            ("testdata_2channel_xz.lif", "xzy")):
            path = str(DATA / "formats" / name)
            doc, code = document("psf", path)
            self.assertEqual(code, 3)
            self.assertIn("metadata_missing:scene", codes(doc))
            doc, code = document("psf", path, "--set", "scene=" + scene)
            self.assertNotIn("metadata_missing:scene", codes(doc))
            self.assertEqual(doc["inputs"][0]["format"], path[-3:].upper())
            self.assertEqual(doc["setup"]["numerical_aperture"]["source"], "file")
            self.assertEqual(doc["setup"]["scene"]["source"], "option")


@unittest.skipUnless(DATA.is_dir(), "the real calibration data are not here")
class GoldenFiles(unittest.TestCase):
    def test_published_bead(self):
        doc, code = document("psf", str(DATA / "beads/metroloj_PSF.tif"), "--set",
                             "pixel_size_um=0.1024", "--set", "z_step_um=0.2")
        self.assertEqual(code, 0, doc["findings"])
        for axis, published in (("x", 0.293), ("y", 0.299), ("z", 1.047)):
            found = values(doc, "psf.fwhm." + axis, "metroloj_qc.fwhm1d/1")
            self.assertAlmostEqual(found[0], published, delta=0.001)
        self.assertEqual(doc["setup"]["pixel_size_x_um"], {"value": 0.1024, "source": "option"})
        content = (DATA / "beads/metroloj_PSF.tif").read_bytes()
        self.assertEqual(doc["inputs"][0]["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(doc["inputs"][0]["bytes"], len(content))
        self.assertEqual(doc["inputs"][0]["format"], "ImageJ TIFF")

    def test_the_file_states_its_own_scale(self):
        doc, code = document("psf", str(DATA / "beads/metroloj_PSF.tif"))
        self.assertEqual(code, 0)
        self.assertEqual(doc["setup"]["z_step_um"], {"value": 0.2, "source": "file"})
        self.assertEqual(doc["setup"]["pixel_size_y_um"], {"value": 0.1024, "source": "file"})

    def test_four_beads(self):
        doc, code = document("psf", str(DATA / "beads/mpicbg_four_beads.tif"))
        self.assertEqual(code, 0, doc["findings"])
        kept = [row for row in doc["objects"] if row["state"] == "kept"]
        self.assertEqual(len(kept), 4)
        for centroid in ((30.1, 73.0, 23.3), (44.3, 111.6, 23.3), (76.1, 82.5, 23.3),
                         (125.4, 36.0, 23.4)):
            expected = [centroid[0] * 0.0225, centroid[1] * 0.0225, centroid[2] * 0.125]
            near = [row for row in kept
                    if all(abs(row["position_um"][i] - expected[i]) <= step
                           for i, step in ((0, 0.0225), (1, 0.0225), (2, 0.125)))]
            self.assertEqual(len(near), 1, centroid)

    def test_published_field(self):
        doc, code = document("illumination", str(DATA / "illumination/metroloj_field.tif"),
                             "--set", "camera_offset_adu=0")
        self.assertEqual(code, 0, doc["findings"])
        self.assertAlmostEqual(values(doc, "illumination.uniformity", "metroloj.minmax/1")[0],
                               0.1451, places=4)
        self.assertAlmostEqual(values(doc, "illumination.uniformity", "metroloj_qc.minmax/1")[0],
                               0.1841, places=4)
        self.assertIn("saturated", codes(doc))
        self.assertEqual(doc["quantities"][0]["definition"], "etalon.tiles/1")

    def test_lsm_dialect(self):
        doc, code = document("illumination", str(DATA / "illumination/lsm5_field_488.tif"),
                             "--set", "camera_offset_adu=0")
        self.assertEqual(code, 0, doc["findings"])
        self.assertEqual(doc["inputs"][0]["format"], "LSM")
        self.assertAlmostEqual(values(doc, "illumination.uniformity", "metroloj.minmax/1")[0],
                               0.6933, places=4)

    def test_smartlpm_log(self):
        doc, code = document("power", str(DATA / "power/SmartLPM_blindData.csv"))
        self.assertEqual(code, 0, doc["findings"])
        self.assertEqual(doc["inputs"][0]["format"], "SmartLPM CSV")
        means = [row for row in doc["quantities"] if row["id"] == "power.mean"]
        self.assertGreaterEqual(len(means), 1)
        self.assertEqual({row["of"]["line_nm"] for row in means}, {488.0})
        for stability in values(doc, "power.stability", doc["quantities"][0]["definition"]):
            self.assertGreater(stability, 0.5)  # across an "off" it is near 0

    def test_ome_tiff(self):
        name = DATA / "formats/2010-06-18x24y5z1t2c8b-text.ome.tiff"
        doc, code = document("psf", str(name), "--set", "pixel_size_um=0.1", "--set",
                             "z_step_um=0.3")
        self.assertEqual(doc["inputs"][0]["format"], "OME-TIFF")
        self.assertEqual(code, 3)  # numbers burnt into planes are no beads

    def test_published_mirror(self):
        doc, code = document("sectioning", str(DATA / "sectioning/metroloj_axial.tif"), "--set",
                             "roi=214,0,82,512", "--set", "pixel_size_um=0.09785")
        self.assertEqual(code, 0, doc["findings"])
        self.assertAlmostEqual(values(doc, "sectioning.fwhm.z", "metroloj.axial1d/1")[0], 1.8695,
                               places=3)
        self.assertAlmostEqual(values(doc, "sectioning.r2", "metroloj.axial1d/1")[0], 0.9669,
                               places=4)

    def test_sections_and_stacks_of_a_lif(self):
        name = str(DATA / "formats/testdata_2channel_xz.lif")
        section, code = document("sectioning", name, "--set", "scene=xzt")
        self.assertEqual(code, 0, section["findings"])
        self.assertIn("axial_section", codes(section))
        stack, code = document("sectioning", name, "--set", "scene=xzy")
        self.assertEqual(code, 0, stack["findings"])
        for doc, acquired in ((section, "2021-03-04T16:39:17.951Z"),
                              (stack, "2021-03-04T16:40:26.961Z")):
            self.assertEqual(doc["acquired_at"], acquired)
            for key, value in (("instrument_serial", "8100000201"), ("immersion", "GLYC"),
                               ("modality", "confocal"), ("numerical_aperture", 1.3),
                               ("objective_magnification", 63.0), ("saturation_adu", 255.0),
                               ("refractive_index", 1.46)):
                self.assertEqual(doc["setup"][key], {"value": value, "source": "file"})
            self.assertAlmostEqual(doc["setup"]["pinhole_au"]["value"], 0.805, places=3)

    def test_a_czi_states_its_optics(self):
        doc, code = document("psf", str(DATA / "formats/neubias_xyz_multiple_images.czi"), "--set",
                             "scene=1")
        self.assertEqual(code, 3)  # two slices are no stack of beads
        self.assertIn("too_small", codes(doc))
        for key, value in (("excitation_nm", [561.0]), ("emission_nm", [578.618]),
                           ("immersion", "Oil"), ("modality", "confocal"), ("z_step_um", 0.3),
                           ("objective", "Plan-Apochromat 40x/1.4 Oil DIC M27"),
                           ("refractive_index", 1.518), ("saturation_adu", 65535.0)):
            self.assertEqual(doc["setup"][key], {"value": value, "source": "file"})
        self.assertEqual(doc["acquired_at"], "2020-09-06T11:30:42Z")

    def test_each_has_a_report_for_people(self):
        with tempfile.TemporaryDirectory() as folder:
            for analysis, name, title, words in (
                    ("psf", "beads/metroloj_PSF.tif", "Point spread function", []),
                    ("illumination", "illumination/metroloj_field.tif", "Field illumination",
                     ["--set", "camera_offset_adu=0"]),
                    ("sectioning", "sectioning/metroloj_axial.tif", "Optical sectioning",
                     ["--set", "roi=214,0,82,512", "--set", "pixel_size_um=0.09785"]),
                    ("detector", "detector/metroloj_CV.tif", "Detector",
                     ["--set", "roi=109,109,65,56", "--set", "series=uniform"]),
                    ("power", "power/SmartLPM_blindData.csv", "Illumination power", [])):
                with self.subTest(analysis):
                    report = pathlib.Path(folder) / (analysis + ".html")
                    done = measure(analysis, str(DATA / name), *words, "--quiet", "--report",
                                   str(report))
                    self.assertEqual(done.returncode, 0, done.stderr)
                    text = report.read_text(encoding="utf-8")
                    self.assertIn("<h1>" + title, text)
                    self.assertIn(pathlib.Path(name).name, text)
                    self.assertNotIn("<script", text)


if __name__ == "__main__":
    unittest.main()
