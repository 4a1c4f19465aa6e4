/** `sloctl slo check`: what the objectives of a file, and a change of them, would have done to a recorded past. */
import { combine, type Verdict, VERDICT_EXIT } from "../gate/verdict.ts";
import { readInput } from "../host/read_input.ts";
import { EXIT, IoError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { plural } from "../report/format.ts";
import { requestsOf } from "../slo/from_events.ts";
import { fromRawSample } from "../slo/from_samples.ts";
import { requestFacts, requestSpans } from "../slo/from_spans.ts";
import { type Replay, replay } from "../slo/replay.ts";
import type { SloFile } from "../slo/slo.ts";
import { parseSloFile } from "../slo/slo_file.ts";
import type { RequestFacts } from "../slo/tracker.ts";
import type { Documents } from "../source/documents.ts";
import { readDocumentFiles, refuseTruncated } from "./documents_input.ts";
import { changed, checkNames, isChanged, parseChange } from "./slo_change.ts";
import { checkDocument, type Checked, checkText } from "./slo_check_report.ts";
import { plansDocument, plansText } from "./slo_plans.ts";

export interface SloCheckOptions {
  readonly slo: string | undefined;
  /** Empty: only the file itself is checked. */
  readonly inputs: readonly string[];
  readonly objectives: readonly string[];
  readonly limits: readonly string[];
  readonly json: boolean;
}

const MOST_BYTES = 1024 * 1024;
const VERDICT = { met: "pass", missed: "fail", inconclusive: "inconclusive", no_data: "not-evaluated" } as const;

/**
 * Resolves to 0 when every objective was kept (those asked for, where a change is asked), 1 when one was missed, 3 when the events
 * are too few to say, 4 when there is nothing to judge one by. Without an input: 0 for a file that is right.
 *
 * @throws UsageError, IoError
 */
export async function sloCheck(options: SloCheckOptions, io: Io): Promise<number> {
  if (options.slo === undefined) {
    throw new UsageError("Cannot begin: no SLO file is named", "Give --slo FILE, such as fixtures/slo/gateway.yaml");
  }
  if (options.slo === "-" && options.inputs.includes("-")) {
    throw new UsageError("Cannot read standard input twice", "Name a file for --slo or for --input");
  }
  const name = options.slo === "-" ? "standard input" : options.slo;
  const text = await readInput(options.slo, io.stdin, MOST_BYTES);
  const change = parseChange(options.objectives, options.limits);
  const file = parseSloFile(text, name);
  checkNames(change, file.slos.map(({ name }) => name));
  const proposal = parseSloFile(text, name, changed(change));
  const asked = proposal.slos.filter(({ name }) => isChanged(change, name)).map(({ name }) => name);
  if (options.inputs.length === 0) {
    io.out(options.json ? `${toJson(plansDocument(proposal), 2)}\n` : plansText(proposal, io));
    return EXIT.ok;
  }

  const documents = await readDocumentFiles(options.inputs, io);
  const requests = requestsIn(documents);
  const own = requests.filter(({ service }) => service === file.service);
  if (own.length === 0) throw nothingOf(file, requests);
  const checked: Checked = {
    file: name,
    service: file.service,
    requests: own,
    foreign: requests.length - own.length,
    refused: documents.refused,
    synthetic: documents.synthetic,
    now: replay(file, own),
    then: asked.length === 0 ? null : replay(proposal, own),
    asked,
  };
  const verdict = combine(verdicts(checked.then ?? checked.now, asked));
  io.out(options.json ? `${toJson(checkDocument(checked, verdict), 2)}\n` : checkText(checked, verdict, io));
  refuseTruncated(documents);
  return VERDICT_EXIT[verdict];
}

/** Of what was asked for; without a change, of everything that recorded events can tell of. */
function verdicts({ slos }: Replay, asked: readonly string[]): Verdict[] {
  const wanted = asked.length === 0
    ? slos.filter(({ slo: { sli } }) => sli.kind === "composite" || sli.predicate !== null)
    : slos.filter(({ slo }) => asked.includes(slo.name));
  return wanted.map(({ status }) => VERDICT[status.compliance.verdict]);
}

function requestsIn(documents: Documents): RequestFacts[] {
  const events = [
    ...documents.slo,
    ...documents.raw.flatMap((sample) => fromRawSample(sample, { ttftMs: Infinity })),
  ];
  const requests = [...requestsOf(events), ...requestSpans(documents.spans).map((request) => requestFacts(request))];
  return requests.sort((a, b) => a.endMs - b.endMs);
}

function nothingOf(file: SloFile, requests: readonly RequestFacts[]): IoError {
  const seen = [...new Set(requests.map(({ service }) => service))];
  if (seen.length === 0) {
    return new IoError("Cannot check: the input holds no request", "Give SLO events, raw samples or spans of requests");
  }
  return new IoError(
    `Cannot check "${file.service}": none of ${plural(requests.length, "request")} is of that service`,
    `Write service: ${
      seen.slice(0, 5).map((name) => JSON.stringify(name)).join(" or ")
    } in the SLO file, or give other events`,
  );
}
