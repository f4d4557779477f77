// Starts the embedded Lean (a WebAssembly build of the whole of Lean 4) under Node.
//
//   node run_lean.cjs LEAN run NAME FOLDER   run `main` of the precompiled FOLDER/NAME.ir
//   node run_lean.cjs LEAN cli MOUNTS ARGS…  run `lean ARGS…`
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
  const bytes = Buffer.alloc(length); // fs cannot read into shared memory
  for (;;) {
    try {
      const count = fs.readSync(0, bytes, 0, length, null);
      target.set(bytes.subarray(0, count), offset);
      return count;
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

// Compiled at once, the module takes 130 MB less than as `lean.js` would have it, piece by piece.
function instantiate(imports, done) {
  const module = new WebAssembly.Module(fs.readFileSync(path.join(lean, 'lean.wasm')));
  done(new WebAssembly.Instance(module, imports), module);
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
  ENV.LEAN_SYSROOT = '/';
  ENV.LEAN_PATH = ['/lib/lean', ...Object.keys(mounts)].join(':');
}

function enlargeStack() {
  const top = _malloc(MAIN_STACK) + MAIN_STACK;
  if (top === MAIN_STACK) fail('out of memory');
  _emscripten_stack_set_limits(top, top - MAIN_STACK);
  __emscripten_stack_restore(top);
}

// `lean --run` imports in a worker thread, which sends each file operation to the main thread and
// waits a millisecond for it: 20 s. Calling the runtime from here needs a quarter of that. The
// names and the object layout below belong to this one pinned build.
function runProgram(program) {
  const native = (name) => wasmTable.get(leanSymbol(name));
  const call = (name, ...args) => native(name)(...args) >>> 0;
  const u32 = (address) => new Uint32Array(wasmMemory.buffer)[address >>> 2];
  const box = (number) => (number << 1) | 1;
  const field = (object, index) => u32(object + 8 + 4 * index);
  const tag = (object) => new Uint8Array(wasmMemory.buffer)[object + 7];
  const elements = (array) =>
    Array.from({ length: u32(array + 8) }, (_, index) => u32(array + 16 + 4 * index));
  const ok = (result) => {
    if (tag(result) === 0) return field(result, 0);
    call('lean_io_result_show_error', result);
    process.exit(1);
  };
  const string = (text) => {
    const size = Buffer.byteLength(text) + 1;
    const address = _malloc(size);
    stringToUTF8(text, address, size);
    return call('lean_mk_string', address);
  };

  call('lean_initialize');
  // Lean reads the system's limit for the main thread's stack, which is none in WebAssembly.
  if (u32(KNOWN_STACK_AT) !== call('_ZN4lean14get_stack_sizeEb', 1)) throw Error('another build');
  new Uint32Array(wasmMemory.buffer)[KNOWN_STACK_AT >>> 2] = KNOWN_STACK;
  ok(call('lean_init_search_path'));
  call('lean_init_task_manager_using', THREADS);
  call('lean_io_mark_end_initialization');
  call('lean_enable_initializer_execution');

  const gym = field(ok(call('l_Lean_readModuleData', string(`/gym/${program}.ir`))), 0);
  const [imports, entries] = [field(gym, 0), field(gym, 4)];
  const none = box(0);
  const noPlugins = call('lean_mk_array', box(0), none);
  const [trust, leakEnv, loadExts, publicOnly, noArtifacts] = [0, 0, 1, 0, box(1)];
  let env = ok(
    call('l_Lean_importModules', imports, none, trust, noPlugins, leakEnv, loadExts, publicOnly,
      noArtifacts),
  );
  // The program's own code is added to the interpreter's table declaration by declaration: importing
  // the .olean would not load the .ir.
  const codeOf = u32(wasmExports.l_Lean_IR_declMapExt.value);
  for (const declaration of elements(field(elements(entries)[0], 1)))
    env = call('l_Lean_PersistentEnvExtension_addEntry___redArg', codeOf, env, declaration,
      none, none);

  const main = call('lean_eval_const', env, none, call('lean_name_mk_string', none, string('main')));
  if (tag(main) === 0) {
    write(2, `${program}.ir: ${UTF8ToString(field(main, 0) + 20)}\n`);
    process.exit(1);
  }
  const closure = field(main, 0);
  const value = ok(call('lean_apply_1', closure, none)); // the last argument is the world
  _fflush(0);
  process.exit(value & 1 ? 0 : u32(value + 8)); // `Unit` is boxed; a `UInt32` is an object
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
        else runProgram(rest[0]);
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
