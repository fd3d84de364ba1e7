#!/usr/bin/env python3
"""A service manager for tests: what systemd does for a service with a socket, notifications and a watchdog, and no more.

    manager.py SETTINGS PROGRAM [ARGUMENT...]

SETTINGS is JSON: {"listen": ["127.0.0.1", ...], "kind": "tcp"|"idle"|"unix", "watchdogMs": 2000, "env": {...}}.

The program starts with LISTEN_FDS, LISTEN_PID, NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, as a child of this
process. Each event is a line of JSON on stdout: {"event": "listens", "ports": [...]}, "started", "told" (a datagram,
with the process that sent it and what the schema was at that moment), "ended", "frozen", "thawed". Commands on stdin:

    freeze NAME    stops the first thread of that name, and it alone (ptrace: this process is its parent)
    thaw           lets it go on
    kill SIGNAL    sends the program a signal
"""
import ctypes
import glob
import json
import os
import select
import signal
import socket
import sqlite3
import struct
import sys
import tempfile

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {tid}")


def thread_called(pid, name):
    for path in sorted(glob.glob(f"/proc/{pid}/task/*/comm")):
        with open(path, encoding="utf-8") as file:
            if file.read().strip() == name:
                return int(path.split("/")[4])
    raise LookupError(f"no thread is called {name}")


def sockets(settings):
    made = []
    for host in settings.get("listen", []):
        kind = settings.get("kind", "tcp")
        one = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET6 if ":" in host else socket.AF_INET)
        if kind == "unix":
            one.bind(os.path.join(tempfile.mkdtemp(), "socket"))
        else:
            one.bind((host, 0))
        if kind != "idle":
            one.listen(64)
        made.append(one)
    return made


def start(settings, words, listening, notify):
    pid = os.fork()
    if pid > 0:
        return pid
    # As systemd does: the sockets from descriptor 3 on, the process ids those of the program itself.
    copies = [os.dup(one.fileno()) for one in listening]
    high = [os.dup2(one, 200 + i) for i, one in enumerate(copies)]
    for i, one in enumerate(high):
        os.dup2(one, 3 + i, inheritable=True)
    env = {**os.environ, "NOTIFY_SOCKET": notify, **settings.get("env", {})}
    if listening:
        env.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(listening)), LISTEN_FDNAMES="porchlight.socket")
    if settings.get("watchdogMs"):
        env.update(WATCHDOG_USEC=str(settings["watchdogMs"] * 1000), WATCHDOG_PID=str(os.getpid()))
    os.closerange(3 + len(high), 300)
    os.execve(words[0], words, env)


def schema(data):
    """How many migrations the database has had, as who is told of readiness finds it."""
    try:
        db = sqlite3.connect(f"file:{data}/porchlight.db?mode=ro", uri=True)
        return db.execute("SELECT count(*) FROM migrations").fetchone()[0]
    except sqlite3.Error:
        return 0


def main():
    settings, words = json.loads(sys.argv[1]), sys.argv[2:]
    data = words[words.index("--data") + 1]
    listening = sockets(settings)
    ports = [] if settings.get("kind") == "unix" else [one.getsockname()[1] for one in listening]
    say("listens", ports=ports)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    path = os.path.join(tempfile.mkdtemp(), "notify")
    notify.bind(path)
    if sys.stdin.readline().strip() != "start":
        return
    pid = start(settings, words, listening, path)
    say("started", pid=pid)
    ended = os.pidfd_open(pid)
    traced = None
    while True:
        ready, _, _ = select.select([notify, sys.stdin, ended], [], [])
        if notify in ready:
            text, more, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(12))
            sender = struct.unpack("iii", more[0][2][:12])[0]
            say("told", states=text.decode().split("\n"), sender=sender, schema=schema(data))
            continue  # what was told before the end is said before it
        if ended in ready:
            _, status = os.waitpid(pid, 0)
            say("ended", code=os.waitstatus_to_exitcode(status))
            return
        words = sys.stdin.readline().split(" ", 1)
        if not words[0]:
            os.kill(pid, signal.SIGKILL)  # who started us is gone
        elif words[0] == "freeze":
            traced = thread_called(pid, words[1].strip())
            ptrace(PTRACE_SEIZE, traced)
            ptrace(PTRACE_INTERRUPT, traced)
            os.waitpid(traced, 0x40000000)  # __WALL
            say("frozen", thread=traced)
        elif words[0].strip() == "thaw":
            ptrace(PTRACE_DETACH, traced)
            say("thawed")
        elif words[0] == "kill":
            os.kill(pid, getattr(signal, words[1].strip()))


main()
