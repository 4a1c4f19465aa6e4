/** For kernel tests: a gateway that knows nothing of traces and the model behind it, each a process, and curl as their client. */
import { exec } from "../host/exec.ts";
import type { TlsMaterial } from "../lab/tls_material.ts";
import { serving } from "./serving.ts";
import { delay } from "./watched.ts";

/** Answers in eight pieces, 8 ms apart, the first after `?ms=`. */
const MODEL = (tls: string) => `
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port)${tls} }, async (request) => {
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    await wait(Number(new URL(request.url).searchParams.get("ms")));
    return new Response(new ReadableStream({
      async start(stream) {
        for (let i = 0; i < 8; i++, await wait(8)) stream.enqueue(new TextEncoder().encode("data: token\\n\\n"));
        stream.close();
      },
    }));
  });`;

/** Passes every request on, on a connection of its own. */
const GATEWAY = (url: string, ca: string) => `
  const client = Deno.createHttpClient({ http2: false, poolMaxIdlePerHost: 0${ca} });
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) }, async (request) => {
    const answer = await fetch("${url}" + new URL(request.url).search, { client });
    return new Response(answer.body);
  });`;

export interface PlainGateway extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** The model's port. */
  readonly provider: number;
  readonly over: "plain HTTP" | "TLS";
}

/** `tls`: how the gateway reaches the model; null: in the clear. */
export async function plainGateway(tls: TlsMaterial | null): Promise<PlainGateway> {
  await using stack = new AsyncDisposableStack();
  const served = tls === null
    ? ""
    : `, cert: Deno.readTextFileSync("${tls.certFile}"), key: Deno.readTextFileSync("${tls.keyFile}")`;
  const trusted = tls === null ? "" : `, caCerts: [Deno.readTextFileSync("${tls.caFile}")]`;
  const model = stack.use(await serving([Deno.execPath(), "eval", MODEL(served)]));
  const url = `${tls === null ? "http" : "https"}://localhost:${model.port}/`;
  const { port, pid } = stack.use(await serving([Deno.execPath(), "eval", GATEWAY(url, trusted)]));
  const owned = stack.move();
  const over = tls === null ? "plain HTTP" : "TLS";
  return { port, pid, provider: model.port, over, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** One request after the other, the model taking so many ms for each. Yields curl's times from request to first byte, in ms. */
export async function askGateway({ port }: PlainGateway, modelMs: readonly number[]): Promise<number[]> {
  const format = "%{time_pretransfer} %{time_starttransfer}";
  const seen: number[] = [];
  for (const ms of modelMs) {
    const said = await exec("curl", "-s", "-o", "/dev/null", "-w", format, `http://127.0.0.1:${port}/?ms=${ms}`);
    const [sent, first] = said.split(" ").map(Number);
    seen.push((first! - sent!) * 1000);
    await delay(30);
  }
  return seen;
}
