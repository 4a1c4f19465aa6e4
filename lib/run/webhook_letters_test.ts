import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Outbox } from "../export/outbox.ts";
import { IoError, UsageError } from "../model/errors.ts";
import { fakeIo } from "../testing/fake_io.ts";
import { listDeadLetters, reviveDeadLetters } from "./webhook_letters.ts";

Deno.test("dead letters are listed, with what they say, and wait again when asked to", async () => {
  const spool = await Deno.makeTempDir();
  {
    const outbox = await Outbox.open(`${spool}/webhook`);
    for (const id of ["inc-1", "inc-2"]) {
      outbox.add({
        incident_id: id,
        timestamp: "2026-01-01T00:00:00Z",
        cluster: "",
        service: "chat\u001b[2J",
        predicted_fault_domain: "network_dns",
        confidence: 0.5,
        evidence: [],
        slo_impact: { sli: "ttft_ms", burn_rate: 3, window_minutes: 2 },
      });
      outbox.bury({ ...outbox.waiting[0]!, tries: 1, state: "it answered 403" });
    }
    await outbox.settle();
    await assertRejects(() => reviveDeadLetters(spool, [], fakeIo()), IoError, "another process sends from it");
    await outbox.close();
  }
  const io = fakeIo();
  assertEquals(await listDeadLetters(spool, false, io), 0);
  assertStringIncludes(io.stdout, "inc-1");
  assertStringIncludes(io.stdout, "it answered 403");
  assertStringIncludes(io.stdout, "burn rate 3.0 over 2 min; network_dns");
  assertEquals(io.stdout.includes("\u001b"), false);
  const json = fakeIo();
  await listDeadLetters(spool, true, json);
  assertEquals(json.stdout.trim().split("\n").map((line) => JSON.parse(line).incident.incident_id), ["inc-1", "inc-2"]);

  await assertRejects(() => reviveDeadLetters(spool, ["inc-9"], fakeIo()), UsageError, "no such dead letter");
  await reviveDeadLetters(spool, ["inc-2"], fakeIo());
  const outbox = await Outbox.open(`${spool}/webhook`);
  assertEquals([outbox.waiting.map(({ key }) => key), outbox.dead.map(({ key }) => key)], [["inc-2"], ["inc-1"]]);
  await outbox.close();
  await Deno.remove(spool, { recursive: true });
  await assertRejects(() => listDeadLetters(spool, false, fakeIo()), IoError, "no webhook was ever used with it");
  await assertRejects(() => listDeadLetters(undefined, false, fakeIo()), UsageError);
});
