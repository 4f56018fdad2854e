<#
.SYNOPSIS
Takes back what apply.ps1 changed, byte for byte, from the folder backup.
.DESCRIPTION
Refuses to run while Claude runs, and leaves alone what changed since apply.ps1 ran. Deletes nothing: a file that
apply.ps1 made is moved into the folder backup. A second run finds nothing to do.
.PARAMETER Root
The disk or folder that apply.ps1 was given.
.PARAMETER ThisMachine
As apply.ps1 was given.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
param([string] $Root = '', [switch] $ThisMachine)

#SHARED#

function Get-StateBeforeUndo($file) {
    $there = Get-Digest $file.path
    if ($there -eq $file.before) { return 'done' }
    if ($there -ne $file.after) {
        if ($there -eq '') { return 'is not there any more' }
        return 'changed since apply.ps1 ran'
    }
    if ($file.before -ne '' -and (Get-Digest (Get-BackupPath $file 'bak')) -ne $file.before) {
        return 'its backup is missing or damaged'
    }
    $hindrance = Get-Hindrance $file.path
    if ($hindrance -ne '') { return $hindrance }
    return 'ready'
}

try {
    Assert-NothingRuns
    $files = @(Read-Plan)
    [Array]::Reverse($files)
    Set-State $files { param($file) Get-StateBeforeUndo $file }
    $ready = @(Select-Ready $files)
    $ready = @(Invoke-Each $ready { param($file) Set-Before $file } { param($file) Set-After $file })
    exit (Write-Outcome $files $ready 'Everything is as it was before: there is nothing to undo.')
} catch {
    Write-Host "Stopped: $($_.Exception.Message)" -ForegroundColor Red
    exit 2
}
