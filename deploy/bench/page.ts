/** docs/bench.md: the part between the markers is the benchmark's, the rest a person's. */
const RING = new URL("../../lib/kernel/ring.ts", import.meta.url);
const READER = new URL("./reader.c", import.meta.url);

/** Both readers as they stand in the sources: our loop, and the C program around libbpf's. */
export async function readers(): Promise<string> {
  const ring = await Deno.readTextFile(RING);
  const drain = /^ {2}drain\([\s\S]*?^ {2}}$/m.exec(ring)?.[0] ?? "";
  const reader = await Deno.readTextFile(READER);
  const count = /^static int count[\s\S]*?^}$/m.exec(reader)?.[0] ?? "";
  const timed = /^\t\tstart = [\s\S]*?end = .*$/m.exec(reader)?.[0] ?? "";
  const blocks = [
    "Ours, `drain` of [lib/kernel/ring.ts](../lib/kernel/ring.ts):",
    "```ts\n" + drain.replaceAll(/^ {2}/gm, "") + "\n```",
    "In C, [deploy/bench/reader.c](../deploy/bench/reader.c): the callback, and what is timed.",
    "```c\n" + `${count}\n\n${timed.replaceAll(/^\t\t/gm, "")}` + "\n```",
  ];
  return blocks.join("\n\n") + "\n";
}

/**
 * The page with `block` between `<!-- name:begin -->` and `<!-- name:end -->`.
 *
 * @throws Error when the page has lost its markers.
 */
export function replaceBlock(page: string, block: string, name = "bench"): string {
  const begin = `<!-- ${name}:begin -->`, end = `<!-- ${name}:end -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page lacks ${begin} and ${end}`);
  return `${page.slice(0, from)}${begin}\n\n${block}\n${page.slice(to)}`;
}
