import { assert, assertEquals } from "@std/assert";
import type { Span } from "../model/span.ts";
import { random } from "../stats/random.ts";
import { mutate } from "../testing/mutate.ts";
import { TRACES } from "../testing/otlp_bodies.ts";
import { decodeTraces, encodeTraces, type Encoding } from "./mod.ts";
import { ID_WORDS, type ScannedTraces, scanTraces } from "./scan_traces.ts";

const ROUNDS = 20_000;
const SEED = Deno.env.get("SLOCTL_MUTATION_SEED") ?? "1";

function idsOf({ spans, ids }: ScannedTraces): string[] {
  const word = (i: number) => ids[i]!.toString(16).padStart(8, "0");
  return Array.from(
    { length: spans },
    (_, s) => Array.from({ length: ID_WORDS }, (_, i) => word(s * ID_WORDS + i)).join(""),
  );
}

/** What is scanned is what decoding says, wherever scanning says anything. */
function agree(body: Uint8Array, encoding: Encoding): boolean {
  const scanned = scanTraces(body, encoding);
  if (scanned === null) return false;
  const decoded = decodeTraces(body, encoding);
  assertEquals([decoded.rejected.size, decoded.warnings.size], [0, 0]);
  assertEquals(idsOf(scanned), decoded.spans.map(({ traceId, spanId }) => traceId + spanId));
  const times = decoded.spans.flatMap(({ startNs, endNs }) => [startNs, endNs]).sort((x, y) => x < y ? -1 : 1);
  assertEquals([scanned.oldestMs, scanned.newestMs], [times[0]!, times.at(-1)!].map((ns) => Number(ns / 1_000_000n)));
  return true;
}

for (const encoding of ["protobuf", "json"] as const) {
  const { spans } = decodeTraces(TRACES.protobuf, "protobuf");
  const plain = spans.map((span, i) => ({ ...span, name: "é".repeat(i), spanId: `${i + 1}`.padStart(16, "0") })).slice(
    1,
  );
  // What JSON has to say in words is for the decoder.
  const { wide: _w, nan: _n, bytes: _b, ...attributes } = spans[0]!.attributes;
  const good = encodeTraces([{ ...spans[0]!, attributes, name: "POST /v1/chat/completions" }, ...plain], encoding);

  Deno.test(`${encoding}: a request as SDKs send it is scanned, and all its spans found`, () => {
    assert(agree(good, encoding));
  });

  Deno.test(`${encoding}: ${ROUNDS} damaged requests: what scanning lets pass, decoding keeps whole`, () => {
    let passed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const draw = random(`${SEED}/${round}`);
      const body = mutate(round % 2 === 0 ? good : TRACES[encoding], [TRACES.json, TRACES.protobuf, good], draw);
      try {
        if (agree(body, encoding)) passed++;
      } catch (error) {
        throw new Error(`round ${round} of seed "${SEED}": ${body.toHex()}`, { cause: error });
      }
    }
    assert(passed > ROUNDS / 100, `${passed} passed`);
  });

  Deno.test(`${encoding}: spans that look alike but for one damaged byte: the same`, () => {
    const kinds: Span["attributes"][] = [{ wait: 0.25, ok: true, n: -7n }, { text: 'é " \\', n: 12n }, {}];
    const alike = encodeTraces(
      Array.from({ length: 30 }, (_, i) => ({
        ...spans[0]!,
        spanId: `${i + 1}`.padStart(16, "0"),
        name: `GET /${i}`,
        parentSpanId: i % 4 === 0 ? "" : spans[0]!.parentSpanId,
        attributes: { ...attributes, ...kinds[i % 3] },
      })),
      encoding,
    );
    let passed = 0;
    for (let round = 0; round < ROUNDS / 20; round++) {
      const draw = random(`${SEED}/alike/${round}`);
      const body = alike.slice();
      body[draw.below(body.length)] = round % 2 === 0 ? 0x20 + draw.below(95) : draw.below(256);
      assert(agree(alike, encoding));
      try {
        if (agree(body, encoding)) passed++;
      } catch (error) {
        throw new Error(`round ${round} of seed "${SEED}": ${body.toHex()}`, { cause: error });
      }
    }
    assert(passed > ROUNDS / 200, `${passed} passed`);
  });

  Deno.test(`${encoding}: what would be refused, warned of, or holds no span is left to the decoder`, () => {
    const [span] = spans;
    const odd = [
      { ...span!, name: "" },
      { ...span!, traceId: "0".repeat(32) },
      { ...span!, spanId: "0".repeat(16) },
      { ...span!, startNs: span!.endNs + 1n },
      { ...span!, parentSpanId: "0102" },
    ];
    for (const one of odd) assertEquals(scanTraces(encodeTraces([one], encoding), encoding), null);
    assertEquals(scanTraces(encodeTraces([], encoding), encoding), null);
    assertEquals(scanTraces(new Uint8Array(), encoding), null);
  });
}
