"""`cpl completion`: the script that teaches a shell to complete commands, ids, states and people."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

_SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the completion script for your shell.

    \b
    To use it always:
      bash: cpl completion bash > ~/.local/share/bash-completion/completions/cpl
      zsh:  cpl completion zsh > a folder of $fpath, as _cpl
      fish: cpl completion fish > ~/.config/fish/completions/cpl.fish
    """
    script = _SHELLS[shell](context.find_root().command, {}, "cpl", "_CPL_COMPLETE")
    click.echo(script.source())
