/** The flight recorder in a real kernel: what it wrote tells the same at a desk as the agent told on the spot. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createSocket } from "node:dgram";
import { tryExec } from "../host/exec.ts";
import type { DiagnosisDocument } from "../model/diagnosis.ts";
import { IoError } from "../model/errors.ts";
import { validate } from "../report/validate.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { agentReady } from "../testing/agent_ready.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { kernelTest } from "../testing/kernel.ts";
import { serving } from "../testing/serving.ts";
import { delay } from "../testing/watched.ts";
import { type AgentOptions, runAgent } from "./agent.ts";
import { replay } from "./demo/recorded.ts";

/** A resolver that takes 60 ms and knows no name. */
async function badResolver(address: string): Promise<AsyncDisposable> {
  const socket = createSocket("udp4");
  socket.on("message", (query, asker) => {
    query[2] = 0x84;
    query[3] = 3;
    setTimeout(() => socket.send(query, asker.port, asker.address), 60);
  });
  await new Promise<void>((done, failed) => socket.once("error", failed).bind(53, address, done));
  return { [Symbol.asyncDispose]: () => new Promise<void>((done) => socket.close(() => done())) };
}

async function run(
  part: Partial<AgentOptions>,
  io = fakeIo(),
): Promise<{ readonly out: string; readonly err: string }> {
  assertEquals(await runAgent({ ...AGENT_DEFAULTS, ...part }, io), 0, io.stderr);
  return { out: io.stdout, err: io.stderr };
}

kernelTest("the last minutes, written at the end and on SIGUSR2, give the same findings when replayed", async () => {
  const resolver = "127.53.53.3";
  await using _dns = await badResolver(resolver);
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async () => {
    await delay(30);
    return new Response("ok");
  });
  const folder = await Deno.makeTempDir({ prefix: "sloctl-flight-" });
  const dump = `${folder}/last.jsonl.gz`;
  try {
    const io = fakeIo();
    const running = run({ forMs: 4000, json: true, record: 60_000, dump, metricsBind: "127.0.0.1:0" }, io);
    await agentReady(io);
    for (let i = 0; i < 3; i++) await tryExec("dig", "+tries=1", `@${resolver}`, "nowhere.example.test");
    for (let i = 0; i < 4; i++) await tryExec("curl", "-s", `http://127.0.0.1:${server.addr.port}/`);
    await tryExec("curl", "-s", "http://127.0.0.1:9/");
    const askedAt = Date.now();
    Deno.kill(Deno.pid, "SIGUSR2");
    const live = await running;
    const told = JSON.parse(live.out) as DiagnosisDocument;
    const dns = told.findings.filter(({ peer }) => peer?.ip === resolver);
    assertEquals([...new Set(dns.map(({ kind }) => kind))].toSorted(), ["dns_errors_total", "dns_latency_ms"]);
    assertStringIncludes(live.err, `flight recorder (end): the last`);

    const desk = await run({ source: "replay", input: dump, json: true });
    const replayed = JSON.parse(desk.out) as DiagnosisDocument;
    assertEquals(validate("diagnosis/v1", replayed), []);
    for (const key of ["findings", "observed", "requests", "events_by_kind", "window", "host", "drops"] as const) {
      assertEquals(replayed[key], told[key], key);
    }
    assertEquals(replayed.coverage, told.coverage);

    const [signalled] = [...Deno.readDirSync(folder)].filter(({ name }) => name.includes("SIGUSR2"));
    assert(signalled !== undefined, live.err);
    const input = `${folder}/${signalled.name}`;
    const early = JSON.parse(
      (await run({ source: "replay", input, json: true, comm: "dig" })).out,
    ) as DiagnosisDocument;
    assertEquals(
      early.findings.filter(({ peer }) => peer?.ip === resolver).reduce((sum, { count }) => sum + count, 0),
      6,
    );
    assert(early.observed.every(({ process }) => process.comm === "dig"), JSON.stringify(early.observed));
    assert(Date.parse(early.window.end) >= askedAt, `it ends at ${early.window.end}, asked for at ${askedAt}`);

    const rows = await run({ source: "replay", input: dump, follow: ["dns"], fields: ["query", "rcode"] });
    assertEquals(rows.out.split("\n").filter((row) => row.startsWith("nowhere.example.test")).length, 6);
    await assertRejects(() => replay(dump), IoError, "not the head of a recording/v1");
    assertEquals(Deno.statSync(dump).mode! & 0o77, 0, "names of DNS and peers are their owner's alone");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Answers after as many ms as are asked for. */
const SLEEPER =
  `Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: ({ port }) => console.log(port) }, async ({ url }) => {
  await new Promise((done) => setTimeout(done, Number(new URL(url).search.slice(1))));
  return new Response("ok");
});`;

kernelTest("slow requests make it write by itself, once", async () => {
  await using server = await serving([Deno.execPath(), "eval", SLEEPER]);
  const folder = await Deno.makeTempDir({ prefix: "sloctl-flight-" });
  const get = (ms: number) => tryExec("curl", "-s", `http://127.0.0.1:${server.port}/?${ms}`);
  const io = fakeIo();
  try {
    const running = runAgent({
      ...AGENT_DEFAULTS,
      outputPath: "/dev/null",
      output: "jsonl",
      metricsBind: "127.0.0.1:0",
      pids: [`${server.pid}`],
      record: 60_000,
      dump: `${folder}/x.jsonl.gz`,
      objectiveMs: 400,
    }, io);
    await agentReady(io);
    for (let i = 0; i < 10; i++) await Promise.all([get(0), get(0)]);
    assert(!io.stderr.includes("slow_requests"), io.stderr);
    for (let i = 0; i < 12 && !io.stderr.includes("slow_requests"); i++) {
      await Promise.all([get(500), get(500)]);
      await delay(100);
    }
    await Promise.all([get(500), get(500), get(500), get(500)]);
    io.abort();
    assertEquals(await running, 0);
    assertEquals(io.stderr.match(/flight recorder \(slow_requests\)/g)?.length, 1, io.stderr);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
    assertEquals(names.map((name) => name.replace(/\d{8}T\d{6}Z/, "T")), ["x-T-slow_requests.jsonl.gz", "x.jsonl.gz"]);
    const desk = await run({ source: "replay", input: `${folder}/${names[0]}`, json: true });
    const { requests } = JSON.parse(desk.out) as DiagnosisDocument;
    assert(requests.some(({ role, ttft_p95 }) => role === "server" && ttft_p95 > 480), desk.out);
  } finally {
    io.abort();
    await Deno.remove(folder, { recursive: true });
  }
});
