"""What a bank wants its key figures to be."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Targets(BaseModel):
    """By key figure: customers, the bank's currency, points of the net promoter score, shares from 0 to 1; None where not stated."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    active_customers: Amount | None = None
    average_aum: Amount | None = None
    churn_rate: Share | None = None
    assets_lost: Amount | None = None
    nps: Annotated[float, Field(ge=-100, le=100)] | None = None
    resolved_in_time: Share | None = None
