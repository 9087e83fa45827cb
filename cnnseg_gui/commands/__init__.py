"""The subcommands of `cnnseg`, one module each: HELP, `configure(parser)` and `run(options)`."""
