"""The embedded Lean as it is run: what the package brings, changed in the places named here."""

import hashlib
import re

STACK_MB = 128  # of every thread; the runner says what it has to do with other limits


def patched(glue: bytes, wasm: bytes) -> dict[str, bytes]:
    """The files that `run_lean.cjs` reads, by name, of the `lean.js` and `lean.wasm` of the package."""
    script = _patch_glue(glue.decode())
    module, symbols, calls = _patch_wasm(wasm, script)
    return {
        "lean.js": script.encode(),
        "lean.wasm": module,
        "symbols.bin": symbols,
        "calls.wasm": calls,
    }


DLSYM = "var __dlsym_js=(handle,symbol,symbolIndex)=>{symbol=UTF8ToString(symbol);"
FIND_SYMBOL = (
    "var leanSymbols,leanSymbol=name=>{"
    'leanSymbols??=require("fs").readFileSync(__dirname+"/symbols.bin");'
    'var sought=require("crypto").createHash("sha256").update(name).digest().subarray(0,8);'
    "for(var low=0,high=leanSymbols.length/12;low<high;){var middle=low+high>>1,at=12*middle;"
    "var order=leanSymbols.compare(sought,0,8,at,at+8);"
    "if(order==0)return leanSymbols.readUInt32BE(at+8);order<0?low=middle+1:high=middle}};"
    + DLSYM
    + "var known=leanSymbol(symbol);if(known)return known;"
)


def _patch_glue(glue: str) -> str:
    """Makes `lean.js` start fast, call fast and see no folder of this machine.

    Symbols are looked up in `symbols.bin` instead of a list of 190,000 exports; 68 MB of
    assignments that nothing reads are dropped; the table of 215,000 functions is not read through
    in search of the 269 of JavaScript that are added to it, which are never there (that made 2 s
    of computing and 200 MB of function objects, most of it once for each thread); /home, /tmp and
    the current folder are not mounted; the debug lines on standard output are silenced. Threads,
    of 50 MB each, are made when they are asked for: that needs the main thread in a browser only.
    Exceptions of C++ are those of WebAssembly that `_calls` catches, and its calls take the place of
    those through JavaScript; the list of functions is long from the beginning, since V8 keeps one
    that is filled here and there as a hash table.
    """

    def replace(old: str, new: str) -> None:
        nonlocal glue
        if glue.count(old) != 1:
            raise AssertionError(f"lean.js has {glue.count(old)} times {old!r}")
        glue = glue.replace(old, new)

    head = "function assignWasmExports(wasmExports){"
    variables = re.search(r"var [^;]{1000000,}?;(?=function assignWasmExports)", glue)
    assert variables is not None
    start = variables.end() + len(head)
    end = glue.index("}", start)
    rest = glue[: variables.start()] + glue[end:]
    used = set(re.findall(r"[A-Za-z_$][\w$]*", rest))
    kept = [line for line in glue[start:end].split(";") if line.split("=", 1)[0] in used]
    declared = [
        name
        for name in variables.group()[4:-1].split(",")
        if "=" in name or name.split("=")[0] in used
    ]
    glue = f"{glue[: variables.start()]}var {','.join(declared)};{head}{';'.join(kept)}{glue[end:]}"

    replace(DLSYM, FIND_SYMBOL)
    replace("Object.keys(lib.exports).indexOf(symbol)", "Object.hasOwn(lib.exports,symbol)?0:-1")
    replace(
        "for(var symName in exports){if(isInternalSym",
        "for(var symName in GOT){if(!(symName in exports))continue;if(isInternalSym",
    )
    scan = "updateTableMap(0,wasmTable.length)"
    replace(f"functionsInTableMap=new WeakMap;{scan}", "functionsInTableMap=new WeakMap")
    replace("var pthreadPoolSize=4", "var pthreadPoolSize=0")
    replace('process.binding("constants")["fs"]', "fs.constants")  # not allowed with --permission
    replace('name:"em-pthread"}', f'name:"em-pthread",resourceLimits:{{stackSizeMb:{STACK_MB}}}}}')
    replace(
        "stackRestore(stackHigh)}",
        "stackRestore(stackHigh);var size=64<<20;var own=establishStackSpace.own??=_malloc(size);"
        "if(own){_emscripten_stack_set_limits(own+size,own);stackRestore(own+size)}}",
    )
    replace("var wasmTableMirror=[];", "var wasmTableMirror=new Array(1<<18);")
    assert glue.count(CAUGHT) == 50 and glue.count("throw exceptionLast") == 3
    glue = glue.replace(CAUGHT, "if(!(e instanceof WebAssembly.Exception))throw e")
    glue = glue.replace("throw exceptionLast", "throw cppThrown(exceptionLast)")
    replace("throw Infinity", "throw cppThrown(0)")
    replace(
        "function getWasmImports(){assignWasmImports();",
        "var cppThrown=ptr=>new WebAssembly.Exception(getWasmImports.calls.exception,[ptr]);"
        "function getWasmImports(){assignWasmImports();var {exports}=new WebAssembly.Instance("
        'new WebAssembly.Module(require("fs").readFileSync(__dirname+"/calls.wasm")),'
        "{env:wasmImports});Object.assign(wasmImports,getWasmImports.calls=exports);",
    )
    mounts = glue.index('var lean_path=process.env["LEAN_PATH"]')
    mounts_end = glue.index("FS.chdir(cwd)", mounts) + len("FS.chdir(cwd)")
    glue = glue[:mounts] + glue[mounts_end:]
    replace("path=__filename", 'path="/bin/lean"')
    return "console.log=()=>{};" + glue


CAUGHT = "if(e!==e+0)throw e"  # what is not a number is no exception of C++
TYPES, IMPORTS, FUNCTIONS, TABLE, EXPORTS, ELEMENTS, CODE, TAGS = 1, 2, 3, 4, 7, 9, 10, 13
TABLE_NAME = "__indirect_function_table"
I32 = b"\x7f"
ZERO = {
    I32: b"\x41\x00",
    b"\x7e": b"\x42\x00",
    b"\x7d": b"\x43" + bytes(4),
    b"\x7c": b"\x44" + bytes(8),
}


def _patch_wasm(wasm: bytes, glue: str) -> tuple[bytes, bytes, bytes]:
    """The module, the names of its functions, and the module `_calls`.

    Function exports become table entries: each thread would create 190,000 export objects otherwise
    (10 s for five of them). The names have 12 bytes for each function, sorted: the first 8 of the
    SHA-256 of its name, and its index in the table. The table is no longer the module's own.
    """
    sections = _sections(wasm)
    bounds = {kind: (start, end) for kind, _, start, end in sections}
    imports = _imports(wasm, bounds[IMPORTS][0])
    named = set(re.findall(r"[A-Za-z_$][\w$]*", glue))
    named |= {name[1:] for name in named if name.startswith("_")}
    named |= {name for name, _ in imports}

    at, end = bounds[EXPORTS]
    count, at = _read_leb(wasm, at)
    kept: list[bytes] = []
    symbols: list[str] = []
    functions: list[int] = []
    for _ in range(count):
        start = at
        name, at = _read_name(wasm, at)
        kind = wasm[at]
        index, at = _read_leb(wasm, at + 1)
        if kind == 0:
            symbols.append(name)
            functions.append(index)
        if kind != 0 or name in named:
            kept.append(wasm[start:at])
    assert at == end

    start, end = bounds[TABLE]
    assert wasm[start : start + 3] == b"\x01\x70\x00", "one function table without a maximum"
    first, _ = _read_leb(wasm, start + 3)
    table = b"\x70\x00" + _leb(first + len(functions))

    start, end = bounds[ELEMENTS]
    assert wasm[start] == 1, "one element segment"
    added = b"\x00\x41" + _signed_leb(first) + b"\x0b" + _leb(len(functions))
    elements = _leb(2) + wasm[start + 1 : end] + added + b"".join(map(_leb, functions))

    start, end = bounds[IMPORTS]
    count, start = _read_leb(wasm, start)
    import_table = _name("env") + _name(TABLE_NAME) + b"\x01" + table
    new = {
        IMPORTS: _leb(count + 1) + wasm[start:end] + import_table,
        EXPORTS: _leb(len(kept)) + b"".join(kept),
        ELEMENTS: elements,
    }
    out = [wasm[:8]]
    for kind, header, _, end in sections:
        if kind != TABLE:
            body = new.get(kind)
            out.append(wasm[header:end] if body is None else _section(kind, body))
    places = {name: first + k for k, name in enumerate(symbols)}
    listed = {hashlib.sha256(name.encode()).digest()[:8]: at for name, at in places.items()}
    assert len(listed) == len(symbols)
    rows = (name + index.to_bytes(4, "big") for name, index in sorted(listed.items()))
    types = _function_types(wasm, bounds[TYPES][0])
    invoked = {
        name: types[index]
        for name, index in imports
        if index is not None and name.startswith("invoke_")
    }
    return b"".join(out), b"".join(rows), _calls(invoked, table, places)


FunctionType = tuple[bytes, bytes]
"""The value types of parameters and of results, a byte each."""


def _calls(invoked: dict[str, FunctionType], table: bytes, places: dict[str, int]) -> bytes:
    """A module that calls functions of the table and catches C++ exceptions, as `invoke_*` does.

    What Emscripten has instead goes through JavaScript twice for each call that a destructor or a
    handler stands around (https://emscripten.org/docs/porting/exceptions.html); interpreting Lean
    makes them all the time, and spent a fifth of its time there. Here only exceptions with the tag
    `exception` are caught: stack overflow, exit and errors of JavaScript pass, as they did. Some
    functions of Lean have another type than their callers believe (an argument that was removed);
    JavaScript does not mind, so those calls go the old way.
    """
    types: list[FunctionType] = []

    def number(parameters: bytes, results: bytes) -> int:
        if (parameters, results) not in types:
            types.append((parameters, results))
        return types.index((parameters, results))

    def type_of(parameters: bytes, results: bytes) -> bytes:
        return _leb(number(parameters, results))

    def call(name: str, parameters: bytes, results: bytes) -> bytes:
        place = b"\x41" + _signed_leb(places[name])
        return place + b"\x11" + type_of(parameters, results) + b"\x00"

    save = call("emscripten_stack_get_current", b"", I32)
    restore = call("_emscripten_stack_restore", I32, b"")
    threw = b"\x41\x01\x41\x00" + call("setThrew", I32 + I32, b"")
    functions, bodies, exports, imports = [], [], [], []
    for at, (name, (parameters, results)) in enumerate(invoked.items()):
        saved = _leb(len(parameters))
        given = [b"\x20" + _leb(k) for k in range(len(parameters))]
        own, called = type_of(parameters, results), type_of(parameters[1:], results)
        heap_type = _signed_leb(number(parameters[1:], results))
        block = results or b"\x40"
        body = (
            b"\x01\x01" + I32  # one local variable, `saved`
            + save + b"\x21" + saved
            + b"\x06" + block  # try
            + given[0] + b"\x25\x00\xfb\x14" + heap_type  # table.get, ref.test
            + b"\x04" + block + b"".join([*given[1:], given[0]]) + b"\x11" + called + b"\x00"
            + b"\x05" + b"".join(given) + b"\x10" + _leb(at)  # else, call
            + b"\x0b"
            + b"\x07\x00\x1a"  # catch, drop
            + b"\x20" + saved + restore + threw
            + (ZERO[results] if results else b"")
            + b"\x0b\x0b"
        )  # fmt: skip
        imports.append(_name("env") + _name(name) + b"\x00" + own)
        functions.append(own)
        bodies.append(_leb(len(body)) + body)
        exports.append(_name(name) + b"\x00" + _leb(len(invoked) + at))
    exports.append(_name(TABLE_NAME) + b"\x01\x00")
    exports.append(_name("exception") + b"\x04\x00")
    tag = b"\x00" + type_of(I32, b"")
    shapes = [
        b"\x60" + _leb(len(given)) + given + _leb(len(result)) + result for given, result in types
    ]
    return b"\x00asm\x01\x00\x00\x00" + b"".join(
        _section(kind, _leb(len(entries)) + b"".join(entries))
        for kind, entries in (
            (TYPES, shapes),
            (IMPORTS, imports),
            (FUNCTIONS, functions),
            (TABLE, [table]),
            (TAGS, [tag]),
            (EXPORTS, exports),
            (CODE, bodies),
        )
    )


def _section(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + _leb(len(body)) + body


def _sections(wasm: bytes) -> list[tuple[int, int, int, int]]:
    """The sections of a module: kind, start of the header, start and end of the body."""
    found = []
    at = 8
    while at < len(wasm):
        size, body = _read_leb(wasm, at + 1)
        found.append((wasm[at], at, body, body + size))
        at = body + size
    return found


def _imports(wasm: bytes, at: int) -> list[tuple[str, int | None]]:
    """The name of each import, and the index of its type if it is a function."""
    found: list[tuple[str, int | None]] = []
    count, at = _read_leb(wasm, at)
    for _ in range(count):
        _, at = _read_name(wasm, at)
        name, at = _read_name(wasm, at)
        kind, at = wasm[at], at + 1
        index = None
        if kind in (1, 2):  # table (its element type first), memory
            at += kind == 1
            limited, at = wasm[at] & 1, at + 1
            for _ in range(1 + limited):
                _, at = _read_leb(wasm, at)
        elif kind == 3:  # global
            at += 2
        elif kind == 4:  # tag (its attribute first)
            _, at = _read_leb(wasm, at + 1)
        else:
            index, at = _read_leb(wasm, at)
        found.append((name, index))
    return found


def _function_types(wasm: bytes, at: int) -> list[FunctionType]:
    found = []
    count, at = _read_leb(wasm, at)
    for _ in range(count):
        assert wasm[at] == 0x60, "function types only"
        size, at = _read_leb(wasm, at + 1)
        parameters, at = wasm[at : at + size], at + size
        size, at = _read_leb(wasm, at)
        found.append((parameters, wasm[at : at + size]))
        at += size
    return found


def _name(text: str) -> bytes:
    return _leb(len(text)) + text.encode()


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    size, at = _read_leb(data, at)
    return data[at : at + size].decode(), at + size


def _read_leb(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _leb(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _signed_leb(value: int) -> bytes:
    """LEB128 of a number that is not negative, as a signed one: its last byte is below 64."""
    unsigned = _leb(value)
    return unsigned if unsigned[-1] < 64 else unsigned[:-1] + bytes([unsigned[-1] | 128, 0])
