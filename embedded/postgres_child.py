"""Becomes a PostgreSQL program: as another user if asked, and ended by the kernel when its parent ends.

Run as a program of its own, with the standard library only, because code between fork and exec is not safe
in a process with threads. Usage: postgres_child.py PARENT_PID DIRECTORY UID GID PROGRAM ARGUMENTS...

The order matters: the current directory is entered while there is still the right to, because an
unprivileged user may not be able to reach it by its path; and the wish to be told of the parent's
death is made after the change of user, which would cancel it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_parent(parent: int) -> None:
    """Ask Linux for SIGINT, PostgreSQL's fast shutdown, when the thread that started this process ends."""
    if sys.platform != "linux":
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0) != 0:
        sys.exit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:  # it ended before it was asked for
        sys.exit("the parent is gone")


def main(arguments: list[str]) -> None:
    parent, directory, uid, gid = int(arguments[0]), arguments[1], int(arguments[2]), int(arguments[3])
    os.chdir(directory)
    os.umask(0o077)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    end_with_parent(parent)
    os.execv(arguments[4], arguments[4:])  # noqa: S606 - never a shell


if __name__ == "__main__":
    main(sys.argv[1:])
