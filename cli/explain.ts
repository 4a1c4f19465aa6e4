import { ASK_FLAGS, askTarget, JSON_FLAG } from "./ask_flags.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "explain",
  summary: "one incident or one request: where its time went, the evidence, and what was not used as such",
  description:
    "A trace id (32 hex digits) asks for a request: its split, the kernel signals joined with its spans, each join's tier and " +
    "confidence, and the signals near it that were not joined, with the reason. Anything else names an incident.",
  examples: [
    { command: "sloctl explain inc-20260102030405678-rag-gateway", text: "an incident, as sloctl incidents names it" },
    { command: "sloctl explain 4bf92f3577b34da6a3ce929d0e0e4736", text: "a request, by its trace id" },
  ],
  flags: [...ASK_FLAGS, JSON_FLAG],
  positionals: { name: "ID", help: "an incident's id, or a trace id", min: 1, max: 1 },
  permissions: ["read", "net", "env"],
  run: async (input, io) => {
    const { explain } = await import("../lib/run/ask/explain.ts");
    return await explain({ ...askTarget(input, io), what: input.positionals[0]!, json: input.boolean("json") }, io);
  },
};
