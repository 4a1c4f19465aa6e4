/**
 * A hundred thousand damaged requests: whatever came, the answer is one of ours and never 500. The rounds are drawn from a seed, each
 * on its own; a failing one names itself. Another seed: SLOCTL_MUTATION_SEED.
 */
import { assert, assertEquals } from "@std/assert";
import { Agent, request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { type Random, random } from "../stats/random.ts";
import { ask, type Asked } from "../testing/ask.ts";
import { mutate } from "../testing/mutate.ts";
import { LOGS, METRICS, TRACES } from "../testing/otlp_bodies.ts";
import type { HttpHandler } from "./http.ts";
import { listenHttp } from "./http_server.ts";
import { otlpRoute } from "./otlp_http.ts";
import { OtlpReceiver } from "./otlp_receiver.ts";
import { routes } from "./routes.ts";

const ROUNDS = 100_000;
const SOCKET_ROUNDS = 2_000;
const SEED = Deno.env.get("SLOCTL_MUTATION_SEED") ?? "1";
const EXPECTED = [200, 400, 404, 405, 413, 415];

const BODIES = { traces: TRACES, logs: LOGS, metrics: METRICS };
const ALL = Object.values(BODIES).flatMap(({ json, protobuf }) => [json, protobuf]);
const TYPES = { json: "application/json", protobuf: "application/x-protobuf" };
const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ["content-type", "text/html"],
  ["content-type", "application/json; charset=\u00ff"],
  ["content-encoding", "br"],
  ["content-encoding", "gzip"],
  ["content-length", "-1"],
  ["accept", "\\"],
];

/** One damaged request. */
function damaged(draw: Random): Asked & { readonly encoding: "json" | "protobuf" } {
  const signal = (["traces", "logs", "metrics"] as const)[draw.below(3)]!;
  const encoding = draw.below(2) === 0 ? "json" : "protobuf";
  // Sometimes the body of one signal or encoding goes where another is expected.
  const good = draw.below(20) === 0 ? ALL[draw.below(ALL.length)]! : BODIES[signal][encoding];
  let body = mutate(good, ALL, draw);
  const headers: Record<string, string> = { "content-type": TYPES[encoding] };
  if (draw.below(10) === 0) {
    headers["content-encoding"] = "gzip";
    body = new Uint8Array(gzipSync(body, { level: 1 }));
    if (draw.below(2) === 0) body = mutate(body, ALL, draw);
  }
  if (draw.below(50) === 0) {
    const [name, value] = ODD_HEADERS[draw.below(ODD_HEADERS.length)]!;
    headers[name] = value;
  }
  const path = draw.below(100) === 0 ? `/v1/${signal}/..%00` : `/v1/${signal}`;
  return { method: draw.below(100) === 0 ? "PATCH" : "POST", path, headers, body, encoding };
}

function receiver(): { readonly handler: HttpHandler; readonly kept: () => number; readonly faults: unknown[] } {
  let kept = 0;
  const faults: unknown[] = [];
  const own = new OtlpReceiver({
    sink: {
      spans: (spans) => {
        kept += spans.length;
        for (const { traceId, spanId, startNs, endNs } of spans) {
          assert(/^[0-9a-f]{32}$/.test(traceId) && /^[0-9a-f]{16}$/.test(spanId) && endNs >= startNs);
        }
      },
      logs: (logs) => void (kept += logs.length),
      metrics: (points) => void (kept += points.length),
    },
    onFault: (error) => void faults.push(error),
  });
  return { handler: routes([otlpRoute({ receiver: own, maxBodyBytes: 200_000 })]), kept: () => kept, faults };
}

Deno.test(`${ROUNDS} damaged requests: every answer is one of ours, and can be read`, async () => {
  const { handler, kept, faults } = receiver();
  const answers = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const asked = damaged(random(`${SEED}/${round}`));
    try {
      const { status, headers, text } = await ask(handler, asked);
      if (faults.length > 0) throw faults[0];
      assert(EXPECTED.includes(status), `answered ${status}: ${text}`);
      if (headers["content-type"] === TYPES.json) JSON.parse(text);
      answers.set(status, (answers.get(status) ?? 0) + 1);
    } catch (error) {
      throw new Error(`round ${round} of seed "${SEED}": ${JSON.stringify(asked.headers)}`, { cause: error });
    }
  }
  // The damage is neither always deadly nor always harmless.
  for (const status of [200, 400, 404, 405, 415]) assert((answers.get(status) ?? 0) > ROUNDS / 1000, `few ${status}`);
  assert(kept() > ROUNDS / 20, `${kept()} records kept`);
});

Deno.test(`${SOCKET_ROUNDS} of them through a socket`, async () => {
  const { handler } = receiver();
  await using listener = await listenHttp({ hostname: "127.0.0.1", port: 0, handler });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const send = (asked: Asked) =>
    new Promise<number>((resolve, reject) => {
      const { "content-length": _, ...headers } = asked.headers as Record<string, string>;
      const options = { method: asked.method, agent, headers: plain(headers) };
      const sent = httpRequest(`http://127.0.0.1:${listener.port}${asked.path}`, options, (reply) => {
        reply.resume().on("end", () => resolve(reply.statusCode ?? 0));
      });
      sent.on("error", reject).end(asked.body);
    });
  for (let from = 0; from < SOCKET_ROUNDS; from += 100) {
    const rounds = Array.from({ length: 100 }, (_, i) => from + i);
    const got = await Promise.all(rounds.map((round) => send(damaged(random(`${SEED}/${round}`)))));
    const bad = rounds.filter((_, i) => !EXPECTED.includes(got[i]!));
    assertEquals(bad, [], `seed "${SEED}"`);
  }
  assertEquals([listener.stats.requests, listener.stats.inFlight], [SOCKET_ROUNDS, 0]);
  agent.destroy();
});

/** The client refuses to send what is no Latin-1. */
function plain(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replaceAll(/[^\x20-\x7e]/g, "?")]),
  );
}
