Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$kit = $PSScriptRoot
$isWindowsHost = $env:OS -eq 'Windows_NT'
$kitId = ''

function Get-ShownText([string] $text) {
    # Without what could play tricks on a terminal: controls, and marks that turn the direction of writing.
    return ($text -replace '[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]', '?')
}

function Get-LongPath([string] $path) {
    # Plain paths as long as they are short enough: old versions of .NET know no others.
    if (-not $isWindowsHost -or $path.Length -lt 240 -or $path.StartsWith('\\?\')) { return $path }
    if ($path.StartsWith('\\')) { return '\\?\UNC\' + $path.Substring(2) }
    return '\\?\' + $path
}

function Get-ParentPath([string] $path) {
    $at = $path.LastIndexOf([IO.Path]::DirectorySeparatorChar)
    if ($at -le 0) { return '' }
    return $path.Substring(0, $at)
}

function Get-RunningClaude {
    $names = @(Get-Process -Name 'claude', 'cowork-svc' -ErrorAction SilentlyContinue | ForEach-Object { $_.ProcessName })
    if ($isWindowsHost) {
        $names += @(Get-CimInstance -ClassName Win32_Process -ErrorAction SilentlyContinue | Where-Object {
            $_.ExecutablePath -like '*\WindowsApps\Claude_*' -or $_.ExecutablePath -like '*\AnthropicClaude\*'
        } | ForEach-Object { $_.Name })
        $names += @(Get-Service -Name 'CoworkVMService' -ErrorAction SilentlyContinue | Where-Object {
            $_.Status -ne 'Stopped'
        } | ForEach-Object { 'the service CoworkVMService' })
    }
    return @($names | Sort-Object -Unique)
}

function Assert-NothingRuns {
    # the top of the disk that this machine runs from is this machine
    if ($Root -ne '' -and (Resolve-Path -LiteralPath $Root).ProviderPath.TrimEnd('\', '/') -notin @('', $env:SystemDrive)) { return }
    $running = @(Get-RunningClaude)
    if ($running.Count -gt 0) {
        throw "Claude is still running ($($running -join ', ')). Quit it, from the notification area too. A service is stopped as an administrator: Stop-Service CoworkVMService"
    }
}

function Get-Digest([string] $path) {
    # The SHA-256 of a file, an empty text where there is none.
    $long = Get-LongPath $path
    if ([IO.Directory]::Exists($long)) { throw "$(Get-ShownText $path) is a folder." }
    if (-not [IO.File]::Exists($long)) { return '' }
    $sha = [Security.Cryptography.SHA256]::Create()
    $stream = [IO.File]::Open($long, [IO.FileMode]::Open, [IO.FileAccess]::Read, [IO.FileShare]::Read)
    try { return ([BitConverter]::ToString($sha.ComputeHash($stream)) -replace '-', '').ToLowerInvariant() }
    finally { $stream.Dispose(); $sha.Dispose() }
}

function Get-Hindrance([string] $path) {
    # Why nothing can be put in a place, an empty text where it can.
    if (-not [IO.Directory]::Exists((Get-LongPath (Get-ParentPath $path)))) { return 'its folder is not there' }
    $long = Get-LongPath $path
    if ($isWindowsHost -and [IO.File]::Exists($long) -and ([IO.File]::GetAttributes($long) -band [IO.FileAttributes]::ReadOnly)) {
        return 'is marked as read-only: take that mark away first'
    }
    return ''
}

function Get-BackupPath($file, [string] $ending) {
    return [IO.Path]::Combine($kit, 'backup', ('{0:D5}.{1}' -f $file.number, $ending))
}

function New-BackupFolder { [void] [IO.Directory]::CreateDirectory([IO.Path]::Combine($kit, 'backup')) }

function ConvertFrom-PlanText([string] $text) {
    # Windows PowerShell reads no more than 2 MB with ConvertFrom-Json.
    if ($PSVersionTable.PSVersion.Major -ge 6 -or $text.Length -lt 2000000) { return (ConvertFrom-Json -InputObject $text) }
    Add-Type -AssemblyName System.Web.Extensions
    $reader = New-Object -TypeName System.Web.Script.Serialization.JavaScriptSerializer
    $reader.MaxJsonLength = [int]::MaxValue
    return $reader.DeserializeObject($text)
}

function Test-Wild([string] $place) {
    # Whether a path leads elsewhere than down.
    return $place -match '[\\:*?"<>|\x00-\x1f\x7f]|(^|/)\.{0,2}(/|$)'
}

function Get-TargetPath($entry) {
    $place = [string] $entry.place
    if (Test-Wild $place) { throw 'A path of the plan is not one to write to.' }
    $separator = [string] [IO.Path]::DirectorySeparatorChar
    if ($Root -ne '') {
        $top = (Resolve-Path -LiteralPath $Root).ProviderPath.TrimEnd('\', '/')
        return $top + $separator + $place.Replace('/', $separator)
    }
    if ([string] $entry.host -eq '') { throw 'The plan was made from a copy: say with -Root where the copy lies.' }
    if (Test-Wild ([string] $entry.host -replace '^([A-Za-z]:/|//?)', '')) { throw 'A path of the plan is not one to write to.' }
    return ([string] $entry.host).Replace('/', $separator)
}

function Read-Plan {
    $plan = ConvertFrom-PlanText (Get-Content -LiteralPath ([IO.Path]::Combine($kit, 'plan.json')) -Raw -Encoding UTF8)
    if ($plan.format -ne 'claude-evidence/recovery-plan/1') { throw 'plan.json is no plan of a kind that this script knows.' }
    $script:kitId = [string] $plan.kit_id
    if ($Root -eq '' -and -not ($plan.live -is [bool] -and $plan.live) -and -not $ThisMachine) {
        throw 'The plan was not made on this machine: say with -Root which disk or folder to change, or with -ThisMachine that this is the machine that the disk belongs to.'
    }
    if ($kitId -notmatch '^[0-9a-f]{8}$') { throw 'plan.json is damaged: its kit_id is none.' }
    foreach ($entry in @($plan.files)) {
        $new = ''
        if ([string] $entry.new -ne '' -and (Test-Wild ([string] $entry.new))) { throw 'A path of the plan is not one to read.' }
        if ([string] $entry.new -ne '') { $new = [IO.Path]::Combine($kit, ([string] $entry.new).Replace('/', [string] [IO.Path]::DirectorySeparatorChar)) }
        New-Object -TypeName PSObject -Property @{
            number = [int] $entry.number; conversation = [int] $entry.conversation; aside = ($entry.action -eq 'aside')
            path = (Get-TargetPath $entry); new = $new; before = [string] $entry.before; after = [string] $entry.after
            modified = $entry.modified_ms; state = ''
        }
    }
}

function Test-Link([string] $path) {
    # Whether a path is a link or lies behind one: it would be written to another place. OneDrive's marks are no links.
    $top = ''
    if ($Root -ne '') { $top = (Resolve-Path -LiteralPath $Root).ProviderPath.TrimEnd('\', '/') }
    $part = $path
    while ($part -ne '' -and $part -ne $top -and $part -notmatch '^[A-Za-z]:$') {
        $item = Get-Item -LiteralPath (Get-LongPath $part) -Force -ErrorAction SilentlyContinue
        if ($item -ne $null -and ($item.Attributes -band [IO.FileAttributes]::ReparsePoint)) {
            if (@('SymbolicLink', 'Junction') -contains [string] $item.LinkType) { return $true }
        }
        $part = Get-ParentPath $part
    }
    return $false
}

function Set-State($files, [scriptblock] $judge) {
    foreach ($file in $files) {
        try {
            if (Test-Link $file.path) { $file.state = 'is a link or lies behind one: not followed' }
            else { $file.state = & $judge $file }
        } catch { $file.state = $_.Exception.Message }
    }
}

function Write-LeftAlone($file, [string] $why) {
    Write-Host "Left alone: conversation $($file.conversation): $(Get-ShownText $file.path): $(Get-ShownText $why)" -ForegroundColor Yellow
}

function Select-Ready($files) {
    # Of a conversation with a file that is refused none is touched; the person may refuse one too.
    $refused = @{}
    foreach ($file in $files) {
        if ($file.state -ne 'ready' -and $file.state -ne 'done') {
            $refused[$file.conversation] = $true
            Write-LeftAlone $file $file.state
        }
    }
    $groups = @($files | Where-Object { $_.state -eq 'ready' -and -not $refused.ContainsKey($_.conversation) } | Group-Object -Property conversation)
    foreach ($group in $groups) {
        $shown = @($group.Group | ForEach-Object { Get-ShownText $_.path }) -join ', '
        if ($PSCmdlet.ShouldProcess($shown, "Change the files of conversation $($group.Name)")) { $group.Group }
    }
}

function Move-Aside([string] $path, $file, [string] $ending) {
    New-BackupFolder
    $number = 0
    $place = Get-BackupPath $file $ending
    while ([IO.File]::Exists((Get-LongPath $place))) { $number++; $place = Get-BackupPath $file "$ending-$number" }
    [IO.File]::Move((Get-LongPath $path), (Get-LongPath $place))
}

function Assert-Unchanged($file, [string] $there) {
    # The app may have been started since the files were looked at.
    if ((Get-Digest $file.path) -ne $there) { throw 'it was written by another program just now' }
}

function Copy-Checked($file, [string] $source, [string] $partial, [string] $wanted) {
    [IO.File]::Copy((Get-LongPath $source), (Get-LongPath $partial), $true)
    if ((Get-Digest $partial) -ne $wanted) { throw 'a copy of its new content is not like it: is the disk full or failing?' }
    $time = [IO.File]::GetLastWriteTimeUtc((Get-LongPath $source))
    if ($source -eq $file.new -and $file.modified -ne $null) {
        $time = (New-Object -TypeName DateTime -ArgumentList 1970, 1, 1, 0, 0, 0, ([DateTimeKind]::Utc)).AddMilliseconds([double] $file.modified)
    }
    [IO.File]::SetLastWriteTimeUtc((Get-LongPath $partial), $time)
}

function Write-Whole($file, [string] $source, [string] $there, [string] $wanted) {
    # A copy beside the file, checked, takes its place at one stroke. What came there meanwhile stays: Move fails then.
    if ((Get-Digest $file.path) -eq $wanted) { return } # a transcript that two entries name is mended with the first
    $partial = [IO.Path]::Combine((Get-ParentPath $file.path), "ce-$kitId.new")
    try {
        Copy-Checked $file $source $partial $wanted
        Assert-Unchanged $file $there
        if ($there -eq '') { [IO.File]::Move((Get-LongPath $partial), (Get-LongPath $file.path)) }
        else { [IO.File]::Replace((Get-LongPath $partial), (Get-LongPath $file.path), [NullString]::Value) }
    } catch {
        $why = $_.Exception.Message
        try { if ([IO.File]::Exists((Get-LongPath $partial))) { Move-Aside $partial $file 'partial' } }
        catch { $why = "$why $(Get-ShownText $partial) is left there." }
        throw $why
    }
    if ((Get-Digest $file.path) -ne $wanted) { throw 'it is not what was written: run undo.ps1 and check the disk' }
}

function Set-After($file) {
    if ($file.aside) {
        Assert-Unchanged $file $file.before
        Move-Aside $file.path $file 'moved'
    } else { Write-Whole $file $file.new $file.before $file.after }
}

function Set-Before($file) {
    if ($file.before -eq '') {
        Assert-Unchanged $file $file.after
        Move-Aside $file.path $file 'undone'
    } else { Write-Whole $file (Get-BackupPath $file 'bak') $file.after $file.before }
}

function Invoke-Each($files, [scriptblock] $action, [scriptblock] $back) {
    # Do one thing per file, and return the files of conversations that came through whole. Where one fails, what was
    # done for its conversation is taken back; others get their turn.
    $failed = @{}
    $done = New-Object -TypeName System.Collections.ArrayList
    foreach ($file in $files) {
        if ($failed.ContainsKey($file.conversation)) { continue }
        try {
            [void] (& $action $file)
            [void] $done.Add($file)
        } catch {
            $failed[$file.conversation] = $true
            Set-Failed $file $_.Exception.Message
            Undo-Part @($done | Where-Object { $_.conversation -eq $file.conversation }) $back
        }
    }
    return @($done | Where-Object { -not $failed.ContainsKey($_.conversation) })
}

function Set-Failed($file, [string] $why) {
    $file.state = 'failed'
    Write-LeftAlone $file $why
}

function Undo-Part($done, [scriptblock] $back) {
    if ($back -eq $null) { return }
    $last = @($done)
    [Array]::Reverse($last)
    foreach ($file in $last) {
        try { [void] (& $back $file) }
        catch {
            Set-Failed $file $_.Exception.Message
            Write-Host "Conversation $($file.conversation) is changed half way: run this again, or undo.ps1." -ForegroundColor Red
            return
        }
    }
}

function Write-Outcome($files, $ready, [string] $calm) {
    $refused = @($files | Where-Object { $_.state -ne 'ready' -and $_.state -ne 'done' })
    $waiting = @($files | Where-Object { $_.state -eq 'ready' })
    if (@($ready).Count -gt 0) { Write-Host "$(@($ready).Count) $(if (@($ready).Count -eq 1) { 'file' } else { 'files' }) changed. Backups: $([IO.Path]::Combine($kit, 'backup'))" }
    elseif ($refused.Count -eq 0 -and $waiting.Count -eq 0) { Write-Host $calm }
    else { Write-Host 'Nothing was changed.' }
    if ($refused.Count -gt 0) { return 1 }
    return 0
}
