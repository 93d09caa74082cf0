"""The three regions of the sample company, with the words that its people, clients and deals are named from."""

from dataclasses import dataclass
from datetime import time
from functools import cache

from models.working_days import WorkCalendar


@dataclass(frozen=True)
class Place:
    """One region: where people sit, what they speak, in which currency clients pay."""

    region: str
    country: str
    time_zone: str
    language: str
    currency: str
    scale: int  # a typical yearly value of a client in that currency
    family: tuple[str, ...]
    given: tuple[str, ...]
    towns: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    family_first: bool = False


EAST_CHINA = Place(
    region="East China",
    country="CN",
    time_zone="Asia/Shanghai",
    language="zh-CN",
    currency="CNY",
    scale=480_000,
    family=tuple("王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"),
    given=("伟", "芳", "娜", "敏", "静", "磊", "洋", "艳", "勇", "杰", "涛", "明", "超", "秀兰", "霞", "平", "刚",
           "文博", "思远", "雨桐", "子涵", "浩然", "欣怡", "嘉宁", "志强", "晓东", "海燕", "建国", "佳琪"),
    towns=("上海", "杭州", "苏州", "南京", "宁波", "无锡", "合肥", "嘉兴", "温州", "绍兴", "常州", "南通"),
    trades=("智能制造", "医疗器械", "新材料", "电子", "食品", "物流", "汽车零部件", "纺织", "化工", "软件"),
    forms=("有限公司", "股份有限公司", "集团"),
    family_first=True,
)  # fmt: skip

EMEA = Place(
    region="EMEA",
    country="DE",
    time_zone="Europe/Berlin",
    language="en",
    currency="EUR",
    scale=65_000,
    family=("Müller", "Schmidt", "Weber", "Fischer", "Becker", "Rossi", "Bianchi", "Dubois", "Laurent", "Novak",
            "Kowalski", "Jansen", "De Vries", "Andersen", "Lindqvist", "Costa", "García", "Okafor", "Haddad", "Yilmaz"),
    given=("Anna", "Lukas", "Marie", "Jonas", "Sofia", "Matteo", "Claire", "Hugo", "Eva", "Tomasz", "Lotte", "Sven",
           "Ingrid", "Pedro", "Lucía", "Amara", "Karim", "Elif", "Nora", "Felix", "Greta", "Paul", "Ida", "Emil"),
    towns=("Hamburg", "Lyon", "Torino", "Gdańsk", "Rotterdam", "Malmö", "Porto", "Sevilla", "Graz", "Bremen"),
    trades=("Medizintechnik", "Logistics", "Foods", "Automotive", "Chemicals", "Textiles", "Robotics", "Energy"),
    forms=("GmbH", "AG", "S.p.A.", "SARL", "B.V.", "AB"),
)  # fmt: skip

AMERICAS = Place(
    region="Americas",
    country="US",
    time_zone="America/New_York",
    language="en",
    currency="USD",
    scale=72_000,
    family=("Johnson", "Williams", "Brown", "Garcia", "Miller", "Davis", "Martinez", "Wilson", "Anderson", "Taylor",
            "Nguyen", "Patel", "Kim", "Clark", "Lewis", "Walker", "Young", "Rivera", "Campbell", "Tremblay"),
    given=("James", "Maria", "Robert", "Linda", "David", "Susan", "Daniel", "Karen", "Carlos", "Emily", "Kevin",
           "Priya", "Minh", "Rachel", "Omar", "Hannah", "Tyler", "Nicole", "Marcus", "Olivia", "Ethan", "Zoe", "Ruth"),
    towns=("Boston", "Austin", "Denver", "Toronto", "Chicago", "Seattle", "Atlanta", "Phoenix", "Montréal", "Raleigh"),
    trades=("Devices", "Logistics", "Foods", "Auto Parts", "Chemicals", "Apparel", "Robotics", "Energy", "Health"),
    forms=("Inc.", "LLC", "Corp.", "Ltd."),
)  # fmt: skip

PLACES = (EAST_CHINA, EMEA, AMERICAS)
SEGMENTS = ("manufacturing", "healthcare", "retail", "logistics", "chemicals", "software")
BRANDS = tuple("华鑫宏瑞泰博恒盛嘉远安德信诚达创辰隆")


@cache
def calendar_of(place: Place) -> WorkCalendar:
    """The working days there, made once: a large company asks for every person."""
    return WorkCalendar(place.country, place.time_zone, time(18))
