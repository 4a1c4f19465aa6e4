/** For kernel tests: an agent in this very process, with `metricsBind` at some port. */
import type { FakeIo } from "./fake_io.ts";
import { until } from "./until.ts";

/** Resolves when it has attached its probes, however long that takes on a busy machine. */
export async function agentReady(io: Pick<FakeIo, "stderr">): Promise<void> {
  await until(() => io.stderr.includes("metrics at"), "the agent's port", 30_000);
  const at = /http:\/\/(\S+)\/metrics/.exec(io.stderr)![1]!;
  for (let i = 0; i < 300; i++) {
    const answer = await fetch(`http://${at}/readyz`);
    await answer.body?.cancel();
    if (answer.status === 200) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("the agent does not get ready");
}
