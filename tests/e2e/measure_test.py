"""`etalon measure` as a user calls it: converters, what it says on a terminal, and a folder of broken
files. Needs ETALON_BIN."""

import hashlib
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest
import zlib

from documents import ETALON, codes, document, measure
from tiff_writer import TiffWriter


def field_pixels(width=64, height=64, level=1000):
    """A uniform field with a little structure, 16 bit."""
    return struct.pack("<%dH" % (width * height),
                       *(level + 3 * (x % 7) + 2 * (y % 5) for y in range(height)
                         for x in range(width)))


class Converter(unittest.TestCase):
    """A file of an unknown format goes through a program of the site."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name)
        self.work = self.path / "work"
        self.work.mkdir()
        self.input = self.path / "field.xyz"
        tiff = TiffWriter().page(64, 64, field_pixels()).bytes()
        self.input.write_bytes(b"MAKER" + tiff)

    def run_converter(self, command, *words):
        done = measure("illumination", str(self.input), "--set", "camera_offset_adu=0",
                       "--json", "-", "--quiet", "--converter", command, *words,
                       env=dict(os.environ, TMPDIR=str(self.work)))
        self.assertEqual(list(self.work.iterdir()), [], "left behind")
        return done

    def test_its_output_is_measured_under_the_digest_of_the_input(self):
        script = self.path / "convert.sh"
        script.write_text("#!/bin/sh\ntail -c +6 \"$1\" > \"$2\"\n")
        script.chmod(0o755)
        done = self.run_converter(f"{script} {{input}} {{output}}")
        doc = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0, doc["findings"])
        self.assertEqual(doc["inputs"][0]["converter"], "convert.sh")
        self.assertEqual(doc["inputs"][0]["sha256"],
                         hashlib.sha256(self.input.read_bytes()).hexdigest())

    def test_what_fails_is_a_finding(self):
        for command, words, said in (
                ("/bin/false {input} {output}", (), "exit code 1"),
                ("/bin/true {input} {output}", (), "wrote no file"),
                ("/no/such/program {input} {output}", (), "could not be started"),
                ('["/bin/sh", "-c", "sleep 30", "{input}", "{output}"]', ("--limit-s", "1"),
                 "was stopped")):
            done = self.run_converter(command, *words)
            self.assertEqual(done.returncode, 4, command)
            self.assertIn(said, json.dumps(json.loads(done.stdout)["findings"]))

    def test_a_command_without_places_is_wrong_usage(self):
        self.assertEqual(self.run_converter("bfconvert {input}").returncode, 2)

    def test_an_unknown_format_names_the_option(self):
        doc, code = document("psf", str(self.input))
        self.assertEqual(code, 4)
        self.assertIn("--converter", json.dumps(doc["findings"]))


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def write(self, name, content):
        path = self.path / name
        path.write_bytes(content)
        return str(path)

    def field(self, name="field.tif"):
        return self.write(name, TiffWriter().page(64, 64, field_pixels()).bytes())

    def test_wrong_usage(self):
        field = self.field()
        for words, hint in (
                (["psff", field], "psf"),
                (["illumination"], "name a file"),
                (["illumination", field, "--set", "pixel_size=1"], "pixel_size"),
                (["illumination", field, "--set", "camera_offset=1"], "camera_offset_adu"),
                (["illumination", field, "--set", "modality=wide"], "widefield"),
                (["illumination", field, "--set", "zoom=-1"], "above 0"),
                (["illumination", field, "--set", "zoom=nan"], "above 0"),
                (["illumination", field, "--set", "numerical_aperture=5"], "0.01 to 1.7"),
                (["illumination", field, "--set", "numerical_aperture=1.4", "--set",
                  "refractive_index=1"], "above refractive_index"),
                (["illumination", field, "--jsn", "-"], "--json"),
                (["psf", field, field], "one file")):
            done = measure(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(hint, done.stderr.decode(), words)
            self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_setup_file_names_line_and_key(self):
        field = self.field()
        setup = self.write("setup.toml", b"zoom = 2.0\ncamera_ofset_adu = 3\n")
        done = measure("illumination", field, "--setup", setup)
        self.assertEqual(done.returncode, 2)
        self.assertIn("line 2", done.stderr.decode())
        self.assertIn("camera_offset_adu", done.stderr.decode())

    def test_sources_and_precedence(self):
        field = self.write("field.tif", TiffWriter().page(
            64, 64, field_pixels(), description=b"ImageJ=1.53\nunit=micron\n",
            resolution=(10, 1)).bytes())
        setup = self.write("setup.toml", b"camera_offset_adu = 5\n")
        usual = self.write("usual.toml", b"camera_offset_adu = 7\npixel_size_um = 9\nzoom = 3\n")
        doc, code = document("illumination", field + ",exposure_s=0.5", "--setup", setup,
                             "--configuration-setup", usual, "--set", "zoom=4")
        self.assertEqual(code, 0)
        self.assertEqual(doc["setup"]["camera_offset_adu"], {"value": 5.0, "source": "setup"})
        self.assertEqual(doc["setup"]["pixel_size_x_um"], {"value": 0.1, "source": "file"})
        self.assertEqual(doc["setup"]["zoom"], {"value": 4.0, "source": "option"})
        self.assertEqual(doc["setup"]["exposure_s"], {"value": 0.5, "source": "option"})
        self.assertEqual(doc["setup"]["saturation_adu"], {"value": 65535.0, "source": "default"})

    def test_each_input_has_its_own_name_and_setup(self):
        doc, code = document("illumination", self.field("a.tif") + ",channel_name=green,zoom=2",
                             self.field("b.tif") + ",channel_name=red,camera_offset_adu=3",
                             "--set", "camera_offset_adu=0")
        self.assertEqual(code, 0, doc["findings"])
        self.assertEqual({(row["channel"], row["channel_name"]) for row in doc["quantities"]},
                         {(0, "green"), (1, "red")})
        self.assertEqual(doc["setup"]["camera_offset_adu"]["value"], "0,3")
        self.assertEqual(doc["setup"]["zoom"]["value"], "2,")

    def test_a_value_of_one_file_may_hold_commas(self):
        doc, code = document("illumination", self.field() + ",roi=0,0,32,32,zoom=2", "--set",
                             "camera_offset_adu=0")
        self.assertEqual(code, 0, doc["findings"])
        self.assertEqual(doc["setup"]["roi"]["value"], "0,0,32,32")
        self.assertEqual(doc["setup"]["zoom"]["value"], 2.0)

    def test_nothing_is_stated_twice(self):
        field = self.field()
        for words in (["--set", "pixel_size_um=1", "--set", "pixel_size_um=2"],
                      ["--set", "zoom=1", "--set", "zoom=1"],
                      ["--json", "-", "--json=-"],
                      ["--setup", "/dev/null", "--setup", "/dev/null"]):
            done = measure("illumination", field, *words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("twice", done.stderr.decode(), words)
        done = measure("illumination", field + ",zoom=1,zoom=2")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'zoom' is stated twice", done.stderr.decode())

    def test_help_names_only_what_works(self):
        self.assertIn(b"run_sheet", measure("--help").stdout)
        overview = subprocess.run([ETALON, "--help"], capture_output=True, timeout=60).stdout
        for word in (b"export", b"import"):
            self.assertNotIn(word, overview.split())

    def test_power_is_of_its_location(self):
        rows = "".join("%d,1.5\n" % i for i in range(120))
        log = self.write("power.csv", ("time_s,power_mw\n" + rows).encode())
        doc, code = document("power", log, "--set", "line_nm=488", "--set", "setting_percent=20",
                             "--set", "location=objective")
        self.assertEqual(code, 0, doc["findings"])
        self.assertEqual({row["of"]["location"] for row in doc["quantities"]}, {"objective"})

    def test_table_for_people(self):
        done = measure("illumination", self.field(), "--set", "camera_offset_adu=0")
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0, text)
        self.assertIn("U_est: k = 2, estimate only", text)
        self.assertIn("etalon.tiles/1", text)
        self.assertIn("\u00b1", text)

    def test_files_report_and_pictures(self):
        out = self.path / "out"
        out.mkdir()
        done = measure("illumination", self.field(), "--set", "camera_offset_adu=0", "--json",
                       str(out / "m.json"), "--report", str(out / "m.html"), "--pictures",
                       str(out / "pictures"), "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        doc = json.loads((out / "m.json").read_bytes())
        self.assertGreaterEqual(len(doc["pictures"]), 1)
        for picture in doc["pictures"]:
            ending = ".png" if picture["media_type"] == "image/png" else ".svg"
            content = (out / "pictures" / (picture["name"] + ending)).read_bytes()
            self.assertEqual(picture["sha256"], hashlib.sha256(content).hexdigest())
        page = (out / "m.html").read_text("utf-8")
        self.assertIn("etalon.tiles/1", page)
        self.assertEqual(sorted(p.name for p in out.iterdir()), ["m.html", "m.json", "pictures"])

    def test_a_file_name_with_a_comma_wins(self):
        name = self.field("a,zoom=2,b.tif")
        doc, code = document("illumination", name, "--set", "camera_offset_adu=0")
        self.assertEqual(code, 0)
        self.assertEqual(doc["inputs"][0]["name"], "a,zoom=2,b.tif")
        self.assertNotIn("zoom", doc["setup"])

    def test_json_is_utf8_whatever_the_name(self):
        name = os.fsencode(self.path) + b"/f\xffeld\n.tif"
        with open(name, "wb") as file:
            file.write(TiffWriter().page(64, 64, field_pixels()).bytes())
        done = measure("illumination", name, "--set", "camera_offset_adu=0", "--json", "-")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stdout.decode("utf-8"))["inputs"][0]["name"],
                         "f\\xFFeld\\x0A.tif")

    def test_the_same_bytes_give_the_same_numbers(self):
        first, _ = document("illumination", self.field(), "--set", "camera_offset_adu=0")
        second, _ = document("illumination", self.field(), "--set", "camera_offset_adu=0")
        for doc in (first, second):
            for member in ("timing", "measured_at", "acquired_at"):
                del doc[member]
        self.assertEqual(first, second)

    def test_pixel_types_give_the_same_field(self):
        plain = field_pixels()
        numbers = struct.unpack("<4096H", plain)
        variants = {
            "big_endian": TiffWriter(">").page(64, 64, struct.pack(">4096H", *numbers)),
            "bigtiff": TiffWriter(big=True).page(64, 64, plain),
            "int16": TiffWriter().page(64, 64, plain, sample_format=2),
            "uint32": TiffWriter().page(64, 64, struct.pack("<4096I", *numbers), bits=32),
            "int32": TiffWriter().page(64, 64, struct.pack("<4096i", *numbers), bits=32,
                                       sample_format=2),
            "float32": TiffWriter().page(64, 64, struct.pack("<4096f", *numbers), bits=32,
                                         sample_format=3),
            "float64": TiffWriter().page(64, 64, struct.pack("<4096d", *numbers), bits=64,
                                         sample_format=3),
            "deflate": TiffWriter().page(64, 64, zlib.compress(plain), compression=8),
            "strips": TiffWriter().page(64, 64, None, chunks=[plain[i * 128:(i + 1) * 128]
                                                              for i in range(64)]),
            "tiles": TiffWriter().page(64, 64, None, tile=(32, 32), chunks=[
                b"".join(plain[(ty * 32 + y) * 128 + tx * 64:(ty * 32 + y) * 128 + tx * 64 + 64]
                         for y in range(32)) for ty in range(2) for tx in range(2)]),
        }
        expected, code = document("illumination", self.field(), "--set", "camera_offset_adu=0",
                                  "--set", "saturation_adu=60000")
        self.assertEqual(code, 0)
        for name, writer in variants.items():
            doc, code = document("illumination", self.write(name + ".tif", writer.bytes()), "--set",
                                 "camera_offset_adu=0", "--set", "saturation_adu=60000")
            self.assertEqual(code, 0, (name, doc["findings"]))
            # Only whole numbers can be rounded as ImageJ does.
            whole = [q for q in expected["quantities"]
                     if not (name.startswith("float") and q["definition"].startswith("metroloj_qc.")
                             and q["definition"].endswith("/2"))]
            self.assertEqual([(q["id"], q["definition"]) for q in doc["quantities"]],
                             [(q["id"], q["definition"]) for q in whole], name)
            for ours, theirs in zip(doc["quantities"], whole):
                self.assertAlmostEqual(ours["value"], theirs["value"], places=6,
                                       msg=name + " " + ours["id"])

    def test_a_pile_on_full_scale_of_twelve_bits_is_seen(self):
        pixels = struct.pack("<4096H", *(min(4095, 3000 + 40 * (i % 64)) for i in range(4096)))
        name = self.write("twelve.tif", TiffWriter().page(64, 64, pixels).bytes())
        doc, _ = document("illumination", name, "--set", "camera_offset_adu=0")
        self.assertIn("settings_not_stated", codes(doc))
        doc, code = document("illumination", name, "--set", "camera_offset_adu=0", "--set",
                             "saturation_adu=4095")
        self.assertEqual(code, 3)
        self.assertIn("saturated", codes(doc))
        self.assertNotIn("settings_not_stated", codes(doc))

    def test_imagej_big_tiff_has_its_planes_behind_one_directory(self):
        plane = field_pixels()
        description = b"ImageJ=1.53\nimages=6\nchannels=6\nunit=micron\n"
        name = self.write("one_ifd.tif", TiffWriter().page(
            64, 64, plane * 6, description=description, resolution=(10, 1),
            extra={279: (4, [len(plane)])}.items()).bytes())
        doc, code = document("illumination", name, "--set", "camera_offset_adu=0")
        self.assertEqual(code, 0, doc["findings"])
        self.assertEqual({row["channel"] for row in doc["quantities"]}, set(range(6)))
        packed = self.write("packed.tif", TiffWriter().page(
            64, 64, zlib.compress(plane), compression=8, description=description).bytes())
        doc, code = document("illumination", packed, "--set", "camera_offset_adu=0")
        self.assertEqual(code, 4, doc["findings"])

    def test_date_of_the_tiff(self):
        name = self.write("dated.tif", TiffWriter().page(
            64, 64, field_pixels(), extra={306: (2, b"2025:03:04 05:06:07")}.items()).bytes())
        doc, _ = document("illumination", name, "--set", "camera_offset_adu=0")
        self.assertTrue(doc["acquired_at"].startswith("2025-03-0"))
        self.assertIn("clock", codes(doc))

    def test_thorlabs_log(self):
        rows = "".join("%d ,11/08/2024 ,01:%02d:%02d.000 PM ,%.4e , \r\n"
                       % (i, i // 60, i % 60, 1.5e-3 + 1e-6 * (i % 3)) for i in range(120))
        log = self.write("opm.csv", ("Samples ,Date (MM/dd/yyyy) ,Time of day (hh:mm:ss) ,"
                                     "Power (W) , \r\n" + rows).encode())
        doc, code = document("power", log, "--set", "line_nm=488", "--set", "setting_percent=20")
        self.assertEqual(code, 0, doc["findings"])
        self.assertEqual(doc["inputs"][0]["format"], "Thorlabs OPM CSV")
        mean = [row for row in doc["quantities"] if row["id"] == "power.mean"]
        self.assertAlmostEqual(mean[0]["value"], 1.501, places=3)
        self.assertEqual(mean[0]["unit"], "mW")
        self.assertTrue(doc["acquired_at"].startswith("2024-11-08T"))


if __name__ == "__main__":
    unittest.main()
