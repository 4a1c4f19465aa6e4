/** One suite for every spool; then what only a disk can suffer. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { IoError } from "../model/errors.ts";
import { openDiskSpool } from "./disk_spool.ts";
import { MemorySpool, type Parcel, type Spool } from "./spool.ts";
import { HEADER_BYTES } from "./spool_record.ts";

/** A parcel whose first byte is its number. */
function parcel(n: number, bytes = 100, items = 10): Parcel {
  return { payload: new Uint8Array(bytes).fill(n), items };
}

const number = (one: Parcel | null) => one === null ? null : one.payload[0];

async function take(spool: Spool): Promise<number | null | undefined> {
  const one = await spool.next();
  await spool.done();
  return number(one);
}

const KINDS: readonly [string, (maxBytes: number, directory: string) => Promise<Spool>][] = [
  ["memory", (maxBytes) => Promise.resolve(new MemorySpool(maxBytes))],
  ["disk", (maxBytes, directory) => openDiskSpool({ directory, maxBytes })],
];

for (const [kind, open] of KINDS) {
  const spoolTest = (name: string, maxBytes: number, test: (spool: Spool) => Promise<void>) =>
    Deno.test(`${kind} spool: ${name}`, async () => {
      const directory = await Deno.makeTempDir();
      try {
        await using spool = await open(maxBytes, directory);
        await test(spool);
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    });

  spoolTest("first in, first out; what comes back is next again", 100_000, async (spool) => {
    assertEquals(await spool.next(), null);
    for (const n of [1, 2, 3]) assert(await spool.append(parcel(n)));
    assertEquals([spool.state.parcels, spool.state.items], [3, 30]);
    assertEquals(number(await spool.next()), 1);
    await spool.again();
    assertEquals([await take(spool), await take(spool)], [1, 2]);
    assert(await spool.append(parcel(4)));
    assertEquals([await take(spool), await take(spool), await take(spool)], [3, 4, null]);
    assertEquals([spool.state.parcels, spool.state.items, spool.state.dropped], [0, 0, 0]);
  });

  spoolTest("full: the oldest go, every item is sent, kept or counted", 10_000, async (spool) => {
    for (let n = 0; n < 200; n++) await spool.append(parcel(n));
    const { items, dropped, bytes } = spool.state;
    assert(bytes <= 10_000 && items > 500, `${bytes} bytes, ${items} items`);
    assertEquals(items + dropped, 2_000);
    const rest = [];
    for (let n = await take(spool); n !== null; n = await take(spool)) rest.push(n);
    assertEquals(rest, Array.from({ length: items / 10 }, (_, i) => 200 - items / 10 + i));
  });

  spoolTest("what is out when its place is needed counts once: as sent, or as dropped", 10_000, async (spool) => {
    await spool.append(parcel(1));
    assertEquals(number(await spool.next()), 1);
    for (let n = 0; n < 200; n++) await spool.append(parcel(n));
    await spool.done();
    assertEquals(spool.state.items + spool.state.dropped, 2_000);
    const out = await spool.next();
    for (let n = 0; n < 200; n++) await spool.append(parcel(n));
    assertEquals(spool.state.items + spool.state.dropped, 4_000 - out!.items);
    await spool.again();
    assertEquals(spool.state.items + spool.state.dropped, 4_000);
  });

  spoolTest("larger than everything: refused, and nothing goes for it", 10_000, async (spool) => {
    await spool.append(parcel(1));
    assertEquals(await spool.append(parcel(2, 20_000)), false);
    assertEquals(await take(spool), 1);
  });
}

/** A spool that was closed with parcels 1 to 9 in it, 1 and 2 of which were sent. */
async function left(): Promise<{ directory: string; maxBytes: number; file: string }> {
  const directory = await Deno.makeTempDir();
  const maxBytes = 100_000;
  await using spool = await openDiskSpool({ directory, maxBytes });
  for (let n = 1; n < 10; n++) await spool.append(parcel(n));
  assertEquals([await take(spool), await take(spool)], [1, 2]);
  const [file] = [...Deno.readDirSync(directory)].filter(({ name }) => name.endsWith(".spool"));
  return { directory, maxBytes, file: `${directory}/${file!.name}` };
}

async function readAll(spool: Spool): Promise<unknown[]> {
  const found = [];
  for (let n = await take(spool); n !== null; n = await take(spool)) found.push(n);
  return found;
}

Deno.test("disk spool: goes on where an earlier process stopped", async () => {
  const { directory, maxBytes } = await left();
  await using spool = await openDiskSpool({ directory, maxBytes });
  assertEquals([spool.state.parcels, spool.state.items], [7, 70]);
  await spool.append(parcel(10));
  assertEquals(await readAll(spool), [3, 4, 5, 6, 7, 8, 9, 10]);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("disk spool: cut anywhere, it gives every parcel that is whole", async () => {
  const { directory, maxBytes, file } = await left();
  const whole = await Deno.readFile(file);
  const record = HEADER_BYTES + 100;
  for (let size = whole.length; size >= record * 2; size -= 17) {
    await Deno.writeFile(file, whole.subarray(0, size));
    await using spool = await openDiskSpool({ directory, maxBytes });
    const kept = Math.floor(size / record);
    assertEquals(spool.state.parcels, kept - 2, `cut at ${size}`);
    assertEquals(spool.state.damaged, size % record === 0 ? 0 : 1);
    await spool.append(parcel(99));
    assertEquals((await spool.next())?.payload[0], kept > 2 ? 3 : 99);
    await spool.again();
  }
  await Deno.remove(directory, { recursive: true });
});

Deno.test("disk spool: a damaged payload costs its parcel; a lost cursor sends again", async () => {
  const { directory, maxBytes, file } = await left();
  const bytes = await Deno.readFile(file);
  bytes[(HEADER_BYTES + 100) * 4 + HEADER_BYTES + 5]! ^= 0xff;
  await Deno.writeFile(file, bytes);
  await Deno.writeTextFile(`${directory}/cursor.json`, '{"segm');
  await using spool = await openDiskSpool({ directory, maxBytes });
  assertEquals(await readAll(spool), [1, 2, 3, 4, 6, 7, 8, 9]);
  assertEquals(spool.state.damaged, 10);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("disk spool: one process at a time; only its owner reads it", async () => {
  const directory = await Deno.makeTempDir();
  const inner = `${directory}/a/b`;
  await using spool = await openDiskSpool({ directory: inner, maxBytes: 1_000 });
  for (const n of [1, 2]) await spool.append(parcel(n));
  await take(spool);
  for (const { name } of Deno.readDirSync(inner)) assertEquals(Deno.statSync(`${inner}/${name}`).mode! & 0o77, 0, name);
  assertEquals(Deno.statSync(inner).mode! & 0o77, 0);
  const program = `import { openDiskSpool } from ${JSON.stringify(import.meta.resolve("./disk_spool.ts"))};
    try { await openDiskSpool({ directory: ${
    JSON.stringify(inner)
  }, maxBytes: 1000 }); } catch (e) { console.log(e.message); }`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", program] }).output();
  assertEquals(new TextDecoder().decode(stdout), `Cannot use "${inner}": another process sends from it\n`);
  await assertRejects(() => openDiskSpool({ directory: "/proc/nowhere", maxBytes: 1_000 }), IoError);
  await Deno.remove(directory, { recursive: true });
});
