"""Removes all rights from the process that opens a file, except to read its own code.

It uses three features of Linux that a process can apply to itself without privileges:

- Landlock: only files in the named folders can be opened. TCP is forbidden, and so are signals and
  abstract sockets to other processes.
- seccomp: only the system calls that a decoder needs are allowed. They can't create sockets or
  processes, write files, or read other processes.
- Limits of memory and time, set by assets.sandbox_process.

This module imports neither Django nor our other modules, because `manage.py` and the process import
it first.
"""

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any

# --- The requests to the kernel -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Active:
    """The limits that the kernel has set: the version of Landlock (0 for none), and seccomp."""

    landlock: int
    seccomp: bool


NEEDED = Active(landlock=6, seccomp=True)


def keep_memory_private() -> None:
    """Stop other processes of this user from reading our memory and environment."""
    if sys.platform == "linux":
        _prctl(PR_SET_DUMPABLE, 0)


def end_with_parent() -> None:
    """Let the kernel kill this process when the thread that started it ends."""
    if sys.platform == "linux":
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def confine(readable: Iterable[str], executable: Iterable[str] = ()) -> Active:
    """Allow this process only to read some folders; return the limits that the kernel has set.

    `executable` are the programs that it may execute. A limit that the kernel does not support is
    missing in the result. Raises OSError if the kernel supports a limit but does not set it.
    """
    if sys.platform != "linux":
        return Active(0, seccomp=False)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    keep_memory_private()
    executable = list(executable)
    version = _landlock_version()
    if version:
        _set_landlock(version, readable, executable)
    has_seccomp = _has_seccomp()
    if has_seccomp:
        _set_seccomp(may_execute=bool(executable))
    return Active(version, has_seccomp)


def own_folders() -> list[str]:
    """Return the paths that the process reads: Python's, two of our rooms, and shared libraries.

    `/dev/urandom` is for qpdf, which reads it when it checks whether a PDF may be changed.
    """
    paths = sysconfig.get_paths()
    python = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    here = Path(__file__).resolve().parent
    ours = [str(here), str(here.parent / "storing")]
    return [*python, *ours, *SYSTEM_LIBRARIES, "/dev/urandom"]


SYSTEM_LIBRARIES = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib",
                    "/etc/ld.so.cache"]  # fmt: skip
# The paths that poppler also reads: its encoding tables, and fonts.
OF_POPPLER = ["/usr/share/poppler", "/usr/share/fonts", "/usr/share/fontconfig", "/etc/fonts",
              "/var/cache/fontconfig"]  # fmt: skip


def loaders() -> list[str]:
    """Return the dynamic loaders, which the kernel runs to start a program."""
    return glob("/lib*/ld-*.so*")


_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_GET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 21, 38


def _prctl(*arguments: int) -> int:
    padded = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:5]]
    return _checked("prctl", _libc.prctl(*padded))


def _call(number: int, *arguments: Any) -> int:
    as_words = [
        ctypes.c_long(argument) if isinstance(argument, int) else argument
        for argument in arguments
    ]  # fmt: skip
    return int(_libc.syscall(ctypes.c_long(number), *as_words))


def _checked(operation: str, answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{operation}: {os.strerror(number)}")
    return answer


# --- Landlock -----------------------------------------------------------------------------------
# https://docs.kernel.org/userspace-api/landlock.html; the numbers are the same on every machine.

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
RULE_PATH_BENEATH = 1
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
# By version: the number of its rights to files, to TCP and to other processes.
RIGHTS = {1: (13, 0, 0), 2: (14, 0, 0), 3: (15, 0, 0), 4: (15, 2, 0), 5: (16, 2, 0), 6: (16, 2, 2)}


def _landlock_version() -> int:
    return max(0, _call(CREATE_RULESET, 0, 0, 1))


def _set_landlock(version: int, readable: Iterable[str], executable: Iterable[str]) -> None:
    handled = [(1 << count) - 1 for count in RIGHTS[min(version, max(RIGHTS))]]
    asked = struct.pack("=QQQ", *handled)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = _checked("Landlock", _call(CREATE_RULESET, asked, len(asked), 0))
    try:
        for path in readable:
            _allow(ruleset, path, READ_FILE | READ_DIR)
        for path in executable:
            _allow(ruleset, path, READ_FILE | EXECUTE)
        _checked("Landlock", _call(RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # this machine has no such path
    try:
        if not os.path.isdir(path):
            rights &= READ_FILE | EXECUTE
        rule = struct.pack("=Qi", rights, place)
        _checked(f"Landlock, {path}", _call(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0))
    finally:
        os.close(place)


# --- seccomp ------------------------------------------------------------------------------------

# The allowed calls with their numbers on x86_64 and aarch64. Every other call returns ENOSYS, as on
# an older kernel, so that the C library uses a fallback. Calls of future kernels are refused too.
CALLS = """
read 0 63, write 1 64, readv 19 65, writev 20 66, pread64 17 67, preadv 295 69, close 3 57,
lseek 8 62, dup 32 23, dup2 33 -, dup3 292 24, poll 7 -, ppoll 271 73, select 23 -, pselect6 270 72,
fstat 5 80, newfstatat 262 79, stat 4 -, lstat 6 -, statx 332 291, access 21 -, faccessat 269 48,
faccessat2 439 439, readlink 89 -, readlinkat 267 78, getcwd 79 17, getdents64 217 61, fadvise64
221 223, statfs 137 43, fstatfs 138 44,
mmap 9 222, munmap 11 215, mprotect 10 226, mremap 25 216, madvise 28 233, brk 12 214,
futex 202 98, sched_yield 24 124, sched_getaffinity 204 123, sched_getparam 143 121,
sched_getscheduler 145 120, set_robust_list 273 99, get_robust_list 274 100, rseq 334 293,
membarrier 324 283, arch_prctl 158 -, set_tid_address 218 96, getcpu 309 168,
nanosleep 35 101, clock_nanosleep 230 115, clock_gettime 228 113, clock_getres 229 114,
gettimeofday 96 169, time 201 -, times 100 153, getrandom 318 278,
getpid 39 172, getppid 110 173, gettid 186 178, getuid 102 174, geteuid 107 175, getgid 104 176,
getegid 108 177, getrlimit 97 163, getrusage 98 165, getpriority 140 141, sysinfo 99 179,
uname 63 160, rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, sigaltstack 131 132,
restart_syscall 219 128, exit 60 93, exit_group 231 94,
open 2 -, openat 257 56, clone 56 220, tgkill 234 131, prlimit64 302 261, setpriority 141 140,
fcntl 72 25, ioctl 16 29, execve 59 221
"""
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}  # AUDIT_ARCH, column of CALLS
X32 = 0x40000000  # numbers from here on are calls of the x32 ABI of x86_64
SET_MODE_FILTER, ALL_THREADS = 1, 1
SECCOMP = {"x86_64": 317, "aarch64": 277}
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
LOAD, AND, IF_EQUAL, IF_AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
WRITES = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC
CLONE_THREAD = 0x00010000
# Flags of memory that RLIMIT_DATA does not include: shared memory, or a second stack.
MAP_TYPE, MAP_PRIVATE, MAP_GROWSDOWN = 0x0F, 0x02, 0x0100

# A restricted argument of a call: its index, the bits that are compared, the allowed values.
Argument = tuple[int, int, tuple[int, ...]]
ANY = 0xFFFFFFFF


def _arguments() -> dict[str, list[Argument]]:
    return {
        "open": [(1, WRITES, (0,))],
        "openat": [(2, WRITES, (0,))],
        "mmap": [(3, MAP_TYPE | MAP_GROWSDOWN, (MAP_PRIVATE,))],
        "clone": [(0, CLONE_THREAD, (CLONE_THREAD,))],
        "tgkill": [(0, ANY, (os.getpid(),))],
        "prlimit64": [(0, ANY, (0, os.getpid()))],
        "setpriority": [(0, ANY, (0,)), (1, ANY, (0,))],
        # Copies and flags of open files. F_SETOWN and F_SETSIG could send signals to others.
        "fcntl": [(1, ANY, (0, 1, 2, 3, 4, 1030))],
        # TCGETS, TIOCGWINSZ, FIONREAD, FIONCLEX and FIOCLEX.
        "ioctl": [(1, ANY, (0x5401, 0x5413, 0x541B, 0x5450, 0x5451))],
    }


def _has_seccomp() -> bool:
    if platform.machine() not in MACHINES or sys.maxsize < 2**32:
        return False
    try:
        return _prctl(PR_GET_SECCOMP) >= 0
    except OSError:
        return False


def _set_seccomp(*, may_execute: bool) -> None:
    steps = _program(platform.machine(), may_execute=may_execute)
    code = ctypes.create_string_buffer(b"".join(steps))
    # struct sock_fprog: the number of steps, and their address.
    program = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code))
    call = SECCOMP[platform.machine()]
    if _checked("seccomp", _call(call, SET_MODE_FILTER, ALL_THREADS, program)):
        raise OSError(errno.EBUSY, "seccomp: a thread has a filter of its own")


def _program(machine: str, *, may_execute: bool) -> list[bytes]:
    """Return the filter as BPF instructions: they read struct seccomp_data and return a verdict."""
    architecture, column = MACHINES[machine]
    steps = [
        _step(LOAD, 4),
        _step(IF_EQUAL, architecture, 1, 0),
        _step(RETURN, KILL),
        _step(LOAD, 0),
    ]
    if machine == "x86_64":
        steps += [_step(IF_AT_LEAST, X32, 0, 1), _step(RETURN, KILL)]
    arguments = _arguments()
    for call in CALLS.split(","):
        name, *numbers = call.split()
        number = numbers[column]
        if number == "-" or (name == "execve" and not may_execute):
            continue
        body = _verdict(arguments.get(name, []))
        steps += [_step(IF_EQUAL, int(number), 0, len(body)), *body]
    return [*steps, _step(RETURN, REFUSE | errno.ENOSYS)]


def _verdict(arguments: list[Argument]) -> list[bytes]:
    body = []
    for place, bits, values in arguments:
        # The lower half of the argument, which is stored first on both machines.
        body += [_step(LOAD, 16 + 8 * place), _step(AND, bits)]
        for left, value in enumerate(reversed(values)):
            body.append(_step(IF_EQUAL, value, len(values) - left, 0))
        body.append(_step(RETURN, REFUSE | errno.EPERM))
    return [*body, _step(RETURN, ALLOW)]


def _step(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_so, if_not, value)
