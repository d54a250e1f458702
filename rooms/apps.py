"""Django's view of the rooms app."""

from django.apps import AppConfig


class RoomsConfig(AppConfig):
    """The rooms app."""

    name = "rooms"

    def ready(self) -> None:
        """Tell payouts whom to call when a sale changes; models can only be imported by now."""
        from rooms import checks  # noqa: F401, PLC0415 (importing it registers them)
        from rooms.accounts import names  # noqa: PLC0415
        from rooms.disputes import evidence  # noqa: PLC0415
        from rooms.disputes import handlers as disputes  # noqa: PLC0415
        from rooms.gifts import handlers as gifts  # noqa: PLC0415
        from rooms.purchases import handlers as purchases  # noqa: PLC0415
        from rooms.refunds import handlers as refunds  # noqa: PLC0415
        from rooms.subscriptions import handlers as subscriptions  # noqa: PLC0415
        from rooms.tickets import handlers as tickets  # noqa: PLC0415

        names.register()
        disputes.register()
        evidence.register()
        refunds.register()
        tickets.register()
        purchases.register()
        gifts.register()
        subscriptions.register()
