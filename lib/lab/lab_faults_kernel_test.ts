/** The real lab over TLS, and the faults of its provider path. Leaves nothing. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { exec } from "../host/exec.ts";
import { packetLoss } from "../inject/packet_loss.ts";
import { providerThrottle } from "../inject/provider_throttle.ts";
import type { Span } from "../model/span.ts";
import { decodeTraces } from "../otlp/mod.ts";
import { kernelTest } from "../testing/kernel.ts";
import { httpCall } from "./http_client.ts";
import { type Lab, startLab } from "./lab.ts";
import { TLS_DIR } from "./names.ts";
import { readState } from "./state.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

async function ask(lab: Lab, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${lab.gatewayUrl}/v1/chat/completions`, {
    method: "POST",
    headers,
    body: JSON.stringify({ messages: [{ role: "user", content: "hello" }], stream: true, max_tokens: 2 }),
  });
}

/** A TCP counter of a namespace, as /proc/net/snmp has it. */
async function retransmits(netns: string): Promise<number> {
  const text = await exec("ip", "netns", "exec", netns, "cat", "/proc/net/snmp");
  const [names = "", values = ""] = text.split("\n").filter((line) => line.startsWith("Tcp:"));
  return Number(values.split(" ")[names.split(" ").indexOf("RetransSegs")]);
}

kernelTest("the lab over TLS: a CA of its own, and packets lost on the provider's path", async () => {
  {
    await using lab = await startLab({ tls: true, bypassLlm: true }, () => {});
    assertMatch(lab.providerUrl, /^https:/);
    assertEquals([lab.caPath, readState()?.ca_path], [`${TLS_DIR}/ca.pem`, `${TLS_DIR}/ca.pem`]);
    const files = [...Deno.readDirSync(TLS_DIR)].map(({ name }) => name).sort();
    assertEquals(files, ["ca.pem", "provider.key", "provider.pem"]);
    assertEquals((Deno.statSync(`${TLS_DIR}/provider.key`).mode ?? 0) & 0o777, 0o600);

    assertMatch(await (await ask(lab)).text(), /data: \[DONE\]/);
    const curl = (...args: string[]) => exec("curl", "-sS", "--noproxy", "*", "-m", "5", ...args);
    const { ip, port } = lab.services.provider;
    const byName = ["--resolve", `provider.lab.internal:${port}:${ip}`, `https://provider.lab.internal:${port}/health`];
    assertEquals(await curl("--cacert", lab.caPath ?? "", ...byName), '{"status":"ok"}');
    assertEquals(await curl("--cacert", lab.caPath ?? "", `${lab.providerUrl}/health`), '{"status":"ok"}');
    const untrusting = new Deno.Command("curl", {
      args: ["-sS", "--noproxy", "*", "-m", "5", ...byName],
      stderr: "null",
    });
    assertEquals((await untrusting.output()).code, 60, "curl: the peer's certificate is not from a CA it knows");
    const environ = Deno.readTextFileSync(`/proc/${lab.services.gateway.pid}/environ`).split("\0");
    for (const only of ["DENO_TLS_CA_STORE=system", `SSL_CERT_FILE=${lab.caPath}`]) {
      assert(environ.includes(only), only);
    }
    assert(!environ.some((line) => /^(DENO_CERT|NODE_EXTRA_CA_CERTS)=/.test(line)));
    const pong = await fetch(`${lab.gatewayUrl}/ai/execute`, {
      method: "POST",
      body: JSON.stringify({ tool: "echo", input: "ping" }),
    });
    assertEquals((await pong.json()).output, "pong");

    const { gateway, provider } = lab.services;
    const before = [await retransmits(gateway.netns), await retransmits(provider.netns)];
    {
      await using fault = await packetLoss(gateway, provider).inject(10);
      assertMatch(fault.description, /^10 % of packets lost each way between 10\.77\./);
      const asked = await Promise.all(Array.from({ length: 24 }, async () => (await ask(lab)).text()));
      assert(asked.every((text) => text.includes("[DONE]")), "loss delays, it does not break");
      assertMatch(await exec("ip", "netns", "exec", provider.netns, "nft", "list", "ruleset"), /counter packets [1-9]/);
    }
    const after = [await retransmits(gateway.netns), await retransmits(provider.netns)];
    for (const [i, count] of after.entries()) assert(count > (before[i] ?? 0), `end ${i}: ${before} -> ${after}`);
    for (const { netns } of [gateway, provider]) {
      assertEquals(await exec("ip", "netns", "exec", netns, "nft", "list", "tables"), "");
    }
  }
  await assertRejects(() => Deno.stat(TLS_DIR), Deno.errors.NotFound);
});

kernelTest("a throttled provider: refusals with Retry-After, each attempt a span of its own", async () => {
  const spans: Span[] = [];
  await using stack = new AsyncDisposableStack();
  const otlpEndpointOnHost = (hostname: string) => {
    const server = stack.use(Deno.serve({ hostname, port: 0, onListen() {} }, async (request) => {
      spans.push(...decodeTraces(await request.bytes(), "protobuf").spans);
      return new Response(null, { headers: { "content-type": "application/x-protobuf" } });
    }));
    return `http://${hostname}:${server.addr.port}/v1/traces`;
  };
  {
    await using lab = await startLab({ otlpEndpointOnHost }, () => {});
    const throttle = providerThrottle((order) => lab.provider.setThrottle(order));
    {
      await using _ = await throttle.inject(1);
      const start = performance.now();
      const refused = await ask(lab, { "x-trace-id": TRACE });
      await refused.body?.cancel();
      assertEquals([refused.status, refused.headers.get("retry-after")], [429, "1"]);
      assertEquals(refused.headers.get("x-trace-id"), TRACE);
      assert(performance.now() - start >= 1000, "it waited as asked before the second attempt");
    }
    const lifted = await httpCall("GET", `${lab.provider.url}/throttle`);
    assertEquals(JSON.parse(lifted.text).share, 0);
    assertMatch(await (await ask(lab)).text(), /\[DONE\]/);
  }
  const trace = spans.filter((span) => span.traceId === TRACE);
  const attempts = trace.filter((span) => span.name === "chat lab-small");
  assertEquals(
    attempts.map(({ attributes: a }) => [
      Number(a["http.response.status_code"]),
      a["error.type"],
      Number(a["http.request.resend_count"] ?? 0),
    ]),
    [[429, "429", 0], [429, "429", 1]],
  );
  const served = trace.filter((span) => span.resource["service.name"] === "llm-provider");
  assertEquals(served.map((span) => span.parentSpanId).sort(), attempts.map((span) => span.spanId).sort());
});
