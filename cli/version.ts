import project from "../deno.json" with { type: "json" };
import type { Command } from "./command.ts";

export const command: Command = {
  name: "version",
  summary: "what exactly is running: version, commit, Deno, libbpf, digests of the BPF objects",
  examples: [{ command: "sloctl version --json", text: "for a bug report or a script" }],
  flags: [{ name: "json", type: "boolean", help: "print one JSON document" }],
  permissions: ["read", "run", "ffi"],
  run: async (input, io) => {
    const { showVersion } = await import("../lib/run/version.ts");
    return await showVersion(project.version, input.boolean("json"), io);
  },
};
