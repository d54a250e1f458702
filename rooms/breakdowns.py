"""Who gets what of a price, in figures and in words: before paying from the quote, afterwards from the books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger import fees
from payouts.models.wallet import CURRENCY
from payouts.sales import queries as sales
from payouts.sales.operations import ShareSpec
from rooms import shares
from rooms.currencies import money_text
from rooms.models import Charity, Creator, Room
from rooms.shares import Sharer
from rooms.templatetags.ui import Part
from rooms.wording import listed

LOOKS = 4
BY_PLATFORM = "Pays the card processing from its part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A payee as the public knows them."""

    kind: str
    label: str
    handle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """What one receiver gets. `kind` is creator, charity, platform or processor; `handle` names the creator."""

    kind: str
    label: str
    amount_minor: int
    handle: str | None = None
    note: str = ""

    @property
    def in_a_sentence(self) -> str:
        """The label amid words."""
        return self.label.lower() if self.kind == "processor" else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """A charge and its receivers, whose amounts sum to it. `is_final`: from the processor's real fee."""

    total_minor: int
    currency: str
    policy_slug: str
    policy_version: int
    policy_title: str
    receivers: tuple[Receiver, ...]
    is_final: bool
    may_move: bool = False
    odd_cent: bool = False

    @property
    def parts(self) -> list[Part]:
        """For the bar and its list."""
        return [
            Part(
                label=receiver.label,
                amount_minor=receiver.amount_minor,
                look=str(position % LOOKS + 1) if receiver.kind in {"creator", "charity"} else receiver.kind,
                note=receiver.note,
            )
            for position, receiver in enumerate(self.receivers)
        ]

    @property
    def words(self) -> str:
        """The same in one sentence."""
        verbs = ["went to" if self.is_final else "goes to"] + ["to"] * (len(self.receivers) - 1)
        told = [
            f"{money_text(each.amount_minor, self.currency)} {verb} {each.in_a_sentence}"
            for verb, each in zip(verbs, self.receivers, strict=True)
        ]
        sum_text = money_text(self.total_minor, self.currency)
        if len(told) == 1:
            return f"All of {sum_text} {verbs[0]} {self.receivers[0].in_a_sentence}."
        return f"Of {sum_text}, {listed(told)}."


def quote_of(room: Room, *, now: datetime) -> Breakdown | None:
    """Who would get what of a ticket; None while somebody on stage cannot be paid. Reads what `sharers_of` reads."""
    return quote_for(
        shares.sharers_of(room),
        price_minor=room.price_minor,
        currency=room.currency,
        policy_slug=room.policy_slug,
        now=now,
    )


def quote_for(
    sharers: Sequence[Sharer], *, price_minor: int, currency: str, policy_slug: str, now: datetime
) -> Breakdown | None:
    """Who would get what of a price; None while one of them cannot be paid."""
    specs = [
        ShareSpec(payee_id=sharer.creator.payee.id, weight=sharer.weight)
        for sharer in sharers
        if sharer.creator.payee is not None and shares.is_ready(sharer.creator)
    ]
    if len(specs) < len(sharers):
        return None
    names = {spec.payee_id: _named(sharer.creator) for spec, sharer in zip(specs, sharers, strict=True)}
    quote = sales.quote(price_minor=price_minor, currency=currency, shares=specs, policy_slug=policy_slug, now=now)
    return _from_quote(quote, names)


def of_donation(charity: Charity, *, amount_minor: int, currency: str, policy_slug: str, now: datetime) -> Breakdown:
    """Who would get what of a donation: the charity all of it (E14)."""
    specs = [ShareSpec(payee_id=charity.payee_id)]
    quote = sales.quote(price_minor=amount_minor, currency=currency, shares=specs, policy_slug=policy_slug, now=now)
    return _from_quote(quote, {charity.payee_id: Named(kind="charity", label=charity.name)})


def _named(creator: Creator) -> Named:
    return Named(kind="creator", label=creator.display_name, handle=creator.handle)


def _names_of(payee_ids: Sequence[UUID]) -> dict[UUID, Named]:
    """Who these payees are to the public; a second query only where one is no creator."""
    creators = Creator.objects.filter(payee_id__in=payee_ids)
    names = {creator.payee_id: _named(creator) for creator in creators if creator.payee_id is not None}
    if len(names) < len(payee_ids):
        for charity in Charity.objects.filter(payee_id__in=payee_ids):
            names[charity.payee_id] = Named(kind="charity", label=charity.name)
    return names


def of_stars(sharers: Sequence[Sharer], *, stars: int) -> Breakdown:
    """Who would get what of Stars: all of them those on stage, a cent each."""
    policy = fees.policy("stars", 1)
    weights = [sharer.weight for sharer in sharers]
    parts = fees.largest_remainder(stars, weights)
    return Breakdown(
        total_minor=stars,
        currency=CURRENCY,
        policy_slug=policy.slug,
        policy_version=policy.version,
        policy_title=policy.title,
        receivers=tuple(
            Receiver(
                kind="creator",
                label=sharer.creator.display_name,
                handle=sharer.creator.handle,
                amount_minor=part,
            )
            for sharer, part in zip(sharers, parts, strict=True)
        ),
        is_final=False,
        odd_cent=any(stars * weight % sum(weights) for weight in weights),
    )


def receipt_of(*, sale_id: UUID) -> Breakdown:
    """Who got what of a paid sale, from the books; from the quote until the processor has told its fee."""
    explained = sales.explain_sale(sale_id=sale_id)
    sale = explained.sale
    if sale.wallet_minor is not None:
        return _of_pack(explained, stars=sale.wallet_minor)
    specs = [ShareSpec(payee_id=share.payee_id, weight=share.weight) for share in sale.shares.all()]
    names = _names_of([spec.payee_id for spec in specs])
    if not explained.is_final:
        quote = sales.quote(
            price_minor=sale.price_minor,
            currency=sale.currency,
            shares=specs,
            policy_slug=sale.policy_slug,
            now=sale.opened_at,
        )
        return _from_quote(quote, names)
    return Breakdown(
        total_minor=explained.gross_minor,
        currency=explained.currency,
        policy_slug=sale.policy_slug,
        policy_version=sale.policy_version,
        policy_title=explained.policy_title,
        receivers=_receivers(
            explained.shares, names, explained.platform_fee_minor or 0, explained.processing_recovered_minor or 0
        ),
        is_final=True,
    )


def _of_pack(explained: sales.Explanation, *, stars: int) -> Breakdown:
    """Of a pack the Stars are in the buyer's wallet, and the rest is Obole's, which pays the processing from it."""
    sale = explained.sale
    return Breakdown(
        total_minor=sale.charge_minor,
        currency=sale.currency,
        policy_slug=sale.policy_slug,
        policy_version=sale.policy_version,
        policy_title=explained.policy_title,
        receivers=(
            Receiver(kind="creator", label="Your wallet", amount_minor=stars),
            Receiver(kind="platform", label="Obole", amount_minor=sale.charge_minor - stars, note=BY_PLATFORM),
        ),
        is_final=explained.is_final,
    )


def _from_quote(quote: sales.Quote, names: Mapping[UUID, Named]) -> Breakdown:
    whole = sum(share.amount_minor for share in quote.shares)
    weights = sum(share.weight for share in quote.shares)
    return Breakdown(
        total_minor=quote.charge_minor,
        currency=quote.currency,
        policy_slug=quote.policy_slug,
        policy_version=quote.policy_version,
        policy_title=quote.policy_title,
        receivers=_receivers(quote.shares, names, quote.platform_fee_minor, quote.processing_recovered_minor),
        is_final=False,
        may_move=quote.may_move,
        odd_cent=any(whole * share.weight % weights for share in quote.shares),
    )


def _receivers(
    parts: Sequence[sales.SharePart], names: Mapping[UUID, Named], platform_minor: int, processing_minor: int
) -> tuple[Receiver, ...]:
    found = [
        Receiver(
            kind=names[part.payee_id].kind,
            label=names[part.payee_id].label,
            handle=names[part.payee_id].handle,
            amount_minor=part.amount_minor,
        )
        for part in parts
    ]
    by_platform = "" if processing_minor else BY_PLATFORM
    found.append(Receiver(kind="platform", label="Obole", amount_minor=platform_minor, note=by_platform))
    if processing_minor:
        found.append(Receiver(kind="processor", label="Card processing", amount_minor=processing_minor))
    return tuple(found)
