"""What a caller is told who complained of a rating. Pure."""


def answered(number: str) -> str:
    """That there is an answer, which stands where number and query code let them in."""
    return f"您对工单（{number}）评价的申诉已经答复，可凭工单编号和查询码在线查看。"
