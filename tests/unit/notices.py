"""An invented notice of 2027, whole, and a file of the Dai new year."""

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
