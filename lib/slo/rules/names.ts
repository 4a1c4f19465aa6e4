/** What the recorded series are called: the names dashboards for burn rates already read, the window in the name. Pure. */
import { durationText } from "../duration.ts";
import { quoted } from "../promql.ts";
import { type Slo, type SloFile, sloId } from "../slo.ts";
import type { Labels } from "./rule.ts";

export const SLICE_GOOD = "slo:sli_slice:good_ratio";

export type Recorded = "error" | "bad" | "total";

const STEM: Readonly<Record<Recorded, string>> = {
  error: "slo:sli_error:ratio_rate",
  bad: "slo:sli_bad:count",
  total: "slo:sli_total:count",
};

export function recorded(kind: Recorded, seconds: number): string {
  return STEM[kind] + durationText(seconds);
}

/** The series of one SLO. */
export function seriesOf(slo: Slo, metric: string): string {
  return `${metric}{sloth_id=${quoted(sloId(slo))}}`;
}

export function labelsOf(file: Pick<SloFile, "labels">, slo: Slo, seconds?: number): Labels {
  return {
    ...file.labels,
    ...(slo.owner === "" ? {} : { owner: slo.owner }),
    sloth_id: sloId(slo),
    sloth_service: slo.service,
    sloth_slo: slo.name,
    ...(seconds === undefined ? {} : { sloth_window: durationText(seconds) }),
  };
}
