/** Twenty seconds of what `deno task soak` does for as long as one likes. */
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../../lib/testing/kernel.ts";
import { missingTool } from "../../lib/testing/unless.ts";
import { soak } from "./run.ts";

const noClang = await missingTool("clang", "apt-get install clang");

kernelTest("under load no descriptor and no entry of a table stays behind, and memory levels off", async () => {
  const { code, said, readings, rows } = await soak(20);
  assertEquals(code, 0, said);
  assert(readings.length > 10 && rows.length > 10, JSON.stringify(rows));
  const [memory, descriptors, ...tables] = rows;
  assert(descriptors!.end <= descriptors!.middle, JSON.stringify(descriptors));
  // In so short a time a heap has not found its size, and what else this machine does is in the tables: a landslide would be told.
  assert(memory!.end < 1.5 * memory!.middle, JSON.stringify(memory));
  for (const table of tables) assert(table.end < 2 * table.middle + 500, JSON.stringify(table));
}, { needs: () => noClang, timeoutMs: 120_000 });
