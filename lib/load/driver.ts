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
  readonly request: (arrival: Arrival) => RequestBytes;
  readonly timeouts: Timeouts;
  readonly pool: PoolSize;
  /** Null: no bound. */
  readonly maxInFlight: number | null;
  /** Keeps the text of answers, for a tokenizer. */
  readonly keepText: boolean;
  readonly control: Control;
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
/** Requests made ready before they are due, and bytes of them. */
const READY = 64;
const READY_BYTES = 8 << 20;

type Phase = "idle" | "connecting" | "running" | "over";

export class Driver {
  readonly #options: DriverOptions;
  readonly #pool: Pool;
  readonly #idle = new LagWatch();
  readonly #lag = new LagWatch();
  readonly #users: Users | null;
  #phase: Phase = "idle";
  #phaseNs: number | null = null;
  #startNs = 0;
  #endNs = 0;
  /** Of an open plan: the arrival that is due next, and requests made ready from there on. */
  #next = 0;
  #ready: RequestBytes[] = [];
  #readyBytes = 0;
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
    this.#prepare();
    if (this.#pool.opening > 0) return nowNs + LagWatch.EVERY_NS;
    this.#phase = "running";
    this.#startNs = nowNs + HEAD_START_NS;
    this.#lag.start(nowNs);
    this.#users?.start(this.#startNs);
    this.#options.control.set("running", this.#startNs);
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
    return nextNs - nowNs > 1e6 && this.#prepare() ? nowNs : nextNs;
  }

  /** @returns when the next arrival is due; Infinity: there is none */
  #sendDue(nowNs: number): number {
    const { arrivals } = this.#options.plan;
    for (; this.#next < arrivals.length; nowNs = this.#options.now()) {
      const arrival = arrivals[this.#next]!;
      const dueNs = this.#startNs + arrival.g_ns!;
      if (dueNs > nowNs) return dueNs;
      this.#next++;
      this.#admit(arrival, dueNs, nowNs);
    }
    return Infinity;
  }

  #sendUsers(nowNs: number): number {
    const users = this.#users!;
    for (let arrival = users.take(nowNs); arrival !== null; arrival = users.take(nowNs)) {
      this.#admit(arrival, null, nowNs);
    }
    return users.nextNs();
  }

  #admit(arrival: Arrival, gNs: number | null, nowNs: number): void {
    const { maxInFlight, api, keepText, control } = this.#options;
    const request = this.#takeReady(arrival);
    control.add("due");
    if (maxInFlight !== null && this.#inFlight >= maxInFlight) {
      const failure = { type: "max_in_flight", detail: `${this.#inFlight} requests were in flight` };
      this.#tell(unsent(arrival, request, { gNs, pNs: nowNs }, "dropped", failure));
      return;
    }
    this.#inFlight++;
    this.#mostInFlight = Math.max(this.#mostInFlight, this.#inFlight);
    this.#pool.submit(new Exchange(arrival, request, gNs, nowNs, api, keepText));
    this.#mostWaiting = Math.max(this.#mostWaiting, this.#pool.waiting);
  }

  #takeReady(arrival: Arrival): RequestBytes {
    const request = this.#ready.shift();
    if (request === undefined) return this.#options.request(arrival);
    this.#readyBytes -= request.bytes.length;
    return request;
  }

  /** Makes one request ready; false when enough of them are. */
  #prepare(): boolean {
    const { arrivals, loop } = this.#options.plan;
    const arrival = arrivals[this.#next + this.#ready.length];
    if (loop === "closed" || arrival === undefined || this.#ready.length >= READY) return false;
    if (this.#ready.length > 0 && this.#readyBytes >= READY_BYTES) return false;
    const request = this.#options.request(arrival);
    this.#ready.push(request);
    this.#readyBytes += request.bytes.length;
    return true;
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
    if (this.#users === null) {
      const { arrivals } = this.#options.plan;
      for (; this.#next < arrivals.length; this.#next++) {
        const arrival = arrivals[this.#next]!;
        const { traceId, spanId } = this.#takeReady(arrival);
        const gNs = this.#startNs + arrival.g_ns!;
        this.#tell(unsent(arrival, { traceId, spanId }, { gNs, pNs: null }, "cancelled", failure));
      }
    }
    this.#phase = "running";
  }
}
