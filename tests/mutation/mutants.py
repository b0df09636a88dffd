"""Finds what could be changed in a C++ source, and writes the source with chosen changes built in.

A mutant is one wrong operator or one wrong constant. All mutants of a sample live in one build:
each is an expression that asks at run time whether it is the one that is on.
"""

import dataclasses
import pathlib
import re

from clang import cindex

# What stands in for what: the mistakes that people make.
OPERATORS = {
    "+": "-", "-": "+", "*": "/", "/": "*", "%": "*",
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==",
    "&&": "||", "||": "&&",
    "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=",
}
ARITHMETIC = {
    cindex.TypeKind.BOOL, cindex.TypeKind.INT, cindex.TypeKind.UINT, cindex.TypeKind.LONG,
    cindex.TypeKind.ULONG, cindex.TypeKind.LONGLONG, cindex.TypeKind.ULONGLONG,
    cindex.TypeKind.SHORT, cindex.TypeKind.USHORT, cindex.TypeKind.UCHAR, cindex.TypeKind.SCHAR,
    cindex.TypeKind.CHAR_S, cindex.TypeKind.FLOAT, cindex.TypeKind.DOUBLE,
}
INTEGERS = ARITHMETIC - {cindex.TypeKind.FLOAT, cindex.TypeKind.DOUBLE, cindex.TypeKind.BOOL}
# Where a value must be known to the compiler.
FIXED = {
    cindex.CursorKind.STATIC_ASSERT, cindex.CursorKind.CASE_STMT,
    cindex.CursorKind.ENUM_CONSTANT_DECL, cindex.CursorKind.TEMPLATE_REF,
    cindex.CursorKind.TEMPLATE_NON_TYPE_PARAMETER,
    cindex.CursorKind.FIELD_DECL,  # a first value that is overwritten, nearly always
}
# A constant between these stands in a template's arguments: as formatted, no comparison looks so.
OPEN_TEMPLATE = re.compile(r"\w<[\w:, ]*\Z")
CLOSED_TEMPLATE = re.compile(r"[\w:, ]*>")


@dataclasses.dataclass(frozen=True)
class Mutant:
    file: str       # relative to the source tree
    line: int
    start: int      # bytes of the whole expression
    end: int
    kind: str       # "operator" or "constant"
    before: str
    after: str
    split: tuple = ()   # of an operator: its own start and end
    made_const: tuple = ()  # start and end of the "constexpr" that must become "const"

    def told(self, text):
        line = text.splitlines()[self.line - 1].strip()
        return f"{self.file}:{self.line}: {self.before} -> {self.after}   in   {line}"

    def key(self, text):
        """What stays when lines move: the file, the line's text, the change, and which of several."""
        line = text.splitlines()[self.line - 1]
        column = self.start - (text.rfind("\n", 0, self.start) + 1)
        column -= len(line) - len(line.lstrip())
        return f"{self.file} | {line.strip()} | {column} | {self.before} -> {self.after}"


def _kind(cursor):
    return cursor.type.get_canonical().kind


def _operator(cursor):
    """The token between the operands of a binary operator, with its extent."""
    left, right = list(cursor.get_children())
    begin, end = left.extent.end.offset, right.extent.start.offset
    for token in cursor.get_tokens():
        if begin <= token.extent.start.offset < end and token.spelling in OPERATORS:
            return token.spelling, token.extent.start.offset, token.extent.end.offset
    return None


def _constexpr(cursor):
    for token in cursor.get_tokens():
        if token.spelling == "constexpr":
            return token.extent.start.offset, token.extent.end.offset
        if token.spelling == cursor.spelling:
            return None
    return None


def _changed_constant(text, kind):
    if not text[:1].isdigit() and text[:1] != ".":
        return None  # the name of a macro
    if kind in INTEGERS:
        digits = text.rstrip("uUlLzZ")
        return None if not digits.isdigit() else f"{int(digits) + 1}{text[len(digits):]}"
    if kind in (cindex.TypeKind.DOUBLE, cindex.TypeKind.FLOAT):
        return "1.0" if float(text.rstrip("fFlL").replace("'", "")) == 0.0 else f"({text} * 1.25)"
    return None


class _Finder:
    def __init__(self, name, text):
        self.name, self.text, self.found = name, text, []

    def visit(self, cursor, made_const):
        if cursor.location.file and cursor.location.file.name != self.name[0]:
            return
        if cursor.kind in FIXED:
            return
        if cursor.kind == cindex.CursorKind.VAR_DECL:
            made_const = _constexpr(cursor) or ()
            if made_const and _kind(cursor) not in ARITHMETIC:
                return  # a table: it stays what the compiler made of it
        operators = (cindex.CursorKind.BINARY_OPERATOR,
                     cindex.CursorKind.COMPOUND_ASSIGNMENT_OPERATOR)
        if cursor.kind in operators:
            self._operator(cursor, made_const)
        elif cursor.kind in (cindex.CursorKind.INTEGER_LITERAL, cindex.CursorKind.FLOATING_LITERAL):
            self._constant(cursor, made_const)
        for child in cursor.get_children():
            self.visit(child, made_const)

    def _add(self, cursor, **more):
        self.found.append(Mutant(self.name[1], cursor.extent.start.line, cursor.extent.start.offset,
                                 cursor.extent.end.offset, **more))

    def _operator(self, cursor, made_const):
        if not all(_kind(child) in ARITHMETIC for child in cursor.get_children()):
            return
        operator = _operator(cursor)
        if operator is None or operator[0] == "%" and _kind(cursor) not in INTEGERS:
            return
        self._add(cursor, kind="operator", before=operator[0], after=OPERATORS[operator[0]],
                  split=operator[1:], made_const=made_const)

    def _constant(self, cursor, made_const):
        begin, end = cursor.extent.start.offset, cursor.extent.end.offset
        if OPEN_TEMPLATE.search(self.text[:begin]) and CLOSED_TEMPLATE.match(self.text[end:]):
            return
        before = self.text[begin:end]
        after = _changed_constant(before, _kind(cursor))
        if after is not None:
            self._add(cursor, kind="constant", before=before, after=after, made_const=made_const)


def find(path, name, arguments):
    """All mutants of the file at `path`, called `name` in reports."""
    text = pathlib.Path(path).read_text("latin-1")  # the compiler counts bytes
    unit = cindex.Index.create().parse(str(path), args=arguments)
    # The finder's older compiler does not know that lambdas may capture structured bindings.
    worst = [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error
             and not d.spelling.startswith("reference to local binding")]
    if worst:
        raise RuntimeError(f"{name}: {worst[0].spelling}")
    finder = _Finder((str(path), name), text)
    for cursor in unit.cursor.get_children():
        finder.visit(cursor, ())
    unique = {(m.start, m.end, m.kind): m for m in finder.found}
    return [unique[key] for key in sorted(unique)]


def build_in(text, mutants):
    """`text` with every mutant of `mutants` (number -> Mutant) ready to be switched on."""
    consts = sorted({m.made_const for m in mutants.values() if m.made_const})

    def render(begin, end, inside):
        out, at = [], begin
        inner = sorted(((n, m) for n, m in inside if begin <= m.start and m.end <= end),
                       key=lambda item: (item[1].start, -item[1].end))
        while inner:
            number, mutant = inner[0]
            within = [item for item in inner[1:] if item[1].end <= mutant.end]
            inner = [item for item in inner[1:] if item[1].start >= mutant.end]
            out += [plain(at, mutant.start), one(number, mutant, within)]
            at = mutant.end
        return "".join(out) + plain(at, end)

    def plain(begin, end):
        out, at = [], begin
        for start, stop in consts:
            if at <= start and stop <= end:
                out += [text[at:start], "const"]
                at = stop
        return "".join(out) + text[at:end]

    def one(number, mutant, within):
        asked = f"::EtalonMutantIsOn({number})"
        if mutant.kind == "constant":
            return f"({asked} ? {mutant.after} : {mutant.before})"
        left = render(mutant.start, mutant.split[0], within)
        right = render(mutant.split[1], mutant.end, within)
        return f"({asked} ? ({left}{mutant.after}{right}) : ({left}{mutant.before}{right}))"

    return render(0, len(text), list(mutants.items()))
