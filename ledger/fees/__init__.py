"""Fee policies as data, and the exact arithmetic of splits, gross-ups and refunds. Pure: no Django, no database."""

from ledger.fees.apportion import largest_remainder as largest_remainder
from ledger.fees.apportion import refund_parts as refund_parts
from ledger.fees.apportion import sainte_lague as sainte_lague
from ledger.fees.apportion import tie_offset as tie_offset
from ledger.fees.policy import Bearer as Bearer
from ledger.fees.policy import FeePolicy as FeePolicy
from ledger.fees.policy import Tier as Tier
from ledger.fees.presets import latest as latest
from ledger.fees.presets import policy as policy
from ledger.fees.presets import presets as presets
from ledger.fees.processing import Tariff as Tariff
from ledger.fees.processing import gross_up as gross_up
from ledger.fees.processing import predict_processing_fee as predict_processing_fee
from ledger.fees.processing import tariff as tariff
from ledger.fees.replay import PastSale as PastSale
from ledger.fees.replay import Replayed as Replayed
from ledger.fees.replay import replay as replay
from ledger.fees.split import FormulaLine as FormulaLine
from ledger.fees.split import Share as Share
from ledger.fees.split import Split as Split
from ledger.fees.split import split as split
