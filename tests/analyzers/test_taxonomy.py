"""Log sources and the records that answer them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_evidence.analyzers import taxonomy
from claude_evidence.analyzers._taxonomy_data import POWERSHELL_EVENTS, SECURITY_EVENTS, SERVICES, SYSMON_EVENTS

SYSMON = "Microsoft-Windows-Sysmon/Operational"


@dataclass(frozen=True)
class Source:
    product: str | None = "windows"
    category: str | None = None
    service: str | None = None


@pytest.mark.parametrize(
    ("service", "channel"),
    [
        ("system", "System"),
        ("security", "Security"),
        ("appmodel-runtime", "Microsoft-Windows-AppModel-Runtime/Admin"),
        # the channel has no hyphen before Server, the provider has one
        ("appxdeployment-server", "Microsoft-Windows-AppXDeploymentServer/Operational"),
        # the provider is AppxPackagingOM
        ("appxpackaging-om", "Microsoft-Windows-AppxPackaging/Operational"),
        ("windefend", "Microsoft-Windows-Windows Defender/Operational"),
    ],
)
def test_a_service_is_its_channel_and_keeps_field_names(service: str, channel: str) -> None:
    source = Source(service=service)
    assert taxonomy.channels(source) == (channel,)
    assert taxonomy.stored_names(source, "Image") == {"Image"}
    assert not taxonomy.unsupported(source)


def test_process_creation_is_answered_by_sysmon_and_by_security() -> None:
    sysmon, security = taxonomy.rewrites(Source(category="process_creation"))
    assert (sysmon.channels, sysmon.event_ids, sysmon.fields) == ((SYSMON,), (1,), {})
    assert (security.channels, security.event_ids) == (("Security",), (4688,))
    assert security.fields["Image"] == "NewProcessName"
    assert security.fields["ParentImage"] == "ParentProcessName"


@pytest.mark.parametrize(
    ("field", "stored"),
    [("Image", "NewProcessName"), ("ParentProcessId", "ProcessId"), ("CommandLine", "CommandLine")],
)
def test_stored_names_hold_the_rules_name_too(field: str, stored: str) -> None:
    assert taxonomy.stored_names(Source(category="process_creation"), field) == {field, stored}


def test_a_service_narrows_a_category() -> None:
    only = taxonomy.rewrites(Source(category="process_creation", service="security"))
    assert [part.event_ids for part in only] == [(4688,)]
    assert taxonomy.channels(Source(category="process_creation", service="sysmon")) == (SYSMON,)


def test_categories_that_share_an_event_id_differ_by_their_event_type() -> None:
    add, delete = (taxonomy.rewrites(Source(category=name))[0] for name in ("registry_add", "registry_delete"))
    assert add.event_ids == delete.event_ids == (12,)
    assert not set(add.only["EventType"]) & set(delete.only["EventType"])
    assert taxonomy.filter_fields(Source(category="registry_add")) == {"EventType"}


def test_windows_alone_means_every_channel() -> None:
    source = Source()
    assert taxonomy.channels(source) == () and not taxonomy.unsupported(source)
    assert len(taxonomy.rewrites(source)) == 1


def test_our_own_product_is_a_table() -> None:
    source = Source("claude_desktop", "app_log", "main")
    assert taxonomy.table(source) == "app_log"
    assert taxonomy.rewrites(source) == () and not taxonomy.unsupported(source)
    assert taxonomy.table(Source()) == "events"


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (Source("linux", service="auditd"), "linux"),
        (Source(service="no-such-service"), "no-such-service"),
        (Source(category="webserver"), "webserver"),
        (Source(category="process_creation", service="system"), "process_creation"),
        (Source("claude_desktop"), "category"),
    ],
)
def test_what_is_not_read_is_named(source: Source, named: str) -> None:
    assert named in taxonomy.unsupported(source)


NAMES = st.sampled_from([None, "", "nothing", *SERVICES, *SYSMON_EVENTS, *POWERSHELL_EVENTS, *SECURITY_EVENTS])


@given(st.sampled_from([None, "windows", "Windows", "linux"]), NAMES, NAMES)
def test_a_source_has_records_or_a_reason(product: str | None, category: str | None, service: str | None) -> None:
    source = Source(product, category, service)
    assert bool(taxonomy.rewrites(source)) != bool(taxonomy.unsupported(source))
