"""Keeps a process away from the rest of the machine, without privileges.

Linux only. Landlock (Linux 5.13 and later) decides which files the process may read, write and
execute; a system call filter (seccomp) takes away what Landlock leaves open: sockets of every
kind, leaving the process group, changing the metadata of files. Both hold for everything that the
process starts. Sources: the manual pages landlock(7) and seccomp(2), and `linux/landlock.h`.

What is left: the process can see which files exist (`stat` is not restricted) and can use the
processor and memory; those are limited elsewhere.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
OPEN_PATH = 0
if sys.platform == "linux":
    OPEN_PATH = os.O_PATH | os.O_CLOEXEC

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
VERSION_FLAG = 1  # LANDLOCK_CREATE_RULESET_VERSION
PATH_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
SET_NO_NEW_PRIVS, SET_SECCOMP, SECCOMP_FILTER = 38, 22, 2  # of prctl(2)

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_FILE, MAKE_REG, TRUNCATE = 1 << 5, 1 << 8, 1 << 14
ALL_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # since which ABI
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
READ = READ_FILE | READ_DIR
WRITE = READ | WRITE_FILE | TRUNCATE | MAKE_REG | REMOVE_FILE
TCP = 0b11  # bind, connect; since ABI 4
SCOPES = 0b11  # abstract sockets, signals; since ABI 6

SYSTEM = (
    *("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/usr/share/zoneinfo"),
    *("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/sys/devices/system/cpu"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory"),
)
"""What any program may read: libraries, the time zone, random numbers, the size of the machine."""

OWN_MAPS = "/proc/self/maps"  # the C library finds the end of the main thread's stack in it

FILE_MB = 256
"""The longest file that a process in the sandbox can write."""

DENIED_CALLS = {
    # socket, io_uring_setup (makes sockets too); setpgid, setsid; chmod, fchmod, chown, fchown,
    # lchown, fchownat, fchmodat, fchmodat2; utime, utimes, futimesat, utimensat; setxattr,
    # lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr, setxattrat, removexattrat
    "x86_64": (
        0xC000003E,
        *(41, 425, 109, 112, 90, 91, 92, 93, 94, 260, 268, 452, 132, 235, 261, 280),
        *(188, 189, 190, 197, 198, 199, 463, 466),
    ),
    "aarch64": (
        0xC00000B7,
        *(198, 425, 154, 157, 52, 55, 54, 53, 452, 88, 5, 6, 7, 14, 15, 16, 463, 466),
    ),
}
"""Per architecture its `AUDIT_ARCH_*` number and the system calls that fail with `EPERM`."""


LONE_CALLS = {
    # clone, fork, vfork, clone3; kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo,
    # pidfd_send_signal; shmget, semget, msgget
    "x86_64": (56, 57, 58, 435, 62, 200, 234, 129, 297, 424, 29, 64, 68),
    "aarch64": (220, 435, 129, 130, 131, 138, 240, 424, 194, 190, 186),
}
"""What a process that is to stay alone may not call either."""


class _RulesetAttr(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def abi() -> int:
    """The version of Landlock that this kernel offers; 0 where there is none."""
    if LIBC is None:
        return 0
    return max(0, _call(CREATE_RULESET, None, 0, VERSION_FLAG))


def unavailable() -> str:
    """Why there is no sandbox here; empty where there is one."""
    if abi() > 0:
        return ""
    if LIBC is None:
        return f"{platform.system()} has no Landlock, it is a part of Linux"
    reasons = {
        errno.ENOSYS: "Landlock needs Linux 5.13 or later, built with it",
        errno.EOPNOTSUPP: "Landlock is switched off at boot (add it to the kernel's `lsm=` list)",
        errno.EPERM: "this container forbids Landlock",
    }
    code = ctypes.get_errno()
    return reasons.get(code, f"Landlock does not work: {os.strerror(code)}")


def gaps() -> tuple[str, ...]:
    """What a process in the sandbox can still do on this kernel that it could not on a newer."""
    filtered = platform.machine() in DENIED_CALLS
    found = {
        "cut off files": abi() < 3,
        "use TCP": abi() < 4 and not filtered,
        "signal other processes of this user": abi() < 6,
        "use UDP and other sockets, change modes of files, outlive its group": not filtered,
    }
    return tuple(what for what, holds in found.items() if holds)


@dataclass(frozen=True)
class Sandbox:
    """What a process may do with files; everything else is refused.

    Folders stand for all that is in them. `execute` includes `read`, and so does `write`, whose
    folders take files but no folders, links or devices. `SYSTEM` can be read and the null device
    written in every sandbox. A path that does not exist is left out. A process that is `alone` has
    one thread, starts no other process, signals none and leaves nothing in the system's memory,
    where the machine's system calls are known (`DENIED_CALLS`).
    """

    read: tuple[Path, ...]
    execute: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    alone: bool = False

    @contextmanager
    def entrance(self) -> Iterator[Callable[[], None]]:
        """The function that a child calls between `fork` and `exec` to enter the sandbox.

        All that can be done beforehand is, so that the child only makes system calls.

        Raises:
            OSError: there is no Landlock here, or it refuses. The function raises it too.
        """
        if sys.platform != "linux":
            raise OSError(errno.ENOTSUP, unavailable())
        import resource

        ruleset, handled = _create_ruleset()
        try:
            grants = [(Path(path), READ) for path in SYSTEM]
            grants += [(path, READ) for path in self.read]
            grants += [(path, READ | EXECUTE) for path in self.execute]
            grants += [(path, READ | EXECUTE) for path in _loaders(self.execute)]
            grants += [(path, WRITE) for path in self.write]
            grants += [(Path("/dev/null"), READ | WRITE_FILE)]
            for path, rights in grants:
                with suppress(FileNotFoundError):
                    _allow(ruleset, str(path), rights & handled)
            program = _filter_program(self.alone)

            def enter() -> None:
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                longest = FILE_MB * 2**20
                hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
                if hard != resource.RLIM_INFINITY:
                    longest = min(longest, hard)
                resource.setrlimit(resource.RLIMIT_FSIZE, (longest, longest))
                _prctl(SET_NO_NEW_PRIVS, 1)
                _allow(ruleset, OWN_MAPS, READ_FILE)
                _check(_call(RESTRICT_SELF, ruleset, 0))
                if program is not None:
                    _prctl(SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(program))

            yield enter
        finally:
            os.close(ruleset)


def _create_ruleset() -> tuple[int, int]:
    """A ruleset that refuses everything, and the rights over files that it knows."""
    version = abi()
    if version == 0:
        raise OSError(errno.ENOTSUP, unavailable())
    handled = sum(rights for since, rights in ALL_RIGHTS.items() if since <= version)
    attr = _RulesetAttr(handled, TCP if version >= 4 else 0, SCOPES if version >= 6 else 0)
    ruleset = _call(CREATE_RULESET, ctypes.byref(attr), ctypes.sizeof(attr), 0)
    if ruleset < 0 and version >= 6 and ctypes.get_errno() == errno.EINVAL:
        # RHEL 9 says ABI 6 and has no scope for signals (noted in xz, src/common/my_landlock.h)
        attr.scoped = 0
        ruleset = _call(CREATE_RULESET, ctypes.byref(attr), ctypes.sizeof(attr), 0)
    return _check(ruleset), handled


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, OPEN_PATH)
    try:
        if not os.path.isdir(path):
            rights &= OF_FILES
        attr = _PathBeneathAttr(rights, descriptor)
        _check(_call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(attr), 0))
    finally:
        os.close(descriptor)


def _loaders(executables: tuple[Path, ...]) -> set[Path]:
    """The dynamic loaders that programs name in their headers: starting a program executes one.

    A folder counts with the programs in it and in its `bin`. The format is elf(5), 64 bit.
    """
    found = set()
    for path in executables:
        folders = [path, path / "bin"]
        files = [
            path,
            *(file for folder in folders if folder.is_dir() for file in folder.iterdir()),
        ]
        for file in files:
            with suppress(OSError):
                if file.is_file() and (loader := _loader(file)) is not None:
                    found.add(loader)
    return found


def _loader(file: Path) -> Path | None:
    with file.open("rb") as binary:
        head = binary.read(64)
        if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":
            return None
        (table,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        for index in range(count):
            binary.seek(table + index * size)
            entry = binary.read(56)
            if len(entry) == 56 and struct.unpack_from("<I", entry)[0] == 3:  # PT_INTERP
                offset, length = struct.unpack_from("<Q16xQ", entry, 8)
                binary.seek(offset)
                return Path(os.fsdecode(binary.read(length).rstrip(b"\0")))
    return None


def _filter_program(alone: bool) -> _FilterProgram | None:
    """The system call filter in classic BPF: see seccomp(2) for the data that it looks at."""
    known = DENIED_CALLS.get(platform.machine())
    if known is None:
        return None
    architecture, *calls = known
    calls += LONE_CALLS[platform.machine()] if alone else ()
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06
    allow, deny = 0x7FFF0000, 0x00050000 | errno.EPERM
    tests = [(equal, call) for call in calls]
    if architecture == 0xC000003E:
        tests.insert(0, (above, 0x40000000))  # the x32 numbers of the same calls
    code = [(load, 0, 0, 4), (equal, 0, len(tests) + 2, architecture), (load, 0, 0, 0)]
    code += [(test, len(tests) - at, 0, call) for at, (test, call) in enumerate(tests)]
    code += [(give, 0, 0, allow), (give, 0, 0, deny)]
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
    return _FilterProgram(len(code), packed)


def _call(number: int, *args: object) -> int:
    assert LIBC is not None
    wide = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    return int(LIBC.syscall(ctypes.c_long(number), *wide))


def _prctl(option: int, *args: object) -> None:
    assert LIBC is not None
    wide = [ctypes.c_ulong(arg) if isinstance(arg, int) else arg for arg in args]
    zeros = [ctypes.c_ulong(0)] * (4 - len(wide))
    _check(LIBC.prctl(option, *wide, *zeros))


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"the sandbox cannot be entered: {os.strerror(code)}")
    return result
