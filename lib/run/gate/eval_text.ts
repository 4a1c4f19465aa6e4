/** The result of a policy for a person, and for a pull request. The same document gives the same bytes. */
import type { Io } from "../../model/io.ts";
import { markdownTable } from "../../report/markdown.ts";
import { paint } from "../../report/paint.ts";
import { table } from "../../report/table.ts";
import type { GateResult } from "../../gate/evaluate.ts";
import type { GateResultDocument } from "./eval.ts";

export function evalText(document: GateResultDocument, io: Pick<Io, "color" | "columns">): string {
  const brush = paint(io.color);
  const colour = (text: string) =>
    /^pass/.test(text) ? brush.green(text) : /^(fail|integrity)/.test(text) ? brush.red(text) : brush.yellow(text);
  const { gates } = document;
  return `${head(document, colour)}\n\n` + table(
    [{ title: "gate" }, { title: "verdict", paint: (text) => colour(text) }, { title: "asked for", min: 20 }],
    gates.map((gate) => [gate.id, verdictOf(gate), gate.limit]),
    { color: io.color, width: io.columns, note: (row) => noteOf(gates[row]!) },
  ) + tail(document).map((line) => `\n${line}`).join("") + "\n";
}

export function evalMarkdown(document: GateResultDocument): string {
  const rows = document.gates.map((gate) => [gate.id, verdictOf(gate), gate.limit, gate.said]);
  return `# ${head(document, (text) => text)}\n\n` +
    markdownTable([{ title: "gate" }, { title: "verdict" }, { title: "asked for" }, { title: "seen" }], rows) +
    tail(document).map((line) => `\n- ${line}`).join("") + "\n";
}

function head({ verdict, policy, waived, labels }: GateResultDocument, colour: (text: string) => string): string {
  return [
    `${colour(verdict)}: ${policy.name}${policy.version === "" ? "" : ` ${policy.version}`}`,
    ...(labels.length > 0 ? [`as ${labels.join(", ")}`] : []),
    ...waived.map(({ gate, until, reason }) => `${gate} waived until ${until} (${reason})`),
  ].join("; ");
}

/** Declared, and looked at by nobody: whatever the verdict is, it does not speak of these. */
function notJudged({ gates }: GateResultDocument): string[] {
  const open = gates.filter(({ reason }) => reason === "not-judged").map(({ id, kind }) => `${id} (${kind})`);
  return open.length === 0 ? [] : [`not judged by this version, and no part of the verdict: ${open.join(", ")}`];
}

function verdictOf({ verdict, reason, effect, enforce, integrity }: GateResult): string {
  const more = [reason, ...(effect === "none" ? [] : [effect]), ...(enforce === "block" ? [] : [enforce])].filter(
    Boolean,
  );
  return `${integrity ? "integrity" : verdict}${more.length === 0 ? "" : ` (${more.join(", ")})`}`;
}

function noteOf({ said, title, notes = [] }: GateResult): string {
  return [...(title === null ? [] : [`${title}: ${said}`]), ...(title === null ? [said] : []), ...notes].join("; ");
}

function tail(document: GateResultDocument): string[] {
  return [
    ...(document.score === null ? [] : [document.score.said]),
    ...notJudged(document),
    ...document.warnings.map((warning) => `let through: ${warning}`),
    ...document.ignored_waivers.map(({ gate, why }) => `waiver of ${gate} ignored: ${why}`),
    ...document.ignored_statements.map(({ file, why }) => `${file} ignored: ${why}`),
    `digest ${document.digest.slice(0, 16)}, policy ${document.policy.sha256.slice(0, 16)}`,
  ];
}
