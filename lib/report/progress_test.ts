import { assertEquals } from "@std/assert";
import { progressLine } from "./progress.ts";

function fake(progress: boolean) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const io = { err: (text: string) => void written.push(text), progress, columns: 30 };
  return { written, clock, line: progressLine(io, { now: () => clock.ms, everyMs: 1000 }) };
}

Deno.test("on a terminal the line is rewritten, notes stay above it, and nothing is left behind", () => {
  const { written, line } = fake(true);
  {
    using held = line;
    held.update("one");
    held.update("one");
    held.note("kept");
    held.update("a line that is far too long for thirty columns");
  }
  line.update("after the end");
  assertEquals(written, [
    "\r\x1b[Kone",
    "\r\x1b[Kkept\n",
    "\r\x1b[Kone",
    "\r\x1b[Ka line that is…thirty columns",
    "\r\x1b[K",
  ]);
});

Deno.test("elsewhere a plain line now and then", () => {
  const { written, clock, line } = fake(false);
  line.update("1 of 3");
  line.update("2 of 3");
  clock.ms = 1000;
  line.update("3 of 3");
  line.done("finished");
  line.done("twice");
  assertEquals(written, ["1 of 3\n", "3 of 3\n", "finished\n"]);
});
