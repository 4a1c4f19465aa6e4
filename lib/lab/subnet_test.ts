import { assertEquals } from "@std/assert";
import { pickSubnet } from "./subnet.ts";

Deno.test("pickSubnet avoids every route it can", () => {
  const all = Array.from({ length: 256 }, (_, x) => `10.77.${x}.0/24`);
  const rows: [string, string[], string | null][] = [
    ["nothing near", ["default", "192.0.2.0/24", "10.76.0.0/16"], "10.77.0"],
    ["the first is taken", ["10.77.0.0/24"], "10.77.1"],
    ["a single address and half a net", ["10.77.0.9", "10.77.1.128/25"], "10.77.2"],
    ["the lower half", ["10.77.0.0/17"], "10.77.128"],
    ["all of 10.0.0.0/8 goes somewhere: the longer prefix wins", ["10.0.0.0/8", "10.77.0.0/24"], "10.77.1"],
    ["no room", all, null],
  ];
  for (const [name, routes, expected] of rows) assertEquals(pickSubnet(routes), expected, name);
});
