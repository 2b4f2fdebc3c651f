"""What a profile calls the codes of canonical tables; a code that is the bank's own stands as it is."""

import pandas as pd

from analysis.wording import Message, say

CHANNELS = {
    "branch": say("Branch"), "atm": say("Cash machine"), "pos": say("Shop terminal"), "phone": say("Telephone"), "web": say("Web bank"),
    "app": say("Mobile app"), "mail": say("Letter"), "sms": say("Text message"),
}  # fmt: skip
PRODUCTS = {
    "demand": say("Demand account"), "term": say("Term deposit"), "wealth": say("Wealth product"), "fund": say("Fund"),
    "insurance": say("Insurance"), "card": say("Credit card"), "loan": say("Loan"), "mortgage": say("Mortgage"),
    "standing_order": say("Standing order"),
}  # fmt: skip
SIZES = {"micro": say("Micro"), "small": say("Small"), "medium": say("Medium"), "large": say("Large")}
PERSON_SEXES = {"female": say("Female"), "male": say("Male")}
PERSON_KINDS = {"personal": say("Personal customer"), "corporate": say("Corporate customer")}
EXITS = {
    "competitor": say("to another bank"), "fees": say("fees"), "service": say("service"), "no_longer_needed": say("no longer needed"),
    "relocation": say("relocation"), "death": say("death"), "loan_repaid": say("loan repaid"), "cleared": say("cleared by the bank"),
}  # fmt: skip
CATEGORIES = {
    "funds_security": say("Security of funds"), "marketing": say("Marketing"), "other": say("Other"), "pricing": say("Pricing"),
    "process": say("Procedures"), "returns": say("Returns of wealth products"), "service": say("Service"), "system": say("Systems"),
}  # fmt: skip
PURPOSES = {
    "account": say("Account"), "advice": say("Advice"), "app_help": say("Help with the app"), "card": say("Card"),
    "card_lost": say("Card lost"), "cash": say("Cash"), "enquiry": say("Enquiry"), "loan": say("Loan"), "marketing": say("Marketing"),
    "profiling": say("Profiling"),
}  # fmt: skip
OUTCOMES = {"done": say("Done"), "failed": say("Not done"), "follow_up": say("To be followed up"), "referred": say("Referred on")}
FIELDS = {
    "name": say("Name"), "id_number": say("Identity number"), "birth_date": say("Date of birth"), "sex": say("Sex"),
    "phone": say("Telephone number"), "address": say("Address"),
}  # fmt: skip
STATES = {
    "same": say("agrees"),
    "other": say("differs"),
    "only": say("held here only"),
    "unfit": say("cannot be read"),
    "none": say("not held"),
}
AGES = {0: say("under 18"), 18: say("18 to 24"), 25: say("25 to 34"), 35: say("35 to 44"), 45: say("45 to 54"), 55: say("55 to 64"),
        65: say("65 to 74"), 75: say("75 or older")}  # fmt: skip


def word(code: object, words: dict[str, Message]) -> Message | str | None:
    """The code's name; the code itself where it has none; None where there is no code."""
    return None if pd.isna(code) else words.get(code, str(code))


def age_band(years: float) -> Message | None:
    """The ten years (below 25: fewer) that an age lies in; None where it is not known or impossible."""
    if pd.isna(years) or not 0 <= years < 130:
        return None
    return AGES[max(start for start in AGES if start <= years)]
