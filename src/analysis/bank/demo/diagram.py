"""The causal diagram of the demo bank: which quantity acts on which, over three months, and what identifies each lever.

`earlier`, `before` and `now` are months that follow each other. Who `decides` to leave does so at the month's end and is `gone`
one to three months later; only the latter is recorded. A test holds the arrows against the code (what changes in a month when one
quantity is changed) and proves the adjustment sets by d-separation."""

from itertools import pairwise

from analysis.bank.demo.worlds import LEVERS

MONTHS = ("earlier", "before", "now")
STATIC = (
    ("archetype", "wealth"), ("archetype", "digital"), ("archetype", "habit"), ("archetype", "products"), ("archetype", "card"),
    ("archetype", "deposit"), ("archetype", "age"), ("wealth", "managed"), ("branch", "quality"), ("quality", "satisfaction_base"),
    ("archetype", "managed"), ("archetype", "price"), ("archetype", "service"), ("card", "products"), ("deposit", "products"),
    ("tenure", "archetype"), ("tenure", "products"), ("tenure", "card"), ("tenure", "deposit"),
    ("digital", "branch"),
)  # fmt: skip
IN_A_MONTH = (
    ("wealth", "decides_{m}"), ("digital", "decides_{m}"), ("price", "decides_{m}"), ("tenure", "decides_{m}"),
    ("products", "decides_{m}"), ("quality", "decides_{m}"), ("calendar", "decides_{m}"), ("satisfaction_{m}", "decides_{m}"),
    ("satisfaction_base", "satisfaction_{m}"), ("satisfaction_base", "activity_{m}"), ("satisfaction_base", "grievance_{m}"),
    ("activity_{m}", "visits_{m}"), ("digital", "visits_{m}"), ("habit", "hours_{m}"), ("visits_{m}", "hours_{m}"),
    ("branch", "crowding_{m}"), ("calendar", "crowding_{m}"),
    ("visits_{m}", "long_wait_{m}"), ("hours_{m}", "long_wait_{m}"), ("crowding_{m}", "long_wait_{m}"),
    ("branch", "fee_rise_{m}"), ("calendar", "fee_rise_{m}"), ("card", "fee_rise_{m}"),
    ("branch", "push_{m}"), ("calendar", "push_{m}"), ("push_{m}", "economy_{m}"), ("branch", "economy_{m}"), ("calendar", "economy_{m}"), ("economy_{m}", "decides_{m}"),
    ("push_{m}", "manager_left_{m}"), ("managed", "manager_left_{m}"), ("branch", "manager_left_{m}"),
    ("digital", "logins_matched_{m}"), ("logins_matched_{m}", "app_outage_{m}"), ("calendar", "incident_{m}"),
    ("incident_{m}", "app_outage_{m}"),
    ("deposit", "maturing_{m}"), ("tenure", "maturing_{m}"), ("maturing_{m}", "competitor_rate_{m}"), ("push_{m}", "competitor_rate_{m}"),
    ("long_wait_{m}", "grievance_{m}"), ("fee_rise_{m}", "grievance_{m}"), ("app_outage_{m}", "grievance_{m}"),
    ("grievance_{m}", "complaint_{m}"), ("wealth", "complaint_{m}"), ("service", "complaint_{m}"), ("branch", "complaint_{m}"),
    ("branch", "load_{m}"), ("calendar", "load_{m}"), ("grievance_{m}", "satisfaction_{m}"), ("severity_{m}", "satisfaction_{m}"),
    ("wealth", "alert_{m}"), ("alert_{m}", "decides_{m}"),
    *((f"{lever}_{{m}}", f"{effect}_{{m}}") for lever in LEVERS for effect in ("satisfaction", "decides")),
    ("price", "satisfaction_{m}"), ("service", "satisfaction_{m}"), ("service", "decides_{m}"),
)  # fmt: skip
BETWEEN_MONTHS = (
    ("satisfaction_{p}", "satisfaction_{m}"), ("satisfaction_{p}", "activity_{m}"), ("satisfaction_{p}", "grievance_{m}"),
    ("activity_{p}", "activity_{m}"), ("activity_{p}", "alert_{m}"), ("alert_{p}", "alert_{m}"), ("alert_{p}", "decides_{m}"),
    ("complaint_{p}", "unresolved_complaint_{m}"), ("severity_{p}", "unresolved_complaint_{m}"), ("load_{p}", "unresolved_complaint_{m}"),
    ("decides_{p}", "decides_{m}"), ("decides_{p}", "visits_{m}"), ("decides_{p}", "logins_matched_{m}"), ("decides_{p}", "gone_{m}"),
    *((f"{lever}_{{p}}", "decides_{m}") for lever in LEVERS),
)  # fmt: skip
LATER = (("decides_before", "gone_later"), ("decides_now", "gone_later"), ("decides_earlier", "gone_now"), ("gone_before", "gone_now"),
         ("gone_now", "gone_later"))  # fmt: skip
HIDDEN = (("burden", "long_wait_{m}"), ("burden", "decides_{m}"), ("burden", "lost_card_{m}"), ("activity_{m}", "lost_card_{m}"))
HIDDEN_BETWEEN = (("burden", "unresolved_complaint_{m}"), ("decides_{p}", "lost_card_{m}"))
LATENT = ("archetype", "wealth", "digital", "price", "service", "quality", "satisfaction_base", "habit", "burden", "crowding", "economy",
          "grievance", "satisfaction", "load", "activity", "decides")  # fmt: skip
ADJUSTMENT = {
    "unresolved_complaint": ("complaint_before", "severity_before", "branch", "calendar"),
    "long_wait": ("visits_now", "hours_now", "branch", "calendar"),
    "fee_rise": ("branch", "card", "calendar"),
    "manager_left": ("managed", "branch", "push_now"),
    "app_outage": ("logins_matched_now", "calendar"),
    "competitor_rate": ("push_now", "deposit", "tenure"),
}
AT_RISK = "gone_now"
OUTCOME = "gone_later"


def edges(is_hidden: bool = False) -> list[tuple[str, str]]:
    """Arrows (cause, effect) over three months; with `is_hidden` those of the world `hidden` too."""
    monthly = (*IN_A_MONTH, *(HIDDEN if is_hidden else ()))
    between = (*BETWEEN_MONTHS, *(HIDDEN_BETWEEN if is_hidden else ()))
    arrows = [*STATIC, *LATER]
    arrows += [_in(pair, m=month) for month in MONTHS for pair in monthly]
    arrows += [_in(pair, p=earlier, m=month) for earlier, month in pairwise(MONTHS) for pair in between]
    return list(dict.fromkeys(arrows))


def _in(pair: tuple[str, str], **months: str) -> tuple[str, str]:
    return pair[0].format(**months), pair[1].format(**months)


def is_latent(node: str) -> bool:
    """Whether no department records the quantity."""
    name, _, month = node.rpartition("_")
    return (name if month in (*MONTHS, "later") else node) in LATENT


def exposure(lever: str) -> str:
    """The node of a lever's exposure this month."""
    return f"{lever}_now"


def mermaid() -> str:
    """The arrows of one month, and from the month before, as a Mermaid diagram: levers in double boxes, what nobody records in
    round ones."""
    arrows = [*STATIC, *(_in(pair, m="now") for pair in IN_A_MONTH), *(_in(pair, p="before", m="now") for pair in BETWEEN_MONTHS)]
    arrows += [("decides_now", OUTCOME)]
    nodes = list(dict.fromkeys(node for pair in arrows for node in pair))
    levers = {exposure(lever) for lever in LEVERS}
    lines = ["flowchart LR"]
    for node in nodes:
        words = node.removesuffix("_now").replace("_", " ")
        box = f'[["{words}"]]' if node in levers else f'("{words}")' if is_latent(node) else f'["{words}"]'
        lines.append(f"  {node}{box}")
    return "\n".join([*lines, *(f"  {cause} --> {effect}" for cause, effect in dict.fromkeys(arrows))]) + "\n"
