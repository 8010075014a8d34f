# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_zdx_global_optspecs
    string join \n profile= config= state= subdomain= base-url= q/quiet v/verbose log-format= progress= h/help V/version
end

function __fish_zdx_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_zdx_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_zdx_using_subcommand
    set -l cmd (__fish_zdx_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c zdx -n "__fish_zdx_needs_command" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_needs_command" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_needs_command" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_needs_command" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_needs_command" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_needs_command" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_needs_command" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_needs_command" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_needs_command" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_needs_command" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_needs_command" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_needs_command" -f -a "export" -d 'Write every record that changed, and remember where the export stands'
complete -c zdx -n "__fish_zdx_needs_command" -f -a "sample" -d 'Show the shape of a resource: at most 50 records, from the sample endpoint'
complete -c zdx -n "__fish_zdx_needs_command" -f -a "resources" -d 'List the resources: paging, record key, sideloads, who may read them'
complete -c zdx -n "__fish_zdx_needs_command" -f -a "check" -d 'Prove the credentials, and say which resources the account can read'
complete -c zdx -n "__fish_zdx_needs_command" -f -a "state" -d 'Look at the saved positions, or change them'
complete -c zdx -n "__fish_zdx_needs_command" -f -a "config" -d 'Write, show or locate the config file'
complete -c zdx -n "__fish_zdx_needs_command" -f -a "sandbox" -d 'Serve a local stand-in for Zendesk on loopback'
complete -c zdx -n "__fish_zdx_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c zdx -n "__fish_zdx_using_subcommand export" -s s -l since -d 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l until -d 'Leave out records that changed at or after TIME; makes the run a one-off' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l include -d 'Add related records, separated by commas (see `zdx resources`)' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l support-type-scope -d 'Whose tickets: those of agents, of AI agents, or all' -r -f -a "agent\t''
ai_agent\t''
all\t''"
complete -c zdx -n "__fish_zdx_using_subcommand export" -l limit -d 'Stop after N records of each resource; in a series, at the page\'s edge' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l max-pages -d 'Stop after N pages of each resource' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -s o -l output -d 'Write here: - for stdout, a file, a directory (dir/), or a template with {resource}, {account}, {date}; with {run}, one finished file per run; .gz and .zst compress' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l summary -d 'The last line on stderr' -r -f -a "text\t''
json\t''
none\t''"
complete -c zdx -n "__fish_zdx_using_subcommand export" -s f -l follow -d 'After catching up, keep polling and stream changes until a signal [default interval: 60s]' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l pagination -d 'How to page; cursor where the resource has it' -r -f -a "cursor\t''
time\t''"
complete -c zdx -n "__fish_zdx_using_subcommand export" -l per-page -d 'Records per page, 1 to 1000 [default: 1000]' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l jobs -d 'How many resources run side by side [default: all]' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l rate -d 'The most requests a minute' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l reserve -d 'Leave this part of the quota to others' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l max-wait -d 'The longest single wait for quota or retry' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l retry-for -d 'How long to retry a failing request [default: 15m]' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l max-page-bytes -d 'The largest page accepted after decompression [default: 256MiB]' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l on-overflow -d 'When one second holds more than a page and the server does not get past it' -r -f -a "stop\t'Stop with exit code 6'
skip-second\t'Write the page and go on behind the second, losing what does not fit'"
complete -c zdx -n "__fish_zdx_using_subcommand export" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand export" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand export" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand export" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand export" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand export" -l exclude-deleted -d 'Leave out deleted records'
complete -c zdx -n "__fish_zdx_using_subcommand export" -l exclude-system-updates -d 'Leave out tickets that only the system changed in the window that is exported'
complete -c zdx -n "__fish_zdx_using_subcommand export" -l append -d 'Go on behind what the output file already holds'
complete -c zdx -n "__fish_zdx_using_subcommand export" -l overwrite -d 'Replace what the output file already holds'
complete -c zdx -n "__fish_zdx_using_subcommand export" -l envelope -d 'Write each line as {"resource":…,"record":…}'
complete -c zdx -n "__fish_zdx_using_subcommand export" -l raw -d 'Leave lone surrogate escapes, which many readers refuse, as they are'
complete -c zdx -n "__fish_zdx_using_subcommand export" -l no-state -d 'Neither read nor move a saved position'
complete -c zdx -n "__fish_zdx_using_subcommand export" -l dry-run -d 'Show the resolved start, position, output and first request; send nothing'
complete -c zdx -n "__fish_zdx_using_subcommand export" -l sandbox -d 'Run against a sandbox inside this process; needs no account'
complete -c zdx -n "__fish_zdx_using_subcommand export" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand export" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zdx -n "__fish_zdx_using_subcommand export" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand sample" -s s -l since -d 'Start here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch' -r
complete -c zdx -n "__fish_zdx_using_subcommand sample" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand sample" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand sample" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand sample" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand sample" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand sample" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand sample" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand sample" -l sandbox -d 'Run against a sandbox inside this process; needs no account'
complete -c zdx -n "__fish_zdx_using_subcommand sample" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand sample" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand sample" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand sample" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand resources" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand resources" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand resources" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand resources" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand resources" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand resources" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand resources" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand resources" -l json -d 'Print JSON'
complete -c zdx -n "__fish_zdx_using_subcommand resources" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand resources" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand resources" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand resources" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand check" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand check" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand check" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand check" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand check" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand check" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand check" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand check" -l json -d 'Print JSON'
complete -c zdx -n "__fish_zdx_using_subcommand check" -l sandbox -d 'Run against a sandbox inside this process; needs no account'
complete -c zdx -n "__fish_zdx_using_subcommand check" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand check" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand check" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand check" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -f -a "show" -d 'Print each position in words: change time, lag, output; needs no network'
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -f -a "path" -d 'Print where the state file is'
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -f -a "set" -d 'Move a series\' position to a time; the old state is kept beside the new one'
complete -c zdx -n "__fish_zdx_using_subcommand state; and not __fish_seen_subcommand_from show path set reset" -f -a "reset" -d 'Forget a series\' position; the old state is kept beside the new one'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from path" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -s s -l since -d 'Go on from here: 2h, 3d, yesterday, 2026-11-01, RFC 3339 or @epoch' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand state; and __fish_seen_subcommand_from reset" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -f -a "init" -d 'Write a commented config file, for its owner alone'
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -f -a "show" -d 'Print the settings in effect and where each comes from, secrets redacted'
complete -c zdx -n "__fish_zdx_using_subcommand config; and not __fish_seen_subcommand_from init show path" -f -a "path" -d 'Print where the config file is'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from init" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand config; and __fish_seen_subcommand_from path" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l port -d 'Listen on this port of 127.0.0.1 [default: a free one]' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l seed -d 'The world\'s seed: the same seed and records make the same world' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l records -d 'Tickets in the world; the rest is in proportion' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l bulk -d 'Tickets that one bulk job changed within the same second' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l quota -d 'Requests per window; 0 lifts the quota [default: as the real one]' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l window -d 'The quota\'s window' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l latency -d 'Delay each answer' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l fault -d 'Give the N-th request a fault; can be repeated' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l behaviour -d 'Set how the sandbox behaves where Zendesk\'s behaviour is uncertain; can be repeated' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand sandbox" -s V -l version -d 'Print version'
complete -c zdx -n "__fish_zdx_using_subcommand completions" -l profile -d 'Take this profile of the config file; it beats ZENDESK_* variables' -r
complete -c zdx -n "__fish_zdx_using_subcommand completions" -l config -d 'Read this config file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand completions" -l state -d 'Keep positions in this file' -r -F
complete -c zdx -n "__fish_zdx_using_subcommand completions" -l subdomain -d 'The account: acme, acme.zendesk.com or the URL' -r
complete -c zdx -n "__fish_zdx_using_subcommand completions" -l base-url -d 'Send requests here instead of to https://SUBDOMAIN.zendesk.com' -r
complete -c zdx -n "__fish_zdx_using_subcommand completions" -l log-format -d 'How stderr is written' -r -f -a "text\t''
json\t''"
complete -c zdx -n "__fish_zdx_using_subcommand completions" -l progress -d 'Whether to show progress; auto: on a terminal that records are not written to' -r -f -a "auto\t''
always\t''
never\t''"
complete -c zdx -n "__fish_zdx_using_subcommand completions" -s q -l quiet -d 'Print errors only'
complete -c zdx -n "__fish_zdx_using_subcommand completions" -s v -l verbose -d 'Tell of each request; can be repeated'
complete -c zdx -n "__fish_zdx_using_subcommand completions" -s h -l help -d 'Print help'
complete -c zdx -n "__fish_zdx_using_subcommand completions" -s V -l version -d 'Print version'
