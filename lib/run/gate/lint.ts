/** `sloctl gate lint`: contradictions of a policy, before anybody is judged by it. */
import { lint, type LintFinding } from "../../gate/lint.ts";
import { parsePolicy } from "../../gate/policy_file.ts";
import { readInput } from "../../host/read_input.ts";
import { EXIT, UsageError } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import { toJson } from "../../model/json.ts";
import { nearest } from "../../stats/decimal.ts";
import { paint } from "../../report/paint.ts";
import { plural } from "../../report/format.ts";
import { parseSloFile } from "../../slo/slo_file.ts";
import { readCase } from "./read_case.ts";

export interface LintOptions {
  readonly policy: string | undefined;
  readonly evidence: string | undefined;
  readonly slo: string | undefined;
  /** Warnings count as errors. */
  readonly strict: boolean;
  readonly json: boolean;
}

const MOST_BYTES = 1024 * 1024;

/** Exit code 0 where nothing contradicts itself, 2 for a policy that does. @throws UsageError for one that cannot be read, IoError */
export async function gateLint(options: LintOptions, io: Io): Promise<number> {
  if (options.policy === undefined) {
    throw new UsageError("Cannot begin: no policy is named", "Give --policy FILE");
  }
  const text = await readInput(options.policy, io.stdin, MOST_BYTES);
  const { policy } = parsePolicy(text, options.policy === "-" ? "standard input" : options.policy);
  const slos = options.slo === undefined
    ? []
    : parseSloFile(await readInput(options.slo, io.stdin, MOST_BYTES), options.slo).slos;
  const evidence = options.evidence === undefined ? null : (await readCase(policy, {
    folder: options.evidence,
    trust: null,
    atMs: Date.now(),
    seed: null,
    everything: true,
  }))
    .evidence;
  const found = lint({
    policy,
    announced: policy.announced,
    slos: slos.map(({ name, objective: { n, d } }) => ({ name, objective: nearest(n, d) })),
    evidence,
  });
  const bad = found.some(({ level }) => options.strict || level === "error");
  io.out(
    options.json
      ? `${toJson({ schema: "gate-lint/v1", policy: policy.name, ok: !bad, findings: found }, 2)}\n`
      : words(found, io),
  );
  return bad ? EXIT.usage : EXIT.ok;
}

function words(found: readonly LintFinding[], io: Pick<Io, "color">): string {
  if (found.length === 0) return "no contradiction found\n";
  const brush = paint(io.color);
  const lines = found.map(({ level, rule, gate, said, hint }) => {
    const name = level === "error" ? brush.red("error") : brush.yellow("warning");
    return `${name} ${rule}${gate === null ? "" : ` (${gate})`}: ${said}\n  ${hint}\n`;
  });
  return lines.join("") + `${plural(found.length, "finding")}\n`;
}
