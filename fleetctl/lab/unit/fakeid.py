"""Let programs that insist on changing ids run where there is only one id.

A user namespace made without `newuidmap` holds a single id, and the kernel refuses setgroups and chown to any other.
sshd gives up at that. A seccomp filter answers 0 to those calls without doing anything (the trick is Charliecloud's);
nothing is lost, since there is no second user to protect from.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

_SYSCALLS = {
    # AUDIT_ARCH, (setgroups, chown, fchown, lchown, fchownat)
    "x86_64": (0xC000003E, (116, 92, 93, 94, 260)),
    "aarch64": (0xC00000B7, (159, 55, 54)),  # no chown, no lchown there
}
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ANSWER_ZERO = 0x7FFF0000, 0x00050000
_AT_ARCH, _AT_NUMBER = 4, 0
_PR_SET_SECCOMP, _FILTER, _PR_SET_NO_NEW_PRIVS = 22, 2, 38


def filter_program(machine: str) -> bytes:
    """Return the BPF program for a machine type as the kernel wants it: 8 bytes an instruction.

    Raises:
        KeyError: for a machine type whose system call numbers are not known here.
    """
    arch, numbers = _SYSCALLS[machine]
    count = len(numbers)
    program = _instruction(_LOAD, 0, 0, _AT_ARCH)
    program += _instruction(_JUMP_EQUAL, 0, count + 1, arch)  # another architecture: straight to ALLOW
    program += _instruction(_LOAD, 0, 0, _AT_NUMBER)
    for position, number in enumerate(numbers):
        program += _instruction(_JUMP_EQUAL, count - position, 0, number)
    return program + _instruction(_RETURN, 0, 0, _ALLOW) + _instruction(_RETURN, 0, 0, _ANSWER_ZERO)


def install() -> None:
    """Put this process and all its future children under the filter.

    Raises:
        OSError: if the kernel refuses.
    """
    program = filter_program(platform.machine())
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_void_p] * 4
    if libc.prctl(_PR_SET_SECCOMP, _FILTER, header, None, None) == 0:
        return
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, None, None, None)  # what an unprivileged process owes before a filter
    if libc.prctl(_PR_SET_SECCOMP, _FILTER, header, None, None):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def _instruction(code: int, jump_true: int, jump_false: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, jump_true, jump_false, value)
