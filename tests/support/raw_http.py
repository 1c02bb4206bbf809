"""Requests to the studio byte by byte, as no client library sends them."""

import json
import select

from tests.support.studio_server import answered

FORM = (
    b'--x\r\nContent-Disposition: form-data; name="content_name"\r\n\r\nchelsea\r\n'
    b'--x\r\nContent-Disposition: form-data; name="style_name"\r\n\r\nink\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
)
ROUTES = {
    "/api/jobs": ("multipart/form-data; boundary=x", FORM),
    "/api/preview": ("multipart/form-data; boundary=x", FORM),
    "/generate_stylised_image": ("multipart/form-data; boundary=x", FORM),
    "/api/token": ("application/json", b'{"token": "'),
}


def head(path, kind, *more):
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def chunked(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def has_answered(connection):
    return bool(select.select([connection], [], [], 0)[0])


def problem(connection):
    status, body = answered(connection)
    return status, json.loads(body)["message"]


def asked(served, text, body=b""):
    """The answer to a request that is sent as it stands."""
    with served.raw() as connection:
        connection.sendall(text.replace("\n", "\r\n").encode("latin-1") + body)
        return answered(connection)
