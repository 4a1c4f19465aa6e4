import { assertEquals } from "@std/assert";
import { decodeTraces, encodeTraces, type Encoding } from "./mod.ts";

const values = [
  { doubleValue: 1 },
  { intValue: "1" },
  { doubleValue: 1.5 },
  { arrayValue: { values: [{ doubleValue: 1 }, { doubleValue: 2.5 }] } },
  { arrayValue: { values: [{ intValue: "1" }] } },
  { kvlistValue: { values: [{ key: "d", value: { doubleValue: 2 } }, { key: "i", value: { intValue: "2" } }] } },
  { doubleValue: 1e300 },
  { stringValue: "1" },
];
const attributes = values.map((value, i) => ({ key: `k${i}`, value }));
const span = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  name: "chat",
  startTimeUnixNano: "1",
  endTimeUnixNano: "2",
  attributes,
};
const body = JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] });

Deno.test("a whole number that came as a double leaves as one, from and to either encoding", () => {
  for (const path of [["json"], ["protobuf", "json"], ["json", "protobuf", "json"]] as Encoding[][]) {
    let bytes = new TextEncoder().encode(body);
    let encoding: Encoding = "json";
    for (const next of path) {
      bytes = encodeTraces(decodeTraces(bytes, encoding).spans, next);
      encoding = next;
    }
    const [resource] = JSON.parse(new TextDecoder().decode(bytes)).resourceSpans;
    assertEquals(resource.scopeSpans[0].spans[0].attributes, attributes, path.join());
    assertEquals(resource.resource.attributes, attributes, path.join());
  }
});
