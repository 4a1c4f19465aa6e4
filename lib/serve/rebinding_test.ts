import { assertEquals } from "@std/assert";
import type { HttpRequest } from "./http.ts";
import { ownNamesOnly } from "./rebinding.ts";

Deno.test("a collector on loopback answers to its own names only", async () => {
  const handler = ownNamesOnly(() => Promise.resolve({ status: 200, body: "" }));
  const request = (host: string | undefined): HttpRequest => ({
    method: "GET",
    path: "/v1/incidents",
    query: new URLSearchParams(),
    headers: { host },
    peer: "127.0.0.1",
    read: () => Promise.resolve(new Uint8Array()),
  });
  const rows: [string | undefined, number][] = [
    [undefined, 200],
    ["127.0.0.1:4318", 200],
    ["[::1]:4318", 200],
    ["localhost", 200],
    ["LOCALHOST:4318", 200],
    ["sloctl.localhost:4318", 200],
    ["collector:4318", 200],
    ["evil.example:4318", 403],
    ["127.0.0.1.evil.example", 403],
    ["localhost.evil.example:4318", 403],
    ["127.0.0.1.:4318", 403],
    ["evil.example.", 403],
  ];
  for (const [host, status] of rows) assertEquals((await handler(request(host))).status, status, host);
});
