import { assertEquals } from "@std/assert";
import { readImage } from "./exe_names.ts";

/** A struct exe_name; what an earlier, longer one left stands behind its parts. */
function value(parts: string, deleted = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(536).fill(120);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, 5_000_000_000n, true);
  view.setBigUint64(8, 6_000_000_000n, true);
  view.setUint32(16, new TextEncoder().encode(parts).length, true);
  view.setUint32(20, deleted, true);
  bytes.set(new TextEncoder().encode(parts), 24);
  return bytes;
}

Deno.test("readImage: from the last part to the first", () => {
  const times = { startNs: 5e9, sinceNs: 6e9 };
  assertEquals(readImage(value("curl\0bin\0usr\0")), { ...times, exe: "/usr/bin/curl" });
  assertEquals(readImage(value("é x\0", 1)), { ...times, exe: "/é x (deleted)" });
  assertEquals(readImage(value("")), times);
});
