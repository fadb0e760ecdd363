"""The kinds of incident that the community handles, and what people write when they report one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from geoservice.demo.model import IncidentSource, ServiceSeed

Setting = Literal["street", "building", "either"]


@dataclass(frozen=True)
class ServiceProfile:
    """A service with how its incidents turn up in the demo."""

    service: ServiceSeed
    #: Where its incidents happen.
    setting: Setting
    #: Share among all incidents; the sum is of no account.
    weight: float
    sources: tuple[IncidentSource, ...]
    #: `{place}` is an address or a street.
    reports: tuple[str, ...]


#: Never a plate: what is asked is about the place.
_PARKING = (
    {
        "code": "blocked", "datatype": "singlevaluelist", "required": True,
        "description": "占用了什么？", "description_en": "What is blocked?",
        "values": [
            {"key": "fire_lane", "name": "消防通道", "name_en": "Fire lane"},
            {"key": "pavement", "name": "人行道", "name_en": "Pavement"},
            {"key": "tactile", "name": "盲道", "name_en": "Tactile paving"},
        ],
    },
)  # fmt: skip
_LIGHT = (
    {"code": "how_many", "datatype": "number", "required": False, "description": "几盏灯？",
     "description_en": "How many lamps?", "datatype_description": "整数",
     "datatype_description_en": "A whole number"},
    {"code": "signs", "datatype": "multivaluelist", "required": False, "description": "什么现象？",
     "description_en": "What is wrong?",
     "values": [{"key": "dark", "name": "不亮", "name_en": "It is dark"},
                {"key": "flicker", "name": "闪烁", "name_en": "It flickers"},
                {"key": "tilted", "name": "倾斜", "name_en": "The post leans"}]},
)  # fmt: skip
PROFILES: tuple[ServiceProfile, ...] = (
    ServiceProfile(ServiceSeed("garbage", "暴露垃圾", "Exposed garbage", "市容环境",
                               "垃圾未入箱、垃圾桶满溢或建筑垃圾乱堆", "垃圾,满溢,garbage,litter", 8),
                   "either", 36, ("resident", "patrol", "patrol", "hotline"),
                   ("{place}旁垃圾桶满溢", "{place}有装修垃圾堆放", "{place}路边有暴露垃圾")),
    ServiceProfile(ServiceSeed("parking", "违规停车", "Illegal parking", "市容环境",
                               "占用消防通道、人行道或盲道停车", "停车,占道,parking", 4, _PARKING),
                   "street", 40, ("camera", "camera", "camera", "resident", "patrol"),
                   ("{place}车辆占用人行道", "{place}消防通道被车辆堵塞", "{place}停车影响通行")),
    ServiceProfile(ServiceSeed("road", "道路破损", "Road damage", "市政设施",
                               "路面坑洼、井盖缺失、人行道砖松动", "坑洼,井盖,road,pothole", 48),
                   "street", 22, ("resident", "patrol", "hotline"),
                   ("{place}路面有坑洼", "{place}井盖松动有响声", "{place}人行道地砖破损")),
    ServiceProfile(ServiceSeed("light", "路灯故障", "Street light", "市政设施",
                               "路灯不亮、闪烁或灯杆倾斜", "路灯,照明,light", 24, _LIGHT),
                   "street", 20, ("resident", "patrol", "system"),
                   ("{place}路灯不亮", "{place}一盏路灯闪烁", "{place}灯杆倾斜")),
    ServiceProfile(ServiceSeed("fire", "消防隐患", "Fire hazard", "公共安全",
                               "楼道堆物、电动车飞线充电、消防设施缺损", "消防,充电,fire", 4),
                   "building", 26, ("patrol", "patrol", "resident", "system"),
                   ("{place}楼道堆放杂物", "{place}有电动车飞线充电", "{place}灭火器压力不足")),
    ServiceProfile(ServiceSeed("noise", "噪声扰民", "Noise", "社会治安",
                               "夜间施工、商铺外放音响等噪声", "噪声,扰民,noise", 8),
                   "building", 20, ("resident", "hotline"),
                   ("{place}夜间施工噪声", "{place}商铺音响声音过大", "{place}早间装修噪声")),
    ServiceProfile(ServiceSeed("dispute", "矛盾纠纷调解", "Dispute mediation", "矛盾调解",
                               "邻里、租赁、物业等纠纷的上门调解", "纠纷,调解,dispute,mediation", 40),
                   "building", 24, ("resident", "patrol", "hotline"),
                   ("{place}邻里因停车位发生争执", "{place}租赁押金纠纷", "{place}物业费纠纷请求调解")),
    ServiceProfile(ServiceSeed("help", "居家求助", "Help at home", "便民服务",
                               "上门帮扶和代办", "求助,帮扶,help", 8),
                   "building", 20, ("resident", "hotline", "patrol"),
                   ("{place}申请上门代办", "{place}住户请求搬运重物", "{place}请求协助办理证件")),
    ServiceProfile(ServiceSeed("leak", "漏水停水", "Water leak", "市政设施",
                               "管道漏水、爆管、污水外溢或停水", "漏水,停水,污水,leak", 8),
                   "either", 22, ("resident", "hotline", "patrol"),
                   ("{place}污水井外溢", "{place}水管漏水", "{place}片区水压低")),
    ServiceProfile(ServiceSeed("dogs", "流浪犬", "Stray dogs", "公共安全",
                               "流浪犬聚集、犬只未拴绳", "流浪犬,dog", 16),
                   "street", 16, ("resident", "patrol", "camera"),
                   ("{place}有流浪犬聚集", "{place}犬只未拴绳", "{place}学生上学路上有流浪犬")),
    ServiceProfile(ServiceSeed("vending", "占道经营", "Street vending", "市容环境",
                               "流动摊贩、店外经营占用道路", "摊贩,占道,vending", 8),
                   "street", 18, ("camera", "patrol", "resident"),
                   ("{place}流动摊贩占道", "{place}店外经营占用人行道", "{place}早市未按时撤摊")),
    ServiceProfile(ServiceSeed("cable", "线缆垂落", "Hanging cable", "公共安全",
                               "通信或电力线缆垂落、箱体破损", "线缆,电线,cable", 12),
                   "either", 12, ("resident", "patrol"),
                   ("{place}通信线缆垂落", "{place}电表箱门破损", "{place}线缆杂乱有隐患")),
    ServiceProfile(ServiceSeed("tenancy", "流动人口登记", "Floating population registration", "便民服务",
                               "新入住流动人口的上门登记和居住证代办", "登记,居住证,registration", 24),
                   "building", 14, ("patrol", "resident"),
                   ("{place}新入住住户申请登记", "{place}申请居住证代办", "{place}出租房信息变更")),
    ServiceProfile(ServiceSeed("visit", "入户走访", "Patrol and visit", "便民服务",
                               "日常巡查、入户走访和政策宣传", "巡查,走访,patrol,visit", 40),
                   "building", 10, ("patrol",),
                   ("{place}申请入户走访", "{place}需要政策宣传", "{place}请网格员上门了解情况")),
    ServiceProfile(ServiceSeed("lost", "失物招领", "Lost and found", "便民服务",
                               "遗失物品的登记、寻找和认领", "失物,招领,lost,found", 24),
                   "either", 8, ("resident", "hotline"),
                   ("{place}拾到钥匙一串", "{place}遗失背包", "{place}拾到公交卡")),
    ServiceProfile(ServiceSeed("volunteer", "党员志愿服务", "Party-member service", "便民服务",
                               "居民点单、党员接单的志愿服务", "党员,志愿,volunteer", 40),
                   "building", 10, ("resident",),
                   ("{place}居民点单理发服务", "{place}申请家电义务维修", "{place}申请课后托管志愿者")),
)  # fmt: skip

SERVICES = tuple(profile.service for profile in PROFILES)
