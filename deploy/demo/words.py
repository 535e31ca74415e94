"""What people of the demo say: short texts written for it, about no real person or case."""

from typing import NamedTuple

from shared.events.words import RequestType


class Text(NamedTuple):
    """A title, and a text that may name a `{spot}`."""

    title: str
    content: str


class Guide(NamedTuple):
    """An article of the knowledge base, and the question that it answers."""

    category: str
    title: str
    body: str
    question: Text


SPOTS: dict[str, tuple[tuple[str, str], ...]] = {
    "530000": (
        ("530100", "昆明市北市区某小区"),
        ("530400", "玉溪市城南农贸市场旁"),
        ("532900", "大理市环城路中段"),
        ("530300", "曲靖市城西某小区"),
    ),
    "532800": (
        ("532801", "景洪市江北路口"),
        ("532801", "景洪市某花园小区"),
        ("532822", "勐海县农贸市场旁"),
        ("532823", "勐腊县客运站附近"),
    ),
    "512000": (
        ("512002", "雁江区沱江边某小区"),
        ("512002", "雁江区城东新区路口"),
        ("512021", "安岳县老城某院落"),
        ("512022", "乐至县汽车站附近"),
    ),
}
"""Where the matters of each place are: division and words."""

REQUESTS: dict[str, dict[RequestType, Text]] = {
    "01": {
        RequestType.INQUIRY: Text("加装电梯怎么申请", "{spot}的老楼想加装电梯，问应向哪里申请。"),
        RequestType.HELP: Text("小区停水", "{spot}从昨晚起停水，至今没有恢复，请尽快处理。"),
        RequestType.SUGGESTION: Text("建议增设路灯", "{spot}夜间很暗，建议增设路灯。"),
        RequestType.COMPLAINT: Text("物业不修电梯", "{spot}电梯坏了一周，物业一直不修，投诉物业。"),
        RequestType.REPORT: Text("违法搭建", "{spot}有人在楼顶违法搭建，举报并请依法查处。"),
    },
    "02": {
        RequestType.INQUIRY: Text("噪声标准是多少", "问{spot}夜间施工噪声的限值是多少。"),
        RequestType.HELP: Text("河边垃圾无人清理", "{spot}河边堆了很多垃圾，请安排清理。"),
        RequestType.SUGGESTION: Text("建议公开监测结果", "建议定期公开{spot}的空气监测结果。"),
        RequestType.COMPLAINT: Text("夜间施工噪声", "{spot}工地每晚施工到凌晨，影响休息。"),
        RequestType.REPORT: Text("偷排污水", "{spot}有作坊夜里向河里排污水，举报。"),
    },
    "03": {
        RequestType.INQUIRY: Text("老年卡如何办理", "问{spot}的公交老年卡在哪里办理。"),
        RequestType.HELP: Text("道路塌陷", "{spot}路面塌了一个坑，车辆难以通过，请尽快修。"),
        RequestType.SUGGESTION: Text("建议调整公交班次", "建议{spot}早高峰增加公交班次。"),
        RequestType.COMPLAINT: Text("出租车拒载", "在{spot}遇到出租车拒载，投诉。"),
        RequestType.REPORT: Text("非法营运", "{spot}有车辆非法营运揽客，举报。"),
    },
    "04": {
        RequestType.INQUIRY: Text("转学需要什么材料", "孩子要转到{spot}附近的学校，问要哪些材料。"),
        RequestType.HELP: Text("培训机构不退费", "{spot}的培训机构关门，学费退不回来，求助。"),
        RequestType.SUGGESTION: Text("建议开放学校操场", "建议周末开放{spot}学校的操场。"),
        RequestType.COMPLAINT: Text("学校收费不明", "{spot}学校收了一笔没有说明的费用，投诉。"),
        RequestType.REPORT: Text("无证办学", "{spot}有人无证办班，举报。"),
    },
    "05": {
        RequestType.INQUIRY: Text("社保关系怎样转移", "在{spot}换了工作，问社保关系怎样转移。"),
        RequestType.HELP: Text("工资被拖欠", "在{spot}工地干活两个月没有拿到工资，求助。"),
        RequestType.SUGGESTION: Text("建议多办招聘会", "建议在{spot}多办现场招聘会。"),
        RequestType.COMPLAINT: Text("窗口办事推诿", "在{spot}社保窗口跑了三次没有办成，投诉。"),
        RequestType.REPORT: Text("未缴社会保险", "{spot}一家厂不给工人缴社会保险，举报。"),
    },
    "06": {
        RequestType.INQUIRY: Text("旅游合同能否退款", "行程取消了，问{spot}旅行社该怎样退款。"),
        RequestType.HELP: Text("预付卡无法使用", "{spot}的店换了老板，预付卡不能用了，求助。"),
        RequestType.SUGGESTION: Text("建议规范夜市", "建议规范{spot}夜市的摊位。"),
        RequestType.COMPLAINT: Text("导游强迫购物", "在{spot}被导游强迫购物，要求退款。"),
        RequestType.REPORT: Text("缺斤短两", "{spot}水果摊缺斤短两，举报。"),
    },
    "07": {
        RequestType.INQUIRY: Text("疫苗在哪里接种", "问{spot}附近哪里可以接种疫苗。"),
        RequestType.HELP: Text("异地就医报销", "在{spot}住院，异地报销没有办下来，求助。"),
        RequestType.SUGGESTION: Text("建议延长门诊时间", "建议{spot}卫生院延长门诊时间。"),
        RequestType.COMPLAINT: Text("医院排队过久", "在{spot}医院排队三小时没有看上病，投诉。"),
        RequestType.REPORT: Text("无证行医", "{spot}有人无证行医，举报。"),
    },
}

GUIDES: tuple[Guide, ...] = (
    Guide(
        "05",
        "灵活就业人员参加职工养老保险办事指南",
        "持本人身份证到户籍地或者就业地的社保经办窗口办理，也可以在网上申请。"
        "缴费基数在上下限之间自行选择，可以按月、按季或者按年缴纳。",
        Text("灵活就业怎样参加养老保险", "灵活就业，想自己缴职工养老保险，问怎么办理。"),
    ),
    Guide(
        "01",
        "住房公积金提取办事指南",
        "购买、租赁自住住房，退休或者离开本地的，可以提取住房公积金。"
        "带身份证和相应证明到公积金窗口办理，材料齐全的三个工作日内办结。",
        Text("住房公积金怎样提取", "租房住，想提取住房公积金，问需要什么材料。"),
    ),
    Guide(
        "07",
        "城乡居民医疗保险缴费时间和方式",
        "每年九月至十二月缴纳下一年度的城乡居民医疗保险费，可以在手机、银行或者社区缴纳。"
        "新生儿出生后九十日内参保缴费的，从出生之日起享受待遇。",
        Text("居民医疗保险什么时候缴费", "问明年的城乡居民医疗保险什么时候缴、在哪里缴。"),
    ),
)

REFUSED: dict[str, Text] = {
    "litigation": Text("对判决不服", "法院已经判了，对判决不服，要求热线改判。"),
    "arbitration": Text("要求确认仲裁结果", "劳动仲裁正在审，要求热线先给一个结果。"),
    "reconsideration": Text("不服行政处罚", "对处罚决定不服，已经申请行政复议，要求撤销处罚。"),
    "discipline_inspection": Text("反映违纪问题", "反映某单位工作人员违纪，要求处分。"),
    "petition_channel": Text("信访事项重复反映", "该事项信访部门正在办理，再次反映。"),
    "civil_dispute": Text("邻里借款纠纷", "邻居借钱不还，要求热线出面讨还。"),
    "emergency_110": Text("正在发生的治安警情", "门口有人正在打架，要求马上来人。"),
    "privacy": Text("查询他人信息", "要求提供某人的住址和电话。"),
}
"""What is outside the scope of acceptance, by the ground's code."""

ANSWER = {"text": "办理方式见所附办事指南。"}
HAND_OVER = {"line": "110", "way": "ticket", "note": "地址已核对"}
REPLY = {
    "findings": "经核查，所反映的情况属实，已到现场了解。",
    "basis": "依照本行业管理规定和本单位职责办理。",
    "result": "已安排处理完毕，并告知后续注意事项。",
    "contact": "已于当日电话告知诉求人办理结果。",
    "checked_by": "YJ0201",
}
