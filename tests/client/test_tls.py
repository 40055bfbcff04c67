"""Custom authorities and client certificates, against a real TLS server on loopback."""

from pathlib import Path

import pytest

from fhir_trial.client import Client, Retry, Secret, Tls
from fhir_trial.errors import ServerError
from tests.client.certificates import PASSWORD, Certificates, certificates
from tests.client.loopback import Reply, Request, serving

RETRY = Retry(sleep=lambda _: pytest.fail("a certificate that is refused is refused again"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


def study(request: Request) -> Reply:
    return 200, {"resourceType": "ResearchStudy", "id": "NCT1"}


def read(url: str, tls: Tls | None) -> str:
    with Client(url, tls=tls, retry=RETRY) as client:
        return str(client.read("ResearchStudy", "NCT1")["id"])


def test_a_server_of_an_authority_of_our_own_is_trusted(made: Certificates) -> None:
    with serving(study, made.server_context()) as url:
        assert read(url, Tls(ca=made.ca)) == "NCT1"


def test_a_server_of_an_unknown_authority_is_not_trusted(made: Certificates) -> None:
    with (
        serving(study, made.server_context()) as url,
        pytest.raises(ServerError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        read(url, None)


def test_a_server_under_another_name_is_not_trusted(made: Certificates) -> None:
    with serving(study, made.server_context()) as url, pytest.raises(ServerError, match=r"127\.0\.0\.1"):
        read(url.replace("localhost", "127.0.0.1"), Tls(ca=made.ca))


def test_our_certificate_is_shown_to_a_server_that_wants_it(made: Certificates) -> None:
    tls = Tls(ca=made.ca, certificate=made.client, key=made.client_key, password=Secret(PASSWORD))
    with serving(study, made.server_context(wants_client=True)) as url:
        assert read(url, tls) == "NCT1"


def test_a_server_that_wants_our_certificate_refuses_us_without(made: Certificates) -> None:
    with serving(study, made.server_context(wants_client=True)) as url, pytest.raises(ServerError) as caught:
        read(url, Tls(ca=made.ca))
    assert caught.value.status is None


@pytest.mark.parametrize("password", [None, Secret("wrong")])
def test_a_wrong_password_is_the_callers_mistake(made: Certificates, password: Secret | None) -> None:
    with pytest.raises(ValueError, match="cannot use the certificate files"):
        Tls(certificate=made.client, key=made.client_key, password=password).context()


def test_files_that_are_not_there_or_no_certificates_are_the_callers_mistake(
    made: Certificates, tmp_path: Path
) -> None:
    for tls in (Tls(ca=tmp_path / "none.pem"), Tls(certificate=made.client_key)):
        with pytest.raises(ValueError, match="cannot use the certificate files"):
            tls.context()


def test_the_repr_does_not_show_the_password() -> None:
    assert PASSWORD not in repr(Tls(password=Secret(PASSWORD)))
