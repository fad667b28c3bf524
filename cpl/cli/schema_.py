"""`cpl schema`: what records and settings look like, as JSON Schema for editors and programs."""

from __future__ import annotations

import json
from typing import Final

import click

from cpl import json_schema
from cpl.cli.app import App, pass_app
from cpl.places import NotAStore

_MADE: Final = {
    "record": (json_schema.of_record, json_schema.names_of),
    "settings": (json_schema.of_settings, json_schema.names_of_people),
    "profile": (json_schema.of_profile, json_schema.names_of_people),
}


@click.command("schema")
@click.argument("what", type=click.Choice(list(_MADE)), default="record")
@pass_app
def schema_command(app: App, what: str) -> None:
    """Print the JSON Schema of a record's front matter, of the settings (cpl.yaml), or of a profile.

    It is made of what cpl itself reads them by. In a store it knows the store's own names: states, categories, roles.
    It tells less than `cpl check`, which knows how fields hang together.

    \b
    Examples:
      cpl schema > .git/record.json
      cpl schema settings > .git/settings.json
    """
    make, names = _MADE[what]
    try:
        known = names(app.settings)
    except NotAStore:
        known = {}
    click.echo(json.dumps(make(known), ensure_ascii=False, indent=2))
