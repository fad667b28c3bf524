"""`cpl init`: a store in a new or an existing repository; never overwrites, says what it made."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from gettext import gettext as _
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from cpl import attributes, config, driver, files, hooking, seeding
from cpl.cli.app import App, bad_parameter, pass_app
from cpl.cli.options import Name
from cpl.errors import CplError
from cpl.git import Git, find_toplevel
from cpl.language import LANGUAGES
from cpl.moments import parse_zone
from cpl.places import shipped, template
from cpl.render import Column, visible
from cpl.schema import did_you_mean
from cpl.settings_files import PROFILES, is_base, merged, parse, profile_layers
from cpl.store import Store
from cpl.writes import Commit
from cpl.yaml_nodes import MappingNode, Node, ScalarNode
from cpl.yaml_writer import entry

_ATTRIBUTES: Final = "\n".join(
    [
        "# Records and evidence stay byte for byte what they are; cpl merges records.",
        *attributes.LINES.values(),
        attributes.REGISTERS,
        "",
    ]
)
_CI_FILES: Final = {
    "github": ((".github/workflows/cpl.yml", "templates/ci/github.yml"),),
    "gitlab": ((".gitlab-ci.yml", "templates/ci/gitlab.yml"),),
    "none": (),
}


def profiles() -> dict[str, Mapping[str, str]]:
    """The shipped profiles that a store can work by, by name, each with its labels by language."""
    read = {path.stem: parse(path.read_bytes(), path.name) for path in _shipped_profiles()}
    return {name: _labels(node.get("label")) for name, node in read.items() if not is_base(node)}


def _labels(node: Node | None) -> dict[str, str]:
    entries = node.entries if isinstance(node, MappingNode) else []
    return {each.key.text: each.value.text for each in entries if isinstance(each.value, ScalarNode)}


def _shipped_profiles() -> list[Path]:
    return sorted((shipped() / PROFILES).glob("*.yaml"))


def _candidates(_app: App) -> Iterator[tuple[str, str]]:
    yield from ((name, ", ".join(labels.values())) for name, labels in profiles().items())


def _list_profiles(context: click.Context, _option: click.Parameter, is_set: bool) -> None:
    """Print the profiles with their labels, and be done."""
    if not is_set:
        return
    rows = [{"profile": name, **labels} for name, labels in profiles().items()]
    columns = (Column("profile", _("profile"), whole=True), Column("en", _("English")), Column("zh", _("Chinese")))
    context.ensure_object(App).emit(rows, columns, "table")
    raise click.exceptions.Exit(0)


@click.command("init")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--profile",
    type=Name("profile", _candidates),
    default="residential",
    show_default=True,
    metavar="NAME",
    help=_("The procedure to work by."),
)
@click.option(
    "--profiles",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_profiles,
    help=_("List the procedures that there are; make nothing."),
)
@click.option("--name", metavar="TEXT", help=_("The name of the estate; default: the folder's."))
@click.option("--timezone", default="Asia/Shanghai", show_default=True, metavar="ZONE")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help=_("Of the labels and of the texts that cpl writes into records."),
)
@click.option(
    "--ci",
    type=click.Choice(sorted(_CI_FILES)),
    default="none",
    show_default=True,
    help=_("Also the files for CI."),
)
@click.option(
    "--no-hooks", "hooks", flag_value=False, default=True, help=_("Don't have git check records before each commit.")
)
@pass_app
def init_command(
    app: App, folder: Path | None, profile: str, name: str | None, timezone: str, language: str, ci: str, *, hooks: bool
) -> None:
    """Make a complaint store in DIR (default: here), in a new or an existing git repository, also in a subfolder.

    The profile is copied into the store, and so is the calendar that it names: its rules are its own files. git's
    hooks are installed in this clone, as by `cpl hooks install`. Nothing that exists is changed; a second run changes
    nothing.

    \b
    Examples:
      cpl init --profiles
      cpl init estate
      cpl init --profile residential --name 锦绣花园 --language zh --ci github
    """
    root = (folder or app.folder or Path.cwd()).resolve()
    _begin(app, root)
    is_there = (root / config.MARKER).exists()
    _refuse_unknown(profile)
    bad_parameter("--timezone", parse_zone, timezone)
    _refuse_nested(app, root)
    _refuse_ci_in_subfolder(app, root, ci)
    identity = _identity(app, root)
    made = [_("git repository")] if _make_repository(app, root) else []
    profile = _profile_of(root) or profile
    settings = _settings(name or root.name, timezone, language, profile, identity, root)
    wanted = dict(_files(root, settings, profile, ci))
    new = {path: data for path, data in wanted.items() if not (root / path).exists()}
    is_new = _write(app, root, new, made)
    if any(path in new for path, _source in _CI_FILES[ci]):
        app.say(_("CI installs cpl from what its variable CPL_SOURCE says; see the top of the CI file"))
    has_new_hooks = hooks and _install_hooks(app, root)
    if is_new or has_new_hooks:
        click.echo(_("the complaint store is {root}; next: cpl open").format(root=root))
    else:
        click.echo(_("nothing to do: {root} is a complaint store already").format(root=root))
    if is_there and (ignored := _given("name", "timezone", "language", "profile")):
        message = _("cpl.yaml is kept as it is: {options} changed nothing")
        app.say(message.format(options=", ".join(ignored)))


def _refuse_unknown(profile: str) -> None:
    """Refuse a profile that there is not, and one that others only extend."""
    known = profiles()
    if profile in known:
        return
    if profile in (path.stem for path in _shipped_profiles()):
        message = _("'{name}' is only what others extend; choose one of: {names}")
        message = message.format(name=profile, names=", ".join(known))
    else:
        message = _("there is no profile '{name}'").format(name=profile) + did_you_mean(profile, known)
    raise click.BadParameter(message, param_hint="--profile")


def _begin(app: App, root: Path) -> None:
    """Undo what an interrupted `init` left, so that it is not taken for a store."""
    if root.is_dir() and find_toplevel(root, app.git_env) is not None:
        Store(root, app.git_env, say=app.say).begin()


def _given(*names: str) -> list[str]:
    """Which of these options stand on the command line."""
    source = click.get_current_context().get_parameter_source
    return [f"--{name}" for name in names if source(name) is ParameterSource.COMMANDLINE]


def _there(root: Path) -> Path:
    """The folder, or the nearest one above it that there is."""
    return next(folder for folder in (root, *root.parents) if folder.is_dir())


def _identity(app: App, root: Path) -> tuple[str, str]:
    """Who makes the store, as git knows it; asked before anything is made."""
    identity = Git(_there(root), app.git_env).identity()
    if identity is None:
        message = _("git does not know who you are; run: git config --global user.name NAME; the same for user.email")
        raise CplError(message)
    return identity


def _profile_of(root: Path) -> str | None:
    """The profile of a store that is there already."""
    marker = root / config.MARKER
    if not marker.exists():
        return None
    return Store(root).settings.profile_name


def _refuse_nested(app: App, root: Path) -> None:
    """Refuse to make a store within another one, or around one that git knows."""
    for above in root.parents:
        if (above / config.MARKER).is_file():
            message = _("{root} is inside the store {above}; work there, or choose a folder outside it")
            raise CplError(message.format(root=root, above=above))
    if not root.is_dir() or (root / config.MARKER).is_file() or find_toplevel(root, app.git_env) is None:
        return
    tracked = os.fsdecode(Git(root, app.git_env).run("ls-files", "-z")).split("\0")
    below = next((path for path in tracked if path.endswith(f"/{config.MARKER}")), None)
    if below is not None:
        folder = shlex.quote(below.removesuffix(f"/{config.MARKER}"))
        message = _("{root} has a store in it already, in {folder}; work there: cpl -C {folder} …")
        raise CplError(message.format(root=root, folder=folder))


def _refuse_ci_in_subfolder(app: App, root: Path, ci: str) -> None:
    """Refuse to write CI files where no hosting site reads them."""
    top = find_toplevel(_there(root), app.git_env)
    if ci == "none" or top is None or top == root:
        return
    message = _(
        "CI files are read only at the top of a repository, and this store will be in {folder} of {top}; run cpl init "
        "without --ci, and let the CI file there run: cpl -C {folder} check; cpl -C {folder} check --range BASE..HEAD"
    )
    raise CplError(message.format(folder=shlex.quote(root.relative_to(top).as_posix()), top=top))


def _make_repository(app: App, root: Path) -> bool:
    """Make the folder and a repository around it where there is none; whether it made one."""
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise files.WriteFailed(root, files.explain(error)) from error
    if find_toplevel(root, app.git_env) is not None:
        return False
    Git(root, app.git_env).run("init", "--quiet", "--initial-branch=main", write=True)
    return True


def _settings(name: str, timezone: str, language: str, profile: str, identity: tuple[str, str], root: Path) -> bytes:
    node = merged(_layers(root, profile)).get("roles")
    roles = [each.key.text for each in getattr(node, "entries", ())]
    person = {"id": config.person_id(identity[1]), "name": identity[0], "emails": [identity[1]], "roles": roles}
    lines = [
        entry("format", config.FORMAT),
        entry("name", name),
        entry("timezone", timezone),
        entry("language", language),
        entry("profile", profile),
        entry("people", [person]),
    ]
    return "".join(lines).encode()


def _files(root: Path, settings: bytes, profile: str, ci: str) -> Iterator[tuple[str, bytes]]:
    yield config.MARKER, settings
    for layer in _layers(root, profile):
        yield layer.source.path, template(root, layer.source.path) or b""
    yield "records/.gitkeep", b""
    for path in _calendar_years(root, profile):
        yield path, (shipped() / path).read_bytes()
    yield attributes.FILE, _ATTRIBUTES.encode()
    for path, source in _CI_FILES[ci]:
        yield path, template(root, source) or b""


def _layers(root: Path, profile: str) -> list[MappingNode]:
    """The files of a profile, the store's own before the shipped ones."""
    return profile_layers(lambda path: template(root, path), profile, parse(b"{}", config.MARKER))


def _calendar_years(root: Path, profile: str) -> Iterator[str]:
    """The shipped years of the calendar that a store goes by; none where it names none."""
    if (root / config.MARKER).exists():
        name = Store(root).settings.profile.calendar
    else:
        node = merged(_layers(root, profile)).get("calendar")
        name = node.text if isinstance(node, ScalarNode) else None
    return iter(()) if name is None else seeding.shipped_years(name)


def _write(app: App, root: Path, new: dict[str, bytes], made: list[str]) -> bool:
    """Write the new files, register the merge driver, and say what was made; whether anything was."""
    store = Store(root, app.git_env, say=app.say)
    if new:
        store.require_commit([])
        with store.lock():
            store.add_all(new, Commit("Start a complaint store", "init"))
    made = [*made, *new, *([_("merge driver in git's settings of this clone")] if driver.register(store) else [])]
    for what in made:
        click.echo(_("made {what}").format(what=what))
    _advise(app, store)
    return bool(made)


def _advise(app: App, store: Store) -> None:
    """Say which lines .gitattributes lacks, where it is not ours to change."""
    if lacking := attributes.lacking(store.git):
        message = _("please add to .gitattributes, so that git neither converts line ends nor merges records as text:")
        app.say("\n".join([message, *(f"  {attributes.LINES[name]}" for name in lacking)]))


def _install_hooks(app: App, root: Path) -> bool:
    """Install the hooks, or say why it can't be done; whether any is new."""
    try:
        done = [each for each in hooking.install(Store(root, app.git_env), app.interpreter) if each.is_change]
    except CplError as error:
        app.say(_("no hooks were installed; all else is done. {why}").format(why=error))
        return False
    for each in done:
        click.echo(visible(_("hook {name}: {words}").format(name=each.name, words=each.words)))
    return bool(done)
