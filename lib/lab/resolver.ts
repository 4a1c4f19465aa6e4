/**
 * The lab's DNS server: knows the names of the lab, answers after a delay that can be set while it runs.
 * Control, over HTTP on the lab's address: GET /delay, PUT /delay {"delay_ms": N}.
 */
import { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { IoError } from "../model/errors.ts";
import { isObject } from "./chat_request.ts";
import { decodeQuery, DNS_PORT, encodeAnswer, encodeRefusal, RCODE, TYPE_A } from "./dns_packet.ts";
import { type Handler, readJson, sendJson, serveHttp, sleep } from "./http_service.ts";
import { health } from "./models.ts";
import { invalidRequest } from "./openai_error.ts";
import type { ResolverConfig } from "./roles.ts";

/** A client gives up after 5 s and asks again; a longer delay is an outage, not latency. */
export const MAX_DELAY_MS = 10_000;
/** Answers held back at one time; more are dropped, as a full queue would. */
const MAX_WAITING = 4096;

export async function serveResolver(config: ResolverConfig): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const state = { delayMs: 0, waiting: 0 };
  const answerLater = async (message: Uint8Array): Promise<Uint8Array | null> => {
    if (state.waiting >= MAX_WAITING) return null;
    state.waiting++;
    if (state.delayMs > 0) await sleep(state.delayMs);
    state.waiting--;
    return answer(config.names, message);
  };
  const ports = new Set([DNS_PORT, config.extraPort ?? DNS_PORT]);
  for (const port of ports) {
    stack.use(await listenUdp(config.ip, port, answerLater));
    stack.use(listenTcp(config.ip, port, answerLater));
  }
  const readDelay: Handler = (_request, response) => {
    sendJson(response, 200, JSON.stringify({ delay_ms: state.delayMs }));
    return Promise.resolve();
  };
  const setDelay: Handler = async (request, response) => {
    state.delayMs = parseDelay(await readJson(request));
    await readDelay(request, response);
  };
  stack.use(
    await serveHttp(config.ip, config.controlPort, {
      "GET /health": health,
      "GET /delay": readDelay,
      "PUT /delay": setDelay,
    }),
  );
  return stack;
}

/** The reply to one message, or null where none is due. Pure. */
export function answer(names: Readonly<Record<string, string>>, message: Uint8Array): Uint8Array | null {
  const query = decodeQuery(message);
  if ("rcode" in query) return query.rcode === null ? null : encodeRefusal(query.id, query.rcode);
  const address = Object.hasOwn(names, query.name) ? names[query.name] : undefined;
  if (address === undefined) return encodeAnswer(query, RCODE.nameError, []);
  // Every other type of a name we know: no error, and no such record.
  return encodeAnswer(query, RCODE.noError, query.type === TYPE_A ? [address] : []);
}

function parseDelay(body: unknown): number {
  const ms = isObject(body) ? body.delay_ms : undefined;
  if (typeof ms !== "number" || !(ms >= 0 && ms <= MAX_DELAY_MS)) {
    throw invalidRequest("invalid_value", `'delay_ms' must be a number from 0 to ${MAX_DELAY_MS}.`);
  }
  return ms;
}

type Answer = (message: Uint8Array) => Promise<Uint8Array | null>;

async function listenUdp(ip: string, port: number, answerLater: Answer): Promise<AsyncDisposable> {
  const socket = createSocket("udp4");
  await new Promise<void>((done, failed) => {
    socket.once("error", (error) => failed(new IoError(`Cannot listen on "${ip}:${port}/udp": ${error.message}`)));
    socket.bind(port, ip, () => done());
  });
  socket.on("error", () => {}); // a reply to a client that is gone; the next query is unharmed
  socket.on("message", async (message, from) => {
    const reply = await answerLater(message);
    if (reply !== null) socket.send(Buffer.from(reply), from.port, from.address);
  });
  return { [Symbol.asyncDispose]: () => new Promise((done) => socket.close(() => done())) };
}

function listenTcp(ip: string, port: number, answerLater: Answer): AsyncDisposable {
  const listener = Deno.listen({ hostname: ip, port });
  (async () => {
    for await (const connection of listener) serveTcp(connection, answerLater).catch(() => {});
  })();
  return {
    [Symbol.asyncDispose]() {
      listener.close();
      return Promise.resolve();
    },
  };
}

/** Messages framed by a two-byte length, one after the other, until the client closes. */
async function serveTcp(connection: Deno.TcpConn, answerLater: Answer): Promise<void> {
  using _ = connection;
  let buffer = new Uint8Array(0);
  for await (const part of connection.readable) {
    const joined = new Uint8Array(buffer.length + part.length);
    joined.set(buffer);
    joined.set(part, buffer.length);
    buffer = joined;
    while (buffer.length >= 2) {
      const length = (buffer[0] ?? 0) << 8 | (buffer[1] ?? 0);
      if (buffer.length < 2 + length) break;
      const reply = await answerLater(buffer.subarray(2, 2 + length));
      buffer = buffer.slice(2 + length);
      if (reply === null) return;
      const framed = new Uint8Array(2 + reply.length);
      framed.set([reply.length >> 8, reply.length & 255]);
      framed.set(reply, 2);
      await connection.write(framed);
    }
  }
}
