"""A buyer made of generated clients: asks, gets a price, orders, and reads each again. Told: a URL, base paths, bodies."""

import json
import sys

import poq_client
import productorder_client
import quote_client


def api(package, name, base):
    configuration = package.Configuration(host=url + base)
    return getattr(package, name)(package.ApiClient(configuration))


url, told = sys.argv[1], json.loads(sys.stdin.read())
paths, bodies = told["paths"], told["bodies"]

poqs = api(poq_client, "ProductOfferingQualificationApi", paths["poq"])
asked = poq_client.ProductOfferingQualificationCreate.from_dict(bodies["poq"])
assert type(asked.product_offering_qualification_item[0].product.product_configuration).__name__ == "AccessElineOvc"
made = poqs.create_product_offering_qualification(product_offering_qualification_create=asked)
poq = poqs.retrieve_product_offering_qualification(id=made.id)

bodies["quote"]["quoteItem"][0]["productOfferingQualificationItem"]["productOfferingQualificationId"] = poq.id
quotes = api(quote_client, "QuoteApi", paths["quote"])
priced = quotes.create_quote(quote_create=quote_client.QuoteCreate.from_dict(bodies["quote"]))
quote = quotes.retrieve_quote(id=priced.id)

item = bodies["order"]["productOrderItem"][0]
item["productOfferingQualificationItem"]["productOfferingQualificationId"] = poq.id
item["quoteItem"]["quoteId"] = quote.id
orders = api(productorder_client, "ProductOrderApi", paths["order"])
placed = orders.create_product_order(
    product_order_create=productorder_client.ProductOrderCreate.from_dict(bodies["order"])
)
order = orders.retrieve_product_order(id=placed.id)

configuration = quote.quote_item[0].product.product_configuration
print(json.dumps({
    "poq": poq.state.value, "quote": quote.state.value, "order": order.id,
    "class": type(configuration).__name__, "configuration": json.loads(configuration.to_json()),
}))  # fmt: skip
