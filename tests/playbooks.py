"""A playbook for tests, in a store's own templates: about pests, with each form that a step can have."""

from __future__ import annotations

from typing import Final

from tests.ledger import Ledger

NAME: Final = "rats-found"
RATS: Final = """\
label: {en: Rats found, zh: 发现老鼠}
clause: X-1
suggest:
  categories: [environment/pests]
  words: {en: [rat, rats, "rat poison"], zh: [老鼠]}
expectations:
- {en: That they are gone by the evening., zh: 当天解决。}
steps:
- name: arrive
  text: {en: Look at the place, zh: 到场查看}
  role: guard
  within: 10m
- name: apologise
  text: {en: Ring up and apologise, zh: 致电道歉}
  role: desk
  within: same-day
- name: call-in-the-morning
  text: {en: Ask whether they came back, zh: 回访是否复发}
  role: desk
  within: 1d
  at: '08:30'
- name: promise-of-a-date
  text: {en: Say when the vendor comes, zh: 告知上门日期}
  kind: promise
  role: manager
  within: 3bd
- name: check-the-baits
  text: {en: Check the baits, zh: 检查毒饵}
  role: engineer
  every: 1d
- name: announce
  text: {en: Put up the notice, zh: 张贴公示}
  role: desk
  ahead: 1d
- name: warn
  text: {en: Ring the bell at each door, zh: 挨户提醒}
  ahead: 10m
facts:
- {en: where droppings lie, zh: 粪便位置}
papers:
- {en: the vendor's licence, zh: 单位资质}
notice:
  en: |
    Dear residents,
    baits are laid on [date].
  zh: |
    各位业主:
    [日期]投放毒饵。
say:
- {en: We look at it today., zh: 我们今天到场。}
avoid:
- {en: "Do not promise that none will come back.", zh: 不承诺不再出现。}
risks:
- {en: A child eats the bait., zh: 儿童误食。}
improvement:
- {en: A contract with a vendor., zh: 签订消杀合同。}
"""


def add_playbook(ledger: Ledger, name: str = NAME, text: str = RATS) -> None:
    """Put a playbook into the store, and commit it."""
    path = ledger.root / "templates" / "playbooks" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    ledger.commit()
