"""The few system calls behind the walls that Python has no names for. Linux only."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

NOBODY = 65_534

NEW_USER, NEW_MOUNTS, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x00020000, 0x20000000, 0x40000000
NEW_IPC, NEW_HOSTNAME = 0x08000000, 0x04000000
NEW_ALL_BUT_USER = NEW_MOUNTS | NEW_PIDS | NEW_NETWORK | NEW_IPC | NEW_HOSTNAME

READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC = 0x1, 0x2, 0x4, 0x8
REMOUNT, BIND, RECURSIVE, PRIVATE = 0x20, 0x1000, 0x4000, 0x40000

_DETACH = 2
_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS = 1, 4, 38
_SIGKILL = 9
_CAPABILITIES_VERSION = 0x20080522


def unshare(flags: int) -> None:
    """Leave the namespaces that ``flags`` name for fresh ones."""
    _checked("unshare", _libc().unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2)."""
    result = _libc().mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _checked(f"mount {target}", result)


def enter_root(folder: str) -> None:
    """Make the mount point ``folder`` the root of this mount namespace, and let go of the old one."""
    os.chdir(folder)
    _checked("pivot_root", _libc().pivot_root(b".", b"."))
    _checked("umount", _libc().umount2(b".", _DETACH))
    os.chdir("/")


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that made it ends."""
    _prctl(_PDEATHSIG, _SIGKILL)


def own_proc_entries() -> None:
    """Own this process's files in /proc again, which a change of user took away."""
    _prctl(_DUMPABLE, 1)


def never_gain_privileges() -> None:
    """Neither this process nor what it executes gains privileges from now on."""
    _prctl(_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Give up all capabilities."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    _checked("capset", _libc().capset(header, (ctypes.c_uint32 * 6)()))


def map_user(user: int, group: int) -> None:
    """In a fresh user namespace: this process's outer ``user`` and ``group`` are ``NOBODY`` in it."""
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {group} 1")


def become_nobody() -> None:
    """From root to a user that owns nothing."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    own_proc_entries()


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    _checked("prctl", _libc().prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(what: str, result: int) -> None:
    if result:
        number = ctypes.get_errno() or errno.EIO
        raise OSError(number, f"{what}: {os.strerror(number)}")
