"""The causal diagram of the demo bank: which quantity acts on which, over two months, and what identifies each lever.

`before` and `now` are two months that follow each other; who `leaves` decides at the month's end. A test holds the arrows
against the code (what changes in a month when one quantity is changed) and proves the adjustment sets by d-separation."""

from analysis.bank.demo.worlds import LEVERS

STATIC = (
    ("archetype", "wealth"), ("archetype", "digital"), ("archetype", "habit"), ("archetype", "products"), ("archetype", "card"),
    ("archetype", "deposit"), ("archetype", "age"), ("wealth", "managed"), ("branch", "quality"), ("branch", "satisfaction_base"),
    ("digital", "branch"), ("wealth", "leaves_{m}"), ("digital", "leaves_{m}"), ("price", "leaves_{m}"), ("tenure", "leaves_{m}"),
    ("products", "leaves_{m}"), ("quality", "leaves_{m}"), ("satisfaction_base", "satisfaction_{m}"),
    ("satisfaction_base", "activity_before"), ("satisfaction_base", "grievance_before"),
)  # fmt: skip
IN_A_MONTH = (
    ("activity_{m}", "visits_{m}"), ("digital", "visits_{m}"), ("habit", "hours_{m}"), ("visits_{m}", "hours_{m}"),
    ("branch", "crowding_{m}"), ("visits_{m}", "long_wait_{m}"), ("hours_{m}", "long_wait_{m}"), ("crowding_{m}", "long_wait_{m}"),
    ("branch", "fee_rise_{m}"), ("card", "fee_rise_{m}"),
    ("push_{m}", "economy_{m}"), ("branch", "push_{m}"), ("push_{m}", "manager_left_{m}"), ("managed", "manager_left_{m}"),
    ("branch", "manager_left_{m}"), ("digital", "login_{m}"), ("login_{m}", "app_outage_{m}"), ("incident_{m}", "app_outage_{m}"),
    ("deposit", "maturing_{m}"), ("tenure", "maturing_{m}"), ("maturing_{m}", "competitor_rate_{m}"), ("push_{m}", "competitor_rate_{m}"),
    ("long_wait_{m}", "grievance_{m}"), ("fee_rise_{m}", "grievance_{m}"), ("app_outage_{m}", "grievance_{m}"),
    ("grievance_{m}", "complaint_{m}"), ("wealth", "complaint_{m}"), ("service", "complaint_{m}"), ("branch", "complaint_{m}"),
    ("complaint_{m}", "unresolved_complaint_{m}"), ("severity_{m}", "unresolved_complaint_{m}"), ("load_{m}", "unresolved_complaint_{m}"),
    ("branch", "load_{m}"), ("grievance_{m}", "satisfaction_{m}"), ("severity_{m}", "satisfaction_{m}"),
    ("activity_{m}", "alert_{m}"), ("wealth", "alert_{m}"), ("alert_{m}", "leaves_{m}"), ("economy_{m}", "leaves_{m}"),
    ("price", "fee_rise_felt_{m}"), ("fee_rise_{m}", "fee_rise_felt_{m}"), ("fee_rise_felt_{m}", "satisfaction_{m}"),
    ("fee_rise_felt_{m}", "leaves_{m}"), ("price", "competitor_rate_felt_{m}"), ("competitor_rate_{m}", "competitor_rate_felt_{m}"),
    ("competitor_rate_felt_{m}", "satisfaction_{m}"), ("competitor_rate_felt_{m}", "leaves_{m}"), ("service", "long_wait_felt_{m}"),
    ("long_wait_{m}", "long_wait_felt_{m}"), ("long_wait_felt_{m}", "satisfaction_{m}"), ("long_wait_felt_{m}", "leaves_{m}"),
    *(
        (f"{lever}_{{m}}", f"{effect}_{{m}}")
        for lever in ("unresolved_complaint", "manager_left", "app_outage")
        for effect in ("satisfaction", "leaves")
    ),
    ("satisfaction_{m}", "leaves_{m}"),
)  # fmt: skip
BETWEEN_MONTHS = (
    ("satisfaction_before", "satisfaction_now"), ("satisfaction_before", "activity_now"), ("satisfaction_before", "grievance_now"),
    ("activity_before", "activity_now"), ("alert_before", "alert_now"), ("alert_before", "leaves_now"), ("leaves_before", "leaves_now"),
    ("fee_rise_before", "leaves_now"), ("long_wait_before", "leaves_now"), ("competitor_rate_before", "leaves_now"),
    ("unresolved_complaint_before", "leaves_now"), ("manager_left_before", "leaves_now"), ("app_outage_before", "leaves_now"),
)  # fmt: skip
HIDDEN = (
    ("burden", "long_wait_{m}"),
    ("burden", "unresolved_complaint_{m}"),
    ("burden", "leaves_{m}"),
    ("burden", "lost_card_{m}"),
)
LATENT = ("archetype", "wealth", "digital", "price", "service", "quality", "satisfaction_base", "habit", "burden", "crowding", "economy",
          "grievance", "satisfaction", "load", "activity")  # fmt: skip
ADJUSTMENT = {
    "unresolved_complaint": ("complaint_now", "severity_now", "branch"),
    "long_wait": ("visits_now", "hours_now", "branch"),
    "fee_rise": ("branch", "card"),
    "manager_left": ("managed", "branch", "push_now"),
    "app_outage": ("login_now",),
    "competitor_rate": ("push_now", "deposit", "tenure"),
}
AT_RISK = "leaves_before"
OUTCOME = "leaves_now"


def edges(is_hidden: bool = False) -> list[tuple[str, str]]:
    """Arrows (cause, effect) over two months; with `is_hidden` those of the world `hidden` too."""
    templates = (*STATIC, *IN_A_MONTH, *(HIDDEN if is_hidden else ()))
    monthly = [(cause.format(m=month), effect.format(m=month)) for month in ("before", "now") for cause, effect in templates]
    return list(dict.fromkeys([*monthly, *BETWEEN_MONTHS]))


def is_latent(node: str) -> bool:
    """Whether no department records the quantity."""
    return node.removesuffix("_before").removesuffix("_now").removesuffix("_felt") in LATENT or "_felt" in node


def exposure(lever: str) -> str:
    """The node of a lever's exposure this month."""
    return f"{LEVERS[LEVERS.index(lever)]}_now"


def mermaid() -> str:
    """The arrows of one month as a Mermaid diagram; what nobody records in round brackets, levers in boxes of their own."""
    monthly = [(cause.format(m="now"), effect.format(m="now")) for cause, effect in (*STATIC, *IN_A_MONTH)]
    every = [*dict.fromkeys([*monthly, *BETWEEN_MONTHS])]
    shown = [pair for pair in every if not any(node.endswith("_before") and node != "satisfaction_before" for node in pair)]
    nodes = list(dict.fromkeys(node for pair in shown for node in pair))
    levers = {exposure(lever) for lever in LEVERS}
    lines = ["flowchart LR"]
    for node in nodes:
        words = node.removesuffix("_now").replace("_", " ")
        box = f'[["{words}"]]' if node in levers else f'("{words}")' if is_latent(node) else f'["{words}"]'
        lines.append(f"  {node}{box}")
    return "\n".join([*lines, *(f"  {cause} --> {effect}" for cause, effect in shown)]) + "\n"
