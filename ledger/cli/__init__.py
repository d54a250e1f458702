"""The subcommands of `manage.py ledger`: each adds its arguments, and answers data and how to show it."""
