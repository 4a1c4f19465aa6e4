/** ns per ring record drained: our reader beside libbpf's, on the same ring with the same records, in turns. */
import { Ring } from "../../lib/kernel/ring.ts";
import { compileFiller, compileReader } from "./compile.ts";
import { Filler, Writer } from "./filler.ts";
import { median } from "./numbers.ts";

const RING_BYTES = 64 * 1024 * 1024;
const RECORD_BYTES = 32;
/** In the ring every record has a head of 8 bytes. */
const RECORDS = Math.floor((RING_BYTES - 1) / (RECORD_BYTES + 8));
const ROUNDS = 15;
/** The first rounds fault the pages in and let V8 compile the loop. */
const WARM_UP = 3;

export interface DrainResult {
  readonly record_bytes: number;
  readonly ring_bytes: number;
  readonly records: number;
  readonly rounds: number;
  /** Medians. */
  readonly deno_ns: number;
  readonly c_ns: number;
  readonly deno_over_c: number;
  readonly deno_rounds_ns: readonly number[];
  readonly c_rounds_ns: readonly number[];
}

/** ns per record of one drain. */
type Reader = () => number | Promise<number>;

/** @throws UnsupportedError without a compiler; IoError when the kernel refuses. */
export async function benchDrain(folder: string): Promise<DrainResult> {
  const program = await compileReader(folder);
  using filler = new Filler(await compileFiller(folder, RING_BYTES), [new Uint8Array(RECORD_BYTES).fill(7)]);
  using ring = new Ring(filler.ring.fd, RING_BYTES);
  await using c = new CReader(program, filler.ring.id);
  const writer = new Writer(filler.programFd, filler.kinds);
  const readers: { readonly read: Reader; readonly ns: number[] }[] = [
    { read: () => drainHere(ring), ns: [] },
    { read: () => c.drain(), ns: [] },
  ];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (const { read, ns } of round % 2 === 0 ? readers : readers.toReversed()) {
      const lost = writer.write(RECORDS);
      if (lost > 0) throw new Error(`the reader before left ${lost} records in the ring`);
      const took = await read();
      if (round >= WARM_UP) ns.push(took);
    }
  }
  const [deno, libbpf] = readers.map(({ ns }) => ns) as [number[], number[]];
  return {
    record_bytes: RECORD_BYTES,
    ring_bytes: RING_BYTES,
    records: RECORDS,
    rounds: ROUNDS,
    deno_ns: median(deno),
    c_ns: median(libbpf),
    deno_over_c: median(deno) / median(libbpf),
    deno_rounds_ns: deno,
    c_rounds_ns: libbpf,
  };
}

function drainHere(ring: Ring): number {
  let records = 0;
  let bytes = 0;
  const start = performance.now();
  ring.drain((_view, _at, length) => {
    records++;
    bytes += length;
  });
  const ms = performance.now() - start;
  return perRecord(ms * 1e6, records, bytes);
}

function perRecord(ns: number, records: number, bytes: number): number {
  if (records !== RECORDS || bytes !== RECORDS * RECORD_BYTES) {
    throw new Error(`read ${records} records of ${bytes} bytes, written were ${RECORDS}`);
  }
  return ns / records;
}

/** The reader in C, another process: it opens the ring by its id. */
class CReader implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<string>;

  constructor(program: string, ringId: number) {
    this.#child = new Deno.Command(program, { args: [`${ringId}`], stdin: "piped", stdout: "piped" }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** ns per record. */
  async drain(): Promise<number> {
    await this.#input.write(new TextEncoder().encode("drain\n"));
    let line = "";
    while (!line.endsWith("\n")) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error("the reader in C ended early");
      line += value;
    }
    const [ns, records, bytes] = line.trim().split(" ").map(Number) as [number, number, number];
    return perRecord(ns, records, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#output.cancel().catch(() => {});
    await this.#child.status;
  }
}
