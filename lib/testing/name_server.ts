/**
 * For kernel tests: a name server that behaves as the first label says, over UDP and TCP, and tells what it was asked.
 *
 * `nx`: no such name · `fail`: server failure · `late`: after 50 ms · `void`: never · `cut`: truncated, over UDP · `bare`: refused, the
 * question left out · `spoof`: first an answer to another question, with the right id · `vers`: BADVERS, of which the header holds half ·
 * `split`: over TCP, in three segments · anything else: one address. No name ends in `.nowhere`. Run directly it serves the addresses given to it on port 53.
 */
import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";

/** One query as the server saw it. */
export interface Asked {
  readonly name: string;
  readonly type: number;
  readonly transport: "udp" | "tcp";
  readonly from: string;
}

const PORT = 53;
const HEADER = 12;
const A = 1, AAAA = 28, OPT = 41;

interface Question {
  readonly labels: string[];
  readonly type: number;
  /** The section as it came. */
  readonly bytes: Uint8Array;
}

function questionOf(query: Uint8Array): Question {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at++]!; length > 0; length = query[at++]!) {
    labels.push(new TextDecoder().decode(query.subarray(at, at + length)));
    at += length;
  }
  return { labels, type: query[at]! << 8 | query[at + 1]!, bytes: query.slice(HEADER, at + 4) };
}

function answer(query: Uint8Array, question: Uint8Array, code: number, records: number[][], flags = 0): Uint8Array {
  const counts = [question.length > 0 ? 1 : 0, code === 0 ? records.length : 0, 0, code === 0 ? 0 : records.length];
  const head = [query[0]!, query[1]!, 0x84 | query[2]! & 1 | flags, 0x80 | code, ...counts.flatMap((n) => [0, n])];
  return new Uint8Array([...head, ...question, ...records.flat()]);
}

const record = (type: number, data: number[]) => [0xc0, HEADER, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length, ...data];

/** What goes back, in order; each in the pieces given. */
function replies(query: Uint8Array, transport: Asked["transport"]): Uint8Array[] {
  const { labels, type, bytes } = questionOf(query);
  const address = type === A
    ? [record(A, [10, 9, 9, 9])]
    : type === AAAA
    ? [record(AAAA, [0xfd, ...new Array(14).fill(0), 9])]
    : [];
  const good = answer(query, bytes, 0, address);
  if (labels.at(-1) === "nowhere") return [answer(query, bytes, 3, [])];
  switch (/^[a-z]*/.exec(labels[0]?.toLowerCase() ?? "")![0]) {
    case "nx":
      return [answer(query, bytes, 3, [])];
    case "fail":
      return [answer(query, bytes, 2, [])];
    case "void":
      return [];
    case "cut":
      return [transport === "udp" ? answer(query, bytes, 0, [], 2) : good];
    case "bare":
      return [answer(query, new Uint8Array(), 5, [])];
    case "spoof":
      return [answer(query, new Uint8Array([1, 120, 0, 0, 1, 0, 1]), 0, address), good];
    case "vers":
      return [answer(query, bytes, 0, [], 0).map((byte, i) => i === 11 ? 1 : byte)].map((head) =>
        new Uint8Array([...head.slice(0, 6), 0, 0, 0, 0, 0, 1, ...bytes, 0, 0, OPT, 16, 0, 1, 0, 0, 0, 0, 0])
      );
    default:
      return [good];
  }
}

const isSplit = (query: Uint8Array) => questionOf(query).labels[0]?.startsWith("split") ?? false;
const delayOf = (query: Uint8Array) => questionOf(query).labels[0]?.startsWith("late") ? 50 : 0;

function tell(query: Uint8Array, transport: Asked["transport"], from: string): void {
  const { labels, type } = questionOf(query);
  const asked: Asked = { name: labels.join("."), type, transport, from };
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(asked)}\n`));
}

function serveUdp(host: string): Promise<void> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  socket.on("message", (query, { address, port }) => {
    const bytes = new Uint8Array(query);
    tell(bytes, "udp", `${address}:${port}`);
    const send = () => replies(bytes, "udp").forEach((reply) => socket.send(reply, port, address));
    if (delayOf(bytes) === 0) send();
    else setTimeout(send, delayOf(bytes));
  });
  return new Promise((done) => socket.bind(PORT, host, done));
}

function framed(message: Uint8Array): Uint8Array {
  return new Uint8Array([message.length >> 8, message.length & 255, ...message]);
}

async function reply(socket: Socket, query: Uint8Array): Promise<void> {
  const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
  await pause(delayOf(query));
  for (const message of replies(query, "tcp").map(framed)) {
    if (!isSplit(query)) {
      socket.write(message);
      continue;
    }
    for (const [from, to] of [[0, 1], [1, 20], [20, message.length]]) {
      socket.write(message.slice(from, to));
      await pause(5);
    }
  }
}

function serveTcp(host: string): Promise<void> {
  const server = createServer((socket) => {
    let held = new Uint8Array();
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", async (data) => {
      held = new Uint8Array([...held, ...data as Uint8Array]);
      for (let length = held[0]! << 8 | held[1]!; held.length >= 2 + length; length = held[0]! << 8 | held[1]!) {
        const query = held.slice(2, 2 + length);
        held = held.slice(2 + length);
        tell(query, "tcp", `${socket.remoteAddress}:${socket.remotePort}`);
        await reply(socket, query);
        if (held.length < 2) break;
      }
    });
  });
  return new Promise((done) => server.listen(PORT, host, () => done()));
}

export interface NameServer extends AsyncDisposable {
  /** What it was asked so far, in order. */
  readonly asked: readonly Asked[];
}

/** Serves `addresses` inside a network namespace, in a process of its own. */
export async function nameServer(namespace: string, addresses: readonly string[]): Promise<NameServer> {
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", namespace, Deno.execPath(), "run", "-A", "--no-check", import.meta.filename!, ...addresses],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const asked: Asked[] = [];
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const reading = (async () => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) line === "ready" ? resolve() : asked.push(JSON.parse(line) as Asked);
    }
  })();
  await Promise.race([ready, reading]);
  return {
    asked,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
      await child.status;
      await reading;
    },
  };
}

if (import.meta.main) {
  for (const address of Deno.args) {
    await serveUdp(address);
    await serveTcp(address);
  }
  Deno.stdout.writeSync(new TextEncoder().encode("ready\n"));
}
