"""Organizations, people, places: shared by content, with what a trial says of them kept on the trial."""

from typing import Any

import pytest

from fhir_trial.release import Release
from tests.mapping.made import back, codes, extensions, of_type, study, trial

SITE: dict[str, Any] = {
    "facility": "City Hospital",
    "city": "Lyon",
    "country": "France",
    "geoPoint": {"lat": 45.75, "lon": 4.85},
}
SPONSORS: dict[str, Any] = {
    "leadSponsor": {"name": "University of Somewhere", "class": "OTHER"},
    "collaborators": [{"name": "Acme", "class": "INDUSTRY"}],
}


def test_a_site_is_the_same_location_in_every_trial_whatever_its_status() -> None:
    one = trial(1, contactsLocationsModule={"locations": [SITE | {"status": "RECRUITING"}]})
    two = trial(2, contactsLocationsModule={"locations": [SITE | {"status": "COMPLETED"}]})
    assert of_type(one, "Location") == of_type(two, "Location")
    (reference,) = study(one)["site"]
    status = extensions(reference, "site-recruitment")[0]["extension"][0]["valueCodeableConcept"]
    assert codes(status) == ["recruiting"]


def test_a_site_listed_twice_is_one_location_referred_to_twice() -> None:
    stated = trial(contactsLocationsModule={"locations": [SITE, SITE]})
    assert len(of_type(stated, "Location")) == 1
    assert len(study(stated)["site"]) == 2
    assert back(stated)["protocolSection"]["contactsLocationsModule"]["locations"] == [SITE, SITE]


def test_organizations_have_the_class_of_the_registry_and_hl7s_where_there_is_one() -> None:
    stated = trial(sponsorCollaboratorsModule=SPONSORS)
    university, acme = of_type(stated, "Organization")
    assert codes(university["type"][0]) == ["OTHER"]
    assert codes(acme["type"][0]) == ["industry"]


def test_a_name_without_a_class_does_not_get_the_class_of_its_namesake_back() -> None:
    module = {"leadSponsor": {"name": "Acme", "class": "INDUSTRY"}, "collaborators": [{"name": "Acme"}]}
    for release in Release:
        assert (
            back(trial(sponsorCollaboratorsModule=module), release)["protocolSection"][
                "sponsorCollaboratorsModule"
            ]
            == module
        )


def test_an_official_belongs_to_the_sponsor_of_the_same_name() -> None:
    official = {"name": "Ann Other", "affiliation": "Acme", "role": "STUDY_DIRECTOR"}
    stated = trial(
        sponsorCollaboratorsModule={"leadSponsor": {"name": "Acme", "class": "INDUSTRY"}},
        contactsLocationsModule={"overallOfficials": [official]},
    )
    (role,) = of_type(stated, "PractitionerRole")
    assert role["organization"]["reference"] == study(stated)["sponsor"]["reference"]
    assert len(of_type(stated, "Organization")) == 1


def test_r4_names_the_principal_investigator_and_not_another_official() -> None:
    officials = [
        {"name": "Chair", "role": "STUDY_CHAIR"},
        {"name": "Leader", "role": "PRINCIPAL_INVESTIGATOR"},
    ]
    written = study(trial(contactsLocationsModule={"overallOfficials": officials}))
    assert written["principalInvestigator"]["display"] == "Leader"


@pytest.mark.parametrize("release", Release)
def test_contacts_keep_role_telephone_extension_and_mail(release: Release) -> None:
    contacts = [
        {"name": "Ann", "role": "CONTACT", "phone": "555-1234", "phoneExt": "42", "email": "ann@clinic.test"},
        {"role": "CONTACT", "phoneExt": "7"},
    ]
    module = {"centralContacts": contacts, "locations": [SITE | {"contacts": contacts}]}
    stated = trial(contactsLocationsModule=module)
    assert back(stated, release)["protocolSection"]["contactsLocationsModule"] == module


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize(
    "party",
    [
        {"type": "SPONSOR"},
        {"type": "PRINCIPAL_INVESTIGATOR", "investigatorFullName": "Ann", "investigatorTitle": "Professor"},
        {"oldNameTitle": "Dr. Old", "oldOrganization": "Old Org"},
        {"type": "SPONSOR_INVESTIGATOR", "investigatorAffiliation": "University of Somewhere"},
    ],
)
def test_the_responsible_party_comes_back(release: Release, party: dict[str, str]) -> None:
    module = SPONSORS | {"responsibleParty": party}
    stated = trial(sponsorCollaboratorsModule=module)
    assert back(stated, release)["protocolSection"]["sponsorCollaboratorsModule"] == module


def test_countries_are_those_of_the_sites_each_once_with_their_iso_code() -> None:
    sites = [SITE, SITE | {"city": "Paris"}, {"city": "Utopia City", "country": "Utopia"}]
    location = study(trial(contactsLocationsModule={"locations": sites}))["location"]
    assert location == [
        {"coding": [{"system": "urn:iso:std:iso:3166", "code": "FR"}], "text": "France"},
        {"text": "Utopia"},
    ]


def test_half_a_geographic_point_is_kept_without_making_up_the_other_half() -> None:
    site = {"city": "Lyon", "geoPoint": {"lat": 45}}
    stated = trial(contactsLocationsModule={"locations": [site]})
    assert "position" not in of_type(stated, "Location")[0]
    assert back(stated)["protocolSection"]["contactsLocationsModule"]["locations"] == [site]
