import { assertEquals } from "@std/assert";
import { joinRoomy, ROOM, takeRoom } from "./roomy.ts";

Deno.test("what was joined has room before it, once, and only as a whole", () => {
  const joined = joinRoomy([new Uint8Array([1, 2]), new Uint8Array([3])], 3);
  assertEquals([...joined], [1, 2, 3]);
  assertEquals(takeRoom(joined.subarray(1)), null);
  const whole = takeRoom(joined)!;
  assertEquals([...whole], [...new Uint8Array(ROOM), 1, 2, 3]);
  assertEquals(whole.buffer, joined.buffer);
  assertEquals(takeRoom(joined), null);
  assertEquals(takeRoom(new Uint8Array(ROOM + 3).subarray(ROOM)), null);
});
