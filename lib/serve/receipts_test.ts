import { assertEquals } from "@std/assert";
import type { Receipt } from "../model/receipt.ts";
import type { Span } from "../model/span.ts";
import { encodeTraces } from "../otlp/mod.ts";
import { madeRun } from "../testing/telemetry.ts";
import { otlpRoute } from "./otlp_http.ts";
import { OtlpReceiver } from "./otlp_receiver.ts";

const { spans } = madeRun({ seconds: 4 });

/** A receiver whose sink answers when it is let, and a way to post to it. */
function made(kept = new Map<string, Receipt>()) {
  const taken: Span[] = [];
  let gate: Promise<void> = Promise.resolve();
  const keep = (receipt?: Receipt) => void (receipt !== undefined && kept.set(receipt.key, receipt));
  const receiver = new OtlpReceiver({
    sink: {
      spans: async (some, _bytes, receipt) => {
        await gate;
        taken.push(...some);
        keep(receipt);
      },
      metrics: () => {},
      receipt: (receipt) => Promise.resolve(keep(receipt)),
      receiptOf: (key) => Promise.resolve(kept.get(key) ?? null),
    },
  });
  const route = otlpRoute({ receiver });
  const post = async (body: Uint8Array, key: string, path = "/v1/traces") => {
    const answer = await route({
      method: "POST",
      path,
      query: new URLSearchParams(),
      headers: { "content-type": "application/json", "idempotency-key": key },
      peer: "",
      read: () => Promise.resolve(body),
    });
    return [answer!.status, new TextDecoder().decode(answer!.body as Uint8Array)];
  };
  return { taken, kept, post, hold: (until: Promise<void>) => void (gate = until) };
}

const body = (...some: Span[]) => encodeTraces(some, "json");
const half = new TextEncoder().encode(
  new TextDecoder().decode(body(spans[0]!, spans[1]!)).replace(spans[1]!.spanId, "0".repeat(16)),
);

Deno.test("Idempotency-Key: same key and body, same answer, taken once; another body is 409", async () => {
  const { post, taken } = made();
  const first = await post(half, "k1");
  assertEquals(first[0], 200);
  assertEquals((first[1] as string).includes("rejectedSpans"), true);
  assertEquals(await post(half, "k1"), first);
  assertEquals((await post(body(spans[2]!), "k1"))[0], 409);
  assertEquals((await post(body(spans[2]!), "k2"))[0], 200);
  assertEquals(taken.map(({ spanId }) => spanId), [spans[0]!.spanId, spans[2]!.spanId]);
  assertEquals((await post(body(spans[3]!), "x".repeat(256)))[0], 400);
  assertEquals((await post(body(spans[3]!), ""))[0], 400);
});

Deno.test("Idempotency-Key: while the first is still being written, and by another receiver on the same store", async () => {
  const { post, taken, hold, kept } = made();
  const { promise, resolve } = Promise.withResolvers<void>();
  hold(promise);
  const [first, again, other] = [post(half, "k"), post(half, "k"), post(body(spans[2]!), "k")];
  assertEquals((await other)[0], 409);
  resolve();
  assertEquals(await again, await first);
  assertEquals(taken.length, 1);
  const next = made(kept);
  assertEquals(await next.post(half, "k"), await first);
  assertEquals((await next.post(body(spans[2]!), "k"))[0], 409);
  assertEquals(next.taken, []);
});

Deno.test("Idempotency-Key: what could not be taken may be tried again; what holds nothing to keep is remembered too", async () => {
  const { post, taken, hold } = made();
  hold(Promise.reject(new Error("full")));
  assertEquals((await post(body(spans[0]!), "k"))[0], 503);
  hold(Promise.resolve());
  assertEquals((await post(body(spans[0]!), "k"))[0], 200);
  assertEquals(taken.length, 1);
  const empty = new TextEncoder().encode("{}");
  assertEquals((await post(empty, "m", "/v1/metrics"))[0], 200);
  assertEquals((await post(new TextEncoder().encode('{"resourceMetrics":[]}'), "m", "/v1/metrics"))[0], 409);
});
