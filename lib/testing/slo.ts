/** For tests of objectives: files of one SLO, and requests that were good or bad. */
import type { RequestFacts } from "../slo/tracker.ts";
import { parseSloFile } from "../slo/slo_file.ts";
import type { SloFile } from "../slo/slo.ts";

/** A file whose SLOs all read `status == ok`; members of each as YAML lines. */
export function sloFile(...slos: (readonly string[])[]): SloFile {
  const entries = slos.map((members, i) => {
    const of = (key: string, line: string) => members.some((member) => member.startsWith(`${key}:`)) ? [] : [line];
    const lines = [
      ...of("name", `name: s${i}`),
      ...of("sli", "sli: status == ok"),
      ...of("objective", "objective: '0.999'"),
    ];
    return [...lines, ...members].map((line, j) => `${j === 0 ? "  - " : "    "}${line}\n`).join("");
  });
  return parseSloFile(`service: gw\nslos:\n${entries.join("")}`, "test.yaml");
}

export function request(endMs: number, ok: boolean, more: Partial<RequestFacts> = {}): RequestFacts {
  return { service: "gw", endMs, ok, cancelled: false, values: new Map(), stagesMs: {}, ...more };
}
