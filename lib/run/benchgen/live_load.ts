/** The load of a live run: `sloctl loadgen` in a process of its own. */
import { endsWithUs } from "../../host/ends_with_us.ts";
import { selfCommand } from "../../host/self.ts";
import { IoError } from "../../model/errors.ts";
import type { Scenario } from "../../model/scenario.ts";

export interface Load extends AsyncDisposable {
  /** Whether it said that it opens its connections: it sends from a moment later on. On a busy machine its start takes seconds. */
  readonly begun: () => boolean;
  /** Resolves, with the error to throw, when it ends before it is told to. */
  readonly broken: Promise<IoError>;
  end(): Promise<void>;
}

/** The load generator in a process of its own, for longer than it is needed; it writes what was done when it is told to stop. */
export function startLoad(
  target: string,
  { scenario, seed, rps }: { readonly scenario: Scenario; readonly seed: number; readonly rps: number | undefined },
  seconds: number,
  out: string,
): Load {
  const [program, ...prefix] = endsWithUs(selfCommand());
  const args = [
    "loadgen",
    "--target",
    target,
    "--model",
    "lab-small",
    "--profile",
    scenario.harness.loadProfile,
  ];
  const child = new Deno.Command(program!, {
    args: [
      ...[
        ...prefix,
        ...args,
        "--duration-sec",
        `${seconds}`,
        "--seed",
        `${seed}`,
        "--timeout-ms",
        "20000",
        "--out",
        out,
      ],
      ...(rps === undefined ? [] : ["--rps", `${rps}`]),
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  let ending = false;
  let said = "";
  const listening = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) said += text;
  })();
  const broken = child.status.then(({ code }) =>
    ending
      ? new Promise<never>(() => {})
      : new IoError(`Cannot go on: the load ended with code ${code}: ${said.trim().split("\n").at(-1)}`)
  );
  let ended: Promise<void> | undefined;
  const end = async () => {
    ending = true;
    const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
    try {
      child.kill("SIGINT");
    } catch { /* it has ended */ }
    await child.status;
    await listening;
    clearTimeout(late);
  };
  return { begun: () => said !== "", broken, end: () => ended ??= end(), [Symbol.asyncDispose]: () => ended ??= end() };
}
