"""The Sigma taxonomy of Windows log sources, as data.

Sources: Sigma specification, appendix «Taxonomy»; Sysmon's event schema; Microsoft's auditing reference for the
events of the Security log. Channel names are as stored in ``System/Channel``.
"""

from __future__ import annotations

from collections.abc import Mapping

_PRINT = "Microsoft-Windows-PrintService"
_APPLOCKER = "Microsoft-Windows-AppLocker"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
SECURITY = "Security"
POWERSHELL = ("Microsoft-Windows-PowerShell/Operational", "PowerShellCore/Operational")
POWERSHELL_CLASSIC = ("Windows PowerShell",)

SERVICES: Mapping[str, tuple[str, ...]] = {
    "application": ("Application",),
    "application-experience": (
        "Microsoft-Windows-Application-Experience/Program-Telemetry",
        "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant",
    ),
    "applocker": tuple(
        f"{_APPLOCKER}/{part}"
        for part in ("EXE and DLL", "MSI and Script", "Packaged app-Deployment", "Packaged app-Execution")
    ),
    "appmodel-runtime": ("Microsoft-Windows-AppModel-Runtime/Admin",),
    "appxdeployment": ("Microsoft-Windows-AppXDeployment/Operational",),
    "appxdeployment-server": ("Microsoft-Windows-AppXDeploymentServer/Operational",),
    "appxpackaging-om": ("Microsoft-Windows-AppxPackaging/Operational",),
    "bits-client": ("Microsoft-Windows-Bits-Client/Operational",),
    "bitlocker": ("Microsoft-Windows-BitLocker/BitLocker Management",),
    "capi2": ("Microsoft-Windows-CAPI2/Operational",),
    "certificateservicesclient-lifecycle-system": (
        "Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational",
    ),
    "codeintegrity-operational": ("Microsoft-Windows-CodeIntegrity/Operational",),
    "dhcp": ("Microsoft-Windows-DHCP-Server/Operational",),
    "diagnosis-scripted": ("Microsoft-Windows-Diagnosis-Scripted/Operational",),
    "dns-client": ("Microsoft-Windows-DNS Client Events/Operational",),
    "dns-server": ("DNS Server",),
    "dns-server-analytic": ("Microsoft-Windows-DNS-Server/Analytical",),
    "dns-server-audit": ("Microsoft-Windows-DNS-Server/Audit", "Microsoft-Windows-DNSServer/Audit"),
    "driver-framework": ("Microsoft-Windows-DriverFrameworks-UserMode/Operational",),
    "firewall-as": ("Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",),
    "hyper-v-compute": ("Microsoft-Windows-Hyper-V-Compute-Admin", "Microsoft-Windows-Hyper-V-Compute-Operational"),
    "hyper-v-worker": (
        "Microsoft-Windows-Hyper-V-Worker",
        "Microsoft-Windows-Hyper-V-Worker-Admin",
        "Microsoft-Windows-Hyper-V-Worker-Operational",
    ),
    "iis-configuration": ("Microsoft-IIS-Configuration/Operational",),
    "kernel-event-tracing": ("Microsoft-Windows-Kernel-EventTracing",),
    "kernel-shimengine": (
        "Microsoft-Windows-Kernel-ShimEngine/Operational",
        "Microsoft-Windows-Kernel-ShimEngine/Diagnostic",
    ),
    "ldap": ("Microsoft-Windows-LDAP-Client/Debug",),
    "ldap_debug": ("Microsoft-Windows-LDAP-Client/Debug",),
    "lsa-server": ("Microsoft-Windows-LSA/Operational",),
    "microsoft-servicebus-client": (
        "Microsoft-ServiceBus-Client",
        "Microsoft-ServiceBus-Client/Admin",
        "Microsoft-ServiceBus-Client/Operational",
    ),
    "msexchange-management": ("MSExchange Management",),
    "ntfs": ("Microsoft-Windows-Ntfs/Operational",),
    "ntlm": ("Microsoft-Windows-NTLM/Operational",),
    "openssh": ("OpenSSH/Operational",),
    "powershell": POWERSHELL,
    "powershell-classic": POWERSHELL_CLASSIC,
    "printservice-admin": (f"{_PRINT}/Admin",),
    "printservice-operational": (f"{_PRINT}/Operational",),
    "security": (SECURITY,),
    "security-mitigations": (
        "Microsoft-Windows-Security-Mitigations/KernelMode",
        "Microsoft-Windows-Security-Mitigations/Kernel Mode",
        "Microsoft-Windows-Security-Mitigations/UserMode",
        "Microsoft-Windows-Security-Mitigations/User Mode",
    ),
    "sense": ("Microsoft-Windows-SENSE/Operational",),
    "servicebus-client": ("Microsoft-ServiceBus-Client",),
    "setup": ("Setup",),
    "shell-core": ("Microsoft-Windows-Shell-Core/Operational",),
    "smbclient-connectivity": ("Microsoft-Windows-SmbClient/Connectivity",),
    "smbclient-operational": ("Microsoft-Windows-SmbClient/Operational",),
    "smbclient-security": ("Microsoft-Windows-SmbClient/Security",),
    "smbserver-connectivity": ("Microsoft-Windows-SMBServer/Connectivity",),
    "smbserver-operational": ("Microsoft-Windows-SMBServer/Operational",),
    "smbserver-security": ("Microsoft-Windows-SMBServer/Security",),
    "sysmon": (SYSMON,),
    "system": ("System",),
    "taskscheduler": ("Microsoft-Windows-TaskScheduler/Operational",),
    "terminalservices-localsessionmanager": ("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",),
    "terminalservices-remoteconnectionmanager": (
        "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
    ),
    "twinui": ("Microsoft-Windows-TWinUI/Operational",),
    "vhdmp": ("Microsoft-Windows-VHDMP-Operational", "Microsoft-Windows-VHDMP/Operational"),
    "windefend": ("Microsoft-Windows-Windows Defender/Operational",),
    "windows-update-client": ("Microsoft-Windows-WindowsUpdateClient/Operational",),
    "winrm": ("Microsoft-Windows-WinRM/Operational",),
    "wmi": ("Microsoft-Windows-WMI-Activity/Operational",),
}

SYSMON_EVENTS: Mapping[str, tuple[int, ...]] = {
    "clipboard_capture": (24,),
    "create_remote_thread": (8,),
    "create_stream_hash": (15,),
    "dns_query": (22,),
    "driver_load": (6,),
    "file_block": (27, 28),
    "file_block_executable": (27,),
    "file_block_shredding": (28,),
    "file_change": (2,),
    "file_delete": (23, 26),
    "file_delete_detected": (26,),
    "file_event": (11,),
    "file_executable_detected": (29,),
    "image_load": (7,),
    "network_connection": (3,),
    "pipe_created": (17, 18),
    "process_access": (10,),
    "process_creation": (1,),
    "process_tampering": (25,),
    "process_termination": (5,),
    "raw_access_thread": (9,),
    "registry_add": (12,),
    "registry_delete": (12,),
    "registry_event": (12, 13, 14),
    "registry_rename": (14,),
    "registry_set": (13,),
    "sysmon_error": (255,),
    "sysmon_status": (4, 16),
    "wmi_event": (19, 20, 21),
}

POWERSHELL_EVENTS: Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "ps_module": (POWERSHELL, (4103,)),
    "ps_script": (POWERSHELL, (4104,)),
    "ps_classic_start": (POWERSHELL_CLASSIC, (400,)),
    "ps_classic_provider_start": (POWERSHELL_CLASSIC, (600,)),
    "ps_classic_script": (POWERSHELL_CLASSIC, (800,)),
}

# The field that tells apart the Sigma categories that share one Sysmon event id
SYSMON_EVENT_TYPES: Mapping[str, tuple[str, ...]] = {
    "registry_add": ("CreateKey",),
    "registry_delete": ("DeleteKey", "DeleteValue"),
}

# Security events that answer a category too: event ids, Sigma field to stored field, stored value to Sigma value
SECURITY_EVENTS: Mapping[str, tuple[tuple[int, ...], Mapping[str, str], Mapping[str, Mapping[str, str]]]] = {
    "process_creation": (
        (4688,),
        {
            "Image": "NewProcessName",
            "ParentImage": "ParentProcessName",
            "ProcessId": "NewProcessId",
            "ParentProcessId": "ProcessId",
            "User": "SubjectUserName",
            "LogonId": "SubjectLogonId",
            "IntegrityLevel": "MandatoryLabel",
        },
        {
            "IntegrityLevel": {
                "S-1-16-0": "Untrusted",
                "S-1-16-4096": "Low",
                "S-1-16-8192": "Medium",
                "S-1-16-8448": "Medium Plus",
                "S-1-16-12288": "High",
                "S-1-16-16384": "System",
            }
        },
    ),
    "process_termination": ((4689,), {"Image": "ProcessName", "User": "SubjectUserName"}, {}),
    "network_connection": (
        (5156,),
        {
            "Image": "Application",
            "ProcessId": "ProcessID",
            "SourceIp": "SourceAddress",
            "SourcePort": "SourcePort",
            "DestinationIp": "DestAddress",
            "DestinationPort": "DestPort",
            "Initiated": "Direction",
        },
        {"Initiated": {"%%14592": "false", "%%14593": "true"}, "Protocol": {"6": "tcp", "17": "udp"}},
    ),
}
