"""The token: who guesses at it waits, and who has its cookie does not."""

import httpx
import pytest

from nst.web import access
from nst.web.access import Key, network_of
from nst.web.errors import Refused
from tests.support import studio_worker
from tests.support.studio_server import TOKEN, Served


@pytest.fixture
def clock(monkeypatch):
    """The time that passes, in seconds."""
    now = [1000.0]
    monkeypatch.setattr(access.time, "monotonic", lambda: now[0])
    return now


def guess(key, token, address="192.0.2.7"):
    """The status of a guess, and the seconds to wait."""
    try:
        key.check(token, address)
    except Refused as refused:
        return refused.status_code, int((refused.headers or {}).get("retry-after", 0))
    return 200, 0


def test_wrong_tokens_take_longer_and_longer(clock):
    key = Key(TOKEN, "cookie")
    for number in range(access.FREE_GUESSES):
        assert guess(key, f"wrong {number}") == (401, 0)
    waits = []
    for number in range(10):
        status, wait = guess(key, f"another {number}")
        assert status == 429
        assert guess(key, TOKEN) == (429, wait), "the right one is not compared either, or it would be found"
        assert guess(key, TOKEN, "192.0.2.8") == (200, 0), "others do not wait"
        clock[0] += wait
        assert guess(key, f"another {number}") == (401, 0)
        waits.append(wait)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    clock[0] += 60
    assert guess(key, TOKEN) == (200, 0)


def test_wrong_tokens_are_forgotten(clock):
    key = Key(TOKEN, "cookie")
    for number in range(access.FREE_GUESSES):
        guess(key, f"wrong {number}")
    clock[0] += access.FORGOTTEN + 1
    for number in range(access.FREE_GUESSES):
        assert guess(key, f"another {number}") == (401, 0)


def test_an_outdated_token_that_is_sent_again_and_again_is_one_guess(clock):
    key = Key(TOKEN, "cookie")
    for _ in range(50):
        assert guess(key, "of yesterday") == (401, 0)
    assert guess(key, TOKEN) == (200, 0)


def test_the_addresses_that_are_remembered_are_limited(clock, monkeypatch):
    monkeypatch.setattr(access, "_ADDRESSES", 3)
    key = Key(TOKEN, "cookie")
    for number in range(9):
        guess(key, "wrong", f"192.0.2.{number}")
    assert len(key._guesses) == 3


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"), ("fe80::1%eth0", "fe80::"), ("testclient", "testclient"), ("", ""),
    ],
)  # fmt: skip
def test_one_client_is_one_network(address, network):
    assert network_of(address) == network


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A studio that others can reach, with a token."""
    served = Served(
        tmp_path_factory.mktemp("locked"), command=studio_worker.command("never-ready"), host="0.0.0.0", token=TOKEN
    )
    yield served
    served.close()


@pytest.fixture
def visit(locked):
    """Opens a browser of its own, at an address of its own behind a proxy on this machine."""
    opened = []

    def visit(address, **headers):
        headers = {"x-forwarded-for": address, **{name.replace("_", "-"): value for name, value in headers.items()}}
        opened.append(httpx.Client(base_url=locked.address, headers=headers, trust_env=False))
        return opened[-1]

    yield visit
    for web in opened:
        web.close()


def guess_until_refused(web):
    for number in range(access.FREE_GUESSES + 1):
        answer = web.post("/api/token", json={"token": f"wrong {number}"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["field"] == "token"


def test_guessing_does_not_lock_out_who_is_in(visit):
    stranger, friend = visit("198.51.100.1"), visit("198.51.100.1")
    assert friend.get(f"/?token={TOKEN}").status_code == 303
    guess_until_refused(stranger)
    bearer = {"authorization": f"Bearer {TOKEN}"}
    for answer in (
        stranger.post("/api/token", json={"token": TOKEN}),
        stranger.get("/api/health", headers=bearer),
        stranger.get("/api/health", headers={"cookie": f"nst-token-{friend.base_url.port}={TOKEN}"}),
    ):
        assert answer.status_code == 429
    assert "set-cookie" not in stranger.get(f"/?token={TOKEN}").headers
    assert stranger.get("/api/health").status_code == 401, "without a token, nothing is guessed"
    assert stranger.get("/").status_code == 200
    assert friend.get("/api/health").status_code == 200
    assert visit("198.51.100.2").get("/api/health", headers=bearer).status_code == 200


def test_all_ways_to_send_a_token_are_guesses(visit, locked):
    ways = [
        lambda web, token: web.post("/api/token", json={"token": token}),
        lambda web, token: web.get("/api/health", headers={"authorization": f"Bearer {token}"}),
        lambda web, token: web.get("/api/health", headers={"cookie": f"nst-token-{locked.port}={token}"}),
        lambda web, token: web.get(f"/?token={token}"),
    ]
    for place, way in enumerate(ways):
        web = visit(f"198.51.100.{10 + place}")
        for number in range(access.FREE_GUESSES):
            way(web, f"wrong{number}")
        assert web.post("/api/token", json={"token": "another"}).status_code == 429


def test_an_address_is_not_believed_from_anybody(locked):
    """Else each guess would have an address of its own."""
    import ipaddress

    from nst.web.server import Config

    config = Config(locked.app, proxies=["192.0.2.0/24"])
    for trusted in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "192.0.2.200"):
        assert any(ipaddress.ip_address(trusted) in network for network in config.proxies), trusted
    for other in ("192.0.3.1", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1"):
        assert not any(ipaddress.ip_address(other) in network for network in config.proxies), other


def test_the_cookie_is_sent_encrypted_only_where_it_came_encrypted(visit):
    over = visit("198.51.100.30", x_forwarded_proto="https")
    plain = visit("198.51.100.30").get(f"/?token={TOKEN}").headers["set-cookie"]
    secure = over.get(f"/?token={TOKEN}").headers["set-cookie"]
    assert secure.startswith("__Host-")
    assert over.get("/api/health", headers={"cookie": secure.partition(";")[0]}).status_code == 200
    assert "Secure" not in plain
    assert "Secure" in secure
    assert TOKEN not in plain + secure


def test_the_cookie_remains_valid_with_the_same_secret_only():
    kept, same, other = (Key(TOKEN, "cookie", secret) for secret in ("kept", "kept", "other"))
    headers = {}

    class Response:
        def set_cookie(self, name, value, **_):
            headers["cookie"] = f"{name}={value}"

    kept.remember(Response(), "http")
    same.check_request(headers, "192.0.2.1")
    with pytest.raises(Refused):
        same.check_request(headers, "192.0.2.1", cookies=False)
    with pytest.raises(Refused):
        other.check_request(headers, "192.0.2.1")
