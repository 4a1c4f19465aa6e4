/** A process that appends to stores until it is told otherwise: `journal_child.ts LEASE_MS DIR...`. A line for each commit and refusal. */
import { spanEntry } from "../store/entries.ts";
import { JournalStore } from "../store/journal_store.ts";
import { distinctSpans } from "./collector_process.ts";

const [lease, ...dirs] = Deno.args;
const say = (line: string) => void Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

await Promise.all(dirs.map(async (dir, i) => {
  const store = await JournalStore.open({
    dir,
    synchronous: "FULL",
    leaseMs: Number(lease),
    owner: "the child",
    retainMs: Infinity,
    retainBytes: Infinity,
  });
  const made = distinctSpans();
  for (;;) {
    try {
      const { last } = await store.append([spanEntry(made.next().value, 10)]);
      say(`${i} ${last}`);
    } catch (error) {
      say(`${i} ${(error as Error).name}`);
      if ((error as Error).name === "FencedError") return;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
  }
}));
