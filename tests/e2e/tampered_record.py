"""A record as its owner may tamper with it: the same attacks in SQL on SQLite (through `sqlite3`) and on PostgreSQL
(through `psql`). Nothing here is a check; what is made here must be found and named."""

import base64
import csv
import hashlib
import io
import pathlib
import shutil
import subprocess
import tempfile

import independent_verifier as format


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class SqliteCopy:
    """A copy of a data folder; scripts run in the `sqlite3` program with every trigger dropped."""

    def __init__(self, data, folder):
        self.folder = pathlib.Path(folder)
        shutil.copytree(data, self.folder, dirs_exist_ok=True)
        self.database = self.folder / "etalon.db"

    def arguments(self):
        """What `etalon verify` and the independent verifier are given."""
        return [str(self.folder)], [str(self.folder)]

    def _sqlite3(self, script, *options):
        return subprocess.run(["sqlite3", "-bail", *options, str(self.database)], input=script, text=True, check=True,
                              capture_output=True).stdout

    def run(self, *statements):
        names = self.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        script = "".join("DROP TRIGGER %s;\n" % name for (name,) in names) + "PRAGMA foreign_keys = OFF;\n"
        self._sqlite3(script + "".join(statement + ";\n" for statement in statements))

    def rows(self, sql):
        csv.field_size_limit(2**31 - 1)
        return [tuple(row) for row in csv.reader(io.StringIO(self._sqlite3(sql + ";", "-csv"), newline=""))]

    def replace(self, table, values):
        """INSERT OR REPLACE: the write that slips past triggers on UPDATE and DELETE."""
        return "INSERT OR REPLACE INTO %s VALUES (%s)" % (table, ", ".join(values))


class PostgresCopy:
    """A copy of a database and its data folder; scripts run in `psql` with every trigger passed over. `server` is the
    address of a database of the server, postgresql:///NAME?..."""

    def __init__(self, data, folder, server, template, name):
        self.folder = pathlib.Path(folder)
        shutil.copytree(data, self.folder, dirs_exist_ok=True)
        self.server, self.name = server, name
        self.address = server.replace("/postgres?", "/%s?" % name)
        self.psql(server, "CREATE DATABASE %s TEMPLATE %s" % (name, template))

    def arguments(self):
        return ([str(self.folder), "--database", self.address],
                [self.address, "--blobs", str(self.folder / "blobs")])

    def drop(self):
        self.psql(self.server, "DROP DATABASE %s" % self.name)

    @staticmethod
    def psql(address, script, *options):
        command = ["psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", *options, address]
        return subprocess.run(command, input=script, text=True, check=True, capture_output=True).stdout

    def run(self, *statements):
        script = "SET session_replication_role = replica;\n"  # no trigger and no reference is looked at
        self.psql(self.address, script + "".join(statement + ";\n" for statement in statements))

    def rows(self, sql):
        csv.field_size_limit(2**31 - 1)
        text = self.psql(self.address, sql + ";", "--csv", "--tuples-only")
        return [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))]

    @staticmethod
    def replace(table, values):
        """What INSERT OR REPLACE is called here; of `event`."""
        return ("INSERT INTO %s VALUES (%s) ON CONFLICT (idx) DO UPDATE SET line = excluded.line, "
                "leaf_hash = excluded.leaf_hash, recorded_ms = excluded.recorded_ms" % (table, ", ".join(values)))


class Signer:
    """A log key, as whoever holds log.key can use it."""

    def __init__(self, name, seed):
        self.name, self.seed = name, seed
        with tempfile.TemporaryDirectory() as folder:
            self._write(folder)
            der = subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", folder + "/key", "-pubout", "-outform",
                                  "DER"], check=True, capture_output=True).stdout
        data = b"\x01" + der[-32:]
        self.id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        self.verifier = "%s+%s+%s" % (name, self.id.hex(), base64.b64encode(data).decode())

    @classmethod
    def of_file(cls, path):
        _, _, rest = pathlib.Path(path).read_text().strip().partition("PRIVATE+KEY+")
        name, _, seed = rest.split("+", 2)
        return cls(name, base64.b64decode(seed)[1:])

    def _write(self, folder):
        pathlib.Path(folder, "key").write_bytes(bytes.fromhex("302e020100300506032b657004220420") + self.seed)

    def note(self, leaves):
        text = "%s\n%d\n%s\n" % (self.name, len(leaves), base64.b64encode(format.root_of(leaves)).decode())
        with tempfile.TemporaryDirectory() as folder:
            self._write(folder)
            pathlib.Path(folder, "text").write_text(text)
            signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-keyform", "DER", "-inkey", folder + "/key",
                                        "-rawin", "-in", folder + "/text"], check=True, capture_output=True).stdout
        return "%s\n\u2014 %s %s\n" % (text, self.name, base64.b64encode(self.id + signature).decode())


# --- statements -----------------------------------------------------------------------------------


def lines_of(copy):
    return [line for (line,) in copy.rows("SELECT line FROM event ORDER BY idx")]


def set_line(index, line):
    """The line with all that is derived from it in its own row."""
    return "UPDATE event SET line = %s, leaf_hash = '%s', recorded_ms = %d WHERE idx = %d" % (
        quoted(line), format.leaf(line).hex(), format.read_event(line)[1], index)


def set_tiles(lines):
    """The tree of these lines, made anew: anyone can compute a hash that has no key."""
    return ["DELETE FROM tile"] + ["INSERT INTO tile VALUES (%d, %d, '%s')" % (level, index, b"".join(hashes).hex())
                                   for (level, index), hashes in format.tiles_of(map(format.leaf, lines)).items()]


def set_notes(copy, lines, signer, sizes=None):
    """Every checkpoint signed anew, or those of the given sizes."""
    there = [int(size) for (size,) in copy.rows("SELECT tree_size FROM checkpoint ORDER BY tree_size")]
    leaves = [format.leaf(line) for line in lines]
    return ["UPDATE checkpoint SET note = %s WHERE tree_size = %d" % (quoted(signer.note(leaves[:size])), size)
            for size in there if sizes is None or size in sizes]


def renumber_from(index, by):
    """Moves the rows from `index` on; through a far place, because a key is never there twice."""
    far = 1000000
    return ["UPDATE event SET idx = idx + %d WHERE idx >= %d" % (far, index),
            "UPDATE event SET idx = idx - %d WHERE idx >= %d" % (far - by, far)]
