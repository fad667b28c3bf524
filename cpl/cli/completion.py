"""`cpl completion`: the script that teaches a shell to complete commands, ids, states and people."""

from __future__ import annotations

from gettext import gettext as _

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the completion script for your shell.

    \b
    To use it always:
      bash: cpl completion bash > ~/.local/share/bash-completion/completions/cpl
      zsh:  cpl completion zsh > a folder of $fpath, as _cpl
      fish: cpl completion fish > ~/.config/fish/completions/cpl.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(_("no completion for '{shell}'").format(shell=shell))
    script = found(context.find_root().command, {}, "cpl", "_CPL_COMPLETE")
    click.echo(script.source())
