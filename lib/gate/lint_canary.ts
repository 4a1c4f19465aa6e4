/** A staged rollout that cannot be what it says: times that do not fit, outcomes that are missing. Pure. */
import type { LintFinding } from "./lint.ts";
import { duration } from "./policy_fields.ts";
import { at } from "./evidence.ts";

export function lintCanary(canary: Readonly<Record<string, unknown>> | null): LintFinding[] {
  if (canary === null) return [];
  const ms = (path: string): number | null => {
    const text = at(canary, path);
    if (text === undefined) return null;
    try {
      return duration(text, (state) => new Error(state));
    } catch {
      return null;
    }
  };
  const found: LintFinding[] = [];
  const error = (rule: string, said: string, hint: string) =>
    found.push({ level: "error", rule, gate: "canary", said, hint });
  const [every, window, settle, deadline] = [
    ms("sample.every"),
    ms("sample.window"),
    ms("sample.settle") ?? 0,
    ms("rollback.deadline"),
  ];
  const consecutive = at(canary, "breach.consecutive");
  const breaches = typeof consecutive === "number" ? consecutive : 1;
  if (every !== null && window !== null && window > every && breaches > 1) {
    const said = `windows of ${window / 1000} s every ${
      every / 1000
    } s overlap: one bad minute would count ${breaches} times`;
    error("overlapping-windows", said, "Write a window that is no longer than every");
  }
  const fromTrigger = at(canary, "rollback.deadline_from") === "trigger";
  if (every !== null && window !== null && deadline !== null && !fromTrigger) {
    const detection = breaches * every + settle + window;
    if (detection >= deadline) {
      const said = `to see ${breaches} breaches takes ${detection / 1000} s, and all has to be well after ${
        deadline / 1000
      } s`;
      error("deadline", said, "Ask for fewer breaches, or count from the trigger: deadline_from: trigger");
    }
  }
  const okRatio = at(canary, "promote.ok_ratio");
  if (breaches > 1 && okRatio === 1 && at(canary, "promote.on_gap") === undefined) {
    const said = `a stage with 1 to ${breaches - 1} breaches is neither promoted nor rolled back`;
    error("gap", said, "Say what happens then: promote: {on_gap: extend}");
  }
  return found;
}
