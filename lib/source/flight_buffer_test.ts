import { assert, assertEquals } from "@std/assert";
import { FlightBuffer } from "./flight_buffer.ts";

const S = 1e9;
const MIB = 1024 * 1024;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);

Deno.test("what was added comes out in its order, as it was, and none that is too old", () => {
  const buffer = new FlightBuffer({ keepNs: 60 * S });
  for (let i = 0; i < 100; i++) buffer.add(i % 3 === 0 ? "event" : "record", bytes(`entry ${i}`), i * S);
  const kept = [...buffer.entries(99 * S)].map(({ kind, atNs, bytes }) => [kind, atNs / S, text(bytes)]);
  assertEquals(kept.length, 61);
  assertEquals(kept[0], ["event", 39, "entry 39"]);
  assertEquals(kept.at(-1), ["event", 99, "entry 99"]);
  assertEquals([buffer.crowdedOutNs, buffer.tooLarge], [null, 0]);
});

Deno.test("memory stays in its bound: by age alone where there is room, else the oldest gives way, and it is known", () => {
  const record = new Uint8Array(1000).fill(7);
  const slow = new FlightBuffer({ keepNs: 2 * S, mostBytes: 8 * MIB });
  for (let i = 0; i < 100_000; i++) slow.add("record", record, i * 1e6);
  assert(slow.bytes <= 5 * MIB, `${slow.bytes}`); // two seconds are 2 MB
  assertEquals([...slow.entries(99_999 * 1e6)].length, 2001);
  assertEquals(slow.crowdedOutNs, null);

  const fast = new FlightBuffer({ keepNs: 3600 * S, mostBytes: 4 * MIB });
  for (let i = 0; i < 20_000; i++) fast.add("record", record, i * 1e6);
  assert(fast.bytes <= 5 * MIB, `${fast.bytes}`);
  const kept = [...fast.entries(20 * S)];
  assertEquals(kept.at(-1)?.atNs, 19_999 * 1e6);
  assert(kept.length > 3000 && kept.length < 4200, `${kept.length}`);
  assert(fast.crowdedOutNs !== null && fast.crowdedOutNs < kept[0]!.atNs);
  fast.add("record", new Uint8Array(2 * MIB), 20 * S);
  assertEquals(fast.tooLarge, 1);
});
