"""A proxy between a client and InfluxDB that cuts a connection in the middle of an answer."""

import socket
import socketserver
import threading
from typing import Self

PIECE = 4096


class CuttingProxy(socketserver.ThreadingTCPServer):
    """Forwards to ``target``; after ``answer_bytes`` of answers in all it closes what is open and answers no more.

    Args:
        target: host and port.
        answer_bytes: how many bytes of answers go through.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, target: tuple[str, int], answer_bytes: int) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.target, self.answer_bytes = target, answer_bytes
        self.passed = 0
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Forward(socketserver.BaseRequestHandler):
    server: CuttingProxy

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as upstream:
            back = threading.Thread(target=self._answers, args=(upstream,), daemon=True)
            back.start()
            while data := self.request.recv(PIECE):
                upstream.sendall(data)
            upstream.shutdown(socket.SHUT_WR)
            back.join()

    def _answers(self, upstream: socket.socket) -> None:
        try:
            while data := upstream.recv(PIECE):
                left = self.server.answer_bytes - self.server.passed
                self.server.passed += len(data)
                self.request.sendall(data[: max(left, 0)])
                if left < len(data):
                    break
        except OSError:
            pass
        finally:
            self.request.shutdown(socket.SHUT_RDWR)
