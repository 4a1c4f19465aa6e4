import { assert, assertEquals } from "@std/assert";
import { IoError } from "../model/errors.ts";
import { LineQueue, type LineSink } from "./line_queue.ts";

/** A sink that takes what it is given when it is told to. */
function sinkByHand() {
  const taken: string[] = [];
  let closed = 0;
  let release: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const sink: LineSink = {
    write: (bytes) => {
      taken.push(new TextDecoder().decode(bytes));
      return new Promise<void>((resolve, reject) => release = { resolve, reject });
    },
    close: () => void closed++,
  };
  return {
    sink,
    taken,
    closed: () => closed,
    async let(error?: unknown) {
      if (error === undefined) release!.resolve();
      else release!.reject(error);
      await soon();
    },
  };
}

const soon = () => new Promise<void>((done) => setTimeout(done, 5));

Deno.test("what comes while the sink is busy waits for it in order, and goes together", async () => {
  const { sink, taken, closed, let: go } = sinkByHand();
  const queue = new LineQueue(sink);
  for (const line of ["a", "b"]) assert(queue.push(line));
  await soon();
  for (const line of ["c", "d"]) assert(queue.push(line));
  assertEquals([taken, queue.waiting], [["a\nb\n"], 4]);
  await go();
  assertEquals([taken, queue.waiting], [["a\nb\n", "c\nd\n"], 2]);
  await go();
  assertEquals([await queue.close(1000), queue.lines, closed()], [0, 4, 1]);
});

Deno.test("a queue that is full refuses, by lines and by bytes, and takes again when there is room", async () => {
  const { sink, taken, let: go } = sinkByHand();
  const queue = new LineQueue(sink, { mostLines: 3, mostBytes: 20 });
  assert(queue.push("1"));
  await soon(); // it is being written, and counts
  assertEquals(["2", "3", "4"].map((line) => queue.push(line)), [true, true, false]);
  await go();
  assertEquals([queue.push("x".repeat(20)), queue.push("5")], [false, true]);
  await go();
  await go();
  assertEquals([taken.join(""), queue.lines], ["1\n2\n3\n5\n", 4]);
});

Deno.test("what is held for longer goes when it is enough for one write", async () => {
  const { sink, taken } = sinkByHand();
  const queue = new LineQueue(sink, { holdMs: 10_000 });
  queue.push("short");
  await soon();
  assertEquals(taken, []);
  queue.push("x".repeat(300_000));
  queue.push("later");
  assertEquals(taken.map((text) => text.length), [6 + 300_001]); // no more than a batch at a time, and the line that fills it
  queue.close(0);
});

Deno.test("a sink that fails is told of once; what it did not take is counted, and nothing more is taken", async () => {
  const { sink, closed, let: go } = sinkByHand();
  const told: string[] = [];
  const queue = new LineQueue(sink, { onFailure: ({ message }) => told.push(message) });
  queue.push("a");
  await soon();
  queue.push("b");
  await go(new IoError("the disk is full"));
  assertEquals([queue.push("c"), told], [false, ["the disk is full"]]);
  assertEquals([await queue.close(1000), closed(), queue.failure?.message], [2, 1, "the disk is full"]);
});

Deno.test("a sink that takes nothing at the end is given its time and no more", async () => {
  const { sink, closed } = sinkByHand();
  const queue = new LineQueue(sink, { holdMs: 10_000 });
  for (let i = 0; i < 10; i++) queue.push(`${i}`);
  assertEquals([await queue.close(20), closed()], [10, 0]);
});
