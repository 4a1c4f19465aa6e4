import { ASK_FLAGS, askTarget, JSON_FLAG } from "./ask_flags.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "incidents",
  summary: "what happened: incidents of a running collector, newest first",
  description:
    "Each incident once, in its latest state, with its cause and what stands out. sloctl explain ID says more.",
  examples: [
    { command: "sloctl incidents --since 1h", text: "of the last hour, open or closed since" },
    { command: "sloctl incidents --url http://collector:4318 --state open --json", text: "for a script" },
  ],
  flags: [
    {
      name: "since",
      type: "string",
      placeholder: "WHEN",
      help: "open at that time or later: 90s, 30m, 1h, 7d ago, or RFC 3339; without it all that are held",
    },
    { name: "service", type: "string", placeholder: "NAME", help: "of this service only" },
    { name: "state", type: "string", values: ["open", "closed"], help: "only these" },
    { name: "limit", type: "integer", placeholder: "N", default: 100, help: "so many at most" },
    ...ASK_FLAGS,
    JSON_FLAG,
  ],
  permissions: ["read", "net", "env"],
  run: async (input, io) => {
    const { UsageError } = await import("../lib/model/errors.ts");
    const limit = input.number("limit")!;
    if (limit < 1) throw new UsageError(`Cannot show "${limit}" incidents: it is below 1`, "Give --limit 1 or more");
    const { incidents } = await import("../lib/run/ask/incidents.ts");
    return await incidents({
      ...askTarget(input, io),
      since: input.string("since"),
      service: input.string("service"),
      state: input.string("state"),
      limit,
      json: input.boolean("json"),
    }, io);
  },
};
