/** What an answer to an OTLP export request means for what was sent. */
import { type Answer, answerWords } from "../net/poster.ts";
import { decodeResponse, type Signal } from "../otlp/mod.ts";
import type { Verdict } from "./sender.ts";

/** Answers that mean: the same again, later. */
const RETRY: readonly number[] = [429, 502, 503, 504];

/** A partial success is a success: what was rejected would be rejected again. */
export function otlpVerdict(signal: Signal, answer: Answer): Verdict {
  if (answer.kind === "failure") {
    const state = answerWords(answer);
    return answer.failure === "too_large" ? { kind: "never", state } : { kind: "later", afterMs: null, state };
  }
  if (answer.status >= 200 && answer.status < 300) {
    const said = decodeResponse(signal, answer.body, answer.contentType);
    return { kind: "taken", rejected: said?.rejected ?? 0, message: oneLine(said?.errorMessage ?? "") };
  }
  if (RETRY.includes(answer.status)) {
    return { kind: "later", afterMs: answer.retryAfterMs, state: answerWords(answer) };
  }
  return { kind: "never", state: answerWords(answer) };
}

/** A receiver's words go to a terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 200);
}
