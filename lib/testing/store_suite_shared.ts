/** What a store has to do besides when it outlives its process: others may open it, and of two who would write only one does. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { IoError } from "../model/errors.ts";
import { spanEntry } from "../store/entries.ts";
import type { Store } from "../store/store.ts";
import type { StoreKind } from "./store_suite.ts";
import { madeRun } from "./telemetry.ts";

const spans = madeRun({ seconds: 20 }).spans.map((span) => spanEntry(span, 10));
const receipt = { key: "k", digest: "d", type: "t", answer: new Uint8Array([7, 0]) };

/** Of all there is: how much was written before somebody was replaced depends on how busy the machine was. */
const sequences = async (store: Store) => (await store.after(0, Infinity)).map(({ commitSeq }) => commitSeq);
const counting = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** Registers the tests. */
export function sharedStoreSuite<P>(name: string, kind: StoreKind<P> & Required<Pick<StoreKind<P>, "replace">>): void {
  const test = (what: string, body: (place: P) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, () => body(kind.place()));

  test("whoever opens it again finds all of it and goes on", async (place) => {
    let before;
    {
      await using store = await kind.open(place);
      for (let i = 0; i < 30; i++) await store.append(spans.slice(i, i + 1 + i % 3));
      await store.append([], receipt);
      before = { state: store.state(), entries: await store.after(0, 1000) };
    }
    await using store = await kind.open(place);
    assertEquals(store.state(), before.state);
    assertEquals(await store.after(0, 1000), before.entries);
    assertEquals(await store.receipt("k"), receipt);
    const { last } = before.state;
    assertEquals(await store.append(spans.slice(0, 2)), { first: last + 1, last: last + 2 });
  });

  test("while one writes it another is refused", async (place) => {
    await using store = await kind.open(place);
    await store.append(spans.slice(0, 1));
    await assertRejects(async () => await kind.open(place), IoError);
    assertEquals(await store.append(spans.slice(1, 2)), { first: 2, last: 2 });
  });

  test("one that was replaced while it had much to write: a first part of that is there, whole appends, and nothing after it", async (place) => {
    await using before = await kind.open(place);
    const acknowledged: number[] = [];
    let [refused, sent] = [0, 0];
    let isReplaced = false;
    const writing = Array.from({ length: 4 }, async () => {
      while (!isReplaced || refused === 0) {
        const at = sent++ * 3 % (spans.length - 3);
        try {
          const { first, last } = await before.append(spans.slice(at, at + 3));
          for (let seq = first; seq <= last; seq++) acknowledged.push(seq);
        } catch (error) {
          assert(error instanceof IoError, `${error}`);
          refused++;
          // A refusal may come at once: whoever replaces has to get on.
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      }
    });
    while (acknowledged.length < 30) await new Promise((resolve) => setTimeout(resolve, 1));
    await using after = await kind.replace(place);
    isReplaced = true;
    const { first } = await after.append(spans.slice(0, 1), receipt);
    await Promise.all(writing);
    await assertRejects(() => before.append(spans.slice(0, 1)), IoError);
    await assertRejects(() => before.append([], { ...receipt, digest: "of the one before" }), IoError);
    assertEquals(await after.append(spans.slice(1, 2)), { first: first + 1, last: first + 1 });
    assertEquals(await sequences(after), counting(first + 1));
    // Whole appends of three each before it, with what was acknowledged among them.
    assertEquals((first - 1) % 3, 0);
    assert(acknowledged.every((seq) => seq < first), `acknowledged ${Math.max(...acknowledged)}, replaced at ${first}`);
    assertEquals(new Set(acknowledged).size, acknowledged.length);
    assertEquals((await after.receipt("k"))?.digest, "d");
  });
}
