import { assert, assertEquals } from "@std/assert";
import { decodeQuery, encodeAnswer, encodeRefusal, type Query, RCODE, TYPE_A } from "./dns_packet.ts";

function query(
  name: string,
  { type = TYPE_A, flags = 0x0100, questions = 1, extra = [] as number[] } = {},
): Uint8Array {
  const labels = name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  return new Uint8Array([
    ...[0x12, 0x34, flags >> 8, flags & 255, 0, questions, 0, 0, 0, 0, 0, extra.length > 0 ? 1 : 0],
    ...[...labels, 0, type >> 8, type & 255, 0, 1],
    ...extra,
  ]);
}

const EDNS = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];

Deno.test("decodeQuery reads a question or says which refusal it deserves", () => {
  const good: [string, Uint8Array, string, number][] = [
    ["A", query("provider.lab.internal"), "provider.lab.internal", 1],
    ["AAAA, mixed case", query("Provider.LAB.internal", { type: 28 }), "provider.lab.internal", 28],
    ["with EDNS", query("a.b", { extra: EDNS }), "a.b", 1],
  ];
  for (const [name, message, expectedName, type] of good) {
    const got = decodeQuery(message) as Query;
    assertEquals([got.name, got.type, got.id, got.recursionDesired], [expectedName, type, 0x1234, true], name);
  }
  const bad: [string, Uint8Array, number | null][] = [
    ["no header", new Uint8Array(5), null],
    ["a response", query("a.b", { flags: 0x8180 }), null],
    ["another opcode", query("a.b", { flags: 0x2000 }), RCODE.notImplemented],
    ["two questions", query("a.b", { questions: 2 }), RCODE.formatError],
    ["cut in the name", query("provider.lab").subarray(0, 20), RCODE.formatError],
    ["cut after the name", query("a.b").subarray(0, 18), RCODE.formatError],
    ["a pointer", new Uint8Array([...query("a.b").subarray(0, 12), 0xc0, 12, 0, 1, 0, 1]), RCODE.formatError],
  ];
  for (const [name, message, rcode] of bad) {
    const got = decodeQuery(message);
    assert("rcode" in got && got.rcode === rcode, `${name}: ${JSON.stringify(got)}`);
  }
});

Deno.test("encodeAnswer repeats the question and adds A records", () => {
  const message = query("Provider.lab.internal", { extra: EDNS });
  const question = message.slice(12, message.length - EDNS.length);
  const answer = encodeAnswer(decodeQuery(message) as Query, RCODE.noError, ["10.77.0.4"]);
  assertEquals([...answer.subarray(0, 12)], [0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
  assertEquals(answer.slice(12, 12 + question.length), question);
  assertEquals([...answer.subarray(12 + question.length)], [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 77, 0, 4]);
  const none = encodeAnswer(decodeQuery(message) as Query, RCODE.nameError, []);
  assertEquals([none[3], none[7], none.length], [0x83, 0, 12 + question.length]);
  assertEquals([...encodeRefusal(7, RCODE.formatError)].slice(0, 4), [0, 7, 0x84, 0x81]);
});
