/** The agent as a service, asked by the real Prometheus. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { tryExec } from "../host/exec.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { kernelTest } from "../testing/kernel.ts";
import { missingTool } from "../testing/unless.ts";
import { until } from "../testing/until.ts";
import { runAgent } from "./agent.ts";

const noPrometheus = await missingTool("prometheus", "Debian: apt-get install prometheus");

function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** Runs while `body` does; Prometheus' own web address. */
async function withPrometheus(target: string, body: (url: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sloctl-prometheus-" });
  const url = `127.0.0.1:${freePort()}`;
  const config =
    `global: {scrape_interval: 500ms}\nscrape_configs:\n- job_name: a\n  static_configs: [{targets: ["${target}"]}]\n`;
  await Deno.writeTextFile(`${folder}/p.yml`, config);
  const child = new Deno.Command("prometheus", {
    args: [`--config.file=${folder}/p.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${url}`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await body(`http://${url}`);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
}

/** Values of an instant query, by the text of their labels. */
async function query(url: string, expression: string): Promise<Map<string, number>> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`).catch(() => null);
  if (response === null || !response.ok) return new Map();
  const { data } = await response.json();
  return new Map(data.result.map((row: { metric: Record<string, string>; value: [number, string] }) => {
    const { __name__: _name, instance: _instance, job: _job, ...labels } = row.metric;
    return [Object.values(labels).join(" "), Number(row.value[1])];
  }));
}

kernelTest("Prometheus scrapes the agent: what it counts, what it dropped, that it is ready", async () => {
  using server = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = server.addr;
  const accepting = (async () => {
    for await (const connection of server) connection.close();
  })();
  const io = fakeIo();
  const running = runAgent({
    ...AGENT_DEFAULTS,
    output: "jsonl",
    outputPath: "/dev/null",
    comm: "curl",
    metricsBind: "127.0.0.1:0",
  }, io);
  try {
    await until(() => io.stderr.includes("metrics at"), "the port");
    const target = /http:\/\/(\S+)\/metrics/.exec(io.stderr)![1]!;
    const ready = async () => {
      const answer = await fetch(`http://${target}/readyz`);
      return [answer.status, await answer.text()];
    };
    const health = await fetch(`http://${target}/healthz`);
    assertEquals([health.status, await health.text()], [200, "ok\n"]);
    for (let i = 0; i < 50 && (await ready())[0] !== 200; i++) await new Promise((done) => setTimeout(done, 100));
    assertEquals(await ready(), [200, "ok\n"]);
    Deno.kill(Deno.pid, "SIGUSR2");
    await until(() => io.stderr.includes("nothing was recorded"), "the answer to SIGUSR2");
    for (let i = 0; i < 5; i++) await tryExec("curl", "-s", "-m", "2", `http://127.0.0.1:${port}/`);

    await withPrometheus(target, async (url) => {
      const connects = 'llm_ebpf_probe_events_total{signal="connect_latency_ms",status="ok"}';
      let seen = new Map<string, number>();
      for (let i = 0; i < 150 && [...seen.values()][0] !== 5; i++) {
        await new Promise((done) => setTimeout(done, 100));
        seen = await query(url, connects);
      }
      assertEquals([...seen.values()], [5]);
      const drops = await query(url, "llm_slo_agent_dropped_events_total");
      assert(drops.size >= 10 && [...drops.values()].every((lost) => lost === 0), JSON.stringify([...drops]));
      assertEquals([...(await query(url, "llm_slo_agent_up")).values()], [1]);
      const [age] = [...(await query(url, "time() - llm_slo_agent_heartbeat")).values()];
      assert(age! > -5 && age! < 30, `${age} s`);
      const modes = await query(url, "llm_slo_agent_capability_mode == 1");
      assertEquals([...modes.keys()], ["core_full"]);
      const enabled = await query(url, "llm_slo_agent_signal_enabled");
      assertEquals([enabled.get("dns_latency_ms"), enabled.get("connect_latency_ms")], [1, 1]);
      const calls = await query(url, "llm_ebpf_hello_syscalls_total");
      assert([...calls].some(([who, count]) => who.includes("curl") && count > 5), JSON.stringify([...calls]));
    });
  } finally {
    io.abort();
    server.close();
    await accepting.catch(() => {});
  }
  assertEquals(await running, 0);
  assertStringIncludes(io.stderr, "none lost");
}, { needs: () => noPrometheus });

kernelTest(
  "--follow prints what happens as it happens, the kinds and rows that were asked for, and opens no port",
  async () => {
    using server = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = server.addr;
    const io = fakeIo();
    const running = runAgent({
      ...AGENT_DEFAULTS,
      follow: ["connect"],
      fields: ["kind", "comm", "dst", "dport", "status"],
      filter: `dport==${port} and comm==curl`,
      count: 3,
    }, io);
    await new Promise((done) => setTimeout(done, 1500));
    for (let i = 0; i < 3; i++) await tryExec("curl", "-s", "-m", "0.2", `http://127.0.0.1:${port}/`);
    assertEquals(await running, 0);
    const rows = io.stdout.trimEnd().split("\n").map((line) => line.split(/ +/));
    const row = ["connect", "curl", "127.0.0.1", `${port}`, "ok"];
    assertEquals(rows, [["KIND", "COMM", "DST", "DPORT", "STATUS"], row, row, row]);
    assert(!io.stderr.includes("metrics at"), io.stderr);
  },
);
