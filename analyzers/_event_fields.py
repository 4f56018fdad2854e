"""Field names of Windows event records that our own rules may use: a mistyped one would match nothing in silence."""

from __future__ import annotations

from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


EVENT_COLUMNS = _names(
    """
    TimeCreated Member Record EventID Provider_Name Channel Computer Level Version Task Opcode Keywords ProcessID
    ThreadID UserID ActivityID HResult Operation Options
    """
)
"""The columns of the table ``events`` that are no event data."""

DEPLOYMENT_FIELDS = _names(
    """
    AppContainerName AppDataVolume AppId ApplicationId ApplicationName ApplicationUserModelId Architecture
    BiApplicationStateTransition Bool1 Bundle CallerPackageFullName CallingProcess CallOrigin
    CleanupContainerErrorCode ContainerId ContainerName Context Count CreateTime CurrentStatus
    DependencyArchitecture DependencyMinVersion DependencyName DependencyPaths DependencyPublisher
    DeploymentOperation DeploymentOptions DeploymentState DesiredStatus DestinationFolderPath DetailedMessageInfo
    directlyServicedPackagesList EndOfLifePackageList Error ErrorCode ErrorFileInfo ErrorMessage ErrorString
    ErrorText ExceptionCode ExternalLocation FailedBinary FailedDeploymentState FileName filename FilePath Flags
    FlagsHigh forceUpdateDeferredByPackage FoundState FrameworkList FullFilePath HasFullTrust HasWin32alacarte
    HeaderAddr hresult ImageName indirectlyServicedPackagesList InstallPackageList IntegrityLevel IsCentennial
    IsInPlaceUpdate IsInRelatedSet IsInstalled IsOptional IsPackageEncrypted IsPackageUsingBDC isSessionLocked
    IsSpecialUserProfile IsStreamingPackage Key MachineArchitecture MainPackageFamilyName MainPackageFullName
    MainPackageMoniker MakeTemporaryErrorCode ManifestPath Message MountPoint namespace NewMainPackageFullName
    NextDeploymentState numAttempts NumberOfFiles Offset OldMainPackageFullName Online OSVersionAppModel
    OSVersionMajor OSVersionMinor PackageArchitecture PackageDisplayName PackageFamilyName PackageFlags
    PackageFlags2 PackageFullName packageFullName PackageFullNames PackageMoniker PackageMoniker2 PackageName
    PackageOrigin PackageRelativeApplicationId PackageSourceUri PackageType PackageUri PackageVersion
    PackageVersion2 ParentProcessID Path PathOne PathTwo PeriodicUpdateRecurrence PolicyReason ProcessId ProcessID
    PsmFlags Publisher PublisherName RemovePackageList RequestedVersionAppModel RequestedVersionMajor
    RequestedVersionMinor RequeueReason ResiliencyCurrentState ResiliencyFilePath Resource Result
    RollbackDetailedMessageInfo RollbackErrorFileInfo runningAppsList Section ServiceName SettingSyncEnabled SID
    SignatureOrigin Size SourceFolderPath StatusToClear StatusToSet StorageId String String1 String2 String3
    subjectName Subkey Summary SummaryError SystemVolume TargetPlatform Type Uri User userSid UserSid
    """
)
"""Event data of AppModel-Runtime, AppXDeployment, AppXDeployment-Server and AppxPackagingOM, by their manifests."""

SYSTEM_FIELDS = _names(
    """
    AccountName Binary BootAppStatus BootType BugcheckCode BugcheckParameter1 BugcheckParameter2 BugcheckParameter3
    BugcheckParameter4 Checkpoint ConnectedStandbyInProgress Data ImagePath LastBootGood LastShutdownGood NewTime
    OldTime param1 param2 param3 param4 param5 param6 param7 PowerButtonTimestamp Reason ServiceName ServiceType
    ShutdownActionType ShutdownEventCode ShutdownReason SleepInProgress StartTime StartType StopTime
    """
)
"""Event data of Kernel-Power, Kernel-General, Kernel-Boot, EventLog, User32 and the Service Control Manager."""

APPLICATION_FIELDS = _names(
    """
    AnalysisSymbol AppName AppPath AppTimeStamp AppVersion AttachedFiles Bucket BucketType CabGuid CabId EventId
    EventName ExceptionCode ExeFileName FaultingOffset HangType HashedBucket IntegratorReportId ModuleName
    ModulePath ModuleTimeStamp ModuleVersion P1 P10 P2 P3 P4 P5 P6 P7 P8 P9 PackageFullName PackageRelativeAppId
    ProcessCreationTime ProcessId ProgramName ProgramVersion Rechecking ReportId ReportStatus Response StorePath
    TerminationTime
    """
)
"""Event data of Windows Error Reporting, Application Error and Application Hang."""

CODE_INTEGRITY_FIELDS = _names(
    """
    FileNameBuffer FileNameLength ProcessNameBuffer ProcessNameLength RequestedPolicy Status ValidatedPolicy
    """
)
"""Event data of CodeIntegrity."""

BY_SERVICE: Mapping[str, frozenset[str]] = {
    "appmodel-runtime": DEPLOYMENT_FIELDS,
    "appxdeployment": DEPLOYMENT_FIELDS,
    "appxdeployment-server": DEPLOYMENT_FIELDS,
    "appxpackaging-om": DEPLOYMENT_FIELDS,
    "application": APPLICATION_FIELDS | {"Data", "Binary"},
    "codeintegrity-operational": CODE_INTEGRITY_FIELDS,
    "system": SYSTEM_FIELDS,
}
"""The event data that records of a Sigma service can have, where that is known."""
