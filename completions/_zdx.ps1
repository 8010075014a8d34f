
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'zdx' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'zdx'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'zdx' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Write every record that changed, and remember where the export stands')
            [CompletionResult]::new('sample', 'sample', [CompletionResultType]::ParameterValue, 'Show the shape of a resource: at most 50 records, from the sample endpoint')
            [CompletionResult]::new('resources', 'resources', [CompletionResultType]::ParameterValue, 'List the resources: paging, record key, sideloads, who may read them')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Prove the credentials, and say which resources the account can read')
            [CompletionResult]::new('state', 'state', [CompletionResultType]::ParameterValue, 'Look at the saved positions, or change them')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Write, show or locate the config file')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Serve a local stand-in for Zendesk on loopback')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print completions for a shell')
            break
        }
        'zdx;export' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Leave out records that changed at or after TIME; makes the run a one-off')
            [CompletionResult]::new('--include', '--include', [CompletionResultType]::ParameterName, 'Add related records, separated by commas (see `zdx resources`)')
            [CompletionResult]::new('--support-type-scope', '--support-type-scope', [CompletionResultType]::ParameterName, 'Whose tickets: those of agents, of AI agents, or all')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Stop after N records of each resource; in a series, at the page''s edge')
            [CompletionResult]::new('--max-pages', '--max-pages', [CompletionResultType]::ParameterName, 'Stop after N pages of each resource')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write here: - for stdout, a file, a directory (dir/), or a template with {resource}, {account}, {date}; with {run}, one finished file per run; .gz and .zst compress')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write here: - for stdout, a file, a directory (dir/), or a template with {resource}, {account}, {date}; with {run}, one finished file per run; .gz and .zst compress')
            [CompletionResult]::new('--summary', '--summary', [CompletionResultType]::ParameterName, 'The last line on stderr')
            [CompletionResult]::new('--pagination', '--pagination', [CompletionResultType]::ParameterName, 'How to page; cursor where the resource has it')
            [CompletionResult]::new('--per-page', '--per-page', [CompletionResultType]::ParameterName, 'Records per page, 1 to 1000 [default: 1000]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'How many resources run side by side [default: all]')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'The most requests a minute')
            [CompletionResult]::new('--reserve', '--reserve', [CompletionResultType]::ParameterName, 'Leave this part of the quota to others')
            [CompletionResult]::new('--max-wait', '--max-wait', [CompletionResultType]::ParameterName, 'The longest single wait for quota or retry')
            [CompletionResult]::new('--retry-for', '--retry-for', [CompletionResultType]::ParameterName, 'How long to retry a failing request [default: 15m]')
            [CompletionResult]::new('--max-page-bytes', '--max-page-bytes', [CompletionResultType]::ParameterName, 'The largest page accepted after decompression [default: 256MiB]')
            [CompletionResult]::new('--on-overflow', '--on-overflow', [CompletionResultType]::ParameterName, 'When one second holds more than a page and the server does not get past it')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('--exclude-deleted', '--exclude-deleted', [CompletionResultType]::ParameterName, 'Leave out deleted records')
            [CompletionResult]::new('--exclude-system-updates', '--exclude-system-updates', [CompletionResultType]::ParameterName, 'Leave out tickets that only the system changed in the window that is exported')
            [CompletionResult]::new('--append', '--append', [CompletionResultType]::ParameterName, 'Go on behind what the output file already holds')
            [CompletionResult]::new('--overwrite', '--overwrite', [CompletionResultType]::ParameterName, 'Replace what the output file already holds')
            [CompletionResult]::new('--envelope', '--envelope', [CompletionResultType]::ParameterName, 'Write each line as {"resource":…,"record":…}')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Leave lone surrogate escapes, which many readers refuse, as they are')
            [CompletionResult]::new('--no-state', '--no-state', [CompletionResultType]::ParameterName, 'Neither read nor move a saved position')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the resolved start, position, output and first request; send nothing')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Run against a sandbox inside this process; needs no account')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;sample' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Run against a sandbox inside this process; needs no account')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;resources' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;check' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Run against a sandbox inside this process; needs no account')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;state' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print each position in words: change time, lag, output; needs no network')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the state file is')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Move a series'' position to a time; the old state is kept beside the new one')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Forget a series'' position; the old state is kept beside the new one')
            break
        }
        'zdx;state;show' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;state;path' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;state;set' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Go on from here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Go on from here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;state;reset' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;config' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a commented config file, for its owner alone')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the settings in effect and where each comes from, secrets redacted')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the config file is')
            break
        }
        'zdx;config;init' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;config;show' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;config;path' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;sandbox' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'Listen on this port of 127.0.0.1 [default: a free one]')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The world''s seed: the same seed and records make the same world')
            [CompletionResult]::new('--records', '--records', [CompletionResultType]::ParameterName, 'Tickets in the world; the rest is in proportion')
            [CompletionResult]::new('--bulk', '--bulk', [CompletionResultType]::ParameterName, 'Tickets that one bulk job changed within the same second')
            [CompletionResult]::new('--quota', '--quota', [CompletionResultType]::ParameterName, 'Requests per window; 0 lifts the quota [default: as the real one]')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'The quota''s window')
            [CompletionResult]::new('--latency', '--latency', [CompletionResultType]::ParameterName, 'Delay each answer')
            [CompletionResult]::new('--fault', '--fault', [CompletionResultType]::ParameterName, 'Give the N-th request a fault; can be repeated')
            [CompletionResult]::new('--behaviour', '--behaviour', [CompletionResultType]::ParameterName, 'Set how the sandbox behaves where Zendesk''s behaviour is uncertain; can be repeated')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'zdx;completions' {
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take this profile of the config file; it beats ZENDESK_* variables')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this config file')
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Keep positions in this file')
            [CompletionResult]::new('--subdomain', '--subdomain', [CompletionResultType]::ParameterName, 'The account: acme, acme.zendesk.com or the URL')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Send requests here instead of to https://SUBDOMAIN.zendesk.com')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How stderr is written')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print errors only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Tell of each request; can be repeated')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
