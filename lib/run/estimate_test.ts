import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { meanSplit } from "../attribute/excess.ts";
import { parsePeer } from "../correlate/peer_pattern.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import { type Label, LABELS, type Split } from "../model/split.ts";
import { asked, lookedUp, PROVIDER, RETRIEVAL, served, SERVICE, streamed } from "../testing/requests.ts";
import { type EstimateInput, estimateRequests } from "./estimate.ts";

const watched = new Set<Label>(LABELS);
const estimate = (events: readonly KernelEvent[], more: Partial<EstimateInput> = {}) =>
  estimateRequests({ events, watched, ...more });

/** A gateway's request from `at` on: 2 ms, retrieval 10, 5 ms, DNS 20, connect 2, provider 61, 2 ms until it answers. */
const request = (at: number): KernelEvent[] => [
  ...served(at, at + 102, at + 300),
  ...asked(RETRIEVAL, at + 2, at + 12),
  lookedUp("provider.internal", at + 17, at + 37),
  ...streamed(PROVIDER, at + 39, at + 100, { connect: at + 37 }),
];
const requests = Array.from({ length: 6 }, (_, i) => request(i * 1000)).flat();

/** Labels that are not 0, in whole ms. */
const parts = (split: Split) =>
  Object.fromEntries(Object.entries(split).filter(([, ms]) => ms !== 0).map(([k, ms]) => [k, ms && Math.round(ms)]));

Deno.test("estimateRequests splits what sockets show, and claims no part of a peer that nothing names", () => {
  const [service, ...others] = estimate(requests);
  assertEquals(others, []);
  assertEquals([service?.name, service?.role, service?.requests.length], ["gateway:8080", "server", 6]);
  for (const { estimated, ttftMs, split, confidence, traceId } of service!.requests) {
    assertEquals([estimated, traceId, confidence], [true, "", 0.9]);
    assertAlmostEquals(LABELS.reduce((sum, label) => sum + (split[label] ?? 0), 0), ttftMs, 0.05);
  }
  // The wait for retrieval is nobody's: 10 of it, and 11 ms of the service's own without a thread clock.
  assertEquals(parts(meanSplit(service!.requests)), {
    dns: 20,
    connect: 2,
    provider: 61,
    retrieval: null,
    unexplained: 19,
  });
  assertEquals(service!.peers.map(({ name, ip, part, calls }) => [name ?? ip, part, calls]), [
    ["10.0.0.3", "other", 6],
    ["provider.internal", "provider", 6],
  ]);
});

Deno.test("estimateRequests: what the caller knows of a peer has a label", () => {
  const named = { provider: [], retrieval: [parsePeer("10.0.0.3:8001")] };
  const [service] = estimate(requests, { peers: named });
  assertEquals(parts(meanSplit(service!.requests)), {
    dns: 20,
    connect: 2,
    provider: 61,
    retrieval: 10,
    unexplained: 9,
  });
});

Deno.test("estimateRequests: a request that the machine slept through is left out and counted", () => {
  const breaks = [{ kind: "suspend", afterNs: 2050e6, foundNs: 2060e6, byNs: 60e9 }] as const;
  const [service] = estimate(requests, { breaks });
  assertEquals([service?.requests.length, service?.slept], [5, 1]);
});

Deno.test("estimateRequests: health checks are not mixed with requests that ask others", () => {
  const checks = Array.from({ length: 9 }, (_, i) => served(i * 700 + 450, i * 700 + 451)).flat();
  const services = estimate([...requests, ...checks]);
  assertEquals(services.map(({ asks, requests }) => [asks, requests.length]), [[true, 6], [false, 9]]);
});

Deno.test("estimateRequests: short-lived clients of one program are one service, known by the peer they ask", () => {
  const runs = Array.from({ length: 5 }, (_, i) => {
    const owner = { ...SERVICE, comm: "curl", pid: 100 + i, tid: 100 + i, startNs: i };
    const look = lookedUp("api.openai.com", i * 500, i * 500 + 30, { owner });
    return [
      look,
      ...asked("203.0.113.7:443", i * 500 + 35, i * 500 + 300, { connect: i * 500 + 31, change: { owner } }),
    ];
  }).flat();
  const [service, ...others] = estimate(runs);
  assertEquals(others, []);
  assertEquals([service?.name, service?.role, service?.processes.size], ["curl -> api.openai.com:443", "client", 5]);
  assertEquals(service?.requests.map(({ ttftMs }) => ttftMs), [300, 300, 300, 300, 300]);
  assertEquals(parts(meanSplit(service!.requests)), {
    dns: 30,
    connect: 4,
    provider: 265,
    retrieval: null,
    unexplained: 1,
  });
});

Deno.test("estimateRequests: the watcher itself, servers that speak first and nobody's events are left out", () => {
  const smtp = asked("10.0.0.8:25", 1, 2, { change: { role: "server" } });
  const own = request(0).map((event) => ({ ...event, owner: { ...SERVICE, pid: 42 } }));
  const nobody = request(0).map((event) => ({ ...event, owner: { ...SERVICE, pid: 0 } }));
  assertEquals(estimate([...own, ...nobody], { selfPid: 42 }), []);
  assert(estimate([...requests, ...smtp])[0]!.requests.length === 6);
});
