"""Posting over real sockets: answers, silence, redirects, certificates."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fleetctl.adapters.webhook import HttpPoster
from fleetctl.core.problems import CouldNot
from tests.builders.receiver import HANG_UP, receiving

POSTER = HttpPoster(timeout_s=5)


def test_a_message_arrives_as_it_was_given() -> None:
    with receiving() as receiver:
        status = POSTER.post(f"{receiver.url}/fleet/hook?team=a%20b", {"X-One": "1"}, "é".encode())
    (got,) = receiver.got
    assert (status, got.path, got.body, got.headers["x-one"]) == (204, "/fleet/hook?team=a%20b", "é".encode(), "1")


@pytest.mark.parametrize("status", [200, 302, 307, 404, 500])
def test_the_answer_is_returned_and_nothing_is_followed(status: int) -> None:
    with receiving() as receiver:
        receiver.answers = [status]
        assert POSTER.post(f"{receiver.url}/hook", {}, b"{}") == status
    assert [got.path for got in receiver.got] == ["/hook"]


def test_a_server_that_hangs_up_is_said_without_the_token_in_the_address() -> None:
    with receiving() as receiver:
        receiver.answers = [HANG_UP]
        with pytest.raises(CouldNot, match="localhost does not answer") as refused:
            POSTER.post(f"{receiver.url}/services/T0KEN?key=T0KEN", {}, b"{}")
    assert "T0KEN" not in str(refused.value)


def test_a_server_that_says_nothing_is_given_up() -> None:
    with receiving() as receiver:
        receiver.hold.clear()
        with pytest.raises(CouldNot, match="timed out"):
            HttpPoster(timeout_s=0.1).post(f"{receiver.url}/", {}, b"{}")


def test_nobody_listening_is_said() -> None:
    with receiving() as receiver:
        url = receiver.url
    with pytest.raises(CouldNot, match="refused"):
        POSTER.post(url, {}, b"{}")


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return what a server with a certificate that nobody vouches for uses."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "both.pem").write_bytes(pem + builder.sign(key, None).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    with receiving(self_signed(tmp_path)) as receiver, pytest.raises(CouldNot, match="certificate verify failed"):
        POSTER.post(f"{receiver.url}/", {}, b"{}")
    assert receiver.got == []
