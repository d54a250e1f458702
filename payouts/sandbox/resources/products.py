"""Products and prices (https://docs.stripe.com/api/products, https://docs.stripe.com/api/prices)."""

from stripe.params import (
    PriceCreateParams,
    PriceListParams,
    PriceRetrieveParams,
    PriceUpdateParams,
    ProductCreateParams,
    ProductListParams,
    ProductRetrieveParams,
    ProductUpdateParams,
)

from payouts.sandbox import money
from payouts.sandbox.core import Sandbox, merge_metadata
from payouts.sandbox.errors import invalid
from payouts.sandbox.routing import Call, endpoint, lists, page, retrieves
from payouts.sandbox.store import Json

_PRODUCT = ("active", "default_price", "description", "images", "name", "statement_descriptor", "unit_label", "url")
_PRICE = ("active", "lookup_key", "nickname", "tax_behavior")

retrieves("product", "/v1/products", ProductRetrieveParams)
lists("product", "/v1/products", ProductListParams, url="url")
retrieves("price", "/v1/prices", PriceRetrieveParams)


@endpoint("GET", "/v1/prices", PriceListParams)
def list_prices(call: Call) -> Json:
    """Newest first; by product, currency, type, lookup keys and whether active."""
    fixed: list[tuple[str, object]] = []
    if "active" in call.params:
        fixed.append(("body->>'$.active' = ?", int(call.params["active"])))
    if call.params.get("lookup_keys"):
        fixed.append(("instr(',' || ? || ',', ',' || (body->>'$.lookup_key') || ',') > 0",
                      ",".join(call.params["lookup_keys"])))  # fmt: skip
    return page(call, "price", "/v1/prices", {"product": "product", "currency": "currency", "type": "type"}, *fixed)


@endpoint("POST", "/v1/products", ProductCreateParams)
def create_product(call: Call) -> Json:
    """Create a product, with its default price if asked."""
    params = call.params
    product = new_product(call.sandbox, params)
    if "default_price_data" in params:
        price = new_price(call.sandbox, product["id"], params["default_price_data"])
        call.sandbox.save(product, default_price=price["id"])
    call.sandbox.emit("product.created", product)
    return product


@endpoint("POST", "/v1/products/{id}", ProductUpdateParams)
def update_product(call: Call) -> Json:
    """Change a product."""
    return _update(call, "product", _PRODUCT) | {"updated": call.sandbox.clock.now()}


@endpoint("POST", "/v1/prices", PriceCreateParams)
def create_price(call: Call) -> Json:
    """Create a price of a product, or with a product made on the spot."""
    params, sandbox = call.params, call.sandbox
    if "product" in params:
        product = sandbox.get("product", params["product"], param="product")
    else:
        product = new_product(sandbox, params.get("product_data") or {})
    price = new_price(sandbox, product["id"], params)
    sandbox.emit("price.created", price)
    return price


@endpoint("POST", "/v1/prices/{id}", PriceUpdateParams)
def update_price(call: Call) -> Json:
    """Change what may change of a price: never its amount."""
    return _update(call, "price", _PRICE)


def new_product(sandbox: Sandbox, data: Json, *, active: bool = True) -> Json:
    """A product of product_data or of the parameters of create."""
    values = {name: data[name] for name in _PRODUCT if name in data}
    return sandbox.create(
        "product", "prod", {"active": active, "name": "Item", "type": "service"}, values, length=14,
        metadata=merge_metadata({}, data.get("metadata")), updated=sandbox.clock.now(),
    )  # fmt: skip


def new_price(sandbox: Sandbox, product: str, data: Json, *, active: bool = True, param: str = "unit_amount") -> Json:
    """A price of price_data or of the parameters of create; per unit alone."""
    if "unit_amount" not in data:
        raise invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")
    currency = money.known(data["currency"])
    if data["unit_amount"]:
        money.check_amount(data["unit_amount"], currency, param=param)
    recurring = data.get("recurring")
    cycle = {"interval_count": 1, "meter": None, "trial_period_days": None, "usage_type": "licensed"}
    return sandbox.create(
        "price", "price", {name: data[name] for name in _PRICE if name in data}, active=data.get("active", active),
        billing_scheme="per_unit", currency=currency, metadata=merge_metadata({}, data.get("metadata")),
        product=product, recurring=cycle | recurring if recurring else None,
        type="recurring" if recurring else "one_time", tax_behavior=data.get("tax_behavior") or "unspecified",
        unit_amount=data["unit_amount"],
        unit_amount_decimal=str(data["unit_amount"]),
    )  # fmt: skip


def of_item(sandbox: Sandbox, item: Json, *, param: str) -> Json:
    """The price of a line or subscription item: an existing one, or one made of its price_data
    (https://docs.stripe.com/products-prices/how-products-and-prices-work)."""
    if "price" in item:
        return sandbox.get("price", item["price"], param=f"{param}[price]")
    data = item.get("price_data")
    if data is None:
        raise invalid(f"Missing required param: {param}[price].", param=f"{param}[price]", code="parameter_missing")
    if "product" in data:
        product = sandbox.get("product", data["product"], param=f"{param}[price_data][product]")
    else:
        product = new_product(sandbox, data.get("product_data") or {}, active=False)
    return new_price(sandbox, product["id"], data, active=False, param=f"{param}[price_data][unit_amount]")


def _update(call: Call, kind: str, names: tuple[str, ...]) -> Json:
    obj = call.sandbox.get(kind, call.id)
    changes = {name: call.params[name] for name in names if name in call.params}
    if "metadata" in call.params:
        changes["metadata"] = merge_metadata(obj["metadata"], call.params["metadata"])
    previous = {name: obj[name] for name in changes}
    call.sandbox.save(obj, **changes)
    call.sandbox.emit(f"{kind}.updated", obj, previous=previous)
    return obj
