Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$kit = $PSScriptRoot
$family = 'Claude_pzs8sxrjxfjjc'

function Assert-Windows { if ($env:OS -ne 'Windows_NT') { throw 'This is for Windows: packages are found nowhere else.' } }

function Get-ClaudePackage {
    # Of several, as while an update waits, the newest.
    return (Get-AppxPackage -Name 'Claude' | Where-Object { $_.PackageFamilyName -eq $family } | Sort-Object -Property { [version] $_.Version } | Select-Object -Last 1)
}

function Get-PackageProcess {
    return @(Get-CimInstance -ClassName Win32_Process | Where-Object {
        $_.ExecutablePath -like '*\WindowsApps\Claude_*' -or $_.Name -eq 'cowork-svc.exe'
    })
}

function Get-RunningClaude {
    $names = @(Get-PackageProcess | ForEach-Object { $_.Name })
    $names += @(Get-Process -Name 'claude', 'cowork-svc' -ErrorAction SilentlyContinue | ForEach-Object { $_.ProcessName })
    return @($names | Sort-Object -Unique)
}

function Assert-NothingRuns {
    $running = @(Get-RunningClaude)
    if ($running.Count -gt 0) {
        throw "Claude is still running ($($running -join ', ')). Quit it, from the notification area too. As an administrator: Stop-Service CoworkVMService"
    }
}

function Stop-PackageProcess {
    foreach ($process in @(Get-PackageProcess)) { Stop-Process -Id $process.ProcessId -Force -Confirm:$false }
}

function Get-PackageDataFolder {
    return [IO.Path]::Combine($env:LOCALAPPDATA, 'Packages', $family, 'LocalCache')
}

function New-Folder([string] $name) {
    # A new folder beside this script: what an earlier run copied is never written over.
    $number = 0
    $folder = [IO.Path]::Combine($kit, $name)
    while (Test-Path -LiteralPath $folder) { $number++; $folder = [IO.Path]::Combine($kit, "$name-$number") }
    [void] [IO.Directory]::CreateDirectory($folder)
    return $folder
}

function Copy-Tree([string] $from, [string] $to) {
    # robocopy: Copy-Item fails on the data of a package (#48362). /XJ follows no junction; nothing is deleted.
    $tool = [IO.Path]::Combine($env:SystemRoot, 'System32', 'robocopy.exe')
    $told = & $tool $from $to /E /COPY:DAT /DCOPY:T /XJ /R:2 /W:2 /NP /NFL /NDL
    if ($LASTEXITCODE -ge 8) { throw "robocopy could not copy everything ($LASTEXITCODE): $($told | Select-Object -Last 12 | Out-String)" }
}

function Get-LongPath([string] $path) {
    # The form that Windows takes however long a path is: transcripts inside the package lie deeper than 260 characters.
    if ($path.StartsWith('\\')) { return $path }
    return '\\?\' + $path
}

function Get-Digest([string] $path) {
    $sha = [Security.Cryptography.SHA256]::Create()
    $stream = [IO.File]::Open($path, [IO.FileMode]::Open, [IO.FileAccess]::Read, [IO.FileShare]::ReadWrite)
    try { return [BitConverter]::ToString($sha.ComputeHash($stream)) }
    finally { $stream.Dispose(); $sha.Dispose() }
}

function Assert-SameTree([string] $from, [string] $to) {
    $top = Get-LongPath $from
    foreach ($file in @(Get-ChildItem -LiteralPath $top -Recurse -File -Force -Attributes !ReparsePoint)) {
        $start = $from.Length
        if ($file.FullName.StartsWith($top)) { $start = $top.Length }
        $copy = (Get-LongPath $to) + $file.FullName.Substring($start)
        if (-not [IO.File]::Exists($copy)) { throw "The copy lacks $copy. Nothing more is done." }
        if ((Get-Digest (Get-LongPath $file.FullName)) -ne (Get-Digest $copy)) { throw "The copy differs: $copy. Nothing more is done." }
    }
}

function Assert-NoLinkInside([string] $folder) {
    # What lies behind a junction is not copied, and it would be taken for copied.
    foreach ($item in @(Get-ChildItem -LiteralPath (Get-LongPath $folder) -Recurse -Force -Attributes Directory+ReparsePoint)) {
        if (@('Junction', 'SymbolicLink') -contains [string] $item.LinkType) {
            throw "$($item.FullName) is a link: what lies behind it would not be copied. Put a real folder in its place first. Nothing was changed."
        }
    }
}

function Save-PackageData([string] $name) {
    $data = Get-PackageDataFolder
    if (-not (Test-Path -LiteralPath $data)) { throw "There is no $data to copy. Nothing was changed." }
    Assert-NoLinkInside $data
    $backup = New-Folder $name
    Copy-Tree $data $backup
    Assert-SameTree $data $backup
    return $backup
}
