import project from "../deno.json" with { type: "json" };
import type { Command } from "./command.ts";
import { EVERYTHING } from "./restrict.ts";

export const command: Command = {
  name: "support-bundle",
  summary: "versions, prerequisites, configuration without secrets and last failures, in one archive",
  description:
    "Writes one .tar.gz and prints what is in it. Nothing is sent anywhere. Secrets, passwords inside URLs, and the name and " +
    "addresses of this machine are left out.",
  examples: [
    { command: "sudo sloctl support-bundle", text: "as root, so that the hooks can be tried" },
    { command: "sudo sloctl support-bundle --out case.tar.gz --config toolkit.yaml", text: "with the settings in use" },
  ],
  flags: [
    { name: "out", type: "string", placeholder: "FILE", help: "where to write it; - is standard output" },
    { name: "config", type: "string", placeholder: "FILE", help: "toolkit.yaml in use" },
    { name: "json", type: "boolean", help: "print the list of contents as one JSON document" },
  ],
  permissions: EVERYTHING,
  run: async (input, io) => {
    const { writeBundle } = await import("../lib/run/support_bundle.ts");
    const { loadConfig } = await import("../lib/config/mod.ts");
    const { failuresPath } = await import("./failures.ts");
    const config = { path: input.string("config"), stdin: io.stdin, env: io.env, flag: () => undefined };
    return await writeBundle({
      out: input.string("out"),
      json: input.boolean("json"),
      version: project.version,
      config: () => loadConfig(config),
      failures: failuresPath(io.env),
    }, io);
  },
};
