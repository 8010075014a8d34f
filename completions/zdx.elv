
use builtin;
use str;

set edit:completion:arg-completer[zdx] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'zdx'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'zdx'= {
            cand --profile 'Take this profile of the config file; it beats ZENDESK_* variables'
            cand --config 'Read this config file'
            cand --state 'Keep positions in this file'
            cand --subdomain 'The account: acme, acme.zendesk.com or the URL'
            cand --base-url 'Send requests here instead of to https://SUBDOMAIN.zendesk.com'
            cand --log-format 'How stderr is written'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Tell of each request; can be repeated'
            cand --verbose 'Tell of each request; can be repeated'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand export 'Write every record that changed, and remember where the export stands'
            cand sample 'Show the shape of a resource: at most 50 records, from the sample endpoint'
            cand resources 'List the resources: paging, record key, sideloads, who may read them'
            cand sandbox 'Serve a local stand-in for Zendesk on loopback'
            cand completions 'Print completions for a shell'
        }
        &'zdx;export'= {
            cand -s 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch'
            cand --since 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch'
            cand --until 'Leave out records that changed at or after TIME; makes the run a one-off'
            cand --include 'Add related records, separated by commas (see `zdx resources`)'
            cand --support-type-scope 'Whose tickets: those of agents, of AI agents, or all'
            cand --limit 'Stop after N records of each resource; in a series, at the page''s edge'
            cand --max-pages 'Stop after N pages of each resource'
            cand -o 'Write here: - for stdout, a file, a directory (dir/), or a template with {resource}, {account}, {date}; with {run}, one finished file per run; .gz and .zst compress'
            cand --output 'Write here: - for stdout, a file, a directory (dir/), or a template with {resource}, {account}, {date}; with {run}, one finished file per run; .gz and .zst compress'
            cand --summary 'The last line on stderr'
            cand --pagination 'How to page; cursor where the resource has it'
            cand --per-page 'Records per page, 1 to 1000 [default: 1000]'
            cand --jobs 'How many resources run side by side [default: all]'
            cand --rate 'The most requests a minute'
            cand --reserve 'Leave this part of the quota to others'
            cand --max-wait 'The longest single wait for quota or retry'
            cand --retry-for 'How long to retry a failing request [default: 15m]'
            cand --max-page-bytes 'The largest page accepted after decompression [default: 256MiB]'
            cand --on-overflow 'When one second holds more than a page and the server does not get past it'
            cand --profile 'Take this profile of the config file; it beats ZENDESK_* variables'
            cand --config 'Read this config file'
            cand --state 'Keep positions in this file'
            cand --subdomain 'The account: acme, acme.zendesk.com or the URL'
            cand --base-url 'Send requests here instead of to https://SUBDOMAIN.zendesk.com'
            cand --log-format 'How stderr is written'
            cand --exclude-deleted 'Leave out deleted records'
            cand --exclude-system-updates 'Leave out tickets that only the system changed in the window that is exported'
            cand --append 'Go on behind what the output file already holds'
            cand --overwrite 'Replace what the output file already holds'
            cand --envelope 'Write each line as {"resource":…,"record":…}'
            cand --raw 'Leave lone surrogate escapes, which many readers refuse, as they are'
            cand --no-state 'Neither read nor move a saved position'
            cand --dry-run 'Show the resolved start, position, output and first request; send nothing'
            cand --sandbox 'Run against a sandbox inside this process; needs no account'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Tell of each request; can be repeated'
            cand --verbose 'Tell of each request; can be repeated'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'zdx;sample'= {
            cand -s 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch'
            cand --since 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch'
            cand --profile 'Take this profile of the config file; it beats ZENDESK_* variables'
            cand --config 'Read this config file'
            cand --state 'Keep positions in this file'
            cand --subdomain 'The account: acme, acme.zendesk.com or the URL'
            cand --base-url 'Send requests here instead of to https://SUBDOMAIN.zendesk.com'
            cand --log-format 'How stderr is written'
            cand --sandbox 'Run against a sandbox inside this process; needs no account'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Tell of each request; can be repeated'
            cand --verbose 'Tell of each request; can be repeated'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'zdx;resources'= {
            cand --profile 'Take this profile of the config file; it beats ZENDESK_* variables'
            cand --config 'Read this config file'
            cand --state 'Keep positions in this file'
            cand --subdomain 'The account: acme, acme.zendesk.com or the URL'
            cand --base-url 'Send requests here instead of to https://SUBDOMAIN.zendesk.com'
            cand --log-format 'How stderr is written'
            cand --json 'Print JSON'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Tell of each request; can be repeated'
            cand --verbose 'Tell of each request; can be repeated'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'zdx;sandbox'= {
            cand --port 'Listen on this port of 127.0.0.1 [default: a free one]'
            cand --seed 'The world''s seed: the same seed and records make the same world'
            cand --records 'Tickets in the world; the rest is in proportion'
            cand --bulk 'Tickets that one bulk job changed within the same second'
            cand --quota 'Requests per window; 0 lifts the quota [default: as the real one]'
            cand --window 'The quota''s window'
            cand --latency 'Delay each answer'
            cand --fault 'Give the N-th request a fault; can be repeated'
            cand --behaviour 'Set how the sandbox behaves where Zendesk''s behaviour is uncertain; can be repeated'
            cand --profile 'Take this profile of the config file; it beats ZENDESK_* variables'
            cand --config 'Read this config file'
            cand --state 'Keep positions in this file'
            cand --subdomain 'The account: acme, acme.zendesk.com or the URL'
            cand --base-url 'Send requests here instead of to https://SUBDOMAIN.zendesk.com'
            cand --log-format 'How stderr is written'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Tell of each request; can be repeated'
            cand --verbose 'Tell of each request; can be repeated'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'zdx;completions'= {
            cand --profile 'Take this profile of the config file; it beats ZENDESK_* variables'
            cand --config 'Read this config file'
            cand --state 'Keep positions in this file'
            cand --subdomain 'The account: acme, acme.zendesk.com or the URL'
            cand --base-url 'Send requests here instead of to https://SUBDOMAIN.zendesk.com'
            cand --log-format 'How stderr is written'
            cand -q 'Print errors only'
            cand --quiet 'Print errors only'
            cand -v 'Tell of each request; can be repeated'
            cand --verbose 'Tell of each request; can be repeated'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
    ]
    $completions[$command]
}
