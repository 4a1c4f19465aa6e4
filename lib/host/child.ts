/**
 * Another process of this program, talking in lines: its standard output comes as lines, and it ends when its input closes. So it
 * cannot outlive us: the system closes the pipe when we die, however we die.
 */
import { selfCommand } from "./self.ts";

const GRACE_MS = 3000;

export class SelfChild implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: AsyncGenerator<string>;

  constructor(args: readonly string[]) {
    const [program, ...prefix] = selfCommand();
    this.#child = new Deno.Command(program!, {
      args: [...prefix, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = lines(this.#child.stdout);
  }

  /** Lines of its output as they come. May be iterated once. */
  lines(): AsyncGenerator<string> {
    return this.#lines;
  }

  /** The next line, or undefined at the end. */
  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done ? undefined : value;
  }

  /** Writes one line to it; does nothing when it is gone. */
  tell(line: string): void {
    this.#input.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  /** Closes its input and waits for its end; one that does not end within 3 s is killed. Yields its exit code. */
  async end(): Promise<number> {
    await this.#input.close().catch(() => {});
    const late = setTimeout(() => {
      try {
        this.#child.kill("SIGKILL");
      } catch { /* it has ended, and we are about to hear of it */ }
    }, GRACE_MS);
    const { code } = await this.#child.status;
    clearTimeout(late);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.#lines.return(undefined).catch(() => {});
    await this.#child.stdout.cancel().catch(() => {});
  }
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
  if (rest !== "") yield rest;
}

/** For the child's side: aborted when the parent closes our input. Reads the input to its end. */
export function parentGone(stdin: ReadableStream<Uint8Array>, onLine: (line: string) => void = () => {}): AbortSignal {
  const gone = new AbortController();
  (async () => {
    for await (const line of lines(stdin as ReadableStream<Uint8Array<ArrayBuffer>>)) onLine(line);
  })().then(() => gone.abort(), () => gone.abort());
  return gone.signal;
}
