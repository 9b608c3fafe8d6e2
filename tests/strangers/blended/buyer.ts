// A buyer made of generated clients: asks, gets a price, orders, and reads each again. Told: a URL, base paths, bodies.
import { readFileSync } from "node:fs";
import * as poqs from "./poq/index.js";
import * as quotes from "./quote/index.js";
import * as orders from "./productorder/index.js";

const url = process.argv[2];
const { paths, bodies } = JSON.parse(readFileSync(0, "utf8"));

const poqApi = new poqs.ProductOfferingQualificationApi(new poqs.Configuration({ basePath: url + paths.poq }));
const made = await poqApi.createProductOfferingQualification({
    productOfferingQualificationCreate: poqs.ProductOfferingQualificationCreateFromJSON(bodies.poq),
});
const poq = await poqApi.retrieveProductOfferingQualification({ id: made.id });

bodies.quote.quoteItem[0].productOfferingQualificationItem.productOfferingQualificationId = poq.id;
const quoteApi = new quotes.QuoteApi(new quotes.Configuration({ basePath: url + paths.quote }));
const priced = await quoteApi.createQuote({ quoteCreate: quotes.QuoteCreateFromJSON(bodies.quote) });
const quote = await quoteApi.retrieveQuote({ id: priced.id });

const item = bodies.order.productOrderItem[0];
item.productOfferingQualificationItem.productOfferingQualificationId = poq.id;
item.quoteItem.quoteId = quote.id;
const orderApi = new orders.ProductOrderApi(new orders.Configuration({ basePath: url + paths.order }));
const placed = await orderApi.createProductOrder({ productOrderCreate: orders.ProductOrderCreateFromJSON(bodies.order) });
const order = await orderApi.retrieveProductOrder({ id: placed.id });

const configuration = quote.quoteItem[0].product!.productConfiguration!;
console.log(JSON.stringify({
    poq: poq.state, quote: quote.state, order: order.id, class: "AccessElineOvc",
    configuration: quotes.MEFProductConfigurationToJSON(configuration),
}));
