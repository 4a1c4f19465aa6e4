/** The real lab: processes, namespaces, cgroups. Leaves nothing. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { tryExec } from "../host/exec.ts";
import { cpuQuota } from "../inject/cpu_quota.ts";
import { dnsDelay } from "../inject/dns_delay.ts";
import { IoError } from "../model/errors.ts";
import type { Span } from "../model/span.ts";
import { decodeTraces } from "../otlp/mod.ts";
import { kernelTest } from "../testing/kernel.ts";
import { httpCall } from "./http_client.ts";
import { type Lab, startLab } from "./lab.ts";
import { PREFIX } from "./names.ts";
import { readState } from "./state.ts";

const ROOT_TRACE = "0af7651916cd43dd8448eb211c80319c";

async function ask(lab: Lab, headers: Record<string, string> = {}): Promise<{ ms: number; text: string }> {
  const start = performance.now();
  const response = await fetch(`${lab.gatewayUrl}/v1/chat/completions`, {
    method: "POST",
    headers,
    body: JSON.stringify({ messages: [{ role: "user", content: "hello" }], stream: true, max_tokens: 2 }),
  });
  const ms = performance.now() - start; // the head comes with the first token
  return { ms, text: await response.text() };
}

/** What of a lab, or of anything else of ours, is on this machine. */
async function found(): Promise<string[]> {
  const names = `${await tryExec("ip", "netns")}\n${await tryExec("ip", "-br", "link")}`.split("\n");
  for (const root of ["/sys/fs/cgroup", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified", "/etc/netns"]) {
    try {
      names.push(...[...Deno.readDirSync(root)].map((entry) => entry.name));
    } catch {
      // That hierarchy is not here.
    }
  }
  return names.filter((name) => name.startsWith(PREFIX));
}

/** Other runs may have left theirs. */
const before = new Set(await found());
const leftovers = async (): Promise<string[]> => (await found()).filter((name) => !before.has(name));

kernelTest("the lab: real names, spans, faults, and nothing left", async () => {
  const spans: Span[] = [];
  await using stack = new AsyncDisposableStack();
  const receive = async (request: Request) => {
    spans.push(...decodeTraces(await request.bytes(), "protobuf").spans);
    return new Response(null, { headers: { "content-type": "application/x-protobuf" } });
  };
  const otlpEndpointOnHost = (hostname: string) => {
    const server = stack.use(Deno.serve({ hostname, port: 0, onListen() {} }, receive));
    return `http://${hostname}:${server.addr.port}/v1/traces`;
  };
  {
    await using lab = await startLab({ otlpEndpointOnHost }, () => {});
    await assertRejects(() => startLab({}, () => {}), IoError, "another one is running");
    assertEquals(readState()?.gateway_url, lab.gatewayUrl);
    const { gateway } = lab.services;
    assert(Deno.readTextFileSync(`/proc/${gateway.pid}/cgroup`).includes(`0::/sloctl-lab/gateway`));
    assert(Deno.readTextFileSync(`/proc/${gateway.pid}/cmdline`).includes("gateway"));

    const plain = await ask(lab, { traceparent: `00-${ROOT_TRACE}-00f067aa0ba902b7-01` });
    assertEquals((await ask(lab)).text.replace(/"created":\d+/g, ""), plain.text.replace(/"created":\d+/g, ""));
    assert((await ask(lab, { "x-lab-sleep-ms": "200" })).ms >= 200);
    {
      await using _ = await dnsDelay(lab.resolver.setDelay).inject(200);
      assert((await ask(lab)).ms >= 200, "the delay of the resolver is in the time to the first token");
    }
    const cpuStat = () => Deno.readTextFileSync(`${gateway.cpuCgroup}/cpu.stat`);
    const throttled = () => Number(/nr_throttled (\d+)/.exec(cpuStat())?.[1]) > 0;
    {
      await using _ = await cpuQuota(gateway.cpuCgroup).inject(10);
      // One answer may just fit into the quotas of the periods that it touches.
      for (let i = 0; i < 10 && !throttled(); i++) await ask(lab);
    }
    assert(throttled(), cpuStat());
    assertEquals(JSON.parse((await httpCall("GET", `${lab.resolver.url}/delay`)).text), { delay_ms: 0 });
    assertEquals((await httpCall("GET", `${lab.providerUrl}/health`)).status, 200);
  }
  const trace = spans.filter((span) => span.traceId === ROOT_TRACE);
  const byName = (service: string, name: string) =>
    trace.filter((span) => span.resource["service.name"] === service && span.name.startsWith(name));
  const [server] = byName("rag-gateway", "POST ");
  const [chat] = byName("rag-gateway", "chat lab-small");
  assertEquals(server?.parentSpanId, "00f067aa0ba902b7");
  assertEquals(chat?.parentSpanId, server?.spanId);
  assertEquals(byName("llm-provider", "POST ")[0]?.parentSpanId, chat?.spanId);
  assertEquals(byName("retrieval", "POST ")[0]?.parentSpanId, byName("rag-gateway", "retrieval ")[0]?.spanId);
  assertEquals(server?.events.map((event) => event.name), ["first_token"]);
  await stack.disposeAsync();
  assertEquals(await leftovers(), []);
});

kernelTest("a lab that cannot start leaves nothing", async () => {
  await assertRejects(
    () => startLab({ program: ["sh", "-c", "echo Cannot do it >&2; exit 1"] }, () => {}),
    IoError,
    "Cannot do it",
  );
  assertEquals(await leftovers(), []);
  assertEquals(readState(), null);
});
