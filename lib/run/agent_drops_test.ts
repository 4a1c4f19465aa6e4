import { assertEquals } from "@std/assert";
import { AgentDrops } from "./agent_drops.ts";

Deno.test("losses of the watch and of the way out are one account by reason", () => {
  const drops = new AgentDrops();
  assertEquals(drops.all({ stream: 0 }), {});
  drops.add("rate_limited");
  drops.add("rate_limited", 4);
  drops.add("queue_full", 0);
  const seen = { stream: 3, dns_latency: 1, dns_latency_table_full: 2, decode_short: 7 };
  assertEquals(drops.all(seen), { rate_limited: 5, ring_full: 4, table_full: 2, decode: 7 });
  assertEquals(drops.onTheWay, { rate_limited: 5 });
});
