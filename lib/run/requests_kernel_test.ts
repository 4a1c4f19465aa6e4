/** Requests of programs that send no spans, as the agent tells them: counted against the client, timed against curl. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { exec } from "../host/exec.ts";
import { makeTls, type TlsMaterial } from "../lab/tls_material.ts";
import type { DiagnosisDocument, EstimatedRequests } from "../model/diagnosis.ts";
import { validate } from "../report/validate.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { kernelTest } from "../testing/kernel.ts";
import { serving } from "../testing/serving.ts";
import { delay, median } from "../testing/watched.ts";
import { runAgent } from "./agent.ts";

/** Answers in eight pieces, 8 ms apart, the first after `?ms=`. */
const PROVIDER = (tls: string) => `
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port)${tls} }, async (request) => {
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

const QUICK = 18;
const SLOW = 23;
const QUICK_MS = 30;
const SLOW_MS = 160;

kernelTest(
  "agent: requests of uninstrumented gateways, over plain HTTP and TLS, and what made some of them slow",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "sloctl-requests-" });
    try {
      await using plain = await gateway(null);
      await using tls = await gateway(await makeTls(folder, "localhost", "127.0.0.1"));
      const io = fakeIo();
      const options = { ...AGENT_DEFAULTS, json: true, pids: [plain, tls].map(({ pid }) => `${pid}`) };
      const seen = new Map<number, number[]>();
      const asking = Promise.all([plain, tls].map(async ({ port }) => seen.set(port, await ask(port))));
      await Promise.all([runAgent(options, io), asking.then(() => delay(100)).finally(() => io.abort())]);

      const document = JSON.parse(io.stdout) as DiagnosisDocument;
      assertEquals([validate("diagnosis/v1", document), document.drops], [[], 0]);
      for (const { port, provider, over } of [plain, tls]) {
        const row = document.requests.find(({ local }) => local?.port === port)!;
        assertEquals([row.estimated, row.role, row.count], [true, "server", QUICK + SLOW], over);
        assertEquals(row.peers.map((peer) => [peer.port, peer.part, peer.why]), [
          [provider, "provider", "its answers stream"],
        ]);
        // curl sees the same and its own wake-up; its stamps are its own.
        const theirs = median(seen.get(port)!);
        assert(
          theirs > row.ttft_p50 - 2 && theirs < row.ttft_p50 + 40,
          `${over}: curl ${theirs} ms, ours ${row.ttft_p50} ms`,
        );
        slowByProvider(row, over);
        assertStringIncludes(row.sentence, `answered ${QUICK + SLOW} requests on 127.0.0.1:${port}`);
        assertStringIncludes(row.sentence, "estimated from sockets");
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** A gateway and its provider, each a process. */
async function gateway(tls: TlsMaterial | null) {
  await using stack = new AsyncDisposableStack();
  const served = tls === null
    ? ""
    : `, cert: Deno.readTextFileSync("${tls.certFile}"), key: Deno.readTextFileSync("${tls.keyFile}")`;
  const trusted = tls === null ? "" : `, caCerts: [Deno.readTextFileSync("${tls.caFile}")]`;
  const provider = stack.use(await serving([Deno.execPath(), "eval", PROVIDER(served)]));
  const url = `${tls === null ? "http" : "https"}://localhost:${provider.port}/`;
  const { port, pid } = stack.use(await serving([Deno.execPath(), "eval", GATEWAY(url, trusted)]));
  const owned = stack.move();
  const over = tls === null ? "plain HTTP" : "TLS";
  return { port, pid, provider: provider.port, over, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The provider took longer, at an unchanged rate: whose fault that is, nobody can know from the sockets. */
function slowByProvider({ moved, split }: EstimatedRequests, over: string): void {
  assert(moved !== null, `${over}: the slower half was not found`);
  const { excess } = moved.split;
  const added = SLOW_MS - QUICK_MS;
  assert(
    Math.abs(excess.provider! - added) < 0.25 * added,
    `${over}: provider ${excess.provider} ms, ${added} were added`,
  );
  assertEquals([moved.domain, moved.sub_cause, split.retrieval], ["unknown", "provider_slow", null], over);
  assertEquals(split.tls! > 0, over === "TLS");
}

/** One request after the other, the later ones slow. Yields curl's times from the request to the first byte, in ms. */
async function ask(port: number): Promise<number[]> {
  const seen: number[] = [];
  await delay(1200);
  for (let i = 0; i < QUICK + SLOW; i++) {
    const ms = i < QUICK ? QUICK_MS : SLOW_MS;
    const format = "%{time_pretransfer} %{time_starttransfer}";
    const [sent, first] =
      (await exec("curl", "-s", "-o", "/dev/null", "-w", format, `http://127.0.0.1:${port}/?ms=${ms}`))
        .split(" ").map(Number);
    seen.push((first! - sent!) * 1000);
    await delay(30);
  }
  return seen;
}
