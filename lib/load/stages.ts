/** `30s:5,1m:5-20,30s:20`: stages as people write them. Pure. */
import type { Stage } from "./rate.ts";

const UNIT_S: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** `DURATION:RPS` or `DURATION:RPS-RPS`, comma-separated; null where the text is not that. */
export function parseStages(text: string, curve: Stage["curve"]): Stage[] | null {
  const stages = text.split(",").map((part): Stage | null => {
    const [, length, unit, from, to = from] =
      /^\s*(\d+(?:\.\d+)?)(ms|s|m|h):(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?\s*$/.exec(part) ?? [];
    if (length === undefined) return null;
    const stage = { seconds: Number(length) * UNIT_S[unit!]!, from: Number(from), to: Number(to), curve };
    const rates = curve === "exponential" && stage.from !== stage.to ? Math.min(stage.from, stage.to) : 1;
    return stage.seconds > 0 && rates > 0 ? stage : null;
  });
  return stages.every((stage) => stage !== null) ? stages : null;
}
