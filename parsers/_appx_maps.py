"""Value maps of the provider Microsoft-Windows-AppXDeployment-Server, as its manifest declares them (build 18990).

Numbers that a newer build adds are not here; they stay numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

OPERATIONS: Mapping[int, str] = dict(
    enumerate(
        (
            "Invalid", "Add", "Remove", "Update", "Stage", "DeStage", "Register", "Get list of registered packages",
            "Fix staged packages", "Delete all files of the package", "RegisterByPackageFullName", "StageUserData",
            "PreRegisterPackage", "MovePackageOperation", "AddVolumeOperation", "DeleteVolumeOperation",
            "SetVolumeOfflineOperation", "SetVolumeOnlineOperation", "GetDefaultVolumeOperation",
            "SetDefaultVolumeOperation", "RegisterByPackageFamilyName",
        )
    )
) | dict(
    enumerate(
        (
            "GeneratePreviewTilesOperation", "ResetApplicationDataOperation",
            "ResetAllApplicationDataForUserOperation", "ResumeOperation", "ResetSingleApplicationDataOperation",
            "OnDemandRegisterOperation", "AddByPackageFamilyNameOperation", "ProvisionPackageOperation",
            "AddFromAppInstallerOperation", "UpdateUsingAppInstallerOperation",
            "RegisterPackageOnLogonForUserOperation", "DeprovisionPackageOperation",
        ),
        start=22,
    )
)  # fmt: skip
"""DeploymentOperation. There is no 21; from 34 up the meaning differs between builds, so those stay numbers."""

NO_OPTION = "DefaultOption"
LOW_OPTIONS = (
    "ForceApplicationShutdownOption", "DevelopmentModeOption", "RepositoryRecoveryOption", "PushButtonResetOption",
    "BackgroundTaskOption", "InstallAllResources", "ForceTargetApplicationShutdownOption",
    "PreserveRoamableApplicationData", "RequiredContentGroupOnly", "SkipReregisterIfPackageStatusOk",
    "PackageIsCoServicing", "RegisterHighestVersion", "PreserveApplicationData", None, "FailIfNeedsRemediation",
    "SkipSignatureValidationOption", "SkipStagingForMoveOption", "PreRegisterApplyTrustAce",
    "ForceUpdateFromAnyVersion", "RemoveForAllUsers", "ApplyToExistingPackages", "RetainFilesOnFailure",
    "StageInPlace", "AllowUnsigned", "HighPriorityRequest", "NormalPriorityRequest", "LowPriorityRequest",
    "AppRestoreRequest", "ImmediatePriorityRequest", "PreRegisterIndexing", "RepairAppRegistrationOption",
    "FirstLogonInstall",
)  # fmt: skip
"""Flags, bit by bit from the lowest; None where the manifest names none."""
HIGH_OPTIONS = (
    None, "ReIndex", "ApplyStagedInPlaceUpdate", "FailRemoveIfInUse", "DismDeprovision", "RequestReputationCheck",
    "DeferRegistrationWhenPackagesAreInUse", "StageAdditionalRelatedSetUpdateRequiredPackages",
    "StageFromUpdateAgent", "RegisterAsSystem", "DisableUninstall", "MobilePreInstall", "MobileFullPreInstall",
    "ValidateDependencies", "DeleteXapFile", "MoveWithAllOptionalPackages", "RemoveForUserProfileDeletion",
    "ApplyMutablePackageDirectoryProcessing", "SkipDeploymentOperationRpcCallerIsAdminCheck",
    "SkipPausePackageIfRestoreFails", "FailOnRedirectToDefaultAccount", "StageInPlaceUpdate",
)  # fmt: skip
"""FlagsHigh, likewise."""


def operation(stored: str) -> str:
    """Return the name of a DeploymentOperation, or *stored* where it has none.

    >>> operation("6"), operation("99"), operation("NULL")
    ('Register', '99', 'NULL')
    """
    number = _number(stored)
    return stored if number is None else OPERATIONS.get(number, stored)


def options(low: str, high: str = "0") -> str | None:
    """Return the names of the bits set in Flags and FlagsHigh, lowest first, joined by commas.

    A bit without a name is given in hexadecimal, one of FlagsHigh as it lies in DeploymentOptions, above 32 bits.
    None where either is no number of 32 bits.

    >>> options("65"), options("0x8", "0x40"), options("8192"), options("0"), options("x")
    ('ForceApplicationShutdownOption,ForceTargetApplicationShutdownOption', \
'PushButtonResetOption,DeferRegistrationWhenPackagesAreInUse', '0x2000', 'DefaultOption', None)
    """
    lower, upper = _number(low), _number(high)
    if lower is None or upper is None or not (0 <= lower < 2**32 and 0 <= upper < 2**32):
        return None
    return deployment_options(lower | upper << 32)


def deployment_options(bits: int) -> str:
    """Return the names of the bits of DeploymentOptions: its low half is Flags, its high half FlagsHigh."""
    names = [_name(bit) for bit in range(64) if bits >> bit & 1]
    return ",".join(names) or NO_OPTION


def stored_deployment_options(stored: str) -> str | None:
    """Return the names of the bits of a stored DeploymentOptions, None where it is no number of 64 bits."""
    bits = _number(stored)
    return None if bits is None or not 0 <= bits < 2**64 else deployment_options(bits)


def _name(bit: int) -> str:
    names, index = (LOW_OPTIONS, bit) if bit < 32 else (HIGH_OPTIONS, bit - 32)
    return (names[index] if index < len(names) else None) or f"0x{1 << bit:x}"


def _number(stored: str) -> int | None:
    text = stored.strip()
    if len(text) > 20:
        return None
    try:
        return int(text, 16) if text[:2].lower() == "0x" else int(text)
    except ValueError:
        return None
