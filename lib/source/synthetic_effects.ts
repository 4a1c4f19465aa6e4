/** How an invented request looks usually, and what each mechanism does to it. Rough on purpose: shapes, not measurements. */
import type { Mechanism } from "../model/scenario.ts";
import type { Random } from "../stats/random.ts";

export interface State {
  ttftMs: number;
  /** First token to last. */
  decodeMs: number;
  tokensPerSecond: number;
  failed: boolean;
  /** Kernel signals of the request, by name, in their units. */
  readonly signals: Record<string, number>;
}

/** Medians. */
export const USUAL = {
  ttftMs: 380,
  decodeMs: 900,
  tokensPerSecond: 42,
  signals: {
    dns_latency_ms: 3,
    tcp_retransmits_total: 0,
    runqueue_delay_ms: 0.8,
    connect_latency_ms: 4,
    tls_handshake_ms: 12,
    cpu_steal_pct: 0.2,
    cfs_throttled_ms: 0,
    mem_reclaim_latency_ms: 0.1,
    disk_io_latency_ms: 1,
    syscall_latency_ms: 2,
    connect_errors_total: 0,
    tls_handshake_fail_total: 0,
    stream_ttft_ms: 210,
    stream_gap_ms: 22,
    socket_wait_ms: 0.4,
    dns_errors_total: 0,
  },
} as const;

type Effect = (state: State, intensity: number, stream: Random) => void;

const add = (state: State, signal: string, value: number) => {
  state.signals[signal] = (state.signals[signal] ?? 0) + value;
};
/** 0.7 to 1.3. */
const about = (stream: Random, value: number) => value * (0.7 + 0.6 * stream.float());

/** A cold request looks up four names, one after the other. */
const LOOKUPS = 4;

export const EFFECTS: Readonly<Record<Mechanism, Effect>> = {
  none: () => {},
  dns_delay: (state, ms, stream) => {
    add(state, "dns_latency_ms", about(stream, ms));
    state.ttftMs += LOOKUPS * about(stream, ms);
  },
  packet_drop: (state, percent, stream) => {
    const share = percent / 100;
    add(state, "tcp_retransmits_total", Math.ceil(about(stream, 1 + 8 * share)));
    add(state, "connect_latency_ms", about(stream, 1000 * share));
    state.ttftMs += about(stream, 2000 * share);
    if (stream.float() < share * share) {
      add(state, "connect_errors_total", 1);
      state.failed = true;
    }
  },
  cpu_quota: (state, percent, stream) => {
    const lost = about(stream, 600 * (1 - percent / 100));
    add(state, "cfs_throttled_ms", lost);
    add(state, "runqueue_delay_ms", about(stream, 6));
    add(state, "socket_wait_ms", about(stream, 20));
    state.ttftMs += lost;
    state.tokensPerSecond *= 0.8;
  },
  memory_limit: (state, percent, stream) => {
    const lost = about(stream, 5 * (200 - Math.min(percent, 190)));
    add(state, "mem_reclaim_latency_ms", lost / 10);
    add(state, "disk_io_latency_ms", about(stream, 14));
    add(state, "runqueue_delay_ms", about(stream, 3));
    state.ttftMs += lost;
  },
  rate_limit: (state, percent, stream) => {
    const refused = stream.float() < percent / 100;
    add(state, "stream_ttft_ms", about(stream, refused ? 1200 : 450));
    add(state, "stream_gap_ms", about(stream, 40));
    state.ttftMs += about(stream, refused ? 1200 : 450);
    state.decodeMs *= 2;
    state.tokensPerSecond *= 0.5;
    state.failed ||= refused && stream.float() < 0.25;
  },
  slow_tokens: (state, percent, stream) => {
    const factor = 100 / Math.max(1, percent);
    add(state, "stream_ttft_ms", about(stream, 100 * factor));
    state.signals.stream_gap_ms = (state.signals.stream_gap_ms ?? 0) * factor;
    state.ttftMs += about(stream, 100 * factor);
    state.decodeMs *= factor;
    state.tokensPerSecond /= factor;
  },
  server_errors: (state, percent, stream) => {
    state.failed ||= stream.float() < percent / 100;
  },
  retrieval_delay: (state, ms, stream) => {
    state.ttftMs += about(stream, ms);
  },
};
