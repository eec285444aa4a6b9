"""An IMAP server in the test's process: real conversations over TLS about one folder, as RFC 3501 has them."""

from __future__ import annotations

import re
import socket
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from typing import Any

_UID_COMMAND = re.compile(r"UID (SEARCH|FETCH|STORE|EXPUNGE) (\S+) ?(.*)", re.IGNORECASE)
_PARTIAL = re.compile(r"BODY\.PEEK\[\]<(\d+)\.(\d+)>")


@dataclass
class Kept:
    """A message of the folder."""

    uid: int
    content: bytes
    flags: set[str] = field(default_factory=set)


@dataclass
class ImapServer:
    """Listens on a free port of this machine. ``announced``: the size of literals it tells instead of the right one."""

    context: ssl.SSLContext
    user: str = "bounces"
    password: str = 'pass "word"'
    folder: str = "INBOX"
    uidplus: bool = True
    announced: str | None = None
    kept: list[Kept] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _next: int = 1
    _server: socketserver.ThreadingTCPServer | None = None

    def add(self, content: bytes) -> Kept:
        """A message arrives."""
        with self.lock:
            self.kept.append(Kept(self._next, content))
            self._next += 1
            return self.kept[-1]

    def start(self) -> int:
        """Listen; on which port."""
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Conversation(outer, self.request).hold()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        port: int = self._server.server_address[1]
        return port

    def stop(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Conversation:
    def __init__(self, server: ImapServer, connection: socket.socket) -> None:
        self._server = server
        self._plain = connection
        self._file: Any = None
        self._selected = False

    def hold(self) -> None:
        """Until the client leaves, or breaks off."""
        try:
            with self._server.context.wrap_socket(self._plain, server_side=True) as secure:
                self._file = secure.makefile("rwb")
                self._say("* OK ready")
                while line := self._file.readline():
                    if not self._answer(line.decode("utf-8").rstrip("\r\n")):
                        return
        except OSError:
            return

    def _say(self, line: str, literal: bytes | None = None, rest: str = "") -> None:
        self._file.write(line.encode() + b"\r\n")
        if literal is not None:
            self._file.write(literal + rest.encode() + b"\r\n")
        self._file.flush()

    def _answer(self, line: str) -> bool:
        tag, _, command = line.partition(" ")
        word = command.partition(" ")[0].upper()
        with self._server.lock:
            refusal = self._do(word, command)
        self._say(f"{tag} {refusal or 'OK done'}")
        return word != "LOGOUT"

    def _do(self, word: str, command: str) -> str | None:
        """Carry a command out; the answer to one that is refused."""
        server = self._server
        if word == "CAPABILITY":
            self._say(f"* CAPABILITY IMAP4rev1{' UIDPLUS' if server.uidplus else ''}")
        elif word == "LOGIN":
            quoted = server.password.replace('"', '\\"')
            if command != f'LOGIN {server.user} "{quoted}"':
                return "NO [AUTHENTICATIONFAILED] no"
        elif word == "SELECT":
            if command != f'SELECT "{server.folder}"':
                return "NO no such folder"
            self._selected = True
            self._say(f"* {len(server.kept)} EXISTS")
        elif word == "LOGOUT":
            self._say("* BYE")
        elif (found := _UID_COMMAND.fullmatch(command)) and self._selected:
            self._by_uid(*found.groups())
        else:
            return "BAD what?"
        return None

    def _by_uid(self, word: str, which: str, rest: str) -> None:
        kept = self._server.kept
        if word == "SEARCH":
            first, last = map(int, which.split(":"))
            hidden = {{"UNSEEN": "\\Seen", "UNDELETED": "\\Deleted"}[key] for key in rest.split()}
            uids = [str(each.uid) for each in kept[first - 1 : last] if not each.flags & hidden]
            self._say(" ".join(["* SEARCH", *uids]))
            return
        for number, each in enumerate(list(kept), 1):
            if each.uid != int(which):
                continue
            if word == "EXPUNGE":
                assert "\\Deleted" in each.flags
                kept.remove(each)
                self._say(f"* {number} EXPUNGE")
            elif word == "STORE":
                how, _, flags = rest.partition(" ")
                assert how == "+FLAGS.SILENT"
                each.flags.update(flags.strip("()").split())
            else:
                self._fetch(number, each, rest)

    def _fetch(self, number: int, each: Kept, rest: str) -> None:
        partial = _PARTIAL.search(rest)
        assert partial is not None
        begin, most = map(int, partial.groups())
        content = each.content[begin : begin + most]
        size = self._server.announced or len(content)
        self._say(f"* {number} FETCH (UID {each.uid} BODY[]<{begin}> {{{size}}}", content, ")")
