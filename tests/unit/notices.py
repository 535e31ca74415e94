"""Invented notices of 2027 and 2026, whole, and a file of the Dai new year."""

NOTICE_2027 = """
document = "国办发明电〔2026〕9号"
published_years = [2027]

[[off]]
first = 2027-01-01
last = 2027-01-03
name = "元旦"

[[off]]
first = 2027-02-05
last = 2027-02-12
name = "春节"

[[off]]
first = 2027-04-03
last = 2027-04-05
name = "清明节"

[[off]]
first = 2027-05-01
last = 2027-05-05
name = "劳动节"

[[off]]
first = 2027-06-09
name = "端午节"

[[off]]
first = 2027-09-15
name = "中秋节"

[[off]]
first = 2027-10-01
last = 2027-10-07
name = "国庆节"

[[work]]
first = 2027-02-14
name = "春节"

[[work]]
first = 2027-10-09
name = "国庆节调休上班"
"""

WRONG_2027 = (
    NOTICE_2027.replace("9号", "8号")
    + """
[[off]]
first = 2027-01-05
name = "元旦"
"""
)
"""A Tuesday too many, which the notice above does not name."""

CORRECTED_2026 = """
document = "国办发明电〔2026〕7号"
published_years = [2026]

[[off]]
first = 2026-01-01
last = 2026-01-03
name = "元旦"

[[off]]
first = 2026-02-15
last = 2026-02-23
name = "春节"

[[off]]
first = 2026-04-04
last = 2026-04-06
name = "清明节"

[[off]]
first = 2026-05-01
last = 2026-05-05
name = "劳动节"

[[off]]
first = 2026-06-19
last = 2026-06-21
name = "端午节"

[[off]]
first = 2026-09-25
last = 2026-09-27
name = "中秋节"

[[off]]
first = 2026-10-01
last = 2026-10-06
name = "国庆节"

[[work]]
first = 2026-01-04
name = "元旦调休上班"

[[work]]
first = 2026-02-14
name = "春节调休上班"

[[work]]
first = 2026-02-28
name = "春节调休上班"

[[work]]
first = 2026-05-09
name = "劳动节调休上班"

[[work]]
first = 2026-09-20
name = "国庆节调休上班"
"""
"""As the built-in table has it, but Wednesday 7 October works and Saturday 10 October does not."""

DAI_NEW_YEAR_2026 = """
document = "西双版纳州人民政府办公室关于2026年泼水节放假的通知"
jurisdiction = "532800"

[[off]]
first = 2026-04-13
last = 2026-04-16
name = "泼水节"

[[work]]
first = 2026-04-18
name = "泼水节调休上班"
"""
