<#
.SYNOPSIS
Brings back the conversations that plan.md lists. Read that first.
.DESCRIPTION
Follows plan.json beside it. Refuses to run while Claude runs. Changes nothing that is not as the plan says, copies every
file into the folder backup before it touches it, checks every result, deletes nothing. A conversation is changed wholly
or not at all. A second run finds nothing to do. undo.ps1 takes everything back.
Runs in Windows PowerShell 5.1 and in PowerShell 7 on Windows, macOS and Linux.
.PARAMETER Root
The disk or folder that the kit was made from, or a copy of it: change that, not this machine.
.PARAMETER ThisMachine
A kit made from a disk is for the machine that the disk belongs to: this is that machine.
.EXAMPLE
powershell -ExecutionPolicy Bypass -File .\apply.ps1 -WhatIf
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
param([string] $Root = '', [switch] $ThisMachine)

#SHARED#

function Get-StateBeforeApply($file) {
    $there = Get-Digest $file.path
    if ($there -eq $file.after) {
        if ($there -ne '' -or (Get-Digest (Get-BackupPath $file 'bak')) -eq $file.before) { return 'done' }
    }
    if ($there -ne $file.before) {
        if ($there -eq '') { return 'is not there any more' }
        return 'changed since the plan was made'
    }
    $hindrance = Get-Hindrance $file.path
    if ($hindrance -ne '') { return $hindrance }
    if ($file.new -ne '' -and (Get-Digest $file.new) -ne $file.after) { return 'its new content in the kit is not what the plan says' }
    return 'ready'
}

function Save-Backup($file) {
    if ($file.before -eq '') { return }
    $backup = Get-BackupPath $file 'bak'
    if ((Get-Digest $backup) -eq $file.before) { return }
    New-BackupFolder
    [IO.File]::Copy((Get-LongPath $file.path), (Get-LongPath $backup), $true)
    if ((Get-Digest $backup) -ne $file.before) {
        throw "its backup is not like it: it changed, or the kit's disk is full or failing"
    }
}

try {
    Assert-NothingRuns
    $files = @(Read-Plan)
    Set-State $files { param($file) Get-StateBeforeApply $file }
    $ready = @(Select-Ready $files)
    $ready = @(Invoke-Each $ready { param($file) Save-Backup $file } $null)
    $ready = @(Invoke-Each $ready { param($file) Set-After $file } { param($file) Set-Before $file })
    exit (Write-Outcome $files $ready 'Everything is as the plan wants it already: there is nothing to do.')
} catch {
    Write-Host "Stopped: $($_.Exception.Message)" -ForegroundColor Red
    exit 2
}
