"""A small TIFF writer for tests: every field can be made wrong on purpose."""

import struct

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 12: 8, 13: 4, 16: 8}
CODES = {1: "B", 3: "H", 4: "I", 12: "d", 13: "I", 16: "Q"}


def _field(order, kind, values):
    if kind == 2:
        return values + b"\0", len(values) + 1
    if kind == 5:
        return b"".join(struct.pack(order + "II", *pair) for pair in values), len(values)
    return struct.pack(order + CODES[kind] * len(values), *values), len(values)


class TiffWriter:
    """Collects pages, then gives the bytes of a classic or big TIFF."""

    def __init__(self, order="<", big=False):
        self.order = order
        self.big = big
        self.pages = []

    def page(self, width, height, data, bits=16, sample_format=1, compression=1, photometric=1,
             description=None, resolution=None, resolution_unit=1, tile=None, chunks=None, extra=()):
        """`data` is the strip's bytes as stored; `chunks` a list of them; `extra` overrides tags."""
        chunks = [data] if chunks is None else chunks
        tags = {
            256: (4, [width]), 257: (4, [height]), 258: (3, [bits]), 259: (3, [compression]),
            262: (3, [photometric]), 277: (3, [1]), 339: (3, [sample_format]),
        }
        if description is not None:
            tags[270] = (2, description)
        if resolution is not None:
            tags[282] = (5, [resolution])
            tags[283] = (5, [resolution])
            tags[296] = (3, [resolution_unit])
        if tile is not None:
            tags[322] = (4, [tile[0]])
            tags[323] = (4, [tile[1]])
        else:
            tags[278] = (4, [height if len(chunks) == 1 else 1])
        offsets, counts = (324, 325) if tile is not None else (273, 279)
        tags[offsets] = None
        tags[counts] = (4, [len(chunk) for chunk in chunks])
        self.pages.append((tags, chunks, offsets, dict(extra)))
        return self

    def bytes(self, next_of_last=0):
        order, big = self.order, self.big
        mark = b"II" if order == "<" else b"MM"
        out = bytearray(mark + (struct.pack(order + "HHHQ", 43, 8, 0, 0) if big
                                else struct.pack(order + "HI", 42, 0)))
        link = 8 if big else 4
        for tags, chunks, offsets_tag, extra in self.pages:
            offsets = []
            for chunk in chunks:
                out += b"\0" * (-len(out) % 8)
                offsets.append(len(out))
                out += chunk
            tags = dict(tags)
            tags[offsets_tag] = (16 if big else 4, offsets)
            tags.update(extra)
            out += b"\0" * (-len(out) % 8)
            self._link(out, link, len(out))
            link = self._directory(out, {tag: field for tag, field in tags.items() if field})
        self._link(out, link, next_of_last)
        return bytes(out)

    def _link(self, out, at, value):
        struct.pack_into(self.order + ("Q" if self.big else "I"), out, at, value)

    def _directory(self, out, tags):
        order, big = self.order, self.big
        entry, inline = (20, 8) if big else (12, 4)
        out += struct.pack(order + ("Q" if big else "H"), len(tags))
        at = len(out)
        out += b"\0" * (entry * len(tags) + inline)
        link = at + entry * len(tags)
        for index, tag in enumerate(sorted(tags)):
            kind, values = tags[tag]
            payload, count = _field(order, kind, values)
            if len(payload) > inline:
                out += b"\0" * (-len(out) % 8)
                value = struct.pack(order + ("Q" if big else "I"), len(out))
                out += payload
            else:
                value = payload.ljust(inline, b"\0")
            head = struct.pack(order + ("HHQ" if big else "HHI"), tag, kind, count)
            out[at + entry * index:at + entry * (index + 1)] = head + value
        return link
