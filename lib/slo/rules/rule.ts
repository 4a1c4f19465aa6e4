/** Prometheus rule files as values, and their text: the same input gives the same bytes. Pure. */
import { stringify } from "yaml";

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Labels;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Labels;
  readonly annotations: Labels;
}

export type Rule = RecordingRule | AlertRule;
export type Labels = Readonly<Record<string, string>>;

export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly Rule[];
}

/** `head`: comment lines. Keys are sorted, and nothing depends on time or place. */
export function yamlText(head: readonly string[], document: unknown): string {
  const comment = head.map((line) => `# ${line}`.trimEnd() + "\n").join("");
  return comment + stringify(document, {
    sortMapEntries: true,
    lineWidth: 0,
    aliasDuplicateObjects: false,
    blockQuote: "literal",
    version: "1.1", // Prometheus reads yes, no and 1:30 as YAML 1.1 does: quote them
  });
}

/** `{a="b",c="d"}`, sorted. */
export function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1);
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}}`;
}
