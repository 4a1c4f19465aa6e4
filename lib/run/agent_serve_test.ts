import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AgentMetrics } from "../export/agent_metrics.ts";
import { IoError, UsageError } from "../model/errors.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { syntheticHealth } from "./agent_health.ts";
import { serveAgent } from "./agent_serve.ts";

const health = syntheticHealth({ node: "n1", eventKind: "probe", heartbeat: () => null });
const metrics = new AgentMetrics(health.sources);

Deno.test("the three paths, for GET and HEAD alone; not ready is 503 with the reason", async () => {
  let reason: string | null = "no probe is attached";
  await using listener = await serveAgent({ address: "127.0.0.1:0", asked: true }, metrics, () => reason, fakeIo());
  const ask = async (path: string, method = "GET") => {
    const answer = await fetch(`http://127.0.0.1:${listener!.port}${path}`, { method });
    return [answer.status, answer.headers.get("content-type")?.split(";")[0], (await answer.text()).split("\n")[0]];
  };
  assertEquals(await ask("/healthz"), [200, "text/plain", "ok"]);
  assertEquals(await ask("/readyz"), [503, "text/plain", "not ready: no probe is attached"]);
  reason = null;
  assertEquals(await ask("/readyz"), [200, "text/plain", "ok"]);
  assertEquals(await ask("/readyz", "HEAD"), [200, "text/plain", ""]);
  assertEquals((await ask("/metrics"))[1], "text/plain");
  assertEquals([(await ask("/metrics", "POST"))[0], (await ask("/healthz", "POST"))[0], (await ask("/"))[0]], [
    405,
    405,
    404,
  ]);
});

Deno.test("the usual port is another's: said, and the agent goes on; one that was asked for must be had", async () => {
  using taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const address = `127.0.0.1:${taken.addr.port}`;
  const io = fakeIo();
  assertEquals(await serveAgent({ address, asked: false }, metrics, () => null, io), null);
  assertStringIncludes(io.stderr, "no metrics: ");
  assertStringIncludes(io.stderr, "the port is in use; give --metrics-bind HOST:PORT, or off");
  await assertRejects(() => serveAgent({ address, asked: true }, metrics, () => null, io), IoError, "in use");
  const wrong = { address: "2112", asked: true };
  await assertRejects(() => serveAgent(wrong, metrics, () => null, io), UsageError, "HOST:PORT");
});
