/** The other end of the load benchmark: sse_server.c, compiled and run, and its log. */
import { exec } from "../../lib/host/exec.ts";
import { IoError } from "../../lib/model/errors.ts";

const SOURCE = new URL("./sse_server.c", import.meta.url).pathname;

/** What the server wrote down of one request, ns on the clock of our stamps. */
export interface Served {
  /** First 16 digits of the trace id; `-` without one. */
  readonly trace: string;
  readonly gotNs: number;
  readonly firstNs: number;
  readonly lastNs: number;
  readonly chunks: number;
}

export interface SseServer {
  readonly url: string;
  /** Ends it and yields its log, in the order requests came. */
  end(): Promise<Served[]>;
}

/** @throws UnsupportedError without a C compiler */
export async function compileServer(folder: string): Promise<string> {
  const program = `${folder}/sse_server`;
  await exec("cc", "-O2", "-Wall", "-Werror", SOURCE, "-o", program);
  return program;
}

/** @param stall the server does nothing for so long, so long after its first request */
export async function startServer(
  program: string,
  folder: string,
  stall?: { readonly afterMs: number; readonly forMs: number },
): Promise<SseServer> {
  const log = `${folder}/server.log`;
  const args = [log, ...(stall === undefined ? [] : [String(stall.afterMs), String(stall.forMs)])];
  const child = new Deno.Command(program, { args, stdin: "null", stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const port = /port (\d+)/.exec(new TextDecoder().decode(value))?.[1];
  if (port === undefined) throw new IoError(`Cannot start "${program}": it says no port`);
  return {
    url: `http://127.0.0.1:${port}`,
    async end() {
      child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
      const text = await Deno.readTextFile(log);
      await Deno.remove(log);
      return text.split("\n").filter((line) => line !== "").map(served);
    },
  };
}

function served(line: string): Served {
  const [trace, ...numbers] = line.split(" ");
  const [gotNs, firstNs, lastNs, chunks] = numbers.map(Number) as [number, number, number, number];
  return { trace: trace!, gotNs, firstNs, lastNs, chunks };
}
