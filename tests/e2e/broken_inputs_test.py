"""A folder of broken files, made here: each ends in one clear finding, exit 3 or 4, and no crash.
Needs ETALON_BIN. Run it against a sanitizer build too."""

import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

from tiff_writer import TiffWriter

ETALON = os.environ.get("ETALON_BIN", "build/release/etalon")

UNREADABLE = 4
UNMEASURABLE = 3

SIDE = 32
PLANE = struct.pack("<%dH" % (SIDE * SIDE), *(100 + i % 13 for i in range(SIDE * SIDE)))
SCALE = b"ImageJ=1.53\nimages=%d\nslices=%d\nunit=micron\nspacing=0.2\n"


def stack(planes=12, description=None, **fields):
    writer = TiffWriter()
    for _ in range(planes):
        writer.page(SIDE, SIDE, PLANE, description=description or SCALE % (planes, planes),
                    resolution=(10, 1), **fields)
    return writer


def one_page(**fields):
    return TiffWriter().page(SIDE, SIDE, fields.pop("data", PLANE), **fields).bytes()


def ome(pixels, body="", planes=12, head=""):
    text = ('<?xml version="1.0"?>%s<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
            '<Image ID="Image:0"><Pixels ID="Pixels:0" Type="uint16" %s>%s</Pixels></Image></OME>'
            % (head, pixels, body)).encode()
    return stack(planes, description=text).bytes()


OME_PIXELS = ('DimensionOrder="XYZCT" SizeX="32" SizeY="32" SizeZ="%d" SizeC="1" SizeT="1" '
              'PhysicalSizeX="0.1" PhysicalSizeY="0.1" PhysicalSizeZ="0.2"')


def nan_stack():
    plane = struct.pack("<%df" % (SIDE * SIDE), *([float("nan")] * (SIDE * SIDE)))
    writer = TiffWriter()
    for _ in range(12):
        writer.page(SIDE, SIDE, plane, bits=32, sample_format=3, description=SCALE % (12, 12),
                    resolution=(10, 1))
    return writer.bytes()


def looping():
    content = bytearray(stack(3).bytes())
    first = struct.unpack_from("<I", content, 4)[0]
    return stack(3).bytes(next_of_last=first)


def entity_bomb():
    head = ("<!DOCTYPE lolz [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;\">"
            "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;\">]>")
    return ome(OME_PIXELS % 12, "<Channel Name=\"&c;\"/>", head=head)


# name -> (analysis, content, exit code, a word of the finding)
PSF = {
    "zero_bytes.tif": (b"", UNREADABLE, "empty"),
    "truncated.tif": (stack().bytes()[:-3000], UNREADABLE, "broken"),
    "truncated_pixels.tif": (one_page(extra={273: (4, [1500])}.items()), UNREADABLE, "pixels"),
    "cut_header.tif": (stack().bytes()[:6], UNREADABLE, "broken"),
    "renamed_pdf.tif": (b"%PDF-1.7\n" + b"x" * 500, UNREADABLE, "PDF"),
    "renamed_jpeg.tif": (b"\xff\xd8\xff\xe0\0\x10JFIF" + b"\0" * 500, UNREADABLE, "JPEG"),
    "renamed_czi.tif": (b"ZISRAWFILE" + b"\0" * 500, UNREADABLE, "CZI"),
    "wrong_magic.tif": (b"IJ*\0" + stack().bytes()[4:], UNREADABLE, "no known image format"),
    "noise.tif": (bytes((i * 7919 >> 3) & 255 for i in range(5000)), UNREADABLE, "format"),
    "all_nan.tif": (nan_stack(), UNMEASURABLE, "not_finite"),
    "claims_2gb.tif": (one_page(extra={256: (4, [32768]), 257: (4, [32768])}.items()), UNREADABLE,
                       "the whole file has only"),
    "claims_2gb_packed.tif": (one_page(compression=8, data=b"x\x9c" + b"\0" * 40,
                                       extra={256: (4, [32768]), 257: (4, [32767]),
                                              278: (4, [32767])}.items()), UNREADABLE,
                              "stores only"),
    "claims_4g_sides.tif": (one_page(extra={256: (4, [0xFFFFFFFF]), 257: (4, [0xFFFFFFFF])}.items()),
                            UNREADABLE, "broken"),
    "claims_wide_sides.tif": (one_page(extra={256: (4, [200000])}.items()), UNREADABLE, "limit"),
    "one_plane.tif": (one_page(description=SCALE % (1, 1), resolution=(10, 1)), UNMEASURABLE,
                      "too_small"),
    "colour.tif": (one_page(photometric=2, bits=8, data=PLANE * 2,
                            extra={277: (3, [3]), 258: (3, [8, 8, 8])}.items()), UNMEASURABLE,
                   "colour"),
    "no_pixel_size.tif": (stack(description=b"ImageJ=1.53\nimages=12\nslices=12\n").bytes(),
                          UNMEASURABLE, "metadata_missing:pixel_size_x_um"),
    "bad_\udcff_name.tif": (b"", UNREADABLE, "bad_\\xFF_name.tif"),
    "ifd_loop.tif": (looping(), UNREADABLE, "broken"),
    "huge_tile.tif": (one_page(tile=(1 << 20, 1 << 20)), UNREADABLE, "tiles"),
    "zero_width.tif": (one_page(extra={256: (4, [0])}.items()), UNREADABLE, "zero"),
    "strips_beyond_the_end.tif": (one_page(extra={273: (4, [1 << 30])}.items()), UNREADABLE,
                                  "outside the file"),
    "int64.tif": (one_page(bits=64, data=PLANE * 4), UNMEASURABLE, "integers of 64 bits"),
    "complex.tif": (one_page(bits=64, sample_format=6, data=PLANE * 4), UNMEASURABLE, "complex"),
    "twelve_packed_bits.tif": (one_page(bits=12), UNMEASURABLE, "12 bits"),
    "jpeg_compressed.tif": (one_page(compression=7, bits=8), UNMEASURABLE, "with loss"),
    "unknown_compression.tif": (one_page(compression=34712), UNMEASURABLE, "compression"),
    "broken_deflate.tif": (one_page(compression=8, data=PLANE[:900]), UNREADABLE, "decoded"),
    "broken_ome_xml.tif": (stack(description=b"<?xml version=\"1.0\"?><OME><Image><Pix").bytes(),
                           UNREADABLE, "OME-XML is broken"),
    "ome_entity_bomb.tif": (entity_bomb(), UNREADABLE, "entities"),
    "ome_too_few_planes.tif": (ome(OME_PIXELS % 40), UNREADABLE, "40 planes"),
    "ome_zero_planes.tif": (ome(OME_PIXELS % 0), UNREADABLE, "SizeZ"),
    "ome_far_ifd.tif": (ome(OME_PIXELS % 12, '<TiffData IFD="4000000000" PlaneCount="12"/>'),
                        UNREADABLE, "IFD"),
    "contradictory_counts.tif": (
        stack(description=b"ImageJ=1.53\nimages=12\nchannels=5\nslices=7\n").bytes(), UNREADABLE,
        "contradicts itself"),
    "missing_slices.tif": (stack(description=SCALE % (31, 31)).bytes(), UNREADABLE, "31 images"),
    "imagej_big_too_short.tif": (one_page(description=SCALE % (5000, 5000)), UNREADABLE, "5000"),
    "pages_of_two_sizes.tif": (TiffWriter().page(SIDE, SIDE, PLANE).page(16, 16, PLANE[:512])
                               .bytes(), UNMEASURABLE, "differ in size"),
    "page_after_garbage.tif": (stack(2).bytes(next_of_last=40), UNREADABLE, "broken"),
}
POWER = {
    "empty.csv": (b"", UNREADABLE, "empty"),
    "no_unit.csv": (b"time_s,power\n" + b"".join(b"%d,1.5\n" % i for i in range(40)), UNMEASURABLE,
                    "metadata_missing:power_unit"),
    "text.csv": (b"Dear colleague,\nplease find attached\n", UNREADABLE, "no power log"),
    "words_for_numbers.csv": (b"time_s,power_mw\n0,1.5\n1,overload\n2,1.5\n", UNREADABLE, "row 3"),
    "binary.csv": (b"\0\1\2\3" * 100, UNREADABLE, "no text"),
    "one_endless_line.csv": (b"1" * 100000, UNREADABLE, "line"),
    "backwards.csv": (b"time_s,power_mw\n" + b"".join(b"%d,1.5\n" % (50 - i) for i in range(50)),
                      UNMEASURABLE, "unsupported_format"),
    "nan.csv": (b"time_s,power_mw\n" + b"".join(b"%d,nan\n" % i for i in range(50)), UNREADABLE,
                "no power log"),
}


class BrokenInputs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def check(self, analysis, path, code, word):
        words = [ETALON, "measure", analysis, path, "--json", "-", "--quiet"]
        done = subprocess.run(words, capture_output=True, timeout=120, check=False)
        said = done.stderr.decode("utf-8", "replace")
        self.assertNotIn("Sanitizer", said)
        self.assertEqual(done.returncode, code, done.stdout.decode("utf-8", "replace") + said)
        doc = json.loads(done.stdout.decode("utf-8"))
        self.assertEqual(doc["schema"], "etalon.measurement/1")
        faults = [row for row in doc["findings"] if row["severity"] == "fault"]
        self.assertTrue(faults)
        self.assertIn(word, json.dumps(faults, ensure_ascii=False).replace("\\\\", "\\"))
        self.assertNotIn("signal", json.dumps(faults).replace("no signal above", ""))
        for fault in faults:
            self.assertGreater(len(fault["text"]), 30)
        self.assertNotIn("null", done.stdout.decode("utf-8"))
        return doc

    def run_folder(self, analysis, folder):
        for name, (content, code, word) in folder.items():
            with self.subTest(name):
                path = self.path / name
                path.write_bytes(content)
                doc = self.check(analysis, str(path), code, word)
                self.assertEqual(doc["inputs"][0]["bytes"], len(content))
                self.assertEqual(len(doc["inputs"][0]["sha256"]), 64)

    def test_at_least_thirty(self):
        self.assertGreaterEqual(len(PSF) + len(POWER), 30)

    def test_images(self):
        self.run_folder("psf", PSF)

    def test_logs(self):
        self.run_folder("power", POWER)

    def test_what_is_no_file(self):
        os.mkfifo(self.path / "pipe.tif")
        (self.path / "folder.tif").mkdir()
        self.check("psf", str(self.path / "pipe.tif"), UNREADABLE, "is a pipe")
        self.check("psf", str(self.path / "folder.tif"), UNREADABLE, "is a folder")
        self.check("psf", str(self.path / "absent.tif"), UNREADABLE, "cannot be opened")

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_without_permission(self):
        path = self.path / "closed.tif"
        path.write_bytes(stack().bytes())
        path.chmod(0)
        self.check("psf", str(path), UNREADABLE, "may read it")

    def test_every_cut_of_a_stack(self):
        """A file that still grows may end anywhere."""
        whole = stack(3).bytes()
        for length in range(0, len(whole), 97):
            path = self.path / "growing.tif"
            path.write_bytes(whole[:length])
            done = subprocess.run([ETALON, "measure", "psf", str(path), "--json", "-", "--quiet"],
                                  capture_output=True, timeout=120, check=False)
            self.assertIn(done.returncode, (UNMEASURABLE, UNREADABLE), done.stderr)
            self.assertNotIn(b"signal ", done.stdout)
            self.assertNotIn(b"Sanitizer", done.stderr)

    def test_too_little_memory_is_said(self):
        if "Sanitizer" in os.environ.get("ETALON_BUILD", ""):
            self.skipTest("no limit under sanitizers")
        path = self.path / "long.csv"
        path.write_bytes(b"time_s,power_mw\n" + b"".join(b"%d,1.5\n" % i for i in range(900000)))
        done = subprocess.run([ETALON, "measure", "power", str(path), "--json", "-", "--limit-mb",
                               "24"], capture_output=True, timeout=120, check=False)
        if done.returncode == 0:
            self.skipTest("this build cannot limit memory")
        self.assertEqual(done.returncode, UNREADABLE, done.stderr)
        self.assertIn(b"memory", done.stdout)


if __name__ == "__main__":
    unittest.main()
