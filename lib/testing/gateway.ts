/** For kernel tests: a gateway that knows nothing of traces and the model behind it, each a process, and curl as their client. */
import { exec } from "../host/exec.ts";
import type { TlsMaterial } from "../lab/tls_material.ts";
import { ahead } from "./ahead.ts";
import { serving } from "./serving.ts";
import { delay } from "./watched.ts";

/** Answers in eight pieces, 8 ms apart, the first after `?ms=`. They say when it was asked (Unix ms) and how long that really took it. */
const MODEL = (tls: string) => `
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port)${tls} }, async (request) => {
    const [at, since] = [Date.now(), performance.now()];
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    await wait(Number(new URL(request.url).searchParams.get("ms")));
    const said = new TextEncoder().encode("data: " + at + " " + (performance.now() - since) + "\\n\\n");
    return new Response(new ReadableStream({
      async start(stream) {
        for (let i = 0; i < 8; i++, await wait(8)) stream.enqueue(said);
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

/** One request, as its client and as the model saw it. */
export interface Asked {
  /** curl's time from request to first byte, ms. */
  readonly firstByteMs: number;
  /** When the model was asked, Unix ms, and how long it took, by its own clock. */
  readonly modelAtMs: number;
  readonly modelMs: number;
}

/** One request after the other, the model told to take so many ms for each. */
export async function askGateway({ port }: PlainGateway, modelMs: readonly number[]): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const ms of modelMs) {
    const said = await exec(...ahead(
      "curl",
      "-s",
      "-w",
      "%{time_pretransfer} %{time_starttransfer}",
      `http://127.0.0.1:${port}/?ms=${ms}`,
    ));
    const [model = "", times = ""] = [said.split("\n", 1)[0], said.split("\n").at(-1)];
    const [sent = NaN, first = NaN] = times.split(" ").map(Number);
    const [modelAtMs = NaN, tookMs = NaN] = model.replace("data: ", "").split(" ").map(Number);
    asked.push({ firstByteMs: (first - sent) * 1000, modelAtMs, modelMs: tookMs });
    await delay(20);
  }
  return asked;
}
