/**
 * Incidents to a webhook, each told once when it opens and once when it is over, in that order: what is known already is not sent again. 429, 5xx and no answer are tried again with longer and
 * longer waits, each letter by its own clock; every other refusal, and an hour of trying, make a dead letter. `offer` never waits.
 */
import { sleep } from "../host/sleep.ts";
import { UsageError } from "../model/errors.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import { type BackOff, backOffMs } from "../net/back_off.ts";
import { type Answer, answerWords, openPoster, type Poster } from "../net/poster.ts";
import { type Letter, Outbox } from "./outbox.ts";
import { isTold, type WebhookFormat, webhookMessage } from "./webhook_format.ts";

export interface WebhookDestination {
  readonly url: string;
  /** generic: signs the body, "" for none; PagerDuty: the routing key; Opsgenie: the API key. */
  readonly secret: string;
  readonly format: WebhookFormat;
  /** Patience with one try. */
  readonly timeoutMs: number;
  /** PEM file of authorities trusted beside the public ones. */
  readonly caFile?: string;
}

export interface WebhookOptions extends WebhookDestination {
  /** Where letters wait, and dead ones are kept; undefined: in memory. */
  readonly directory?: string;
  readonly backOff?: BackOff;
  /** From the first try on; then it is a dead letter. Default one hour. */
  readonly giveUpMs?: number;
  /** Is told of trouble, of its end, and of every dead letter; in words. */
  readonly onTrouble?: (words: string) => void;
}

/** Counts are of messages: an incident that opened and is over makes two. */
export interface WebhookState {
  /** Where to, without path and query. */
  readonly shown: string;
  readonly offered: number;
  readonly sent: number;
  /** Offered, and known already. */
  readonly repeated: number;
  readonly tries: number;
  readonly waiting: number;
  readonly dead: readonly Letter[];
  /** Dead letters that had to go to make room. */
  readonly forgotten: number;
  /** What the last failure was, in words; "" when all is well. */
  readonly trouble: string;
}

export interface WebhookSender extends AsyncDisposable {
  readonly state: WebhookState;
  offer(incident: IncidentAttribution): void;
  /** Resolves when no letter waits any more, after `ms`, or when `stop` fires. */
  drain(ms: number, stop?: AbortSignal): Promise<void>;
  /** Ends the try under way. What waits stays in the directory for the next start; in memory it is lost. */
  close(): Promise<void>;
}

const GIVE_UP_MS = 3_600_000;
const BACK_OFF: BackOff = { firstMs: 1_000, mostMs: 60_000 };

/** @throws UsageError for a URL that is none or a missing key, IoError when the directory cannot be used. */
export async function openWebhook(options: WebhookOptions): Promise<WebhookSender> {
  const { url, secret, format, timeoutMs, caFile, directory } = options;
  if (secret === "" && format !== "generic") {
    const what = format === "pagerduty" ? "the routing key of the service" : "the API key";
    throw new UsageError(
      `Cannot send incidents to "${format}": the secret is not set`,
      `Set webhook.secret_file or SLOCTL_WEBHOOK_SECRET to ${what}`,
    );
  }
  const poster = openPoster({
    url,
    headers: { "user-agent": "sloctl" },
    timeoutMs,
    ...(caFile === undefined ? {} : { caFile }),
  });
  return new Worker(options, poster, await Outbox.open(directory));
}

class Worker implements WebhookSender {
  #offered = 0;
  #sent = 0;
  #repeated = 0;
  #tries = 0;
  #trouble = "";
  /** performance.now() at which a letter is tried next; what is not in it is tried at once. */
  readonly #due = new Map<string, number>();
  readonly #stop = new AbortController();
  #news = new AbortController();
  #idle: () => void = () => {};
  #closed: Promise<void> | undefined;
  readonly #running: Promise<void>;

  constructor(
    private readonly options: WebhookOptions,
    private readonly poster: Poster,
    private readonly outbox: Outbox,
  ) {
    this.#running = this.#run();
  }

  get state(): WebhookState {
    return {
      shown: this.poster.shown,
      offered: this.#offered,
      sent: this.#sent,
      repeated: this.#repeated,
      tries: this.#tries,
      waiting: this.outbox.waiting.length,
      dead: this.outbox.dead,
      forgotten: this.outbox.forgotten,
      trouble: this.#trouble || this.outbox.failure,
    };
  }

  offer(incident: IncidentAttribution): void {
    if (!isTold(incident, this.options.format)) return;
    this.#offered++;
    if (!this.outbox.add(incident)) this.#repeated++;
    this.#news.abort();
  }

  async drain(ms: number, stop: AbortSignal = this.#stop.signal): Promise<void> {
    if (this.outbox.waiting.length === 0) return;
    const done = new AbortController();
    this.#idle = () => done.abort();
    await sleep(ms, AbortSignal.any([done.signal, stop]));
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    this.#news.abort();
    await this.#running;
    await this.outbox.close();
    this.poster[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#news = new AbortController();
      const now = performance.now();
      const due = (letter: Letter) => this.outbox.isEarly(letter) ? Number.MAX_VALUE : this.#due.get(letter.key) ?? 0;
      const [next] = this.outbox.waiting.toSorted((a, b) => due(a) - due(b));
      if (next === undefined) this.#idle();
      if (next === undefined || due(next) > now) {
        const wait = next === undefined ? 2 ** 31 - 1 : due(next) - now;
        await sleep(wait, AbortSignal.any([signal, this.#news.signal]));
        continue;
      }
      await this.#try(next, signal);
    }
  }

  async #try(letter: Letter, signal: AbortSignal): Promise<void> {
    const { format, secret, giveUpMs = GIVE_UP_MS, backOff = BACK_OFF } = this.options;
    const { body, headers, below } = webhookMessage(letter.incident, format, secret);
    this.#tries++;
    const answer = await this.poster.post(body, { headers, signal, ...(below === undefined ? {} : { below }) });
    if (answer.kind === "failure" && answer.failure === "stopped") return;
    if (answer.kind === "answer" && answer.status >= 200 && answer.status < 300) {
      this.#due.delete(letter.key);
      this.outbox.taken(letter);
      this.#sent++;
      if (this.#trouble !== "") this.options.onTrouble?.(`${this.poster.shown} takes incidents again`);
      this.#trouble = "";
      return;
    }
    const tried = { ...letter, tries: letter.tries + 1, state: answerWords(answer) };
    const givenUp = Date.now() - Date.parse(letter.since) >= giveUpMs;
    if (isFinal(answer) || givenUp) {
      this.#due.delete(letter.key);
      this.outbox.bury(tried);
      this.#tell(
        tried.state,
        `${letter.key} is a dead letter after ${tried.tries} ${tried.tries === 1 ? "try" : "tries"}`,
      );
      return;
    }
    const asked = answer.kind === "answer" ? answer.retryAfterMs : null;
    this.#due.set(letter.key, performance.now() + (asked ?? backOffMs(tried.tries, Math.random(), backOff)));
    this.outbox.tried(tried);
    if (this.#trouble === "") this.#tell(tried.state, "it waits, and is tried again");
    this.#trouble = tried.state;
  }

  #tell(state: string, rest: string): void {
    this.#trouble = state;
    this.options.onTrouble?.(`Cannot send incidents to "${this.poster.shown}": ${state}; ${rest}`);
  }
}

/** The same again would come to the same. */
function isFinal(answer: Answer): boolean {
  if (answer.kind === "failure") return answer.failure === "too_large";
  return answer.status !== 429 && answer.status < 500;
}
