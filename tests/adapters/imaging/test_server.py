"""The imaging server over real sockets: what it answers to whom, and what it does not."""

from __future__ import annotations

import http.client
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from fleetctl.core.imaging.claim import Claim
from fleetctl.core.imaging.record import Stage
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.releases.catalogue import Catalogue, Published
from fleetctl.services.image_requests import conclude, request, unknown, withdraw
from tests.builders import imager as bench
from tests.builders.imager import Bench
from tests.builders.imaging import MODEL, NOON, OFFER, fleet, host_key, later, machine, unit

pytestmark = pytest.mark.skipif(bool(bench.lacking()), reason=bench.lacking() or "-")
UNIT = "home/r1"
BOOTED = machine(1, "b007-0001")


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bench.write_image(tmp_path_factory.mktemp("images") / "image")


@dataclass
class Talk:
    """Speaks with a server as iPXE and imagers do."""

    url: str

    def ask(self, path: str, claim: Claim | None = None, **said: str) -> tuple[int, str, bytes]:
        """GET, or POST if something is said; returns status, reason and body."""
        words = {"serial": claim.serial, "mac": claim.mac, "boot": claim.boot} if claim else {}
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        if said:
            connection.request("POST", path, urlencode({**words, **said}))
        else:
            connection.request("GET", f"{path}?{urlencode(words)}" if claim else path)
        answer = connection.getresponse()
        return answer.status, answer.reason, answer.read()

    def token(self, claim: Claim = BOOTED) -> str:
        _, _, body = self.ask("/v1/manifest", claim)
        return next(line.partition("=")[2] for line in body.decode().splitlines() if line.startswith("token="))

    def script(self, claim: Claim) -> str:
        return self.ask("/v1/boot.ipxe", claim)[2].decode()


@contextmanager
def talking(bench: Bench, *, asked: bool = True) -> Iterator[Talk]:
    if asked:
        request(bench.state, [unit(1)], "ada", NOON, again=True)
    with bench.serving() as url:
        yield Talk(url)


@pytest.fixture
def parts(tmp_path: Path, image: Path) -> Bench:
    return Bench(tmp_path / "server", image)


def stage(parts: Bench) -> Stage:
    return parts.state.imaging.records()[UNIT].stage


# --- who gets what ---------------------------------------------------------------------------------------------------


def test_a_unit_that_was_asked_for_boots_the_imager_and_gets_a_signed_manifest(parts: Bench, tmp_path: Path) -> None:
    with talking(parts) as talk:
        script = talk.script(machine(1))
        assert f"kernel {talk.url}/v1/boot/{OFFER.release}/kernel " in script
        assert talk.ask(f"/v1/boot/{OFFER.release}/kernel")[2] == b"vmlinuz"
        assert talk.ask(f"/v1/boot/{OFFER.release}/imager")[2].startswith(b"imager.cpio.gz")
        _, _, signed = talk.ask("/v1/manifest", BOOTED)
    mark = signed.index(b"-----BEGIN SSH SIGNATURE-----")
    (tmp_path / "signature").write_bytes(signed[mark:])
    (tmp_path / "signers").write_text(f"x {parts.signer.public}\n")
    verify = ["ssh-keygen", "-Y", "verify", "-f", "signers", "-I", "x", "-n", "fleetctl-imaging", "-s", "signature"]
    said = subprocess.run(verify, cwd=tmp_path, input=signed[:mark], capture_output=True)
    assert said.returncode == 0, said.stderr
    tampered = subprocess.run(verify, cwd=tmp_path, input=signed[:mark].replace(b"=/disk", b"=/evil"))
    assert tampered.returncode != 0


def test_a_declared_unit_that_nobody_asked_for_boots_from_its_disk(parts: Bench) -> None:
    with talking(parts, asked=False) as talk:
        assert talk.script(machine(1)).endswith("exit 0\n")
        assert talk.ask("/v1/manifest", BOOTED)[:2] == (403, "nobody asked for it to be imaged")
    assert parts.state.imaging.strangers() == []


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (Claim("X-1", "52:54:00:00:00:99"), "no unit has its serial or its MAC"),
        (Claim("X-1", machine(1).mac), "it has the MAC of home/r1, whose serial is RAD-0001"),
    ],
)
def test_an_unknown_machine_is_refused_and_listed_until_it_is_declared(parts: Bench, claim: Claim, reason: str) -> None:
    with talking(parts) as talk:
        script = talk.script(claim)
        assert reason in script
        assert script.endswith("sleep 30\nexit 1\n")
        assert talk.ask("/v1/manifest", replace(claim, boot="b007-0002"))[0] == 403
    ((stranger, why),) = unknown(parts.state, parts.ground().register)
    assert (stranger.claim.machine, stranger.address, why) == (claim.machine, "127.0.0.1", reason)
    declared = Bench(parts.folder, parts.image, fleet(unit(1, serial="X-1", mac=claim.mac)))
    assert unknown(parts.state, declared.ground().register) == []


def test_two_machines_that_claim_one_unit_both_get_nothing_until_a_person_asks_again(parts: Bench) -> None:
    rival = Claim("OTHER-1", machine(1).mac)
    with talking(parts) as talk:
        token = talk.token()
        talk.script(rival)
        assert stage(parts) is Stage.QUARANTINED
        assert "two machines claim to be home/r1" in talk.script(machine(1))
        assert talk.ask("/v1/enrol", BOOTED, token=token, key=host_key())[0] == 403
        request(parts.state, [unit(1)], "ada", later(60 * 24 * 365 * 5), again=True)
        assert "kernel " in talk.script(machine(1))


def test_an_image_is_given_only_of_a_release_that_is_signed_fresh_and_not_withdrawn(parts: Bench) -> None:
    published = Published(OFFER.release, MODEL.compatible, Kind.RADIATOR, (MODEL.id,), 1, "ab" * 32)
    of = Catalogue({OFFER.release: published})
    for catalogue, stale, reason in (
        (of, "the releases' metadata expired", "metadata expired"),
        (of.withdrawn(OFFER.release, "fans stand still"), None, "withdrawn: fans stand still"),
        (Catalogue(), None, "is not signed"),
        (of, None, "was not built with the bundle that is signed"),
    ):
        parts.catalogue, parts.stale = catalogue, stale
        with talking(parts) as talk:
            assert reason in talk.script(machine(1))
            status, said, _ = talk.ask("/v1/manifest", BOOTED)
        assert (status, reason in said) == (403, True)
        assert reason in parts.state.imaging.records()[UNIT].note


def test_a_unit_without_an_image_waits_and_says_why(tmp_path: Path) -> None:
    other = bench.write_image(tmp_path / "images" / "other", version="qh-1-2027.01.0")
    parts = Bench(tmp_path / "server", other)
    with talking(parts) as talk:
        assert f"there is no image of {OFFER.release} for a radiator qh-1" in talk.script(machine(1))


# --- the host key ----------------------------------------------------------------------------------------------------


def test_a_host_key_is_pinned_at_the_end_and_every_word_may_be_said_twice(parts: Bench) -> None:
    with talking(parts) as talk:
        token = talk.token()
        for _ in range(2):
            assert talk.ask("/v1/enrol", BOOTED, token=token, key=host_key())[0] == 200
        assert parts.state.units.pins() == {}
        for _ in range(2):
            assert talk.ask("/v1/done", BOOTED, token=token)[0] == 200
        assert [pin.key for pin in parts.state.units.pins()[UNIT]] == [host_key().split()[1]]
        assert talk.script(machine(1)).endswith("exit 0\n")


def test_a_token_that_was_used_or_replaced_is_good_for_nothing(parts: Bench) -> None:
    with talking(parts) as talk:
        old, new = talk.token(), talk.token()
        assert old != new
        assert talk.ask("/v1/enrol", BOOTED, token=old, key=host_key())[0] == 403
        assert talk.ask("/v1/enrol", machine(2, "b007-0001"), token=new, key=host_key())[0] == 403
        assert talk.ask("/v1/enrol", BOOTED, token=new, key=host_key())[0] == 200
        assert talk.ask("/v1/enrol", BOOTED, token=new, key=host_key("B"))[0] == 403
        assert talk.ask("/v1/done", BOOTED, token=new)[0] == 200
        assert talk.ask("/v1/enrol", BOOTED, token=new, key=host_key("B"))[0] == 403
    assert [pin.key for pin in parts.state.units.pins()[UNIT]] == [host_key().split()[1]]


def test_no_token_is_in_the_state(parts: Bench) -> None:
    with talking(parts) as talk:
        token = talk.token()
    assert token not in repr(parts.state.imaging.records())


def test_a_lost_last_word_is_made_up_for_when_the_machine_proves_its_key(parts: Bench) -> None:
    with talking(parts) as talk:
        assert talk.ask("/v1/enrol", BOOTED, token=talk.token(), key=host_key())[0] == 200
    now = parts.state.imaging.records()[UNIT].at
    pin = bench.pin_of(host_key())
    assert conclude(parts.state, lambda _: [pin], now) == [], "it may still be at it"
    long_after = now.replace(year=now.year + 1)
    assert conclude(parts.state, lambda _: [bench.pin_of(host_key("B"))], long_after) == []
    assert [record.unit for record in conclude(parts.state, lambda _: [pin], long_after)] == [UNIT]
    assert parts.state.units.pins()[UNIT] == (pin,)


def test_a_request_that_is_withdrawn_is_over_for_its_machine(parts: Bench) -> None:
    with talking(parts) as talk:
        token = talk.token()
        assert withdraw(parts.state, [unit(1), unit(2)], "ada", NOON) == [UNIT]
        assert talk.ask("/v1/enrol", BOOTED, token=token, key=host_key())[0] == 403
        assert talk.script(machine(1)).endswith("exit 0\n")


# --- what comes over the network may be anything ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 404),
        ("/v1/chunk/" + "0" * 64, 404),
        ("/v1/chunk/../../../etc/passwd", 404),
        ("/v1/boot/../kernel", 404),
        ("/v1/boot/unknown/kernel", 404),
        ("/v1/manifest", 400),
        ("/v1/boot.ipxe?mac=nonsense", 400),
        ("/v1/manifest?mac=52:54:00:00:00:01&serial=RAD-0001&boot=%0a", 400),
    ],
)
def test_what_makes_no_sense_is_refused(parts: Bench, path: str, status: int) -> None:
    with talking(parts) as talk:
        assert talk.ask(path)[0] == status


def test_what_is_too_long_is_not_read(parts: Bench) -> None:
    with talking(parts) as talk:
        assert talk.ask("/v1/progress", BOOTED, note="x" * 10_000)[0] == 413


def test_a_host_header_cannot_put_words_into_a_script(parts: Bench) -> None:
    with talking(parts) as talk:
        connection = http.client.HTTPConnection(urlsplit(talk.url).netloc, timeout=20)
        asked = urlencode({"serial": machine(1).serial, "mac": machine(1).mac})
        connection.request("GET", f"/v1/boot.ipxe?{asked}", headers={"Host": "a b && shell"})
        assert connection.getresponse().status == 400
