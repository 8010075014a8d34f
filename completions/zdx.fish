complete --keep-order --exclusive --command zdx --arguments "(COMPLETE=fish zdx -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
