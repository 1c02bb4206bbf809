"""A server on this machine that gives one file, well or badly: each request takes the next behaviour of a script."""

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Gives `data` at every path. `script` holds behaviours for the next requests; then it is honest."""

    def __init__(self, data):
        self.data = data
        self.script = []
        self.requests = []  # (path, headers)
        self.etag = '"one"'
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                server.requests.append((self.path, dict(self.headers)))
                behaviour = server.script.pop(0) if server.script else honest
                self.close_connection = True
                behaviour(self, server)

            def do_CONNECT(self):
                server.requests.append((f"CONNECT {self.path}", dict(self.headers)))
                self.close_connection = True
                self.send_error(403)

            def log_message(self, *_):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # who asks may go away at any time

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.address = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, name="net.mat"):
        return f"{self.address}/{name}"

    def ranges(self):
        return [headers.get("Range") for _, headers in self.requests]

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def answer(handler, status, body=b"", headers=(), length=None):
    handler.send_response(status)
    for name, value in dict(headers).items():
        handler.send_header(name, value)
    if length is not None or "Transfer-Encoding" not in dict(headers):
        handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.wfile.write(body)


def asked(handler, server):
    """Where the asked range begins; 0 when there is none, or when the file is another one by now."""
    match = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    return int(match[1]) if match and handler.headers.get("If-Range", server.etag) == server.etag else 0


def honest(handler, server, upto=None, **more):
    """All that was asked for; `upto` breaks off there."""
    start, size = asked(handler, server), len(server.data)
    if start >= size:
        answer(handler, 416, headers={"Content-Range": f"bytes */{size}"})
        return
    headers = {"ETag": server.etag, **more}
    if start:
        headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    answer(handler, 206 if start else 200, server.data[start:upto], headers, length=size - start)


def cut(upto):
    return lambda handler, server: honest(handler, server, upto)


def status(code, body=b"no", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, server: answer(handler, code, body, named)


def whole(body, length=None, **headers):
    """200 with this body, whatever was asked."""
    return status(200, body, **headers) if length is None else lambda h, _: answer(h, 200, body, headers, length)


def ignoring_range(handler, server):
    answer(handler, 200, server.data, {"ETag": server.etag})


def silent_after(count, seconds):
    def behave(handler, server):
        start = asked(handler, server)
        size = len(server.data)
        headers = {"ETag": server.etag}
        if start:
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        answer(handler, 206 if start else 200, server.data[start : start + count], headers, length=size - start)
        handler.wfile.flush()
        time.sleep(seconds)

    return behave
