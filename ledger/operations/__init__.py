"""Writing to the ledger. Each operation is one call of one SQL function, but for reversals, which read first."""

from ledger.operations.fee_basis import take_fee_basis as take_fee_basis
from ledger.operations.holds import Held as Held
from ledger.operations.holds import capture_hold as capture_hold
from ledger.operations.holds import expire_holds as expire_holds
from ledger.operations.holds import place_hold as place_hold
from ledger.operations.holds import release_hold as release_hold
from ledger.operations.posting import Posted as Posted
from ledger.operations.posting import PostingError as PostingError
from ledger.operations.posting import post as post
from ledger.operations.posting import post_many as post_many
from ledger.operations.reversals import correct as correct
from ledger.operations.reversals import reverse as reverse
from ledger.operations.upkeep import Sealed as Sealed
from ledger.operations.upkeep import close_account as close_account
from ledger.operations.upkeep import close_period as close_period
from ledger.operations.upkeep import describe_account as describe_account
from ledger.operations.upkeep import fold as fold
from ledger.operations.upkeep import seal as seal
from ledger.operations.upkeep import set_floor as set_floor
