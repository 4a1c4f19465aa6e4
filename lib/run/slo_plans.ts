/** What an SLO file asks for, before any event: budgets, thresholds, event floors. */
import type { Io } from "../model/io.ts";
import { table } from "../report/table.ts";
import { errorBudget } from "../stats/error_budget.ts";
import { alertName, eventFloor, threshold } from "../slo/burn_alerts.ts";
import { durationText } from "../slo/duration.ts";
import { remarks } from "../slo/feasibility.ts";
import { decimalText } from "../slo/literal.ts";
import type { Slo, SloFile } from "../slo/slo.ts";
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
    remarks: remarks(slo),
  };
}

export function plansDocument(file: SloFile): unknown {
  return { schema: "slo-plan/v1", service: file.service, slos: file.slos.map(plan) };
}

export function plansText(file: SloFile, io: Pick<Io, "color" | "columns">): string {
  const columns = [
    { title: "SLO", min: 12 },
    { title: "objective", align: "right" as const },
    { title: "budget", align: "right" as const },
    { title: "alert" },
    { title: "factor", align: "right" as const },
    { title: "error ratio above", align: "right" as const },
    { title: "least events", align: "right" as const },
  ];
  const rows = file.slos.flatMap((slo) =>
    slo.alerts.map((alert, i) => {
      const { minutes } = errorBudget({
        bad: 0,
        total: 0,
        objective: slo.objective.text,
        period: durationText(slo.period.seconds),
      });
      const floor = eventFloor(alert, slo);
      return [
        ...(i > 0 ? ["", "", ""] : [slo.name, slo.objective.text, `${Number(minutes.toPrecision(6))} min`]),
        alertName(alert),
        decimalText(alert.factor),
        decimalText(threshold(alert, slo.objective)),
        floor === null ? "slices" : String(floor),
      ];
    })
  );
  const notes = file.slos.flatMap((slo) => remarks(slo).map((remark) => `${slo.name}: ${remark}\n`));
  return table(columns, rows, { color: io.color, width: io.columns }) +
    (notes.length === 0 ? "" : `\n${notes.join("")}`);
}
