/** A load with known rates that counts what it did (rates.c), compiled when a test needs it. */
import { exec } from "../../lib/host/exec.ts";

export type RateKind = "switches" | "packets" | "dns" | "connects" | "syns" | "turns";

export interface Rates extends AsyncDisposable {
  /** As the kernel knows the program. */
  readonly comm: string;
  /** What it did, as it counted itself. Ends after `seconds`. `perSecond` 0: as fast as it goes. */
  run(kind: RateKind, perSecond: number, seconds: number): Promise<Readonly<Record<string, number>>>;
  /** The same, until the caller kills it. */
  start(kind: RateKind, perSecond: number): Deno.ChildProcess;
}

/** @throws IoError when it cannot be compiled */
export async function rates(): Promise<Rates> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-rates-" });
  const comm = `r${Deno.pid}-${folder.slice(-4)}`;
  const program = `${folder}/${comm}`;
  await exec("clang", "-O2", "-o", program, new URL("rates.c", import.meta.url).pathname);
  return {
    comm,
    run: async (kind, perSecond, seconds) => JSON.parse(await exec(program, kind, `${perSecond}`, `${seconds}`)),
    start: (kind, perSecond) =>
      new Deno.Command(program, { args: [kind, `${perSecond}`, "600"], stdout: "null", stderr: "null" }).spawn(),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
