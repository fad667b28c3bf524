"""The words that the made-up records of the benchmarks consist of."""

from __future__ import annotations

from typing import Final

CPL_YAML: Final = """\
format: 1
name: 锦绣物业
timezone: Asia/Shanghai
language: en
profile: residential
people:
- {id: li.na, name: 李娜, emails: [li.na@example.org], roles: [desk, manager], department: customer-service}
- {id: wu.min, name: 吴敏, emails: [wu.min@example.org], roles: [desk], department: customer-service}
- {id: zhao.qiang, name: 赵强, emails: [zhao.qiang@example.org], roles: [engineer], department: engineering}
- {id: he.jun, name: 何军, emails: [he.jun@example.org], roles: [engineer], department: engineering}
- {id: chen.jing, name: 陈静, emails: [chen.jing@example.org], roles: [guard], department: security}
- {id: lin.fang, name: 林芳, emails: [lin.fang@example.org], roles: [steward], department: environment}
- {id: sun.wei, name: 孙伟, emails: [sun.wei@example.org], roles: [manager], department: management}
"""
ATTRIBUTES: Final = "records/** -text\nrecords/**/*.md merge=cpl\n"
DESK: Final = ("li.na", "wu.min")
SITES: Final = ("锦绣花园", "翠湖新城", "阳光里", "滨江壹号", "Riverside Court", "Maple Gardens")
CHANNELS: Final = ("phone", "hotline", "wechat", "app", "desk", "visit", "web", "email", "letter", "other")
HOW_OFTEN: Final = (26, 14, 22, 12, 12, 4, 4, 3, 2, 1)
NAMES: Final = ("王女士", "陈先生", "周女士", "吴先生", "郑女士", "Mr Hughes", "Ms Novak", "刘先生", "黄女士", "孙先生")
# Category, department, who does it, and what it is called; B, U and R are the building, the unit and the room.
TOPICS: Final = [
    tuple(line.split(" | "))
    for line in """\
equipment/access-control | engineering | zhao.qiang | {B}号楼{U}单元门禁失灵 | Entrance of {B}-{U} won't open
equipment/lift | engineering | he.jun | {B}号楼{U}单元电梯停运 | Lift of building {B} stuck on floor {F}
equipment/water | engineering | he.jun | {B}号楼{R}室水压不足 | No water in {B}-{R} since the morning
equipment/power | engineering | zhao.qiang | {B}号楼{R}室经常跳闸 | Power cut in flat {R}, building {B}
equipment/heating | engineering | he.jun | {R}室暖气不热 | Heating cold in flat {R} of building {B}
equipment/corridor-light | engineering | zhao.qiang | {B}号楼{F}楼楼道灯不亮 | Corridor light out, {B}, floor {F}
equipment/intercom | engineering | zhao.qiang | {R}室对讲没有声音 | Intercom of {B}-{R} is silent
building/leak | engineering | he.jun | {R}室卫生间天花板漏水 | Ceiling of {R} leaks, building {B}
building/defect | engineering | he.jun | {R}室外墙开裂渗水 | Crack in the outer wall at {B}-{R}
environment/cleaning | environment | lin.fang | {B}号楼{U}单元楼道脏 | Stairs of {B}-{U} not cleaned for days
environment/greening | environment | lin.fang | {B}号楼前绿化带枯死 | Dead hedge in front of building {B}
environment/noise | security | chen.jing | {R}室楼上夜间装修噪声 | Drilling above {R} at night, building {B}
environment/pests | environment | lin.fang | {B}号楼{U}单元发现老鼠 | Rats in the basement of {B}
environment/waste | environment | lin.fang | {B}号楼垃圾未清运 | Bins of building {B} overflow
vehicle/parking | security | chen.jing | {B}号楼前消防通道被占 | Car blocks the fire lane at building {B}
vehicle/gate | security | chen.jing | 道闸识别不了{R}室车牌 | Gate does not know the car of {B}-{R}
vehicle/charging | engineering | zhao.qiang | {B}号楼充电桩无法启动 | Charger at building {B} does not start
neighbour | security | chen.jing | {R}室在走廊堆放杂物 | Boxes of {R} in the corridor of {B}
service/attitude | customer-service | wu.min | {R}室反映前台态度冷淡 | Rude answer at the desk to flat {R}
service/fees | finance | sun.wei | {R}室物业费多收一个月 | Flat {R} was charged twice, building {B}
public/trees | other | lin.fang | {B}号楼旁市政树枝折断 | Broken branch of a street tree at {B}
other | other | li.na | {R}室咨询装修手续 | Flat {R} asks about other matters
""".splitlines()
]
TEXTS: Final = (
    (
        "业主来电反映,问题已持续一周,此前报过一次没有结果,家中有老人,希望今天有人上门查看。",
        "请先电话联系,下午三点以后在家。",
    ),
    ("巡楼时住户反映,晚上尤其明显,已影响休息,要求说明原因并给出处理时间。", "照片已发到管家微信。"),
    (
        "It began on Sunday evening and has come back each day since. Three neighbours have the same.",
        "She is at home after six.",
    ),
    (
        "He called twice last month and was told that somebody would come; nobody came.",
        "He wants to know when it will be done.",
    ),
)
FOUND: Final = (
    "现场查看属实,部件老化,需更换。",
    "The part is worn; the contractor has one in stock.",
    "现场未复现,继续观察。",
)
DONE: Final = (
    "已更换部件,试用正常,业主当场确认。",
    "Mended and tried twice in the resident's presence.",
    "已清理并纳入每日巡查。",
)
INTAKE: Final = """\
## Intake
- [x] 听清楚:让对方把话说完
- [x] 问清楚:何时、何地、何事、何人、多久了、现状
- [x] 跟清楚:复述一遍,双方确认
- [x] 写清楚:事实、诉求、证据及其来源和日期
- [ ] 已报告:通知责任部门或负责人
"""
