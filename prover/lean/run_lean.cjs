// Starts the embedded Lean (a WebAssembly build of the whole of Lean 4) under Node.
//
//   node run_lean.cjs LEAN cli MOUNTS ARGS…   run `lean ARGS…`
//   node run_lean.cjs LEAN save NAME FOLDER   load the precompiled FOLDER/NAME.ir and what its
//                                             `prepared` makes, and keep the memory there
//   node run_lean.cjs LEAN run NAME FOLDER    go on with that memory
//   node run_lean.cjs LEAN warm NAME FOLDER   the same, and keep what was compiled there at the end
//
// LEAN is the patched package: lean.js, lean.wasm, symbols.bin, lib/. MOUNTS is a JSON object
// {folder inside: folder outside}; Lean starts in the first of them. Apart from these folders it
// sees the library, an in-memory file system, and its standard streams.
//
// Exit codes: Lean's own; 134 stack overflow or abort; 137 out of memory.
'use strict';

const fs = require('fs');
const path = require('path');
const vm = require('vm');

const [lean, mode, ...rest] = process.argv.slice(2);
const mounts = mode === 'cli' ? JSON.parse(rest.shift()) : { '/gym': rest.pop() };
const kept = (kind) => path.join(mounts['/gym'], `${rest[0]}.${kind}`);

// C++ code, the kernel above all, keeps its data on a stack in WebAssembly memory that nothing
// guards: overrunning it would silently change what the kernel believes. As built it is 64 KB.
// Three limits, in this order, prevent that:
// 1. the kernel's own check, «deep recursion», at 8 MB of it (KNOWN_STACK);
// 2. Node's check of its native stack, at 128 MB; a function that lacks the first check
//    (`replace_rec_fn`) was measured to have used 30 MB of the other stack by then;
// 3. the end of the memory that the stack really has.
const MB = 1 << 20;
const KNOWN_STACK = 8 * MB;
const KNOWN_STACK_AT = 1084; // where this build keeps it for the main thread
const MAIN_STACK = 128 * MB; // the other threads have 64 MB, see `_patch_glue`
const ABORTED = 134;
const OUT_OF_MEMORY = 137;
const THREADS = 1; // of its task manager; one that waits for another task does not count
const NOISE = /^(\[DEBUG| {2}mainModule\? = | {2}- \/lib\/lean\/)/;

const PAGE = 1 << 16; // of WebAssembly memory
const image = ['run', 'warm'].includes(mode) && JSON.parse(fs.readFileSync(kept('json')));
let outOfMemory = false;

function write(fd, text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(fd, bytes, at);
    } catch (error) {
      if (error.code === 'EPIPE') process.exit(0); // nobody reads any more
      if (error.code !== 'EAGAIN') throw error;
      pause();
    }
  }
}

function pause() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

// lean.js reads standard input byte by byte through a callback that cannot wait. Reading the
// descriptor here blocks exactly as long as there is nothing to do.
function readInput(stream, target, offset, length) {
  for (;;) {
    try {
      return fs.readSync(0, target, offset, length, null);
    } catch (error) {
      if (error.code === 'EOF') return 0;
      if (error.code !== 'EAGAIN') throw error;
      pause();
    }
  }
}

function fail(error) {
  const message = String(error?.stack ?? error);
  if (error instanceof RangeError) write(2, 'Stack overflow detected. Aborting.\n');
  else if (!outOfMemory) write(2, `The embedded Lean stopped: ${message}\n`);
  process.exit(outOfMemory || /out of memory/i.test(message) ? OUT_OF_MEMORY : ABORTED);
}

// V8 keeps the optimised code of a module by functions that its own shell has for it. It takes back
// only what the same version made with the same flags for the same kind of processor. Code that is
// not optimised would not be kept, but made again at once at each start, were it not dropped before.
const natives = {
  isLiftoff: new Function('exported', 'return %IsLiftoffFunction(exported)'),
  optimise: new Function('exported', 'return %WasmTierUpFunction(exported)'),
  drop: new Function('return %FlushLiftoffCode()'),
  serialize: new Function('module', 'return %SerializeWasmModule(module)'),
  deserialize: new Function('code', 'bytes', 'return %DeserializeWasmModule(code, bytes)'),
};
let leanModule;
let moduleAt = Infinity;

// Reads on in a file, to an address of WebAssembly memory.
function fill(file, at, size) {
  const memory = new Uint8Array(wasmMemory.buffer, at, size);
  if (fs.readSync(file, memory) !== size)
    throw Error(`${kept('image')} is damaged, delete its folder`);
  return memory;
}

// A file in memory of its own, which need not be copied for V8.
function contents(file) {
  const bytes = fs.readFileSync(file);
  const own = bytes.byteLength === bytes.buffer.byteLength;
  return own ? bytes.buffer : new Uint8Array(bytes).buffer;
}

// Compiled at once, the module takes 130 MB less than as `lean.js` would have it, piece by piece. V8
// keeps a copy of its bytes. They are read to where the end of the image will be, above all that is in
// use by then: memory of their own, 117 MB, they would have as long as the process lives.
function instantiate(imports, done) {
  const wasm = path.join(lean, 'lean.wasm');
  let bytes;
  if (image) {
    wasmMemory.grow(image.size - wasmMemory.buffer.byteLength / PAGE);
    const size = fs.statSync(wasm).size;
    const at = (image.used.at(-1) + 1) * PAGE - size;
    if (at > image.stackTop) {
      const file = fs.openSync(wasm);
      bytes = fill(file, at, size);
      fs.closeSync(file);
      moduleAt = at;
    }
  }
  bytes ??= fs.readFileSync(wasm);
  if (mode === 'run' && fs.existsSync(kept('code')))
    leanModule = natives.deserialize(contents(kept('code')), bytes);
  leanModule ??= new WebAssembly.Module(bytes);
  done(new WebAssembly.Instance(leanModule, imports), leanModule);
}

function mountFolders() {
  const nodefs = FS.filesystems.NODEFS;
  const convert = nodefs.convertNodeCode;
  nodefs.convertNodeCode = (error) =>
    error.code === 'ERR_ACCESS_DENIED' ? 2 /* EACCES */ : convert(error) ?? 29; /* EIO */
  FS.mkdirTree('/bin');
  FS.writeFile('/bin/lean', ''); // Lean looks for its library beside its executable
  const folders = { ...mounts, '/lib/lean': path.join(lean, 'lib') };
  for (const [inside, outside] of Object.entries(folders)) {
    FS.mkdirTree(inside);
    // NODEFS resolves symbolic links inside its own tree, so it needs the real folder.
    FS.mount(nodefs, { root: fs.realpathSync(outside) }, inside);
  }
  FS.mkdirTree('/scratch');
  FS.chdir(mode === 'cli' ? (Object.keys(mounts)[0] ?? '/scratch') : '/scratch');
  ENV.LLVM_PROFILE_FILE = '/scratch/default.profraw'; // this build writes one when it exits
  ENV.LANG = 'C.UTF-8'; // that of the user would take more or less memory
  ENV.LEAN_SYSROOT = '/';
  ENV.LEAN_PATH = ['/lib/lean', ...Object.keys(mounts)].join(':');
}

let stackTop = 0;

function enlargeStack() {
  stackTop = _malloc(MAIN_STACK) + MAIN_STACK;
  if (stackTop === MAIN_STACK) fail('out of memory');
  _emscripten_stack_set_limits(stackTop, stackTop - MAIN_STACK);
  __emscripten_stack_restore(stackTop);
}

// `lean --run` imports in a worker thread, which sends each file operation to the main thread and
// waits a millisecond for it: 20 s. Calling the runtime from here needs a quarter of that. The
// names and the object layout below belong to this one pinned build.
const native = (name) => wasmTable.get(leanSymbol(name));
const call = (name, ...args) => native(name)(...args) >>> 0;
const u32 = (address) => new Uint32Array(wasmMemory.buffer)[address >>> 2];
const box = (number) => (number << 1) | 1;
const none = box(0);
const field = (object, index) => u32(object + 8 + 4 * index);
const tag = (object) => new Uint8Array(wasmMemory.buffer)[object + 7];
const elements = (array) =>
  Array.from({ length: u32(array + 8) }, (_, index) => u32(array + 16 + 4 * index));

function ok(result) {
  if (tag(result) === 0) return field(result, 0);
  call('lean_io_result_show_error', result);
  process.exit(1);
}

function string(text) {
  const size = Buffer.byteLength(text) + 1;
  const address = _malloc(size);
  stringToUTF8(text, address, size);
  return call('lean_mk_string', address);
}

// Compiled code takes over what it is given.
function retained(object) {
  new Int32Array(wasmMemory.buffer)[object >>> 2] += 1;
  return object;
}

// The closure that `prepared` gives. There is no task manager yet: what would be a task is computed
// at once, and there is no thread whose state the memory does not hold. `prepared` is given the
// modules of `Init`, and those with the program's: most of an import is to read modules, which for
// texts need not be read again.
function load(program) {
  call('lean_initialize');
  // Lean reads the system's limit for the main thread's stack, which is none in WebAssembly.
  if (u32(KNOWN_STACK_AT) !== call('_ZN4lean14get_stack_sizeEb', 1)) throw Error('another build');
  new Uint32Array(wasmMemory.buffer)[KNOWN_STACK_AT >>> 2] = KNOWN_STACK;
  ok(call('lean_init_search_path'));
  call('lean_io_mark_end_initialization');
  call('lean_enable_initializer_execution');

  const code = field(ok(call('l_Lean_readModuleData', string(`/gym/${program}.ir`))), 0);
  const [imports, entries] = [field(code, 0), field(code, 4)];
  const nothing = u32(wasmExports.l_Lean_instInhabitedImportState.value);
  const modules = call('lean_st_mk_ref', nothing);
  const [trust, leakEnv, loadExts, level, exported] = [0, 0, 0, 2 /* private */, 0];
  const read = (imported) => {
    const noArtifacts = box(1);
    ok(call('l_Lean_importModulesCore', imported, level, noArtifacts, exported, retained(modules)));
    return call('lean_st_ref_get', modules);
  };
  const init = read(call('lean_mk_array', box(1), elements(imports)[0]));
  const own = read(imports);
  let env = ok(
    call('l_Lean_finalizeImport', retained(own), imports, none, trust, leakEnv, loadExts, level,
      exported),
  );
  // The program's own code is added to the interpreter's table declaration by declaration:
  // importing the .olean would not load the .ir.
  const codeOf = u32(wasmExports.l_Lean_IR_declMapExt.value);
  for (const declaration of elements(field(elements(entries)[0], 1)))
    env = call('l_Lean_PersistentEnvExtension_addEntry___redArg', codeOf, env, declaration,
      none, none);

  const name = call('lean_name_mk_string', none, string('prepared'));
  const prepared = call('lean_eval_const', env, none, name);
  const world = none;
  if (tag(prepared) !== 0) return ok(call('lean_apply_3', field(prepared, 0), init, own, world));
  write(2, `${program}.ir: ${UTF8ToString(field(prepared, 0) + 20)}\n`);
  process.exit(1);
}

// The memory with a program loaded, without its pages of zeros. To read it takes a seventh of the
// time that loading takes. All that JavaScript keeps of the runtime (its files, its threads, where
// it has put what) is as it was, since the runtime starts the same each time.
function save(program) {
  const loaded = load(program);
  const words = new BigUint64Array(wasmMemory.buffer);
  const size = words.byteLength / PAGE;
  const used = Array.from({ length: size }, (_, page) => page).filter((page) =>
    words.subarray((page * PAGE) / 8, ((page + 1) * PAGE) / 8).some((word) => word !== 0n));
  const pages = fs.openSync(kept('image'), 'w');
  for (const page of used)
    fs.writeSync(pages, new Uint8Array(wasmMemory.buffer).slice(page * PAGE, (page + 1) * PAGE));
  fs.closeSync(pages);
  fs.writeFileSync(kept('json'), JSON.stringify({ loaded, stackTop, size, used }));
}

function restore() {
  if (image.stackTop !== stackTop)
    throw Error(`${kept('image')} is of a runtime that starts differently, delete its folder`);
  const pages = fs.openSync(kept('image'));
  const memory = new Uint8Array(wasmMemory.buffer);
  let clean = moduleAt; // below, nothing of the module is left
  for (let next = 0, count; next < image.used.length; next += count) {
    count = 1;
    while (image.used[next + count] === image.used[next] + count) count++;
    const at = image.used[next] * PAGE;
    if (at > clean) memory.fill(0, clean, at);
    fill(pages, at, count * PAGE);
    clean = Math.max(clean, at + count * PAGE);
  }
  fs.closeSync(pages);
  return image.loaded;
}

// V8 optimises what runs often. What has run at all is optimised here: a process lives for seconds
// only, of which making code took half.
function keepCode() {
  const symbols = fs.readFileSync(path.join(lean, 'symbols.bin'));
  for (let at = 8; at < symbols.length; at += 12) {
    const exported = wasmTable.get(symbols.readUInt32BE(at));
    if (natives.isLiftoff(exported)) natives.optimise(exported);
  }
  natives.drop();
  fs.writeFileSync(kept('code'), Buffer.from(natives.serialize(leanModule)));
}

function run() {
  const start = restore();
  call('lean_init_task_manager_using', THREADS);
  ok(call('lean_apply_1', start, none));
  _fflush(0);
  if (mode === 'warm') keepCode();
  process.exit(0);
}

globalThis.Module = {
  thisProgram: '/bin/lean',
  noInitialRun: true,
  print: (line) => write(1, line + '\n'),
  printErr: (line) => {
    outOfMemory ||= line.includes('INTERNAL PANIC: out of memory');
    if (!NOISE.test(line)) write(2, line + '\n');
  },
  instantiateWasm: instantiate,
  preRun: [mountFolders],
  onRuntimeInitialized: () => {
    FS.getStream(0).stream_ops = { ...FS.getStream(0).stream_ops, read: readInput };
    enlargeStack();
    setImmediate(() => {
      try {
        if (mode === 'cli') callMain(rest);
        else if (mode === 'save') save(rest[0]);
        else run();
      } catch (error) {
        fail(error);
      }
    });
  },
  onExit: (code) => process.exit(outOfMemory ? OUT_OF_MEMORY : code),
};
process.on('uncaughtException', fail);

// lean.js is written as a browser script: it declares `var Module` and expects to find this one.
const glue = path.join(lean, 'lean.js');
Object.assign(globalThis, { require, __dirname: lean, __filename: glue });
vm.runInThisContext(fs.readFileSync(glue, 'utf8'), { filename: glue });
