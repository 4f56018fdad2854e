<#
.SYNOPSIS
Takes back what apply.ps1 changed, byte for byte, from the folder backup.
.DESCRIPTION
Refuses to run while Claude runs, and leaves alone what changed since apply.ps1 ran. Deletes nothing: a file that
apply.ps1 made is moved into the folder backup. A second run finds nothing to do.
.PARAMETER Root
The copy of the tree that apply.ps1 was given.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
param([string] $Root = '')

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
    return 'ready'
}

try {
    Assert-NothingRuns
    $files = @(Read-Plan)
    [Array]::Reverse($files)
    Set-State $files { param($file) Get-StateBeforeUndo $file }
    $ready = @(Select-Ready $files)
    foreach ($file in $ready) {
        if ($file.before -eq '') { Move-Aside $file.path $file 'undone' }
        else { Write-Whole $file (Get-BackupPath $file 'bak') $file.before }
    }
    exit (Write-Outcome $files $ready 'Everything is as it was before: there is nothing to undo.')
} catch {
    Write-Host "Stopped: $($_.Exception.Message)" -ForegroundColor Red
    exit 2
}
