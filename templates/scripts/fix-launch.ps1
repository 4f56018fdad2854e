<#
.SYNOPSIS
For a Claude Desktop that does not start: the mildest step first, a look after each whether it runs, no step after that.
.DESCRIPTION
Asks before each step that changes anything (-Confirm:$false asks nothing, -WhatIf only tells). Steps, in order:
  1  start it, and see whether it starts
  2  end what an earlier run left behind inside the package
  3  stop the service CoworkVMService, which can hold the package (an administrator)
  4  sign out or restart: you do that, and run this again with -AfterRestart if it did not help
  5  register the package anew, where it lies; its data stay
  6  install the same version over itself from -Msix; its data stay
  7  only with -RemovePackage and -Msix: copy all of the app's data into launch-backup beside this script, check the copy,
     remove the package, install it, put the data back
.PARAMETER AfterRestart
You have signed out or restarted since this ran: go on with step 5.
.PARAMETER Msix
The .msix file of the version to install, downloaded from Anthropic.
.PARAMETER RemovePackage
Allow step 7. Windows deletes a package's data with the package: hence the copy.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'High')]
param([switch] $AfterRestart, [string] $Msix = '', [switch] $RemovePackage, [int] $WaitSeconds = 30)

#PACKAGE#

function Test-Started {
    # A window, not a process alone: what hangs in the background is no start.
    return @(Get-Process -Name 'claude' -ErrorAction SilentlyContinue | Where-Object { $_.MainWindowHandle -ne 0 }).Count -gt 0
}

function Start-Claude {
    if ($WhatIfPreference) { return $false }
    Start-Process -FilePath 'explorer.exe' -ArgumentList "shell:AppsFolder\$family!Claude"
    for ($second = 0; $second -lt $WaitSeconds; $second++) {
        Start-Sleep -Seconds 1
        if (Test-Started) { return $true }
    }
    return $false
}

function Invoke-Step([string] $name, [scriptblock] $action) {
    # Do one step if the person agrees, then look; a step that fails is told and does no harm to the next.
    if (-not $PSCmdlet.ShouldProcess('Claude Desktop', $name)) { return }
    try { [void] (& $action) } catch { Write-Host "  That did not work: $($_.Exception.Message)" -ForegroundColor Yellow }
    if (Start-Claude) {
        Write-Host "Claude runs. What helped: $name" -ForegroundColor Green
        exit 0
    }
    Write-Host "  It does not run yet."
}

try {
    Assert-Windows
    if (Test-Started) { Write-Host 'Claude runs already: there is nothing to do.'; exit 0 }
    $package = Get-ClaudePackage
    if ($package -eq $null -and $Msix -eq '') { throw 'No package of Claude is installed for you. Give -Msix to install one.' }
    if ($package -ne $null) { Write-Host "$($package.PackageFullName), status: $($package.Status)" }
    if (-not $AfterRestart) {
        Invoke-Step 'Start it' { 'nothing to prepare' }
        Invoke-Step 'End what an earlier run left behind inside the package' { Stop-PackageProcess }
        Invoke-Step 'Stop the service CoworkVMService (as an administrator)' { Stop-Service -Name 'CoworkVMService' -Force }
        Write-Host 'Next: sign out and in again, or restart Windows, and start Claude. That is what helps most often (error 0x80070020).'
        Write-Host 'If it still does not start, run this again with -AfterRestart.'
        exit 1
    }
    if ($package -ne $null) {
        Invoke-Step 'Register the package anew, where it lies' {
            Add-AppxPackage -DisableDevelopmentMode -Register (Join-Path -Path $package.InstallLocation -ChildPath 'AppXManifest.xml')
        }
    }
    if ($Msix -eq '') {
        Write-Host 'Next: download the .msix of the installed version from Anthropic and run this again with -AfterRestart -Msix FILE.'
        exit 1
    }
    $file = (Resolve-Path -LiteralPath $Msix).ProviderPath
    Invoke-Step 'Install the same version over itself' { Add-AppxPackage -Path $file -ForceApplicationShutdown -ForceUpdateFromAnyVersion }
    if (-not $RemovePackage) {
        Write-Host 'What is left is to remove the package and install it again. That needs -RemovePackage; your data are copied first.'
        exit 1
    }
    if (-not $PSCmdlet.ShouldProcess('Claude Desktop', 'Copy the data, check the copy, remove the package, install it, put the data back')) { exit 1 }
    Stop-PackageProcess
    $backup = Save-PackageData 'launch-backup'
    try {
        if ($package -ne $null) { Remove-AppxPackage -Package $package.PackageFullName }
        Add-AppxPackage -Path $file
        Copy-Tree $backup (Get-PackageDataFolder)
        Assert-SameTree $backup (Get-PackageDataFolder)
    } catch {
        # The app must not be started now: without its data it would look as if all were lost.
        throw "$($_.Exception.Message) Your data are NOT back yet; all of them lie in $backup. Install the app, quit it, and copy what is in that folder to $(Get-PackageDataFolder)"
    }
    if (Start-Claude) { Write-Host 'Claude runs, with its data.' -ForegroundColor Green; exit 0 }
    Write-Host "It does not run yet. Its data are back; the copy stays in $backup."
    exit 1
} catch {
    Write-Host "Stopped: $($_.Exception.Message)" -ForegroundColor Red
    exit 2
}
