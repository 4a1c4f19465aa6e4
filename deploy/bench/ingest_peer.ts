/** What is compared: this collector with its journal, and the OpenTelemetry Collector with its file queue. */
import { selfCommand } from "../../lib/host/self.ts";
import { IoError } from "../../lib/model/errors.ts";

export interface Running extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Milliseconds until it listened. */
  readonly startMs: number;
  /** Sends a signal and waits for the end. */
  end(signal: Deno.Signal): Promise<void>;
}

export interface Peer {
  readonly name: string;
  /** @param dir for what it keeps @throws IoError */
  start(dir: string): Promise<Running>;
}

export const OURS: Peer = {
  name: "sloctl",
  start(dir) {
    const flags = [
      "--listen",
      "127.0.0.1:0",
      "--listen-grpc",
      "off",
      "--output",
      "jsonl",
      "--output-path",
      "/dev/null",
    ];
    const [program, ...prefix] = selfCommand();
    const argv = [program!, ...prefix, "collector", ...flags, "--store", dir];
    return startProcess(argv, /OTLP at http:\/\/127\.0\.0\.1:(\d+)/);
  },
};

/** @param listens finds the port in what it says on standard error */
export async function startProcess(argv: readonly string[], listens: RegExp, port = 0): Promise<Running> {
  const began = performance.now();
  const child = new Deno.Command(argv[0]!, {
    args: argv.slice(1),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let found: RegExpExecArray | null = null;
  while ((found = listens.exec(text)) === null) {
    const { value, done } = await reader.read();
    if (done) throw new IoError(`Cannot start "${argv[0]}": ${text.trim().slice(-500)}`);
    text += value;
  }
  const startMs = performance.now() - began;
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  let over = false;
  const end = async (signal: Deno.Signal) => {
    if (!over) child.kill(signal);
    over = true;
    await child.status;
    await rest;
  };
  return {
    port: port || Number(found[1]),
    pid: child.pid,
    startMs,
    end,
    [Symbol.asyncDispose]: () => end("SIGKILL"),
  };
}

/** CPU time of all its threads so far, seconds. */
export function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
