#!/usr/bin/env python3
"""A second verifier of a record, written from sop/journal/FORMAT.md alone; it shares no code with Etalon.

    independent_verifier.py RECORD [--checkpoint FILE]... [--log-key KEY]

RECORD is a data folder, its etalon.db, or a postgresql:// address (read through psql). Exit codes and names are those of
FORMAT.md: 0 valid and anchored, 3 consistent but unanchored, 1 broken, 2 wrong usage. Needs Python's standard library and,
for Ed25519, the openssl program.
"""

import argparse
import base64
import collections
import csv
import hashlib
import io
import json
import math
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone

MOST_ISSUES = 20
Event = collections.namedtuple("Event", "idx line leaf_hash recorded_ms")
Checkpoint = collections.namedtuple("Checkpoint", "size root epoch")


class Usage(Exception):
    """What was given cannot be used; that says nothing about the record."""


# --- hashing ------------------------------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def leaf(line):
    return sha256(b"\0" + line.encode("utf-8", "surrogateescape"))


def node(left, right):
    return sha256(b"\1" + left + right)


class Roots:
    """The root after each leaf, from the complete subtrees on the left."""

    def __init__(self):
        self.size = 0
        self.subtrees = []  # (leaves, root), largest first

    def add(self, hashed):
        self.size += 1
        self.subtrees.append((1, hashed))
        while len(self.subtrees) > 1 and self.subtrees[-1][0] == self.subtrees[-2][0]:
            (count, right), (_, left) = self.subtrees.pop(), self.subtrees.pop()
            self.subtrees.append((2 * count, node(left, right)))

    def root(self):
        if not self.subtrees:
            return sha256(b"")
        result = self.subtrees[-1][1]
        for _, left in reversed(self.subtrees[:-1]):
            result = node(left, result)
        return result


def root_of(leaves):
    roots = Roots()
    for one in leaves:
        roots.add(one)
    return roots.root()


def tiles_of(leaves):
    """All tiles of the tree: {(level, index): hashes}."""
    tiles, level, row = {}, 0, list(leaves)
    while row:
        for start in range(0, len(row), 256):
            tiles[(level, start // 256)] = row[start : start + 256]
        row = [root_of(row[start : start + 256]) for start in range(0, len(row) - 255, 256)]
        level += 1
    return tiles


# --- keys and notes ------------------------------------------------------------------------------


def decode64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


class Key:
    def __init__(self, text):
        parts = text.split("+", 2)
        data = decode64(parts[2]) if len(parts) == 3 else None
        if not data or len(data) != 33 or data[0] != 1:
            raise ValueError("no verifier key")
        self.text, self.name, self.public = text, parts[0], data[1:]
        self.id = sha256(self.name.encode() + b"\n" + data)[:4]
        if self.id.hex() != parts[1]:
            raise ValueError("the key's hash is not that of its text")

    def holds(self, message, signature):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("key", "message", "signature")]
            der = bytes.fromhex("302a300506032b6570032100") + self.public  # RFC 8410
            for path, data in zip(paths, (der, message, signature)):
                with open(path, "wb") as file:
                    file.write(data)
            command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-rawin",
                       "-in", paths[1], "-sigfile", paths[2]]
            return subprocess.run(command, capture_output=True).returncode == 0


def signatures(note):
    """The signed text and [(name, key id, signature)]; nothing for what is no note."""
    text, blank, lines = note.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        return None, []
    found = []
    for line in lines[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^ +]+) ([^ ]+)", line)
        data = decode64(match[2]) if match else None
        if not data or len(data) <= 4:
            return None, []
        found.append((match[1], data[:4], data[4:]))
    return text + "\n", found


def open_note(note, key):
    """("signed", checkpoint), ("another_key", None) or ("unusable", None)."""
    text, found = signatures(note)
    if text is None or key is None:
        return "unusable", None
    named = [(key_id, signature) for name, key_id, signature in found if name == key.name]
    own = [signature for key_id, signature in named if key_id == key.id]
    if named and not own:
        return "another_key", None
    if not own or not all(key.holds(text.encode(), signature) for signature in own):
        return "unusable", None
    lines = text.split("\n")[:-1]
    root = decode64(lines[2]) if len(lines) >= 3 else None
    if lines[0] != key.name or not re.fullmatch("0|[1-9][0-9]*", lines[1]) or not root or len(root) != 32:
        return "unusable", None
    epochs = [re.fullmatch("epoch ([2-9]|[1-9][0-9]+)", line) for line in lines[3:] if line.startswith("epoch ")]
    if len(epochs) > 1 or None in epochs:
        return "unusable", None
    return "signed", Checkpoint(int(lines[1]), root, int(epochs[0][1]) if epochs else 1)


# --- event lines -------------------------------------------------------------------------------


def canonical_number(value):
    if isinstance(value, int):
        if abs(value) > 2**53:
            value = float(value)
        else:
            return str(value)
    if not math.isfinite(value):
        raise ValueError("not finite")
    if value == 0:
        return "0"
    mantissa, _, exponent = ("%r" % abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) if whole.strip("0") else int(exponent or 0) - (
        len(fraction) - len(fraction.lstrip("0")))
    digits = digits.rstrip("0")
    sign, count = "-" if value < 0 else "", len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    power = ("e+" if point > 0 else "e-") + str(abs(point - 1))
    return sign + digits[0] + ("." + digits[1:] if count > 1 else "") + power


def canonical(value):
    """RFC 8785."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return canonical_number(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"


def without_duplicates(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key occurs twice")
    return members


TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def milliseconds(text):
    if not TIME.fullmatch(text):
        raise ValueError("no time")
    time = datetime.strptime(text[:-1] + "000", "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=timezone.utc)
    return (time - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)


def read_event(line):
    """The event and its time in ms; ValueError for what is none."""
    event = json.loads(line, object_pairs_hook=without_duplicates)
    if not isinstance(event, dict) or sorted(event) != ["actor", "body", "recorded_at", "type", "version"]:
        raise ValueError("no event")
    good = (
        isinstance(event["type"], str)
        and re.fullmatch("[a-z][a-z0-9_]{0,63}", event["type"])
        and type(event["version"]) is int
        and event["version"] >= 1
        and isinstance(event["actor"], str)
        and 1 <= len(event["actor"].encode()) <= 200
        and isinstance(event["body"], dict)
        and isinstance(event["recorded_at"], str)
    )
    if not good or canonical(event) != line:
        raise ValueError("no canonical event")
    return event, milliseconds(event["recorded_at"])


# --- the record ----------------------------------------------------------------------------------


class Sqlite:
    def __init__(self, path):
        self.database = sqlite3.connect("file:" + path + "?mode=ro", uri=True)
        self.database.text_factory = lambda data: data.decode("utf-8", "surrogateescape")

    def rows(self, sql):
        return self.database.execute(sql).fetchall()


class Psql:
    def __init__(self, address):
        self.address = address

    def rows(self, sql):
        command = ["psql", "--no-psqlrc", "--csv", "--tuples-only", "-v", "ON_ERROR_STOP=1", "-c", sql, self.address]
        text = subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "surrogateescape")
        csv.field_size_limit(2**31 - 1)
        return [tuple(row) for row in csv.reader(io.StringIO(text, newline=""))]


class Record:
    def __init__(self, where):
        if where.startswith("postgresql:"):
            self.source = Psql(where)
        else:
            self.source = Sqlite(os.path.join(where, "etalon.db") if os.path.isdir(where) else where)
        rows = self.source.rows
        self.events = [Event(int(a), b, c, int(d)) for a, b, c, d in rows(
            "SELECT idx, line, leaf_hash, recorded_ms FROM event ORDER BY idx")]
        self.checkpoints = [(int(a), b) for a, b in rows(
            "SELECT tree_size, note FROM checkpoint WHERE tree_size > 0 ORDER BY tree_size")]
        self.openings = rows("SELECT commitment, idx, salt, value FROM opening ORDER BY idx, commitment")
        self.tiles = {}
        for level, idx, hashes in rows("SELECT level, idx, hashes FROM tile"):
            good = re.fullmatch("([0-9a-f]{64})*", hashes)
            self.tiles[(int(level), int(idx))] = [
                bytes.fromhex(hashes[i : i + 64]) for i in range(0, len(hashes), 64)] if good else []

    def stored_leaf(self, index):
        tile = self.tiles.get((0, index // 256), [])
        return tile[index % 256] if index % 256 < len(tile) else None


# --- verifying ----------------------------------------------------------------------------------

BREAKS = {"line_altered", "event_deleted", "reordered", "inserted", "rolled_back", "rewritten"}


class Verifier:
    def __init__(self, record, notes, log_key):
        self.record = record
        self.issues = []  # (name, index or None, text)
        self.read = {}  # place: event
        self.anchored = None
        first = self.key_of_first_event()
        self.key = log_key or first
        if log_key and first and first.text != log_key.text:
            self.say("key_swapped", 0, "the first event names another key")
        self.anchors = self.open_anchors(notes)

    def say(self, name, index, text):
        if len(self.issues) < MOST_ISSUES:
            self.issues.append((name, index, text))

    def said(self, names):
        return any(name in names for name, _, _ in self.issues)

    def key_of_first_event(self):
        try:
            return Key(read_event(self.record.events[0].line)[0]["body"]["verifier_key"])
        except (IndexError, KeyError, TypeError, ValueError, AttributeError):
            return None

    def open_anchors(self, notes):
        anchors = []
        for note in notes:
            state, checkpoint = open_note(note, self.key)
            if state == "unusable":
                raise Usage("a given checkpoint is no checkpoint of this log")
            if state == "another_key":
                self.say("key_swapped", None, "a given checkpoint is signed by another key")
            else:
                anchors.append(checkpoint)
        return sorted(anchors)

    def run(self):
        wanted = {size for size, _ in self.record.checkpoints} | {anchor.size for anchor in self.anchors}
        self.leaves, self.roots, tree = [], {0: sha256(b"")}, Roots()
        clock = self.check_rows()
        for one in self.leaves:
            tree.add(one)
            if tree.size in wanted:
                self.roots[tree.size] = tree.root()
        self.roots[tree.size] = tree.root()
        self.check_checkpoints()
        self.conclude()
        self.check_openings()
        if clock:
            self.issues.append(clock)
        return self.issues

    def check_rows(self):
        clock, expected, last = None, 0, -math.inf
        for place, row in enumerate(self.record.events):
            if row.idx > expected:
                self.say("event_deleted", expected, "is missing")
            elif row.idx < expected:
                self.say("inserted", row.idx, "is there twice")
            expected = row.idx + 1
            hashed = leaf(row.line)
            self.leaves.append(hashed)
            if row.leaf_hash != hashed.hex():
                touched = "leaf_hash_altered" if self.record.stored_leaf(row.idx) == hashed else "line_altered"
                self.say(touched, row.idx, "line and stored hash differ")
            try:
                event, time = read_event(row.line)
            except (ValueError, RecursionError):
                self.say("line_altered", row.idx, "is no event")
                continue
            self.read[place] = (event, time)
            if row.recorded_ms != time:
                self.say("recorded_ms_altered", row.idx, "is filed under another time")
            if time < last and not clock:
                clock = ("clock_moved_back", row.idx, "is earlier than the one before")
            last = time
        return clock

    def check_openings(self):
        for commitment, index, salt, value in self.record.openings:
            if not re.fullmatch("[0-9a-f]{64}", salt) or sha256(
                    bytes.fromhex(salt) + value.encode("utf-8", "surrogateescape")).hex() != commitment:
                self.say("opening_altered", int(index), "does not give its commitment")

    def check_checkpoints(self):
        self.newest, self.last_row, self.matching, self.disagreeing = None, 0, 0, None
        swapped = False
        for size, note in self.record.checkpoints:
            self.last_row = max(self.last_row, size)
            state, checkpoint = open_note(note, self.key)
            if state == "another_key":
                if not swapped:
                    self.say("key_swapped", None, "checkpoint %d is signed by another key" % size)
                swapped = True
            elif state == "unusable":
                self.say("checkpoint_signature_invalid", None, "checkpoint %d" % size)
            elif checkpoint.size != size:
                self.say("checkpoint_altered", None, "checkpoint %d signs another size" % size)
            else:
                self.newest = checkpoint
                if self.agrees(checkpoint):
                    self.matching = size
                elif size <= len(self.leaves) and self.disagreeing is None:
                    self.disagreeing = size

    def agrees(self, checkpoint):
        return self.roots.get(checkpoint.size) == checkpoint.root

    def conclude(self):
        rows, newest = len(self.leaves), self.newest
        if self.last_row == 0 and rows:
            self.say("checkpoint_deleted", None, "there is no checkpoint")
        agrees = newest is not None and self.agrees(newest)
        if newest and not agrees and not self.said(BREAKS):
            self.say(*self.name_the_break(newest))
        if agrees and self.last_row < rows and not self.said(BREAKS):
            in_tiles = self.record.tiles.get((0, rows // 256), [])[: rows % 256] == self.leaves[rows - rows % 256 :]
            whole = in_tiles and all(self.record.tiles.get(at) == hashes for at, hashes in tiles_of(self.leaves).items())
            self.say("checkpoint_deleted" if whole else "inserted", self.last_row, "is covered by no checkpoint")
        if agrees and self.disagreeing is not None and not self.said(BREAKS):
            self.say("rewritten", None, "an older checkpoint of the record disagrees")
        if not self.said(BREAKS):
            self.conclude_tiles()
        self.conclude_anchors()

    def conclude_tiles(self):
        rows, stored, expected = len(self.leaves), self.record.tiles, tiles_of(self.leaves)
        if len(stored.get((0, rows // 256), [])) > rows % 256:
            self.say("rolled_back", rows, "the tiles hold more events")
        elif stored != expected:
            self.say("tile_swapped", None, "the tiles are not those of the events")

    def conclude_anchors(self):
        opened = [event["body"] for event, _ in self.read.values() if event["type"] == "log_epoch_opened"]
        anchors = [anchor for anchor in self.anchors if not any(
            body.get("epoch", 0) > anchor.epoch and body.get("restored_size", anchor.size) < anchor.size for body in opened)]
        here = [anchor for anchor in anchors if anchor.size <= len(self.leaves)]
        good = [anchor.size for anchor in here if self.agrees(anchor)]
        self.anchored = max(good, default=None)
        if len(good) < len(here) and not self.said(BREAKS):
            self.say("rewritten", None, "a given checkpoint disagrees")
        if len(here) < len(anchors) and not self.said({"rolled_back", "event_deleted"}):
            self.say("rolled_back", len(self.leaves), "a given checkpoint covers more events")

    def name_the_break(self, newest):
        recorded = [self.record.stored_leaf(index) for index in range(newest.size)]
        if None not in recorded and root_of(recorded) == newest.root:
            return self.name_by_tiles(recorded)
        rows = len(self.leaves)
        if rows < newest.size:
            return ("event_deleted", None, "") if self.disagreeing is not None else ("rolled_back", rows, "")
        if rows > newest.size:
            return "inserted", None, ""
        last, times = -math.inf, []
        for place in range(rows):
            last = self.read[place][1] if place in self.read else last
            times.append(last)
        order = sorted(range(rows), key=times.__getitem__)  # stable
        if root_of(self.leaves[place] for place in order) == newest.root:
            return "reordered", next(i for i, place in enumerate(order) if i != place), ""
        return "line_altered", None, ""

    def name_by_tiles(self, recorded):
        rows, size = len(self.leaves), len(recorded)
        differing = [i for i in range(min(rows, size)) if self.leaves[i] != recorded[i]]
        if rows < size:
            return ("event_deleted", differing[0], "") if differing else ("rolled_back", rows, "")
        if rows > size:
            return "inserted", differing[0] if differing else size, ""
        same = sorted(self.leaves[i] for i in differing) == sorted(recorded[i] for i in differing)
        return "reordered" if same else "line_altered", differing[0], ""


# --- files -------------------------------------------------------------------------------------


def altered_files(folder, read):
    """(name, index) of each file that an event names and that is not there as it was."""
    altered = []
    for index, (event, _) in sorted(read.items()):
        if event["type"] != "measurement_received":
            continue
        files = [("raw", entry) for entry in event["body"].get("raw", []) if entry.get("archived")]
        files += [("picture", entry) for entry in event["body"].get("pictures", [])]
        for kind, entry in files:
            digest = entry["sha256"]
            path = os.path.join(folder, digest[:2], digest[2:4], digest)
            if not os.path.isfile(path):
                altered.append((kind + "_missing", index))
                continue
            with open(path, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                    altered.append((kind + "_altered", index))
    return altered


# --- the read tables --------------------------------------------------------------------------

OPEN = 9007199254740991
REGISTERS = {  # event: table, id, scope; {...} are members of the body, {} is the event's index
    "facility_described": ("facility", "facility", ""),
    "instrument_registered": ("instrument", "{id}", ""),
    "configuration_registered": ("configuration", "{instrument}/{id}", "{instrument}"),
    "profile_described": ("profile", "{id}", ""),
    "procedure_approved": ("procedure_version", "{id}", ""),
    "limit_set_approved": ("limit_set", "{procedure}", ""),
    "assignment_made": ("assignment", "{procedure}@{instrument}/{configuration}", "{instrument}"),
    "artefact_registered": ("artefact", "{id}", ""),
    "repeat_study_recorded": ("repeat_study", "{instrument}/{configuration}/{procedure}", "{instrument}"),
    "scale_recorded": ("scale_record", "{instrument}/{configuration}", "{instrument}"),
    "hold_placed": ("hold", "{id}", "{instrument}"),  # without id: hold-{}, as a fault
    "measurement_reviewed": ("review", "{measurement}", ""),
    "fault_reported": ("fault", "fault-{}", "{instrument}"),
    "log_epoch_opened": ("log_epoch", "{epoch}", ""),
    "checkpoint_anchored": ("anchor", "anchor-{}", ""),
    "role_defined": ("role", "{id}", ""),
    "role_granted": ("role_grant", "{account}/{role}{@instrument}", "{account}"),
    "role_revoked": ("role_grant", "{account}/{role}{@instrument}", "{account}"),
    "account_created": ("account", "{id}", ""),
    "account_changed": ("account", "{id}", ""),
    "account_closed": ("account", "{id}", ""),
}
CHANGING = set("facility instrument configuration profile procedure_version limit_set assignment artefact repeat_study "
               "scale_record hold".split())
COLUMNS = {
    "measurement": "measurement_key instrument configuration procedure_id purpose acquired_at acquired_ms received_at "
                   "idx decided_idx outcome review body",
    "register_change": "idx",
    "quantity": "measurement_key position subject quantity definition channel qualifier acquired_ms decided_idx body",
}
KEYS = {"measurement": 1, "quantity": 2, "register_change": 1}  # leading columns that name a row; of a register two
for table, _, _ in REGISTERS.values():
    COLUMNS[table] = "id from_index to_index scope recorded_ms body"


class ReadTables:
    def __init__(self):
        self.rows = {table: {} for table in COLUMNS}
        self.open = {}  # (table, id): key of the row that nothing has ended yet

    def end(self, table, entry, index):
        key = self.open.pop((table, entry), None)
        if key:
            self.rows[table][key][2] = str(index)
            self.note(table, index)

    def note(self, table, index):
        if table in CHANGING:
            self.rows["register_change"][(str(index),)] = [str(index)]

    def add(self, index, event, time):
        kind, body = event["type"], event["body"]
        if kind == "hold_released":
            self.end("hold", body["hold"], index)
        elif kind == "measurement_decided":
            self.add_measurement(index, body)
        elif kind in REGISTERS:
            table, entry, scope = REGISTERS[kind]
            members = collections.defaultdict(str, body)
            members["@instrument"] = "@" + body["instrument"] if body.get("instrument") else ""
            if kind == "hold_placed":
                members.setdefault("id", "hold-%d" % index)
            entry, scope = (form.replace("{}", str(index)).format_map(members) for form in (entry, scope))
            before = self.open.get((table, entry))
            self.end(table, entry, index)
            if kind == "role_revoked" or (kind == "assignment_made" and body.get("ended")):
                return
            if table == "account":
                body = {**(json.loads(self.rows[table][before][5]) if before else {}), **body}
                body.pop("reason", None)
                body.update({"closed": True} if kind == "account_closed" else {})
            key = (entry, str(index))
            self.open[(table, entry)] = key
            self.note(table, index)
            self.rows[table][key] = [*key, str(OPEN), scope, str(time), canonical(body)]

    def add_measurement(self, index, body):
        judged, key, time = body["judged_by"], body["measurement"], str(valid_ms(body["acquired_at"]))
        procedure = judged["procedure"]
        kept = {name: body[name] for name in ("attributed", "clear_fail", "reasons", "uncertainty_incomplete", "warning")}
        kept.update({name: body.get(name, []) for name in ("raw", "review_reasons")})
        kept.update(procedure_title=procedure["title"], analysis=procedure["analysis"],
                    configuration_fingerprint=judged.get("configuration_fingerprint", ""))
        self.rows["measurement"][(key,)] = [
            key, body["instrument"], body["configuration"], procedure["id"], body["purpose"], body["acquired_at"], time,
            body["received_at"], str(body["received_index"]), str(index), body["outcome"], body["review"], canonical(kept)]
        for place, quantity in enumerate(body["quantities"]):
            self.rows["quantity"][(key, str(place))] = [
                key, str(place), body["instrument"] + "/" + body["configuration"], quantity["id"], quantity["definition"],
                canonical(quantity["channel"]) if "channel" in quantity else "",
                canonical(quantity["of"]) if "of" in quantity else "", time, str(index), canonical(quantity)]


def valid_ms(text):
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (time - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)


def altered_rows(record, read):
    """(table, row) of each row that is not the one that the events give."""
    expected, altered = ReadTables(), []
    for place, (event, time) in sorted(read.items()):
        expected.add(place, event, time)
    for table, columns in COLUMNS.items():
        count = KEYS.get(table, 2)
        there = {}
        for row in record.source.rows("SELECT %s FROM %s" % (columns.replace(" ", ", "), table)):
            row = [str(value) for value in row]
            there[tuple(row[:count])] = row
        rows = expected.rows[table]
        altered += [(table, key) for key in sorted(rows.keys() | there.keys()) if rows.get(key) != there.get(key)]
    return altered


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("record")
    parser.add_argument("--checkpoint", action="append", default=[])
    parser.add_argument("--log-key")
    parser.add_argument("--blobs", help="the folder of the files; blobs in the data folder")
    options = parser.parse_args(arguments)
    try:
        return verify(options)
    except Usage as error:
        print("independent verifier: %s" % error, file=sys.stderr)
        return 2
    except (sqlite3.Error, subprocess.CalledProcessError) as error:
        print("BROKEN unreadable: %s" % error)
        return 1


def verify(options):
    try:
        notes = [open(path, encoding="utf-8", newline="").read() for path in options.checkpoint]
        log_key = Key(options.log_key.strip()) if options.log_key else None
    except (OSError, ValueError) as error:
        raise Usage(error) from error
    record = Record(options.record)
    verifier = Verifier(record, notes, log_key)
    issues = verifier.run()
    print("%d events, root %s" % (len(verifier.leaves), verifier.roots[len(verifier.leaves)].hex()))
    for name, index, text in issues:
        print("BROKEN " + name + (" at event %d" % index if index is not None else "") + ": " + text)
    blobs = options.blobs or os.path.join(options.record, "blobs")
    files = altered_files(blobs, verifier.read) if os.path.isdir(blobs) else []
    for name, index in files[:MOST_ISSUES]:
        print("BROKEN %s at event %d" % (name, index))
    altered = [] if issues else altered_rows(record, verifier.read)
    for table, key in altered[:MOST_ISSUES]:
        print("BROKEN read_tables_altered: row %s of %s" % (", ".join(key), table))
    if issues or files or altered:
        return 1
    return 3 if verifier.anchored is None else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
