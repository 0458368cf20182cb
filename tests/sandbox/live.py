"""A sandbox on real sockets inside this process, for what a test client cannot show."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from sandbox.server import Server


@contextmanager
def live(app: Flask) -> Iterator[int]:
    """Serve an app on a free port meanwhile."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=32)
    server = Server(app, listener)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
