import { assert, assertEquals, assertRejects } from "@std/assert";
import { exec } from "../host/exec.ts";
import { selfCommand } from "../host/self.ts";
import { type EventItem, type LossItem, watchEvents } from "../net/watch_events.ts";
import { JournalReader } from "../store/journal_reader.ts";
import { databasePath, FORMAT } from "../store/journal_db.ts";
import { distinctSpans, startCollector, take } from "../testing/collector_process.ts";
import { testFolders } from "../testing/folders.ts";
import { madeRun } from "../testing/telemetry.ts";
import { missingTool, testUnless } from "../testing/unless.ts";

const folder = testFolders("sloctl-store-");

/** Span ids in the store, each as often as it is there. */
function stored(dir: string): string[] {
  using reader = new JournalReader(databasePath(dir));
  return reader.after(0, 1e6, { kinds: ["span"] }).map(({ spanId }) => spanId);
}

Deno.test("collector --store: spans that were acknowledged just before kill -9 are judged by the next run, once", async () => {
  const dir = await folder();
  const { spans } = madeRun({ seconds: 2 });
  const judged = () => {
    using reader = new JournalReader(databasePath(dir));
    return reader.after(0, 1e6, { kinds: ["slo"] }).map((entry) => entry.id);
  };
  {
    await using collector = await startCollector({ dir });
    assertEquals(await collector.post(spans), 200);
  }
  assertEquals(judged(), []);
  const told: string[][] = [];
  for (let run = 0; run < 2; run++) {
    await using collector = await startCollector({ dir });
    assertEquals(await collector.end(), 0);
    told.push(judged());
  }
  assert(told[0]!.length > 0);
  assertEquals([told[1], new Set(told[0]).size], [told[0], told[0]!.length]);
});

const noStrace = await missingTool("strace", "apt-get install strace");

/** Every answer 200 in a trace, and whether a sync of the log returned between the request's arrival and it. */
function answersAfterSync(trace: string): boolean[] {
  const found: boolean[] = [];
  let arrived = -1;
  let synced = -1;
  trace.split("\n").forEach((line, i) => {
    if (/POST \/v1\/traces/.test(line)) arrived = i;
    if (/\bf(data)?sync\b.*= 0$/.test(line)) synced = i;
    if (/"HTTP\/1\.1 200/.test(line)) found.push(synced > arrived && arrived >= 0);
  });
  return found;
}

for (const [synchronous, expected] of [["FULL", true], ["OFF", false]] as const) {
  testUnless(
    noStrace,
    `collector --store: with synchronous=${synchronous} ${
      expected ? "no answer leaves before the sync that covers it" : "answers leave without one, and the check sees it"
    }`,
    async () => {
      const dir = folder();
      const trace = `${dir}.trace`;
      const calls = "trace=fsync,fdatasync,read,recvfrom,readv,recvmsg,write,writev,sendto,sendmsg";
      await using collector = await startCollector({
        dir,
        under: ["strace", "-f", "-s", "64", "-e", calls, "-o", trace],
        env: { SLOCTL_WAL_SYNCHRONOUS: synchronous },
      });
      const made = distinctSpans();
      for (let i = 0; i < 5; i++) assertEquals(await collector.post(take(made, 3)), 200);
      assertEquals(await collector.end(), 0);
      assertEquals(answersAfterSync(await Deno.readTextFile(trace)), Array(5).fill(expected));
    },
  );
}

/** Calls of the collector that fail, counted from its start, after it has opened the store. */
const FAULTS = [
  ["a sync that fails", "fsync,fdatasync", "error=EIO:when=12..14"],
  ["a disk that has become read-only", "pwrite64", "error=EROFS:when=80..83"],
] as const;

for (const [what, calls, fault] of FAULTS) {
  testUnless(noStrace, `collector --store: ${what} is answered 503, and ingest resumes by itself`, async () => {
    const dir = folder();
    await using collector = await startCollector({
      dir,
      under: ["strace", "-f", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${calls}:${fault}`],
    });
    const made = distinctSpans();
    const answers: number[] = [];
    const kept: string[] = [];
    for (let i = 0; i < 60 && !(answers.includes(503) && answers.at(-1) === 200); i++) {
      const spans = take(made, 2);
      for (let status = 0; status !== 200;) answers.push(status = await collector.post(spans));
      kept.push(...spans.map(({ spanId }) => spanId));
    }
    assert(answers.includes(503), answers.join());
    assertEquals(answers.filter((status) => ![200, 503].includes(status)), []);
    assertEquals(await collector.end(), 0);
    assertEquals(stored(dir), kept);
  });
}

const noMount = Deno.uid() === 0
  ? await missingTool("mount", "apt-get install mount")
  : "not root, so nothing can be mounted";

testUnless(
  noMount,
  "collector --store: a full disk is answered 503, and ingest resumes by itself",
  async () => {
    const dir = folder();
    const mount = async (...args: string[]) => {
      const { success, stderr } = await new Deno.Command("mount", { args: [...args, dir] }).output();
      assert(success, new TextDecoder().decode(stderr));
    };
    await mount("-t", "tmpfs", "-o", "size=2m", "tmpfs");
    try {
      await using collector = await startCollector({ dir });
      const made = distinctSpans();
      const kept: string[] = [];
      const post = async () => {
        const spans = take(made, 20);
        const status = await collector.post(spans);
        if (status === 200) kept.push(...spans.map(({ spanId }) => spanId));
        return status;
      };
      assertEquals(await post(), 200);
      const { last_seq: before } = await collector.health();
      await Deno.writeFile(`${dir}/ballast`, new Uint8Array(4096 * 500)).catch(() => {});
      let status = 200;
      for (let i = 0; i < 500 && status === 200; i++) status = await post();
      assertEquals(status, 503);
      assert((await collector.health()).last_seq >= before);
      await Deno.remove(`${dir}/ballast`);
      assertEquals(await post(), 200);
      assertEquals(await collector.end(), 0);
      assertEquals(stored(dir), kept);
    } finally {
      await new Deno.Command("umount", { args: [dir] }).output();
    }
  },
);

Deno.test("collector --store: a second collector is refused while the first runs", async () => {
  const dir = folder();
  await using collector = await startCollector({ dir });
  await assertRejects(() => startCollector({ dir }), Error, `process id ${collector.pid} writes it`);
  assertEquals(await collector.post(take(distinctSpans(), 1)), 200);
});

testUnless(
  noMount,
  "collector --store: a second collector is refused by whatever path it comes: a link, a mount of the folder elsewhere",
  async () => {
    const dir = folder();
    const [link, mounted] = [`${dir}-link`, `${dir}-mounted`];
    await Deno.symlink(dir, link);
    await Deno.mkdir(mounted);
    await exec("mount", "--bind", dir, mounted);
    try {
      const made = distinctSpans();
      await using collector = await startCollector({ dir });
      for (const other of [link, mounted]) {
        await assertRejects(() => startCollector({ dir: other }), Error, `process id ${collector.pid} writes it`);
      }
      assertEquals(await collector.post(take(made, 1)), 200);
      assertEquals(await collector.end(), 0);
      await using next = await startCollector({ dir: mounted });
      await assertRejects(() => startCollector({ dir }), Error, `process id ${next.pid} writes it`);
      assertEquals((await next.health()).last_seq, 1);
    } finally {
      await exec("umount", mounted);
    }
  },
);

Deno.test("collector --store: a watcher that comes back behind what is no longer kept is told how much it lost, then goes on", async () => {
  const dir = folder();
  const made = distinctSpans();
  {
    await using collector = await startCollector({ dir });
    for (let i = 0; i < 10; i++) assertEquals(await collector.post(take(made, 3)), 200);
    assertEquals(await collector.end(), 0);
  }
  const [program, ...prefix] = selfCommand();
  await exec(program!, ...prefix, "store", "trim", "--store", dir, "--before", "16");
  await using collector = await startCollector({ dir });
  const seen: (EventItem | LossItem)[] = [];
  for await (const item of watchEvents({ url: collector.url, after: 5 })) {
    seen.push(item);
    if (item.commitSeq === 30) break;
  }
  const [loss, ...rest] = seen;
  assert(loss?.kind === "overflow", `${loss?.kind}`);
  assertEquals([loss.reason, loss.commitSeq, loss.lost], ["evicted", 15, 10]);
  assertEquals(rest.map(({ commitSeq }) => commitSeq), Array.from({ length: 15 }, (_, i) => 16 + i));
});

Deno.test("collector --store: an idempotency key is known after kill -9", async () => {
  const dir = folder();
  const [a, b] = take(distinctSpans(), 2);
  const key = { "idempotency-key": "batch-1" };
  {
    await using collector = await startCollector({ dir });
    assertEquals(await collector.post([a!], key), 200);
  }
  await using collector = await startCollector({ dir });
  assertEquals(await collector.post([a!], key), 200);
  assertEquals(await collector.post([b!], key), 409);
  assertEquals((await collector.health()).last_seq, 1);
});

Deno.test("sloctl store: a snapshot of a running collector, verified, restored, compared; a trim waits until it has ended", async () => {
  const dir = folder();
  const made = distinctSpans();
  const store = async (...args: string[]) => {
    const [program, ...prefix] = selfCommand();
    const { code, stdout, stderr } = await new Deno.Command(program!, { args: [...prefix, "store", ...args] }).output();
    return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
  };
  const document = async (...args: string[]) => JSON.parse((await store(...args, "--json")).out);
  let last: number;
  {
    await using collector = await startCollector({ dir });
    for (let i = 0; i < 10; i++) assertEquals(await collector.post(take(made, 7)), 200);
    const snapshot = await document("snapshot", "--store", dir);
    assertEquals([snapshot.first, snapshot.last >= 70], [1, true]);
    for (let i = 0; i < 10; i++) assertEquals(await collector.post(take(made, 7)), 200);
    const refused = await store("trim", "--store", dir, "--before", "30");
    assertEquals([refused.code, refused.err.includes(`process id ${collector.pid} writes it`)], [4, true]);
    assertEquals(await collector.end(), 0);
    ({ last } = (await document("verify", "--store", dir)).files[0]);
  }
  const to = `${dir}-restored`;
  assertEquals((await document("restore", "--store", dir, "--at", "73", "--to", to)).last, 73);
  const difference = await document("diff", dir, to);
  assertEquals([difference.only_in_a, difference.only_in_b, difference.different], [[[74, last]], [], []]);
  assertEquals((await store("diff", dir, dir)).code, 0);
  const trimmed = await document("trim", "--store", dir, "--before", "30");
  assertEquals([trimmed.first, trimmed.last], [29, last]);
  assertEquals((await store("verify", "--store", dir)).code, 0);
  const manifest = JSON.parse(await Deno.readTextFile(`${dir}/manifest.json`));
  assertEquals([manifest.format, manifest.snapshots.length, manifest.trim_point.seq], [FORMAT, 1, 28]);
});

Deno.test("collector --store: one that was paused for longer than its lease is replaced, takes nothing more, and ends with 4", async () => {
  const dir = folder();
  const made = distinctSpans();
  await using paused = await startCollector({ dir, env: { SLOCTL_WAL_LEASE_MS: "600" } });
  const [before, after] = [take(made, 3), take(made, 3)];
  assertEquals(await paused.post(before), 200);
  await new Promise((resolve) => setTimeout(resolve, 300));
  paused.signal("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 800));
  await using next = await startCollector({ dir });
  assertEquals(await next.post(after), 200);
  paused.signal("SIGCONT");
  assert(await paused.post(take(made, 3)) !== 200);
  assertEquals(await paused.ended, 4);
  assert(paused.said().includes("has taken the store over"), paused.said());
  assertEquals(await next.end(), 0);
  assertEquals(stored(dir), [...before, ...after].map(({ spanId }) => spanId));
});
