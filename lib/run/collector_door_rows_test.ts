/** Every door by every kind of token: what is not let in on one of them is let in on none. */
import { assert, assertEquals } from "@std/assert";
import grpc from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { digestOf } from "../serve/token_file.ts";
import { startCollector } from "../testing/collector.ts";

const line = (name: string, claims: Record<string, unknown>) =>
  JSON.stringify({
    kid: "k1",
    jti: name,
    verbs: ["ingest", "read", "admin"],
    ...claims,
    sha256: digestOf(name).toHex(),
  });

type Status = number;
const EVERYWHERE = { ingest: 200, read: 200, admin: 200 };

/** What each token is answered by verb. */
const TOKENS: readonly (readonly [string, Record<string, unknown> | null, Record<keyof typeof EVERYWHERE, Status>])[] =
  [
    ["full", {}, EVERYWHERE],
    ["ours", { ns: "prod" }, EVERYWHERE],
    ["here", { region: "eu" }, EVERYWHERE],
    ["unknown", null, { ingest: 401, read: 401, admin: 401 }],
    ["expired", { exp: 1 }, { ingest: 401, read: 401, admin: 401 }],
    ["early", { nbf: 4e9 }, { ingest: 401, read: 401, admin: 401 }],
    ["revoked", { revoked: true }, { ingest: 401, read: 401, admin: 401 }],
    ["foreign", { ns: "dev" }, { ingest: 403, read: 403, admin: 403 }],
    ["elsewhere", { region: "us" }, { ingest: 451, read: 451, admin: 451 }],
    ["writer", { verbs: ["ingest"] }, { ingest: 200, read: 403, admin: 403 }],
    ["reader", { verbs: ["read"] }, { ingest: 403, read: 200, admin: 403 }],
    ["operator", { verbs: ["admin"] }, { ingest: 403, read: 403, admin: 200 }],
    ["nobody", { verbs: [] }, { ingest: 403, read: 403, admin: 403 }],
  ];

const ROUTES: readonly (readonly [keyof typeof EVERYWHERE, string, string])[] = [
  ["ingest", "POST", "/v1/traces"],
  ["ingest", "POST", "/v1/logs"],
  ["ingest", "POST", "/v1/metrics"],
  ["read", "GET", "/v1/incidents"],
  ["read", "GET", "/v1/requests"],
  ["read", "GET", "/v1/agents"],
  ["read", "GET", "/metrics"],
  ["read", "GET", "/v1/events/stream"],
  ["admin", "GET", "/v1/admin/tokens"],
];

const CODE: Readonly<Record<Status, number>> = { 200: 0, 401: 16, 403: 7, 451: 7 };
const EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const WATCH = "/sloctl.watch.v1.WatchService/Watch";

Deno.test("each route, HTTP and gRPC, by each kind of token", async () => {
  const path = await Deno.makeTempFile({ prefix: "sloctl-tokens-" });
  const lines = TOKENS.flatMap(([name, claims]) => claims === null ? [] : [line(name, claims)]);
  await Deno.writeTextFile(path, lines.join("\n"));
  const to = await startCollector({
    tokenFile: path,
    region: "eu",
    place: { cluster: "", namespace: "prod", workload: "", service: "" },
  });
  const client = new grpc.Client(to.grpc, grpc.credentials.createInsecure());
  const metadataOf = (token: string) => {
    const metadata = new grpc.Metadata();
    metadata.set("authorization", `Bearer ${token}`);
    return metadata;
  };
  const same = (bytes: Buffer) => bytes;
  const empty = Buffer.alloc(0);
  const exported = (token: string) =>
    new Promise<number>((resolve) => {
      const done = (error: grpc.ServiceError | null) => resolve(error?.code ?? 0);
      client.makeUnaryRequest(EXPORT, same, same, empty, metadataOf(token), done);
    });
  /** 0: it was let in, and stays until it is cancelled. */
  const watched = (token: string) =>
    new Promise<number>((resolve) => {
      const call = client.makeServerStreamRequest(WATCH, same, same, empty, metadataOf(token));
      call.on("error", ({ code }: grpc.ServiceError) => resolve(code === grpc.status.CANCELLED ? 0 : code));
      call.on("metadata", () => call.cancel());
      call.resume();
    });
  try {
    for (const [token, , expected] of TOKENS) {
      for (const [verb, method, route] of ROUTES) {
        const answer = await fetch(to.http + route, {
          method,
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          ...(method === "POST" ? { body: "{}" } : {}),
        });
        await answer.body?.cancel();
        assertEquals(answer.status, expected[verb], `${token}: ${method} ${route}`);
        assertEquals(answer.headers.has("www-authenticate"), answer.status === 401, `${token}: ${method} ${route}`);
      }
      assertEquals(await exported(token), CODE[expected.ingest], `${token}: Export`);
      assertEquals(await watched(token), CODE[expected.read], `${token}: Watch`);
    }
  } finally {
    client.close();
    await to.end();
    await Deno.remove(path);
  }
  for (const [token] of TOKENS) assert(!to.io.stderr.includes(digestOf(token).toHex().slice(0, 8)), to.io.stderr);
});
