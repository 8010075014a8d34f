Register-ArgumentCompleter -Native -CommandName zdx -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    if ($wordToComplete -eq '') {
        $words += ''
    }

    $saved = @($env:COMPLETE, $env:_CLAP_COMPLETE_INDEX)
    $env:COMPLETE = 'powershell'
    # Windows PowerShell hands no empty word over, but it counts.
    $env:_CLAP_COMPLETE_INDEX = [string]($words.Count - 1)
    try {
        $found = & zdx '--' @words 2>$null
    } finally {
        $env:COMPLETE = $saved[0]
        $env:_CLAP_COMPLETE_INDEX = $saved[1]
    }

    $found | Where-Object { $_ } | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) {
            $help = $value
        }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
    }
}
