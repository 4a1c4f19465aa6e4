import { assert, assertEquals } from "@std/assert";
import { SLEEP, WAITS } from "../decode/wire.gen.ts";
import { knownCalls } from "./known_calls.ts";

Deno.test("knownCalls speaks of the machine's own numbers, in the bits that the probe reads", () => {
  const x86 = knownCalls("x86_64");
  const rows: [number, number][] = [
    [7, SLEEP.sleep_ms_arg3 | WAITS.waits], // poll
    [232, SLEEP.sleep_ms_arg4 | WAITS.waits], // epoll_wait
    [35, SLEEP.sleep_pointer | WAITS.waits], // nanosleep
    [202, WAITS.waits], // futex
    [0, WAITS.waits_if_no_file], // read
  ];
  for (const [number, bits] of rows) assertEquals(x86.get(number), bits, `${number}`);
  assert(!x86.has(74), "fsync is work");
  const arm = knownCalls("aarch64");
  assertEquals([arm.get(22), arm.get(63)], [SLEEP.sleep_ms_arg4 | WAITS.waits, WAITS.waits_if_no_file]); // epoll_pwait, read
});
