/** `sloctl top`: objectives, worst requests, signals and agents of a collector, live. */
import type {
  AgentsAnswer,
  HealthAnswer,
  IncidentsAnswer,
  RequestsAnswer,
  SignalsAnswer,
  SloAnswer,
} from "../../model/answers.ts";
import { sleep } from "../../host/sleep.ts";
import { EXIT, SloctlError } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import { toJson } from "../../model/json.ts";
import { printable, truncateMiddle } from "../../report/text.ts";
import type { SloStatus } from "../../slo/status.ts";
import { openTarget, type Target, type TargetOptions } from "./target.ts";
import { topFrame } from "./top_frame.ts";

export interface TopOptions extends TargetOptions {
  /** One look, and end. */
  readonly once: boolean;
  readonly json: boolean;
  readonly everyMs: number;
}

export interface TopView {
  readonly schema: "top/v1";
  readonly collector: string;
  readonly health: HealthAnswer;
  readonly incidents: IncidentsAnswer["incidents"];
  readonly slos: readonly SloStatus[];
  readonly slo_file: string | null;
  readonly requests: Pick<RequestsAnswer, "total" | "requests">;
  readonly signals: SignalsAnswer["signals"];
  readonly agents: AgentsAnswer["agents"];
}

/** What is shown is of the last so many minutes. */
export const MINUTES = 5;
const WORST = 50;

/** A screen of its own, no cursor; and what a narrow terminal has no room for is cut and not wrapped. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** Until SIGINT or SIGTERM on a terminal; elsewhere, and with `once`, one look. Resolves to the exit code. @throws as Target */
export async function top(options: TopOptions, io: Io): Promise<number> {
  const target = openTarget(options);
  if (options.json || options.once || !io.terminal) {
    const view = await look(target);
    io.out(options.json ? `${toJson(view)}\n` : topFrame(view, { width: io.columns, color: io.color }));
    return EXIT.ok;
  }
  const { stop } = io;
  io.out(ENTER);
  try {
    while (!stop.aborted) {
      io.out(screen(await frame(target, io), io));
      await sleep(options.everyMs, stop);
    }
  } finally {
    io.out(LEAVE);
  }
  return EXIT.ok;
}

/** A collector that is away is waited for: it may be restarting. */
async function frame(target: Target, io: Io): Promise<string> {
  try {
    return topFrame(await look(target), { width: io.columns, color: io.color, height: io.lines });
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    return `${truncateMiddle(printable(error.message), io.columns)}\nStill trying; Ctrl-C ends it.\n`;
  }
}

/** Written over the last one without a flicker. What a low terminal has no room for is left out, lest the head scroll away. */
function screen(text: string, { columns, lines: height }: Pick<Io, "columns" | "lines">): string {
  const lines = text.trimEnd().split("\n").slice(0, height).map((line) => `${line}${columns > 0 ? CLEAR_LINE : ""}`);
  return HOME + lines.join("\r\n") + CLEAR_BELOW;
}

async function look(target: Target): Promise<TopView> {
  const [health, incidents, slo, requests, signals, agents] = await Promise.all([
    target.ask<HealthAnswer>("/v1/health", "health-answer/v1"),
    target.ask<IncidentsAnswer>("/v1/incidents?limit=3&since=1h", "incidents-answer/v1"),
    target.ask<SloAnswer<SloStatus>>("/v1/slo", "slo-answer/v1"),
    target.ask<RequestsAnswer>(`/v1/requests?limit=${WORST}&since=${MINUTES}m`, "requests-answer/v1"),
    target.ask<SignalsAnswer>(`/v1/signals?since=${MINUTES}m`, "signals-answer/v1"),
    target.ask<AgentsAnswer>("/v1/agents", "agents-answer/v1"),
  ]);
  return {
    schema: "top/v1",
    collector: target.name,
    health,
    incidents: incidents.incidents,
    slos: slo.slos,
    slo_file: slo.file,
    requests: { total: requests.total, requests: requests.requests },
    signals: signals.signals,
    agents: agents.agents,
  };
}
