import { assert, assertEquals } from "@std/assert";
import { type FailedRequest, failureCause, failureDomain } from "./failures.ts";

const none: FailedRequest = { provider: [], retrieval: 0, dnsErrors: 0, connectErrors: 0 };

Deno.test("what a failed request failed by", () => {
  const rows: [Partial<FailedRequest>, string][] = [
    [{ provider: [429] }, "provider_throttle"],
    [{ provider: [529, 500] }, "provider_throttle"],
    [{ provider: [503] }, "provider_error"],
    [{ provider: [503], dnsErrors: 1 }, "provider_error"], // it answered
    [{ provider: [0], dnsErrors: 1 }, "network_dns"],
    [{ provider: [0], connectErrors: 2 }, "network_egress"],
    [{ provider: [0] }, "provider_error"],
    [{ retrieval: 1 }, "retrieval_backend"],
    [{ retrieval: 1, connectErrors: 1 }, "network_egress"],
    [{ dnsErrors: 1 }, "unknown"], // no call of it failed
    [{}, "unknown"],
  ];
  for (const [part, domain] of rows) assertEquals(failureDomain({ ...none, ...part }), domain, JSON.stringify(part));
});

Deno.test("a cause is named when most failed by it, and its confidence grows with their number", () => {
  const many = (n: number, part: Partial<FailedRequest>) => Array.from({ length: n }, () => ({ ...none, ...part }));
  assertEquals(failureCause([]).domain, "unknown");
  const [few, lots] = [3, 40].map((n) => failureCause(many(n, { provider: [500] })));
  assertEquals([few!.domain, lots!.domain], ["provider_error", "provider_error"]);
  assert(lots!.confidence > few!.confidence && lots!.confidence < 1);
  const mixed = failureCause([...many(5, { provider: [500] }), ...many(5, { retrieval: 1 })]);
  assertEquals([mixed.domain, mixed.shares], ["unknown", { provider_error: 0.5, retrieval_backend: 0.5 }]);
});
