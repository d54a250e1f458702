"""What may happen in a story: what people, Stripe, the network and the machines do, in any order."""

from tests.payouts.field.machine_banking import Banking
from tests.payouts.field.machine_billing import Billing
from tests.payouts.field.machine_buying import Buying
from tests.payouts.field.machine_hosting import Hosting
from tests.payouts.field.machine_running import Running
from tests.payouts.field.machine_suspense import Suspending


class Machine(Buying, Hosting, Billing, Banking, Suspending, Running):
    """All of it."""
