"""A port that forwards connections to a server: with TLS in front of it, or reachable only when a test says so."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


def pour(source: socket.socket, sink: socket.socket) -> None:
    """Copies until one side closes, then closes both ways of the other."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@dataclass
class Forwarder:
    """Forwards from `port`, which accepts connections at once, to the port `to` of this machine."""

    to: int
    tls: ssl.SSLContext | None = None
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    # Reasons of failed handshakes.
    refused: list[str] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        return self.listener.getsockname()[1]

    def accept(self) -> None:
        """Takes connections until the listener is closed; none is served before the gate is open."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        self.open.wait()
        if self.tls:
            try:
                connection = self.tls.wrap_socket(connection, server_side=True)
            except OSError as error:
                self.refused.append(str(error))
                connection.close()
                return
        with connection, socket.create_connection(("127.0.0.1", self.to)) as server:
            back = threading.Thread(target=pour, args=[server, connection], daemon=True)
            back.start()
            pour(connection, server)
            back.join()


@contextmanager
def forward(to: int, tls: ssl.SSLContext | None = None) -> Iterator[Forwarder]:
    """A forwarder whose gate is shut: a peer that accepts connections and never answers. `open.set()` opens it."""
    forwarder = Forwarder(to, tls)
    threading.Thread(target=forwarder.accept, daemon=True).start()
    try:
        yield forwarder
    finally:
        # On Linux, closing alone does not wake `accept`.
        forwarder.listener.shutdown(socket.SHUT_RDWR)
        forwarder.listener.close()
        forwarder.open.set()
