/** An agent under load for a while, and what it holds all along. */
import { rates } from "../load/rates.ts";
import { descriptorsOf, type Growth, growth } from "./growth.ts";
import { type Holding, holding } from "./process.ts";

export interface SoakResult {
  readonly seconds: number;
  readonly events: number;
  /** The agent's last words: what it wrote, what it lost, what it cost. */
  readonly said: string;
  readonly code: number;
  readonly readings: readonly Holding[];
  readonly rows: readonly Growth[];
  readonly grown: readonly Growth[];
}

/** Things a second: some of each kind, far from what a machine can do, so that it is the agent's time that is long. */
const LOAD = [["switches", 20_000], ["packets", 5000], ["dns", 200], ["connects", 200], ["turns", 1000]] as const;
const ROOT = new URL("../../", import.meta.url).pathname;
const READINGS = 60;
const LEAST_EVERY_MS = 500;

/** @throws IoError without a C compiler; UnsupportedError where nothing can be attached */
export async function soak(seconds: number, note: (text: string) => void = () => {}): Promise<SoakResult> {
  await using load = await rates();
  const agent = new Deno.Command(`${ROOT}sloctl`, {
    args: [
      "agent",
      "--disable-overhead-guard",
      "--output",
      "stdout",
      "--for",
      `${seconds + 2}s`,
      "--metrics-bind",
      "127.0.0.1:0",
    ],
    env: { SLOCTL_DENO: Deno.execPath() },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const loads = LOAD.map(([kind, perSecond]) => load.start(kind, perSecond));
  // Processes that live for a moment: tables by thread and by process must let go of them.
  const comers = new Deno.Command("timeout", {
    args: [`${seconds}`, "sh", "-c", "while :; do /bin/true; sleep 0.02; done"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    const lines = countLines(agent.stdout);
    const said = new Response(agent.stderr).text();
    const readings: Holding[] = [];
    const everyMs = Math.max(LEAST_EVERY_MS, seconds * 1000 / READINGS);
    for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      try {
        readings.push(holding(agent.pid));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) break; // it has ended: its words say why
        throw error;
      }
      const last = readings.at(-1)!;
      note(`${Math.round(last.rss_mb)} MB, ${descriptorsOf(last)} descriptors`);
    }
    const { code } = await agent.status;
    return { seconds, events: await lines, said: (await said).trim(), code, readings, ...growth(readings) };
  } finally {
    for (const child of [...loads, comers, agent]) {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended
      }
      await child.status;
    }
  }
}

async function countLines(stream: ReadableStream<Uint8Array>): Promise<number> {
  let lines = 0;
  for await (const chunk of stream) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  }
  return lines;
}
