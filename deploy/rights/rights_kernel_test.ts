/** The table of docs/rights.md is what a run of today finds, and the catalogue says the same. */
import { assert, assertEquals } from "@std/assert";
import { PROBES } from "../../lib/kernel/probes.ts";
import { SIGNALS } from "../../lib/model/signals.ts";
import { kernelTest } from "../../lib/testing/kernel.ts";
import { missingTool } from "../../lib/testing/unless.ts";
import { measureRights } from "./measure.ts";
import { renderRights } from "./render.ts";

const noSetpriv = await missingTool("setpriv", "apt-get install util-linux");
/** Markdown is formatted when it is written: only the words count. */
const words = (text: string) => text.replace(/[-\s|]+/g, " ").trim();

kernelTest("the rights of docs/rights.md are those that a run needs, and no more", async () => {
  const report = await measureRights();
  for (const { probe } of PROBES) assertEquals(report.withNeeded[probe], "whole", probe);
  const page = await Deno.readTextFile(new URL("../../docs/rights.md", import.meta.url));
  assert(words(page).includes(words(renderRights(report))), renderRights(report));
  for (const { signal, probe, rights } of SIGNALS) {
    const found = report.without[probe];
    if (found === undefined) continue; // read from files
    const cannotDoWithout = Object.entries(found).filter(([, had]) => had === "no").map(([name]) => `CAP_${name}`);
    assertEquals(
      rights.filter((name) => name !== "CAP_NET_ADMIN").sort(),
      cannotDoWithout.filter((name) => name !== "CAP_NET_ADMIN").sort(),
      signal,
    );
  }
}, { needs: () => noSetpriv, timeoutMs: 120_000 });
