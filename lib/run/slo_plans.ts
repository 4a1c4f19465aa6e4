/** What an SLO file asks for, before any event: budgets, thresholds, event floors. */
import type { Io } from "../model/io.ts";
import { table } from "../report/table.ts";
import { errorBudget } from "../stats/error_budget.ts";
import { eventFloor, threshold } from "../slo/burn_alerts.ts";
import { durationText } from "../slo/duration.ts";
import { remarks } from "../slo/feasibility.ts";
import { decimalText } from "../slo/literal.ts";
import type { Slo, SloFile } from "../slo/slo.ts";
import { compileSource } from "../slo/source.ts";
import { periodText } from "../slo/status.ts";

function plan(slo: Slo) {
  const { minutes } = errorBudget({
    bad: 0,
    total: 0,
    objective: slo.objective.text,
    period: durationText(slo.period.seconds),
  });
  return {
    slo: slo.name,
    objective: slo.objective.text,
    period: periodText(slo),
    budgeting: slo.budgeting,
    budget_minutes: minutes,
    alerts: slo.alerts.map((alert) => {
      const floor = eventFloor(alert, slo);
      return {
        level: alert.level,
        long: durationText(alert.longS),
        short: durationText(alert.shortS),
        factor: decimalText(alert.factor),
        threshold: decimalText(threshold(alert, slo.objective)),
        event_floor: floor === null ? null : Number(floor),
      };
    }),
    remarks: [...ruleProblem(slo), ...remarks(slo)],
  };
}

export function plansDocument(file: SloFile): unknown {
  return { schema: "slo-plan/v1", service: file.service, slos: file.slos.map(plan) };
}

export function plansText(file: SloFile, io: Pick<Io, "color" | "columns">): string {
  const right = "right" as const;
  const columns = [
    { title: "SLO", min: 12 },
    { title: "objective", align: right },
    { title: "budget", align: right },
    { title: "alert" },
    { title: "factor", align: right },
    { title: "error ratio above", align: right },
    { title: "least events", align: right },
  ];
  const plans = file.slos.map(plan);
  const rows = plans.flatMap(({ slo, objective, budget_minutes, alerts }) =>
    alerts.map(({ level, long, short, factor, threshold, event_floor }, i) => [
      ...(i > 0 ? ["", "", ""] : [slo, objective, `${Number(budget_minutes.toPrecision(6))} min`]),
      `${level} ${long}/${short}`,
      factor,
      threshold,
      event_floor === null ? "slices" : String(event_floor),
    ])
  );
  const notes = plans.flatMap(({ slo, remarks }) => remarks.map((remark) => `${slo}: ${remark}\n`));
  return table(columns, rows, { color: io.color, width: io.columns }) +
    (notes.length === 0 ? "" : `\n${notes.join("")}`);
}

/** Whether `slo rules` would take it as it is. */
function ruleProblem(slo: Slo): string[] {
  if (slo.sli.kind === "composite") return [];
  const found = compileSource(slo, { nameStyle: "suffixed", snap: null });
  return "state" in found
    ? [`slo rules refuses it: ${found.field.join(".")} ${found.state}. ${found.hint}`]
    : found.notes;
}
