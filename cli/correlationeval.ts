import type { Command } from "./command.ts";

export const command: Command = {
  name: "correlationeval",
  summary: "measure how well spans and kernel signals are joined, over labelled pairs",
  description:
    "Reads labelled pairs, one a line, joins each with the four tiers, and compares. Without --threshold a pair counts as joined " +
    "at any tier. Pairs that share a group compete with one another. Exit code 1: below a limit; 3: the pairs cannot tell.",
  examples: [
    {
      command: "sloctl correlationeval --input fixtures/correlation/labelled_pairs.jsonl",
      text: "precision, recall and f1 of the set that comes with the checkout",
    },
    {
      command: "sloctl correlationeval --input pairs.jsonl --threshold 0.7 --out-json report.json",
      text: "only joins of at least that confidence count",
    },
  ],
  flags: [
    { name: "input", type: "string", placeholder: "FILE", help: "labelled pairs; - is standard input" },
    { name: "window-ms", type: "number", placeholder: "N", default: 2000, help: "no tier reaches further" },
    { name: "threshold", type: "number", placeholder: "X", help: "least confidence of a join; default: any" },
    { name: "min-precision", type: "number", placeholder: "X", default: 0.9, help: "limit" },
    { name: "min-recall", type: "number", placeholder: "X", default: 0.85, help: "limit" },
    { name: "out-json", type: "string", placeholder: "FILE", help: "the report; - is standard output" },
    { name: "out", type: "string", placeholder: "FILE", help: "the same, as older scripts say it" },
    { name: "predictions-out", type: "string", placeholder: "FILE", help: "every pair and what was decided" },
  ],
  permissions: ["read", "write"],
  run: async (input, io) => {
    const { correlationeval } = await import("../lib/run/correlationeval.ts");
    return await correlationeval({
      input: input.string("input"),
      windowMs: input.number("window-ms")!,
      threshold: input.number("threshold"),
      minPrecision: input.number("min-precision")!,
      minRecall: input.number("min-recall")!,
      outJson: input.string("out-json") ?? input.string("out"),
      predictionsOut: input.string("predictions-out"),
    }, io);
  },
};
