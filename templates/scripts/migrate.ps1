<#
.SYNOPSIS
Moves Claude Desktop from its MSIX package to the Win32 install, with all of its data (the way of #48362).
.DESCRIPTION
Copies the app's data out of the package into migrate-backup beside this script and checks the copy file by file, removes
the package, runs the installer that you downloaded, and puts the data where the Win32 install looks for it. A stuck
local_*.json.tmp gets its right name where none is there. What was in that place before is copied to migrate-backup too.
Nothing but the package is removed; the backup stays. -WhatIf only tells.
.PARAMETER Installer
The Win32 installer (.exe), downloaded from Anthropic.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
param([Parameter(Mandatory = $true)] [string] $Installer)

#PACKAGE#

function Restore-SessionNames([string] $folder) {
    # The app reads .json only; what it could not rename is whole where it can be parsed.
    foreach ($file in @(Get-ChildItem -LiteralPath (Get-LongPath $folder) -Recurse -File -Filter 'local_*.json.tmp')) {
        $target = $file.FullName.Substring(0, $file.FullName.Length - 4)
        if ([IO.File]::Exists($target) -or $file.Length -eq 0) { continue }
        try { $entry = ConvertFrom-Json -InputObject (Get-Content -LiteralPath $file.FullName -Raw -Encoding UTF8) } catch { continue }
        if ($entry -eq $null -or @($entry.PSObject.Properties | ForEach-Object { $_.Name }) -notcontains 'sessionId') { continue }
        if ("$($entry.sessionId).json" -ne [IO.Path]::GetFileName($target)) { continue }
        [IO.File]::Move($file.FullName, $target)
    }
}

try {
    Assert-Windows
    $setup = (Resolve-Path -LiteralPath $Installer).ProviderPath
    if ([IO.Path]::GetExtension($setup) -ne '.exe') { throw 'The Win32 installer is an .exe file.' }
    Assert-NothingRuns
    $package = Get-ClaudePackage
    if ($package -eq $null) { throw 'No package of Claude is installed for you: there is nothing to move from.' }
    $roaming = Join-Path -Path $env:APPDATA -ChildPath 'Claude'
    if ((Test-Path -LiteralPath $roaming) -and [string] (Get-Item -LiteralPath $roaming -Force).LinkType -ne '') {
        throw "$roaming is a link, perhaps into the package itself: take the link away first. Nothing was changed."
    }
    if (-not $PSCmdlet.ShouldProcess($package.PackageFullName, "Copy its data, remove it, run $setup, put the data into $roaming")) { exit 1 }
    $backup = Save-PackageData 'migrate-backup'
    if (-not (Test-Path -LiteralPath (Join-Path -Path $backup -ChildPath 'Roaming\Claude'))) { throw 'The package holds no data of Claude. Nothing was changed.' }
    if (Test-Path -LiteralPath $roaming) {
        $old = New-Folder 'migrate-backup-before'
        Copy-Tree $roaming $old
        Assert-SameTree $roaming $old
    }
    Write-Host 'The copy is complete. Removing the package.'
    Remove-AppxPackage -Package $package.PackageFullName
    $done = Start-Process -FilePath $setup -Wait -PassThru
    Write-Host "The installer ended with $($done.ExitCode)."
    for ($try = 0; @(Get-RunningClaude).Count -gt 0 -and $try -lt 20; $try++) {
        [void] (Read-Host 'Claude was started. Quit it, from the notification area too, then press Enter')
    }
    Assert-NothingRuns
    Copy-Tree (Join-Path -Path $backup -ChildPath 'Roaming\Claude') $roaming
    Assert-SameTree (Join-Path -Path $backup -ChildPath 'Roaming\Claude') $roaming
    Restore-SessionNames $roaming
    Write-Host "Done. Start Claude. The copy of your data stays in $backup until you no longer want it."
    exit 0
} catch {
    Write-Host "Stopped: $($_.Exception.Message)" -ForegroundColor Red
    Write-Host 'Copies of your data that were made so far lie beside this script.'
    exit 2
}
