import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../model/errors.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import { asked, PROVIDER, streamed } from "../testing/requests.ts";
import { callsOf } from "./calls.ts";
import { matchesPeer, parsePeer } from "./peer_pattern.ts";
import { type NamedPeers, NOBODY_NAMED, peerRoles } from "./peers.ts";

const times = (n: number, make: (i: number) => KernelEvent[]) => Array.from({ length: n }, (_, i) => make(i)).flat();

Deno.test("peerRoles: a provider is named, known by its name, or streams; nothing else says what a peer is", () => {
  const once = (i: number) => asked(PROVIDER, i * 100, i * 100 + 50);
  const refused = (i: number) => i % 5 === 0 ? streamed(PROVIDER, i * 1000, i * 1000 + 50) : once(i * 10);
  // Full segments, as fast as the line gives them: a download, however many there are.
  const download = (i: number) =>
    asked(PROVIDER, i * 1000, i * 1000 + 50, { over: i * 1000 + 500, chunks: 300, bytes: 1448 });
  const burst = (i: number) => asked(PROVIDER, i * 1000, i * 1000 + 50, { over: i * 1000 + 51, chunks: 6, bytes: 200 });
  const named = { provider: [parsePeer("10.0.0.4")], retrieval: [] };
  const asRetrieval = { provider: [], retrieval: [parsePeer("*.internal:8000")] };
  const rows: [string, KernelEvent[], string | undefined, NamedPeers, string, string][] = [
    ["one answer, in one piece", times(9, once), undefined, NOBODY_NAMED, "other", "nothing says"],
    [
      "tokens",
      times(9, (i) => streamed(PROVIDER, i * 1000, i * 1000 + 50)),
      undefined,
      NOBODY_NAMED,
      "provider",
      "stream",
    ],
    ["most of them refused", times(20, refused), undefined, NOBODY_NAMED, "provider", "stream"],
    [
      "two streams are chance",
      times(2, (i) => streamed(PROVIDER, i * 1000, i * 1000 + 50)),
      undefined,
      NOBODY_NAMED,
      "other",
      "nothing",
    ],
    ["downloads", times(9, download), undefined, NOBODY_NAMED, "other", "nothing says"],
    ["pieces all at once", times(9, burst), undefined, NOBODY_NAMED, "other", "nothing says"],
    [
      "a provider's name",
      times(1, once),
      "api.openai.com",
      NOBODY_NAMED,
      "provider",
      "name of a known",
    ],
    [
      "a customer's name",
      times(1, once),
      "eu7.openai.azure.com",
      NOBODY_NAMED,
      "provider",
      "name of a known",
    ],
    [
      "a name that only looks like it",
      times(1, once),
      "api.openai.com.example.net",
      NOBODY_NAMED,
      "other",
      "nothing",
    ],
    ["named by address", times(1, once), undefined, named, "provider", "named by the caller"],
    [
      "the caller knows better",
      times(9, (i) => streamed(PROVIDER, i * 1000, i * 1000 + 50)),
      "r.internal",
      asRetrieval,
      "retrieval",
      "named by the caller",
    ],
  ];
  for (const [name, events, peer, peers, part, why] of rows) {
    const [role] = peerRoles(callsOf(events), () => peer, peers).values();
    assertEquals([role?.part, role?.why.includes(why)], [part, true], `${name}: ${role?.part}, ${role?.why}`);
  }
});

Deno.test("peerRoles: where ends are not told, long pauses in an answer are", () => {
  const told = (i: number): KernelEvent[] => {
    const [turn] = asked(PROVIDER, i * 1000, i * 1000 + 50);
    const gap = (ms: number) => ({
      ...turn,
      kind: "gap",
      startNs: (i * 1000 + ms) * 1e6,
      tsNs: (i * 1000 + ms + 20) * 1e6,
    });
    return [turn!, ...[60, 90, 120].map((ms) => gap(ms) as KernelEvent)];
  };
  const [role] = peerRoles(callsOf(times(4, told)), () => undefined, NOBODY_NAMED).values();
  assertEquals(role?.part, "provider");
});

Deno.test("a name is one peer, however many addresses it has", () => {
  const calls = callsOf([
    ...asked("10.0.0.4:443", 0, 10),
    ...asked("10.0.0.5:443", 20, 30),
    ...asked("10.0.0.5:80", 40, 50),
  ]);
  const roles = peerRoles(calls, () => "api.example.com", NOBODY_NAMED);
  assertEquals([...roles].map(([key, { calls }]) => [key, calls]), [["api.example.com:443", 2], [
    "api.example.com:80",
    1,
  ]]);
});

Deno.test("parsePeer and matchesPeer", () => {
  const peer = { ip: "10.0.0.4", port: 443, name: "API.example.com" };
  const rows: [string, boolean][] = [
    ["api.example.com", true],
    ["api.example.com:443", true],
    ["api.example.com:80", false],
    ["*.example.com", true],
    ["*.com:443", true],
    ["example.com", false],
    ["10.0.0.4", true],
    ["10.0.0.4:443", true],
    ["10.0.0.5", false],
  ];
  for (const [text, expected] of rows) assertEquals(matchesPeer(parsePeer(text), peer), expected, text);
  assertEquals(parsePeer("2001:db8::1"), { host: "2001:db8::1", port: null });
  assertEquals(parsePeer("[2001:DB8::1]:443"), { host: "2001:db8::1", port: 443 });
  for (const bad of ["", ":443", "a b", "a:0", "a:99999", "http://a/"]) {
    assertThrows(() => parsePeer(bad), UsageError, "Cannot read peer");
  }
});
