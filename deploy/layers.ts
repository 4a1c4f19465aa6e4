/** Who may import whom: cli -> lib/run -> stages -> foundations -> lib/model. Paths are relative to the root of the tree. Pure. */

const FOUNDATIONS = new Set(["stats", "config", "host", "net", "otlp", "report"]);

/** Folders of lib that are functions of their arguments: no clock, no random numbers, no effects. */
const PURE = new Set([
  "model",
  "stats",
  "decode",
  "correlate",
  "timeline",
  "slo",
  "attribute",
  "diagnose",
  "follow",
  "gate",
]);

/** Higher may import lower; equal only within one folder, or among foundations. */
const RANK = { model: 0, foundation: 1, stage: 2, run: 3, outside: 4, testing: 5 } as const;

interface Place {
  readonly rank: keyof typeof RANK;
  /** "lib/kernel", "cli", or "" for a file at the root. */
  readonly folder: string;
}

function placeOf(path: string): Place {
  const [top, sub] = path.split("/");
  if (top !== "lib" || sub === undefined) return { rank: "outside", folder: path.includes("/") ? top! : "" };
  const folder = `lib/${sub}`;
  if (sub === "model" || sub === "run" || sub === "testing") return { rank: sub, folder };
  return { rank: FOUNDATIONS.has(sub) ? "foundation" : "stage", folder };
}

/** Tests, what only tests use, and the comparisons with other instruments, may reach anywhere. */
function isForTests(path: string): boolean {
  return path.endsWith("_test.ts") || /^(lib\/testing|deploy\/accuracy|deploy\/kernels)\//.test(path);
}

/** Why `from` may not import `to`, or null when it may. */
export function importRefusal(from: string, to: string): string | null {
  if (isForTests(from)) return null;
  const source = placeOf(from);
  const target = placeOf(to);
  if (target.rank === "testing") return "lib/testing is for tests only";
  if (source.rank === "outside" || source.folder === target.folder) return null;
  if (RANK[target.rank] < RANK[source.rank]) return null;
  if (source.rank === "foundation" && target.rank === "foundation") return null;
  if (source.rank === "stage" && target.rank === "stage") {
    return `a stage never imports another stage: let lib/run bring ${source.folder} and ${target.folder} together`;
  }
  return `imports run cli -> lib/run -> stages -> foundations -> lib/model, and ${to} is to the left of ${source.folder}`;
}

/** True for a file whose code may have no effects and no hidden inputs. */
export function isPure(path: string): boolean {
  const [top, sub] = path.split("/");
  return top === "lib" && PURE.has(sub ?? "") && !isForTests(path);
}
