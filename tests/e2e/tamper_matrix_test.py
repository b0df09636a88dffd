"""What an owner of the database can do to a record, done with the engine's own program and every trigger off, on copies
of a real small record; `etalon verify` and the independent verifier must find each and call it by the same name."""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import independent_verifier as format
import processes
from tampered_record import (PostgresCopy, Signer, SqliteCopy, lines_of, quoted, renumber_from, set_line, set_notes,
                             set_tiles)

SERVER = os.environ.get("ETALON_TEST_POSTGRESQL", "")  # postgresql:///postgres?host=...
INSTRUMENTS = 280  # more than one tile of 256
FACILITY = """
[facility]
name = "Tamper matrix"
time_zone = "Europe/Lisbon"
log_origin = "example.org/matrix"
[[configuration]]
id = "63x"
instrument = "lsm-0"
name = "63x oil"
[[profile]]
id = "routine"
name = "Routine imaging"
needs = [{ procedure = "PSF-03" }]
[[procedure]]
id = "PSF-03"
version = 1
title = "Point spread function"
analysis = "psf"
recurrence = "FREQ=MONTHLY"
start = "2026-01-01"
window_start_d = 7
window_end_d = 7
[[limit]]
procedure = "PSF-03"
quantity = "psf.fwhm.z"
definition = "etalon.gauss3d/1"
upper = 1.0
source = "acceptance test"
[[assignment]]
procedure = "PSF-03"
instrument = "lsm-0"
configuration = "63x"
""" + "".join('[[instrument]]\nid = "lsm-%d"\nname = "LSM %d"\n' % (i, i) for i in range(INSTRUMENTS))


PEOPLE = [
    ("/api/v1/accounts", {"id": "bo", "name": "Bo"}),
    ("/api/v1/accounts/bo", {"name": "Bo Li"}),
    ("/api/v1/accounts/bo/roles", {"role": "viewer", "reason": "new here"}),
    ("/api/v1/accounts/bo/roles", {"role": "operator", "reason": "trained"}),
    ("/api/v1/accounts/bo/roles/revoke", {"role": "operator", "reason": "moved"}),
    ("/api/v1/accounts/bo/close", {"reason": "left"}),
]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def submission(raw):
    document = {
        "schema": "etalon.measurement/1", "analysis": "psf",
        "software": {"name": "etalon", "version": "0.1.0", "build": "test"},
        "inputs": [{"name": "psf.tif", "sha256": digest(raw), "bytes": len(raw)}],
        "acquired_at": "2026-11-01T08:00:00Z", "measured_at": "2026-11-01T08:00:00Z",
        "setup": {"z_step_um": {"value": 0.2, "source": "file"}},
        "quantities": [{"id": "psf.fwhm.z", "definition": "etalon.gauss3d/1", "value": 0.5, "unit": "um", "u": 0.01,
                        "u_parts": {"estimate": 0.01}, "n": 5, "channel": 0, "channel_name": "525/50"}]}
    identity = {"algorithm": ["etalon/0.1.0", "etalon.gauss3d/1"], "configuration": "63x", "instrument": "lsm-0",
                "procedure": "PSF-03", "raw": [document["inputs"][0]["sha256"]], "setup": {"z_step_um": 0.2}}
    return {"schema": "etalon.submission/1", "key": digest(format.canonical(identity).encode()),
            "instrument": "lsm-0", "configuration": "63x", "procedure": "PSF-03", "purpose": "as_found",
            "performer": "ana", "document": json.dumps(document),
            "raw": [{"name": "psf.tif", "sha256": digest(raw), "bytes": len(raw), "archived": True}], "pictures": []}


class Facility:
    """The real service over a data folder, for long enough to write a few events."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        (folder / "facility.toml").write_text(FACILITY)

    def run(self, requests, checkpoint):
        service, address = processes.start_service(self.folder, self.folder / "facility.toml", options=self.options)
        try:
            token = (self.folder / "data" / "admin.token").read_text().strip()
            for path, body in requests:
                raw = isinstance(body, bytes)
                request = urllib.request.Request(address + path, body if raw else json.dumps(body).encode(), {
                    "Authorization": "Bearer " + token,
                    "Content-Type": "application/octet-stream" if raw else "application/json"},
                    method="PUT" if raw else "POST")
                urllib.request.urlopen(request, timeout=20).read()
            (self.folder / checkpoint).write_text(
                processes.fetch(address + "/checkpoint", Authorization="Bearer " + token), newline="")
        finally:
            service.stop()


def edited(line):
    return line.replace('"name":"LSM 7"', '"name":"LSM 8"')


class Matrix:
    """The attacks and what each must be called; runs against what `copy()` gives."""

    def findings(self, copy, *arguments):
        """Exit code and names, which both verifiers must agree on."""
        ours, theirs = copy.arguments()
        etalon = subprocess.run([str(processes.BIN), "verify", *ours, *arguments], capture_output=True, text=True)
        other = subprocess.run([sys.executable, "-B", format.__file__, *theirs, *arguments], capture_output=True,
                               text=True)

        def names(text):
            return sorted(re.findall(r"^BROKEN ([a-z_]+(?: at event \d+|: row .*? of [a-z_]+)?)", text, re.MULTILINE))

        said = "%s%s\n%s%s" % (etalon.stdout, etalon.stderr, other.stdout, other.stderr)
        self.assertEqual(names(etalon.stdout), names(other.stdout), said)
        self.assertEqual(etalon.returncode, other.returncode, said)
        return etalon.returncode, names(etalon.stdout)

    def expect(self, attack, named, *arguments):
        self.expect_all(attack, (named, *arguments))

    def expect_all(self, attack, *cases):
        """One attack, judged with the arguments of each case."""
        with self.copy() as copy:
            statements = attack(copy)
            if statements:
                copy.run(*statements)
            for named, *arguments in cases:
                code, names = self.findings(copy, *arguments)
                self.assertEqual(names, sorted(named))
                self.assertEqual(code, 1 if named else 0 if arguments else 3)

    def test_nothing_was_done(self):
        with self.copy() as copy:
            self.assertEqual(self.findings(copy), (3, []))
            self.assertEqual(self.findings(copy, "--checkpoint", self.early), (0, []))
            self.assertEqual(self.findings(copy, "--checkpoint", self.late, "--checkpoint", self.early), (0, []))

    def test_edit(self):
        at = self.at
        line = edited(self.lines[at])
        self.assertNotEqual(line, self.lines[at])
        named = ["line_altered at event %d" % at]
        self.expect(lambda copy: ["UPDATE event SET line = %s WHERE idx = %d" % (quoted(line), at)], named)
        self.expect(lambda copy: [set_line(at, line)], named)

    def test_edit_with_every_unkeyed_hash_computed_anew(self):
        lines = list(self.lines)
        lines[self.at] = edited(lines[self.at])
        self.expect(lambda copy: [set_line(self.at, lines[self.at]), *set_tiles(lines)], ["line_altered"])

    def test_insert_or_replace(self):
        line = edited(self.lines[self.at])
        self.expect(lambda copy: [copy.replace("event", [str(self.at), quoted(line), "'%s'" % format.leaf(line).hex(),
                                                         str(format.read_event(line)[1])])],
                    ["line_altered at event %d" % self.at])

    def test_columns_beside_the_line(self):
        at = self.at
        self.expect(lambda copy: ["UPDATE event SET leaf_hash = '%s' WHERE idx = %d" % ("0" * 64, at)],
                    ["leaf_hash_altered at event %d" % at])
        self.expect(lambda copy: ["UPDATE event SET recorded_ms = recorded_ms - 1 WHERE idx = %d" % at],
                    ["recorded_ms_altered at event %d" % at])

    def test_delete(self):
        at, named = self.at, ["event_deleted at event %d" % self.at]
        remove = "DELETE FROM event WHERE idx = %d" % at
        self.expect(lambda copy: [remove], named)
        self.expect(lambda copy: [remove, *renumber_from(at + 1, -1)], named)
        lines = self.lines[:at] + self.lines[at + 1 :]
        self.expect(lambda copy: [remove, *renumber_from(at + 1, -1), *set_tiles(lines)], ["event_deleted"])

    def test_reorder(self):
        first, second = self.count - 4, self.count - 2
        swap = lambda copy: [set_line(first, self.lines[second]), set_line(second, self.lines[first])]
        named = ["reordered at event %d" % first, "clock_moved_back at event %d" % (first + 1)]
        self.expect(swap, named)
        lines = list(self.lines)
        lines[first], lines[second] = lines[second], lines[first]
        self.expect(lambda copy: swap(copy) + set_tiles(lines), named)

    def test_insert(self):
        at, line = self.at, edited(self.lines[self.at])
        put = "INSERT INTO event VALUES (%%d, %s, '%s', %d)" % (
            quoted(line), format.leaf(line).hex(), format.read_event(line)[1])
        self.expect(lambda copy: [*renumber_from(at, 1), put % at], ["inserted at event %d" % at])
        late = self.lines[-1].replace('"lsm-', '"lsx-')
        put = "INSERT INTO event VALUES (%d, %s, '%s', %d)" % (
            self.count, quoted(late), format.leaf(late).hex(), format.read_event(late)[1])
        self.expect(lambda copy: [put], ["inserted at event %d" % self.count])

    def test_clock_moved_back(self):
        at = self.count - 2
        line = re.sub('"recorded_at":"[0-9]{4}', '"recorded_at":"2020', self.lines[at])
        self.expect(lambda copy: [set_line(at, line)],
                    ["line_altered at event %d" % at, "clock_moved_back at event %d" % at])
        lines = list(self.lines)
        lines[at] = line
        self.expect(lambda copy: [set_line(at, line), *set_tiles(lines), *set_notes(copy, lines, self.signer)],
                    ["clock_moved_back at event %d" % at])

    def test_key_swapped(self):
        other = Signer(self.signer.name, secrets.token_bytes(32))
        lines = [self.lines[0].replace(self.signer.verifier, other.verifier), *self.lines[1:]]
        anew = lambda copy: [set_line(0, lines[0]), *set_tiles(lines), *set_notes(copy, lines, other)]
        self.expect_all(
            anew, ([],),  # the record alone cannot tell: that is why it says "unanchored"
            (["key_swapped"], "--checkpoint", self.early),
            (["key_swapped", "key_swapped at event 0"], "--log-key", self.signer.verifier))
        self.expect(lambda copy: set_notes(copy, self.lines, other), ["key_swapped"])

    def test_tile_swapped(self):
        spoil = "UPDATE tile SET hashes = '%s' || substr(hashes, 65) WHERE level = %d AND idx = 0"
        self.expect(lambda copy: [spoil % ("0" * 64, 0)], ["tile_swapped"])
        self.expect(lambda copy: [spoil % ("0" * 64, 1)], ["tile_swapped"])
        self.expect(lambda copy: ["DELETE FROM tile WHERE level = 1"], ["tile_swapped"])
        self.expect(lambda copy: ["INSERT INTO tile VALUES (5, 0, '%s')" % ("0" * 64)], ["tile_swapped"])
        self.expect(lambda copy: ["UPDATE tile SET hashes = 'no hashes' WHERE level = 0 AND idx = 0"],
                    ["tile_swapped"])

    def test_tail_cut(self):
        keep = int(pathlib.Path(self.early).read_text().split("\n")[1])
        named = ["rolled_back at event %d" % keep]
        events = "DELETE FROM event WHERE idx >= %d" % keep
        notes = "DELETE FROM checkpoint WHERE tree_size > %d" % keep
        tables = ["DELETE FROM %s WHERE from_index >= %d" % (table, keep) for table in (
            "instrument", "hold", "account", "role_grant")]
        tables.append("DELETE FROM register_change WHERE idx >= %d" % keep)
        self.expect(lambda copy: [*tables, events], named)
        self.expect(lambda copy: [*tables, events, notes], named)
        everything = lambda copy: [*tables, events, notes, *set_tiles(self.lines[:keep]),
                                   "UPDATE hold SET to_index = 9007199254740991 WHERE to_index >= %d" % keep]
        self.expect_all(everything, (named, "--checkpoint", self.late), ([], "--checkpoint", self.early))

    def test_an_old_backup_put_back(self):
        with self.old_backup() as copy:
            self.assertEqual(self.findings(copy), (3, []))
            self.assertEqual(self.findings(copy, "--checkpoint", self.early), (0, []))
            size = int(copy.rows("SELECT count(*) FROM event")[0][0])
            self.assertEqual(self.findings(copy, "--checkpoint", self.late),
                             (1, ["rolled_back at event %d" % size]))

    def test_a_past_rewritten_with_the_logs_own_key(self):
        lines = list(self.lines)
        lines[self.at] = edited(lines[self.at])
        rows = [set_line(self.at, lines[self.at]), *set_tiles(lines),
                "UPDATE instrument SET body = replace(body, 'LSM 7', 'LSM 8') WHERE id = 'lsm-7'"]
        whole = lambda copy: [*rows, *set_notes(copy, lines, self.signer)]
        self.expect_all(whole, ([],), (["rewritten"], "--checkpoint", self.early))
        newest = lambda copy: [*rows, *set_notes(copy, lines, self.signer, {self.count})]
        self.expect(newest, ["rewritten"])  # the older ones of the record itself tell

    def test_checkpoints_edited(self):
        self.expect(lambda copy: ["DELETE FROM checkpoint WHERE tree_size = %d" % self.count],
                    ["checkpoint_deleted at event %d" % (self.count - 1)])
        self.expect(lambda copy: ["DELETE FROM checkpoint"], ["checkpoint_deleted"])
        self.expect(lambda copy: ["UPDATE checkpoint SET note = replace(note, 'example.org/matrix\n%d', "
                                  "'example.org/matrix\n%d') WHERE tree_size = %d" %
                                  (self.count, self.count + 1, self.count)], ["checkpoint_signature_invalid"])
        self.expect(lambda copy: ["UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE tree_size = %d) "
                                  "WHERE tree_size = %d" % (self.count - 1, self.count)], ["checkpoint_altered"])
        self.expect(lambda copy: ["UPDATE checkpoint SET note = 'x' WHERE tree_size = %d" % self.count],
                    ["checkpoint_signature_invalid"])

    def test_a_chain_that_cannot_be_read_is_not_passed_over(self):
        with self.copy() as copy:
            copy.run("UPDATE event SET line = 'x' WHERE idx = 0")  # the key stood there
            code, names = self.findings(copy)
            self.assertEqual(code, 1)
            self.assertIn("line_altered at event 0", names)
            self.assertIn("checkpoint_signature_invalid", names)
            self.assertEqual(self.findings(copy, "--log-key", self.signer.verifier),
                             (1, ["line_altered at event 0"] * 2))
        with self.copy() as copy:
            copy.run("UPDATE checkpoint SET note = ''")
            code, names = self.findings(copy)
            self.assertEqual((code, set(names)), (1, {"checkpoint_signature_invalid"}))
        with self.copy() as copy:
            copy.run("DROP TABLE tile")
            self.assertEqual(self.findings(copy), (1, ["unreadable"]))

    def test_erasable_values(self):
        at = next(i for i, line in enumerate(self.lines) if '"type":"fault_reported"' in line)
        self.expect(lambda copy: ["UPDATE opening SET value = 'Cy' WHERE value = 'Bo'"],
                    ["opening_altered at event %d" % at])
        self.expect(lambda copy: ["DELETE FROM opening"], [])  # erased: nothing else changes
        line = self.lines[at].replace('"commitment":"', '"commitment":"0', 1)
        self.expect(lambda copy: ["UPDATE event SET line = %s WHERE idx = %d" % (quoted(line), at)],
                    ["line_altered at event %d" % at])

    def test_files(self):
        at = next(i for i, line in enumerate(self.lines) if '"type":"measurement_received"' in line)
        name = digest(b"one")

        def put(data):
            def attack(copy):
                path = copy.folder / "blobs" / name[:2] / name[2:4] / name
                path.unlink()
                if data is not None:
                    path.write_bytes(data)
                return []
            return attack

        self.expect(put(b"one"), [])
        self.expect(put(b"two"), ["raw_altered at event %d" % at])
        self.expect(put(None), ["raw_missing at event %d" % at])

    def test_read_tables_edited(self):
        key = submission(b"one")["key"]
        hold = next(i for i, line in enumerate(self.lines) if '"type":"hold_placed"' in line)
        granted = next(i for i, line in enumerate(self.lines) if '"role":"viewer"' in line)
        closed = next(i for i, line in enumerate(self.lines) if '"type":"account_closed"' in line)
        instrument = "row lsm-7, %d of instrument" % self.at
        for statement, row in (
                ("UPDATE instrument SET body = replace(body, 'LSM 7', 'LSM 8') WHERE id = 'lsm-7'", instrument),
                ("DELETE FROM instrument WHERE id = 'lsm-7'", instrument),
                ("UPDATE hold SET to_index = 9007199254740991", "row hold-1, %d of hold" % hold),
                ("INSERT INTO hold SELECT 'hold-x', from_index, to_index, scope, recorded_ms, body FROM hold",
                 "row hold-x, %d of hold" % hold),
                ("UPDATE measurement SET outcome = 'fail'", "row %s of measurement" % key),
                ("UPDATE quantity SET body = replace(body, '0.5', '0.4')", "row %s, 0 of quantity" % key),
                ("DELETE FROM quantity", "row %s, 0 of quantity" % key),
                ("UPDATE role_grant SET id = 'bo/administrator' WHERE id = 'bo/viewer'",
                 "row bo/administrator, %d of role_grant" % granted),
                ("UPDATE account SET body = replace(body, 'true', 'false') WHERE body LIKE '%closed%'",
                 "row bo, %d of account" % closed)):
            with self.subTest(statement=statement):
                rows = [row] if "role_grant" not in row else [row, "row bo/viewer, %d of role_grant" % granted]
                self.expect(lambda copy: [statement], ["read_tables_altered: " + one for one in rows])

    def test_a_checkpoint_that_is_none_says_nothing_of_the_record(self):
        note = pathlib.Path(self.early).read_text()
        path = self.folder / "mistyped"
        with self.copy() as copy:
            for text in ("", "no checkpoint\n", note[:-5], note.replace("\n2", "\n3", 1),
                         note.replace("matrix", "matrxi")):
                path.write_text(text, newline="")
                self.assertEqual(self.findings(copy, "--checkpoint", str(path)), (2, []), text)
            self.assertEqual(self.findings(copy, "--checkpoint", str(self.folder / "nowhere")), (2, []))
            self.assertEqual(self.findings(copy, "--log-key", "no key"), (2, []))

    def test_the_readable_claim(self):
        with self.copy() as copy:
            ours, _ = copy.arguments()
            said = subprocess.run([str(processes.BIN), "verify", *ours, "--checkpoint", self.early], text=True,
                                  capture_output=True).stdout
        keep = int(pathlib.Path(self.early).read_text().split("\n")[1])
        self.assertRegex(said, r"anchored up to event %d \(20[-0-9T:.]+Z\), unanchored since event %d \(20" % (
            keep - 1, keep))


class Recorded(Matrix):
    """A record of two runs of the service, with a backup and a checkpoint between them."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls._folder = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls._folder.name)
        facility = Facility(cls.folder, cls.options)
        hold = {"instrument": "lsm-1", "reason": "service visit", "id": "hold-1"}
        fault = {"instrument": "lsm-1", "text": "it rattles", "reporter": "Bo"}
        facility.run([("/api/v1/blobs/" + digest(b"one"), b"one"), ("/api/v1/measurements", submission(b"one")),
                      ("/api/v1/faults", fault), ("/api/v1/holds", hold)], "early")
        cls.back_up()
        facility.run([("/api/v1/holds/hold-1/release", {"reason": "repaired"})] + PEOPLE + [
            ("/api/v1/instruments", {"id": "late-%d" % i, "name": "Late %d" % i}) for i in range(4)], "late")
        cls.early, cls.late = str(cls.folder / "early"), str(cls.folder / "late")
        cls.signer = Signer.of_file(cls.folder / "data" / "log.key")
        with cls.copy() as copy:
            cls.lines = lines_of(copy)
        cls.count = len(cls.lines)
        cls.at = next(i for i, line in enumerate(cls.lines) if '"name":"LSM 7"' in line)

    @classmethod
    def tearDownClass(cls):
        cls._folder.cleanup()


class SqliteTamperTest(Recorded, unittest.TestCase):
    @classmethod
    def back_up(cls):
        SqliteCopy(cls.folder / "data", cls.folder / "backup")

    @classmethod
    @contextlib.contextmanager
    def _copy_of(cls, name):
        with tempfile.TemporaryDirectory() as folder:
            yield SqliteCopy(cls.folder / name, folder)

    @classmethod
    def copy(cls):
        return cls._copy_of("data")

    @classmethod
    def old_backup(cls):
        return cls._copy_of("backup")


@unittest.skipUnless(SERVER, "runs under tests/support/with_postgresql.py")
class PostgresTamperTest(Recorded, unittest.TestCase):
    options = ("--database", SERVER.replace("/postgres?", "/matrix?"))
    copies = 0

    @classmethod
    def setUpClass(cls):
        PostgresCopy.psql(SERVER, "CREATE DATABASE matrix")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        PostgresCopy.psql(SERVER, "DROP DATABASE backup;\nDROP DATABASE matrix")

    @classmethod
    def back_up(cls):
        PostgresCopy.psql(SERVER, "CREATE DATABASE backup TEMPLATE matrix")

    @classmethod
    @contextlib.contextmanager
    def _copy_of(cls, name):
        cls.copies += 1
        with tempfile.TemporaryDirectory() as folder:
            copy = PostgresCopy(cls.folder / "data", folder, SERVER, name, "copy_%d" % cls.copies)
            try:
                yield copy
            finally:
                copy.drop()

    @classmethod
    def copy(cls):
        return cls._copy_of("matrix")

    @classmethod
    def old_backup(cls):
        return cls._copy_of("backup")


if __name__ == "__main__":
    unittest.main()
