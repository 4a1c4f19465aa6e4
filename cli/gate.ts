import type { Command, Flag } from "./command.ts";
import { plan } from "./gate_plan.ts";

const POLICY: Flag = {
  name: "policy",
  type: "string",
  placeholder: "FILE",
  help: "the policy (YAML); - is standard input",
};

const evaluate: Command = {
  name: "eval",
  summary: "judge evidence by a policy: a verdict with reasons, a score, and what is still open",
  description:
    "Reads what the policy declares from one folder, and judges each gate: pass and fail are positive statements, and what is " +
    "missing, too little or damaged is neither. The same policy, evidence, time and seed give the same digest. Exit code 0 pass, 1 " +
    "fail, 2 a policy that is wrong (with line and column), 3 inconclusive, 4 not evaluated, 5 something was altered. The kinds of " +
    "gates are in docs/gate-eval.md; policies to start from are in deploy/policies.",
  examples: [
    {
      command: "sloctl gate eval --policy deploy/policies/m5.yaml --evidence artifacts --out-json result.json",
      text: "every gate of a policy",
    },
    {
      command: "sloctl gate eval --policy policy.yaml --evidence artifacts --profile pr --out-md summary.md",
      text: "as the policy has it for pull requests",
    },
    {
      command:
        "sloctl gate eval --policy policy.yaml --evidence artifacts --trust trust.json --at 2026-01-31T12:00:00Z",
      text: "with signed approvals, as it was at that time",
    },
  ],
  flags: [
    POLICY,
    { name: "evidence", type: "string", placeholder: "DIR", help: "the folder that its globs are in" },
    { name: "profile", type: "string", placeholder: "NAME", help: "one of the policy's profiles" },
    { name: "at", type: "string", placeholder: "TIME", help: "judge as of this moment (RFC 3339); default: now" },
    { name: "seed", type: "integer", placeholder: "N", help: "of the resampling, instead of the policy's" },
    {
      name: "trust",
      type: "string",
      placeholder: "FILE",
      help: "trust/v1: keys whose signatures count; without it nobody has approved or waived anything",
    },
    {
      name: "subject",
      type: "list",
      whole: true,
      placeholder: "KEY=VALUE",
      help: "what is to be released, such as git_commit=...; goes before subject.json; may repeat",
    },
    { name: "out-json", type: "string", placeholder: "FILE", help: "the result; - is standard output" },
    { name: "out-md", type: "string", placeholder: "FILE", help: "the same for a pull request" },
    { name: "json", type: "boolean", help: "print one JSON document" },
  ],
  permissions: ["read", "write", "env"],
  run: async (input, io) => {
    const { gateEval } = await import("../lib/run/gate/eval.ts");
    return await gateEval({
      policy: input.string("policy"),
      evidence: input.string("evidence"),
      profile: input.string("profile"),
      at: input.string("at"),
      seed: input.number("seed"),
      trust: input.string("trust"),
      subject: input.list("subject"),
      outJson: input.string("out-json"),
      outMd: input.string("out-md"),
      json: input.boolean("json"),
    }, io);
  },
};

const lint: Command = {
  name: "lint",
  summary: "find contradictions in a policy, and what it would let through unseen",
  description:
    "Errors are what cannot hold together: a gate looser than its SLO, fewer who may agree than are asked, a deadline that detection " +
    "alone uses up. Warnings are what may be meant. Exit code 0 without errors, 2 with one, or with a warning and --strict.",
  examples: [
    { command: "sloctl gate lint --policy deploy/policies/m5.yaml", text: "the policy alone" },
    {
      command: "sloctl gate lint --policy policy.yaml --slo slo.yaml --evidence artifacts",
      text: "beside what was promised, and what was recorded",
    },
  ],
  flags: [
    POLICY,
    { name: "slo", type: "string", placeholder: "FILE", help: "an SLO file: no gate may ask less than it promises" },
    { name: "evidence", type: "string", placeholder: "DIR", help: "also list numbers that no gate reads" },
    { name: "strict", type: "boolean", help: "warnings count as errors" },
    { name: "json", type: "boolean", help: "print one JSON document" },
  ],
  permissions: ["read", "env"],
  run: async (input, io) => {
    const { gateLint } = await import("../lib/run/gate/lint.ts");
    return await gateLint({
      policy: input.string("policy"),
      evidence: input.string("evidence"),
      slo: input.string("slo"),
      strict: input.boolean("strict"),
      json: input.boolean("json"),
    }, io);
  },
};

export const command: Command = {
  name: "gate",
  summary: "release gates: judge evidence by a policy, find what contradicts itself, and plan what a margin needs",
  examples: [{
    command: "sloctl gate eval --policy deploy/policies/m5.yaml --evidence artifacts",
    text: "may this be released?",
  }],
  flags: [],
  subcommands: [evaluate, lint, plan],
};
