"""System calls that no method needs, refused by the kernel: they are where kernels have been broken.

Debuggers, mounts, namespaces, keyrings, BPF, io_uring and modules. The filter is classic BPF: see seccomp(2).
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_PRCTL_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4
# Calls of the x32 interface on x86-64 have this bit; nothing here uses them.
_FOREIGN = 0x40000000

_SAME_EVERYWHERE = (
    *(425, 426, 427),  # io_uring_setup, io_uring_enter, io_uring_register
    *(428, 429, 430, 431, 432, 433, 442),  # open_tree, move_mount, fsopen/config/mount/pick, mount_setattr
    *(438, 467),  # pidfd_getfd, open_tree_attr
)
_REFUSED = {
    "x86_64": (
        0xC000003E,
        (
            *(101, 310, 311, 312),  # ptrace, process_vm_readv, process_vm_writev, kcmp
            *(248, 249, 250),  # add_key, request_key, keyctl
            *(298, 321, 323),  # perf_event_open, bpf, userfaultfd
            *(155, 161, 165, 166, 272, 308),  # pivot_root, chroot, mount, umount2, unshare, setns
            *(175, 176, 313),  # init_module, delete_module, finit_module
            *(246, 320),  # kexec_load, kexec_file_load
            *(303, 304),  # name_to_handle_at, open_by_handle_at
            *_SAME_EVERYWHERE,
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(117, 270, 271, 272),
            *(217, 218, 219),
            *(241, 280, 282),
            *(41, 51, 40, 39, 97, 268),
            *(105, 106, 104, 273, 294),
            *(264, 265),
            *_SAME_EVERYWHERE,
        ),
    ),
}


# Memory that belongs to no process, so that nobody's share of it could be told: memfd_create and shmget, and
# memfd_secret. CUDA might want them.
_UNCOUNTED = {"x86_64": (319, 29, 447), "aarch64": (279, 194, 447)}
# Such memory too is what mmap gives that is shared and of no file: once unmapped in part, or given up by
# madvise, it is charged to nobody, and there as long as the rest.
_MMAP = {"x86_64": 9, "aarch64": 222}
_FLAGS_AT = 40  # the fourth argument's lower half
_TYPE_AND_ANONYMOUS, _SHARED_ANONYMOUS = 0x2F, 0x21


def refuse_dangerous_calls(*, gpu: bool) -> bool:
    """From now on such calls fail with EPERM, in this process and all that it starts.

    Without a ``gpu``, also those for memory that could not be counted. Needs ``never_gain_privileges`` first.
    Returns whether this machine's calls are known here; where they are not, nothing is refused.
    """
    known = _REFUSED.get(platform.machine())
    if known is None:
        return False
    architecture, refused = known
    uncounted = () if gpu else _UNCOUNTED[platform.machine()]
    program = _program(architecture, (*refused, *uncounted), None if gpu else _MMAP[platform.machine()])
    buffer = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    told = Program(len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PRCTL_SECCOMP, ctypes.c_ulong(_MODE_FILTER), ctypes.byref(told), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel refuses a seccomp filter")
    return True


def _program(architecture: int, refused: tuple[int, ...], mmap: int | None) -> bytes:
    """Instructions of 8 bytes: operation, instructions to skip where it holds and where not, operand.

    ``mmap`` is the number of that call, where it is refused for shared memory of no file.
    """
    looks = [] if mmap is None else _looks_at_mmap(mmap)
    last = 5 + len(refused) + len(looks)
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 0, last - 2, architecture),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, last - 4, 0, _FOREIGN),
        *((_EQUAL, last - at - 1, 0, number) for at, number in enumerate(refused, start=4)),
        *looks,
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def _looks_at_mmap(number: int) -> list[tuple[int, int, int, int]]:
    """What comes before the last two instructions, of which the second refuses."""
    return [
        (_EQUAL, 0, 3, number),
        (_LOAD, 0, 0, _FLAGS_AT),
        (_AND, 0, 0, _TYPE_AND_ANONYMOUS),
        (_EQUAL, 1, 0, _SHARED_ANONYMOUS),
    ]
