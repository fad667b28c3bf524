"""cpl, the complaint ledger: complaints as Markdown files in git, and the commands that keep them."""

__version__ = "0.1.0"
