/** For kernel tests: a server in a process of its own, known by the first line that it writes, or by its port. */
import { tryExec } from "../host/exec.ts";

export interface Serving extends AsyncDisposable {
  /** What the process wrote first, or was given. */
  readonly port: number;
  /** The whole of its first line. */
  readonly said: string;
  readonly pid: number;
  /** Ends it now, by this signal. */
  kill(signal: Deno.Signal): Promise<void>;
}

export interface ServingOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** It will listen here on 127.0.0.1, and says nothing. */
  readonly port?: number;
  /** How long it may take until the line comes; default 20 s. */
  readonly timeoutMs?: number;
}

/**
 * Starts `argv` and waits for a line with a port number on its standard output. Disposing kills it.
 *
 * @throws Error when it ends, or says nothing in time.
 */
export async function serving(argv: readonly [string, ...string[]], options: ServingOptions = {}): Promise<Serving> {
  const { env = {}, cwd, timeoutMs = 20_000 } = options;
  const [program, ...args] = argv;
  const child = new Deno.Command(program, { args, env, ...(cwd && { cwd }), stdin: "null", stdout: "piped" }).spawn();
  const late = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const reader = child.stdout.getReader();
  let text = "";
  if (options.port !== undefined) {
    while (!await accepts(options.port)) await new Promise((done) => setTimeout(done, 20));
    text = `${options.port}\n`;
  }
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  clearTimeout(late);
  const kill = async (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch { /* it has ended */ }
    await child.status;
    await reader.cancel().catch(() => {});
  };
  const port = Number.parseInt(text);
  if (!(port > 0)) {
    await kill("SIGKILL");
    throw new Error(`Cannot start "${argv.join(" ")}": it said ${JSON.stringify(text)}`);
  }
  return { port, said: text.split("\n")[0]!, pid: child.pid, kill, [Symbol.asyncDispose]: () => kill("SIGKILL") };
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ port, hostname: "127.0.0.1" })).close();
    return true;
  } catch {
    return false;
  }
}

/** Why a program that answers to this argument cannot be used here, or null. */
export async function cannotRun(program: string, arg: string, hint: string): Promise<string | null> {
  return await tryExec(program, arg) === null ? `${program} is not installed (${hint})` : null;
}
