/** What the agent says of the requests of programs that send no spans; deploy/accuracy/requests.ts holds the numbers against curl. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { makeTls } from "../lab/tls_material.ts";
import type { DiagnosisDocument } from "../model/diagnosis.ts";
import { validate } from "../report/validate.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { askGateway, plainGateway } from "../testing/gateway.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay } from "../testing/watched.ts";
import { webhookSink } from "../testing/webhook_sink.ts";
import { runAgent } from "./agent.ts";
import { SEND_NOTHING } from "./send_options.ts";

const QUICK = Array<number>(14).fill(25);
const SLOW = Array<number>(14).fill(125);

kernelTest(
  "agent: what made the requests of an uninstrumented gateway slow, over TLS, as far as it can be known",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "sloctl-requests-" });
    try {
      await using gateway = await plainGateway(await makeTls(folder, "localhost", "127.0.0.1"));
      const [script, person] = [fakeIo(), fakeIo()];
      const pids = [`${gateway.pid}`];
      await using hook = await webhookSink();
      const webhook = {
        url: `http://127.0.0.1:${hook.port}/`,
        secret: "",
        format: "generic",
        timeoutMs: 5_000,
      } as const;
      const running = [
        runAgent({ ...AGENT_DEFAULTS, pids, json: true, send: { ...SEND_NOTHING, webhook } }, script),
        runAgent({ ...AGENT_DEFAULTS, pids }, person),
      ];
      await delay(500);
      await askGateway(gateway, [...QUICK, ...SLOW]).then(() => delay(100)).finally(() => {
        for (const io of [script, person]) io.abort();
      });
      await Promise.all(running);

      const document = JSON.parse(script.stdout) as DiagnosisDocument;
      assertEquals([validate("diagnosis/v1", document), document.drops], [[], 0]);
      const [row, ...others] = document.requests;
      assertEquals(others.map(({ sentence }) => sentence), []);
      assertEquals([row?.estimated, row?.role, row?.local?.port, row?.count], [true, "server", gateway.port, 28]);
      assertEquals(row!.peers.map(({ port, part, why }) => [port, part, why]), [
        [gateway.provider, "provider", "its answers stream"],
      ]);
      // Late at an unchanged rate: whose fault that is, nobody can know. Of retrieval nothing is known at all.
      assertEquals([row!.moved?.domain, row!.moved?.sub_cause], ["unknown", "provider_slow"]);
      assertEquals([row!.split.retrieval, row!.split.tls! > 0, row!.split.connect! > 0], [null, true, true]);
      for (const text of [row!.sentence, person.stdout.replaceAll(/\s+/g, " ")]) {
        assertStringIncludes(text, `answered 28 requests on 127.0.0.1:${gateway.port}, first byte after`);
        assertStringIncludes(text, "estimated from sockets");
        assertStringIncludes(text, "unknown (provider_slow)");
      }
      assertStringIncludes(person.stdout, "Requests (estimated)");
      const [incident, ...more] = hook.calls.map(({ json }) => json);
      assertEquals([more, validate("incident-attribution/v1.1", incident)], [[], []]);
      assertEquals([incident.predicted_fault_domain, incident.timestamp], ["unknown", row!.moved!.from]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
