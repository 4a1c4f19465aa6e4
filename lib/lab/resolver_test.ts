import { assertEquals } from "@std/assert";
import { RCODE } from "./dns_packet.ts";
import { answer } from "./resolver.ts";

function ask(name: string, type: number): Uint8Array {
  const labels = name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  return new Uint8Array([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, type, 0, 1]);
}

Deno.test("answer knows the lab's names and nothing else", () => {
  const names = { "provider.lab.internal": "10.77.0.4" };
  const rows: [string, Uint8Array, rcode: number, answers: number][] = [
    ["A", ask("provider.lab.internal", 1), RCODE.noError, 1],
    ["AAAA of a name we know", ask("provider.lab.internal", 28), RCODE.noError, 0],
    ["another name", ask("example.org", 1), RCODE.nameError, 0],
    ["a property of every object", ask("constructor", 1), RCODE.nameError, 0],
  ];
  for (const [name, message, rcode, answers] of rows) {
    const reply = answer(names, message);
    assertEquals([(reply?.[3] ?? 0) & 15, reply?.[7]], [rcode, answers], name);
  }
  assertEquals(answer(names, new Uint8Array(3)), null);
});
