/**
 * A plan carried out. Every arrival is sent when it is due, whether or not earlier ones were answered; a late one keeps the moment it
 * was due; every one ends as one record. The driver never waits: the transport calls `turn`, which says when it wants to be called
 * next. Three limits are three things: connections (an arrival waits in order), requests in flight (an arrival is dropped), and the
 * users of a closed loop.
 */
import type { Arrival, Plan, Timeouts } from "./arrival.ts";
import type { ConnectionRecord } from "./connection.ts";
import type { Control } from "./control.ts";
import { Exchange, type RequestBytes, unsent } from "./exchange.ts";
import { LagWatch } from "./lag.ts";
import { Pool, type PoolSize } from "./pool.ts";
import { Ready, type RequestMaker } from "./ready.ts";
import type { LoopRecord } from "./record_log.ts";
import type { Api } from "./reply.ts";
import type { Transport } from "./transport.ts";
import { Users } from "./users.ts";

export interface DriverOptions {
  readonly plan: Plan;
  readonly api: Api;
  readonly transport: Transport;
  /** ns; the clock of every stamp. */
  readonly now: () => number;
  readonly requests: RequestMaker;
  readonly timeouts: Timeouts;
  readonly pool: PoolSize;
  /** Null: no bound. */
  readonly maxInFlight: number | null;
  /** Keeps the text of answers, for a tokenizer. */
  readonly keepText: boolean;
  /** The requests are HEADs: no answer has a body. */
  readonly bodiless: boolean;
  readonly control: Control;
  /** Connections are open: from here on what the thread does belongs to the run. */
  readonly onStart?: () => void;
  readonly onRecord: (record: LoopRecord) => void;
}

export interface Driven {
  readonly startNs: number;
  readonly endNs: number;
  /** Lateness of timers, ns: while nothing was sent yet, and during the run. */
  readonly idleLagNs: readonly number[];
  readonly loopLagNs: readonly number[];
  readonly connections: readonly ConnectionRecord[];
  readonly mostConnections: number;
  readonly mostInFlight: number;
  readonly mostWaiting: number;
  readonly stopped: boolean;
}

/** Timers of an idle loop are watched for so long before the run. */
const IDLE_NS = 300e6;
/** Time for the first arrival to lie in the future. */
const HEAD_START_NS = 20e6;
/** Requests sent before the transport looks again whether something arrived: after a stall thousands may be due at once. */
const BURST = 32;

type Phase = "idle" | "connecting" | "running" | "over";

export class Driver {
  readonly #options: DriverOptions;
  readonly #pool: Pool;
  readonly #idle = new LagWatch();
  readonly #lag = new LagWatch();
  /** Of an open plan, and of a closed one. */
  readonly #ready: Ready;
  readonly #users: Users | null;
  #phase: Phase = "idle";
  #phaseNs: number | null = null;
  #startNs = 0;
  #endNs = 0;
  #inFlight = 0;
  #stopped = false;
  #mostInFlight = 0;
  #mostWaiting = 0;

  constructor(options: DriverOptions) {
    this.#options = options;
    this.#pool = new Pool(options.transport, options.pool, {
      now: options.now,
      sending: () => options.control.add("sent"),
      finished: (exchange, atNs) => this.#finished(exchange, atNs),
    });
    this.#users = options.plan.loop === "closed" ? new Users(options.plan) : null;
    this.#ready = new Ready(options.plan.loop === "closed" ? [] : options.plan.arrivals, options.requests);
  }

  /** Resolves when the last request is over. */
  async run(): Promise<Driven> {
    await this.#options.transport.run((nowNs) => this.turn(nowNs));
    return {
      startNs: this.#startNs,
      endNs: this.#endNs,
      idleLagNs: this.#idle.lags,
      loopLagNs: this.#lag.lags,
      connections: this.#pool.records(),
      mostConnections: this.#pool.most,
      mostInFlight: this.#mostInFlight,
      mostWaiting: this.#mostWaiting,
      stopped: this.#stopped,
    };
  }

  /** Does what is due. @returns when to call again, ns; null when all is over */
  turn(nowNs: number): number | null {
    if (this.#options.control.get("stop") !== 0 && !this.#stopped) this.#stop(nowNs);
    switch (this.#phase) {
      case "idle":
        return this.#idleTurn(nowNs);
      case "connecting":
        return this.#connectTurn(nowNs);
      case "running":
        return this.#runTurn(nowNs);
      case "over":
        return null;
    }
  }

  #idleTurn(nowNs: number): number {
    if (this.#phaseNs === null) {
      this.#phaseNs = nowNs;
      this.#idle.start(nowNs);
    }
    this.#idle.look(nowNs);
    if (nowNs - this.#phaseNs >= IDLE_NS) {
      this.#phase = "connecting";
      this.#phaseNs = nowNs;
      this.#pool.fill();
    }
    return this.#idle.dueNs;
  }

  /** Until every connection asked for is open or has failed. */
  #connectTurn(nowNs: number): number {
    this.#pool.sweep(nowNs, this.#options.timeouts.connectNs);
    this.#ready.prepare();
    if (this.#pool.opening > 0) return nowNs + LagWatch.EVERY_NS;
    this.#phase = "running";
    this.#startNs = nowNs + HEAD_START_NS;
    this.#lag.start(nowNs);
    this.#users?.start(this.#startNs);
    this.#options.control.set("running", this.#startNs);
    this.#options.onStart?.();
    return nowNs;
  }

  #runTurn(nowNs: number): number | null {
    if (this.#lag.look(nowNs)) this.#sweep(nowNs);
    const dueNs = this.#users === null ? this.#sendDue(nowNs) : this.#sendUsers(nowNs);
    if (dueNs === Infinity && this.#inFlight === 0) {
      this.#phase = "over";
      this.#endNs = nowNs;
      this.#pool.closeAll();
      return null;
    }
    const nextNs = Math.min(dueNs, this.#lag.dueNs);
    // With time to spare, one request more is made ready; then the transport looks whether something arrived meanwhile.
    return nextNs - nowNs > 1e6 && this.#ready.prepare() ? nowNs : nextNs;
  }

  /** @returns when the next arrival is due; Infinity: there is none */
  #sendDue(nowNs: number): number {
    for (let sent = 0;; sent++, nowNs = this.#options.now()) {
      const arrival = this.#ready.next;
      if (arrival === undefined) return Infinity;
      const dueNs = this.#startNs + arrival.g_ns!;
      if (dueNs > nowNs || sent === BURST) return dueNs;
      this.#admit(arrival, this.#ready.take(), dueNs, nowNs);
    }
  }

  #sendUsers(nowNs: number): number {
    const users = this.#users!;
    for (let arrival = users.take(nowNs); arrival !== null; arrival = users.take(nowNs)) {
      this.#admit(arrival, this.#options.requests.make(arrival), null, nowNs);
    }
    return users.nextNs();
  }

  #admit(arrival: Arrival, request: RequestBytes, gNs: number | null, nowNs: number): void {
    const { maxInFlight, api, keepText, bodiless, control } = this.#options;
    control.add("due");
    if (maxInFlight !== null && this.#inFlight >= maxInFlight) {
      const failure = { type: "max_in_flight", detail: `${this.#inFlight} requests were in flight` };
      this.#tell(unsent(arrival, request, { gNs, pNs: nowNs }, "dropped", failure));
      return;
    }
    this.#inFlight++;
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight);
    this.#pool.submit(new Exchange(arrival, request, gNs, nowNs, api, keepText, bodiless));
    this.#mostWaiting = Math.max(this.#mostWaiting, this.#pool.waiting);
  }

  #finished(exchange: Exchange, atNs: number): void {
    this.#inFlight--;
    const record = exchange.record(atNs);
    const first = record.t_ns[0] ?? record.h_ns;
    const origin = record.g_ns ?? record.s_ns;
    if (record.outcome === "ok" && first !== null && origin !== null) {
      this.#options.control.latency((first - origin) / 1e6);
    }
    this.#tell(record);
    this.#users?.release(atNs, record.status !== 0);
  }

  #tell(record: LoopRecord): void {
    this.#options.control.add(record.outcome);
    this.#options.onRecord(record);
  }

  /** Every 10 ms: time limits, connections to spare, and what the other side wants to know. */
  #sweep(nowNs: number): void {
    const { connectNs, firstByteNs, idleNs, totalNs } = this.#options.timeouts;
    this.#pool.sweep(nowNs, connectNs);
    for (const [connection, exchange] of [...this.#pool.busy()]) {
      const { reply, arrival } = exchange;
      const sinceSend = nowNs - exchange.sNs!;
      const late = (type: string, limitNs: number) =>
        connection.close({ type, detail: `after ${Math.round(limitNs / 1e6)} ms` });
      if (arrival.cancel_ns !== undefined && sinceSend >= arrival.cancel_ns) late("cancelled", arrival.cancel_ns);
      else if (sinceSend >= totalNs) late("total_timeout", totalNs);
      else if (reply.bytes === 0 && sinceSend >= firstByteNs) late("first_byte_timeout", firstByteNs);
      else if (reply.bytes > 0 && nowNs - exchange.activeNs >= idleNs) late("idle_timeout", idleNs);
    }
    for (const exchange of [...this.#pool.queue()]) {
      if (nowNs - exchange.pNs < totalNs) break; // in order of waiting
      this.#giveUp(exchange, "queue_timeout", `no connection was free for ${Math.round(totalNs / 1e6)} ms`, nowNs);
    }
    this.#pool.fill();
    this.#options.control.set("in_flight", this.#inFlight);
    this.#options.control.set("waiting", this.#pool.waiting);
    this.#options.control.set("connections", this.#pool.size);
  }

  #giveUp(exchange: Exchange, type: string, detail: string, nowNs: number): void {
    this.#pool.giveUp(exchange);
    exchange.reply.fail(type, detail);
    this.#finished(exchange, nowNs);
  }

  /** From outside: what is under way is hung up, what is not yet due never leaves. */
  #stop(nowNs: number): void {
    this.#stopped = true;
    const failure = { type: "stopped", detail: "the run was stopped" };
    if (this.#phase !== "running") this.#startNs = nowNs;
    this.#users?.stop();
    for (const exchange of [...this.#pool.queue()]) this.#giveUp(exchange, failure.type, failure.detail, nowNs);
    for (const [connection] of [...this.#pool.busy()]) connection.close(failure);
    for (let arrival = this.#ready.next; arrival !== undefined; arrival = this.#ready.next) {
      const gNs = this.#startNs + arrival.g_ns!;
      this.#tell(unsent(arrival, this.#ready.skip(), { gNs, pNs: null }, "cancelled", failure));
    }
    this.#phase = "running";
  }
}
