"""The demo bank: a whole simulated bank, written as its departments would deliver it, with its truth beside."""

from analysis.bank.demo.making import make_demo_bank
from analysis.bank.demo.worlds import WORLDS

__all__ = ["WORLDS", "make_demo_bank"]
