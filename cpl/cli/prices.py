"""What the work of a repair order costs by the price list, to be told and accepted before it is done (OT-3)."""

from __future__ import annotations

from decimal import Decimal
from gettext import gettext as _

from cpl import registers
from cpl.cli.app import App
from cpl.errors import CplError
from cpl.record import Record, local_day, piece_of
from cpl.registers import Row
from cpl.schema import did_you_mean


def hint_at_price(app: App, record: Record) -> None:
    """Say on stderr what the items of an order cost today, and how the price and its acceptance are entered.

    Of an order that has a price already nothing is said, and a list that is not right is only named.
    """
    items = record.get("order.items") or ()
    if not items or record.get("order.price") is not None:
        return
    try:
        rows = registers.read(app.store.file, "prices")
    except CplError as error:
        app.say(str(error))
        return
    day = local_day(app.now, app.settings.zone)
    found = {code: registers.price_on(rows, code, day) for code in items}
    for code in (code for code, row in found.items() if row is None):
        message = _("the price list has no '{code}' on {day}").format(code=code, day=day)
        app.say(message + did_you_mean(code, {row["code"] for row in rows}))
    priced = [row for code in items if (row := found[code]) is not None]
    if len(priced) == len(items):
        app.say(_told(app, record, priced))


def _told(app: App, record: Record, priced: list[Row]) -> str:
    language = app.settings.language
    parts = [f"{row['label'].get(language, row['code'])} {row['price']}/{row['unit']}" for row in priced]
    total = sum((row["price"] for row in priced), Decimal())
    message = _(
        "by the price list: {parts}; told and accepted before work: cpl set {id} order.price={total}, then: "
        "cpl did {id} sign-off --about price"
    )
    return message.format(parts=", ".join(parts), total=total, id=piece_of(record.id))
