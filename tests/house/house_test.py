"""Holds the house: each rule is clean on this tree and catches a violation planted in a copy."""

import os
import pathlib
import shlex
import subprocess
import tempfile
import unittest

import rules

ROOT = pathlib.Path(os.environ["ETALON_SOURCE_DIR"])
COMPILER = shlex.split(os.environ.get("ETALON_CXX", "c++"))
FLAGS = shlex.split(os.environ.get("ETALON_CXX_FLAGS", ""))


class Planted(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self._folder.name)
        for folder in (*rules.FOLDERS, "tests"):
            (self.root / folder).mkdir()

    def tearDown(self):
        self._folder.cleanup()

    def plant(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


class Layering(Planted):
    def test_this_tree_obeys_the_four_arrows(self):
        self.assertEqual(rules.layering(ROOT), [])

    def test_each_arrow_that_points_back_is_caught(self):
        for path, include in (
            ("qc_metrics/a.cpp", '"sop/decision.h"'),
            ("qc_metrics/a.cpp", "<sop/decision.h>"),
            ("sop/a.h", '"monitor/service/record.h"'),
            ("sop/a.h", '"sop/store/store.h"'),
            ("sop/a.h", "<sop/store/store.h>"),
            ("sop/journal/a.h", '"sop/decision.h"'),
            ("sop/store/a.h", '"alerts/drift.h"'),
            ("alerts/a.h", '"alerts/delivery/email.h"'),
            ("alerts/a.h", '  # include "qc_metrics/psf.h"'.replace("  # include ", "")),
            ("dashboards/a.cpp", '"monitor/service/record.h"'),
            ("monitor/simulation/a.cpp", '"qc_metrics/psf.h"'),
        ):
            with self.subTest(path=path, include=include):
                self.plant(path, f"#include {include}\n")
                self.assertEqual(len(rules.layering(self.root)), 1)
                self.plant(path, "")

    def test_arrows_that_are_drawn_pass(self):
        self.plant("monitor/a.cpp", '#include "sop/store/store.h"\n#include "qc_metrics/psf.h"\n')
        self.plant("sop/store/a.cpp", '#include "sop/journal/merkle.h"\n')
        self.assertEqual(rules.layering(self.root), [])


class Doors(Planted):
    def test_this_tree_opens_each_library_at_its_door(self):
        self.assertEqual(rules.doors(ROOT), [])

    def test_a_second_door_is_caught(self):
        for path, include in (("sop/a.cpp", "<opencv2/core.hpp>"), ("monitor/a.cpp", "<soci/soci.h>"),
                              ("qc_metrics/a.cpp", "<boost/log/trivial.hpp>")):
            with self.subTest(path=path):
                self.plant(path, f"#include {include}\n")
                self.assertEqual(len(rules.doors(self.root)), 1)
                self.plant(path, "")


class Includes(Planted):
    def test_this_tree_includes_from_the_root(self):
        self.assertEqual(rules.relative_includes(ROOT), [])

    def test_a_neighbourly_include_is_caught(self):
        self.plant("sop/a.cpp", '#include "decision.h"\n')
        self.assertEqual(len(rules.relative_includes(self.root)), 1)


class Names(Planted):
    def test_this_tree_has_one_type_a_name(self):
        self.assertEqual(rules.one_type_a_name(ROOT), [])

    def test_a_second_type_of_a_name_is_caught(self):
        self.plant("sop/a.h", "namespace sop {\nstruct Line {\n};\nstruct Other;\n}\n")
        self.plant("sop/b.h", "namespace sop {\nclass Other : public Line {\n};\n}\n")
        self.plant("monitor/b.h", "namespace monitor {\nstruct Line {\n};\n}\n")
        self.assertEqual(rules.one_type_a_name(self.root), [])
        self.plant("sop/c.h", "namespace sop {\nenum class Line {\n};\n}\n")
        self.assertEqual(len(rules.one_type_a_name(self.root)), 1)


class Registration(Planted):
    def test_this_tree_runs_every_test_file(self):
        self.assertEqual(rules.registration(ROOT), [])

    def test_a_forgotten_test_file_is_caught(self):
        self.plant("tests/sop/CMakeLists.txt", "etalon_test(sop_test SOURCES a_test.cpp)\n"
                   "# b_test.cpp is only named in a comment\n")
        self.plant("tests/sop/a_test.cpp", "")
        self.assertEqual(rules.registration(self.root), [])
        self.plant("tests/sop/b_test.cpp", "")
        self.assertEqual(len(rules.registration(self.root)), 1)


class HeadersAlone(Planted):
    def test_every_header_of_this_tree_compiles_alone(self):
        self.assertEqual(rules.headers_alone(ROOT, COMPILER, FLAGS, os.cpu_count()), [])

    def test_a_header_that_leans_on_another_is_caught(self):
        self.plant("sop/a.h", "#pragma once\ninline std::string Name();\n")
        self.assertEqual(len(rules.headers_alone(self.root, COMPILER, FLAGS, 1)), 1)


class Words(Planted):
    def test_the_pages_and_the_catalogue_of_this_tree_use_one_word_for_one_thing(self):
        self.assertEqual(rules.words(ROOT), [])

    def test_another_name_and_an_unexplained_definition_are_caught(self):
        self.plant("qc_metrics/catalogue.cpp", '    {"psf.r2", "Fit R2", "1", kGauss},\n')
        self.plant("dashboards/web/src/vocabulary.ts", '  "psf.r2": "Fit R²",\n')
        self.assertEqual(rules.words(self.root), [])
        self.plant("qc_metrics/psf.cpp", 'constexpr auto kGauss = "etalon.gauss3d/1";\n')
        self.plant("dashboards/web/src/vocabulary.ts", '  "psf.r2": "R²",\n')
        self.assertEqual(len(rules.words(self.root)), 2)


class TopLevel(unittest.TestCase):
    def test_the_top_level_is_the_architectures(self):
        tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files"], text=True,
                                 capture_output=True, check=False).stdout.splitlines()
        names = {line.split("/")[0] for line in tracked}
        self.assertEqual(rules.top_level(ROOT, names), [])

    def test_a_new_folder_is_caught(self):
        self.assertEqual(len(rules.top_level(ROOT, {"utils", "sop", ".ci"})), 1)


if __name__ == "__main__":
    unittest.main()
