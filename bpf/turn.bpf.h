/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One request-response turn of a connection: how bytes that pass move its stamps, and when it is told. */
#ifndef TURN_BPF_H
#define TURN_BPF_H

#include "conn.bpf.h"
#ifndef LLM_SLO_PLAIN
#include "traceparent.bpf.h"
#else
#define HEAD_MOST 0
#endif
#include "http.bpf.h"
#include "budget.bpf.h"
#include "tally.bpf.h"

/* While it is open whether HTTP/2 was chosen, the first answer is held back: within this, and a round trip, its client must speak. */
#define HOLD_NS 50000000ULL
/* Packets that crossed, on a connection that carries one thing at a time: none. A body sent too late for its answer: one. */
#define CROSSED_MOST 2

static __always_inline void tell_exchange(struct llm_slo_exchange *conn, __u64 now, int end)
{
	struct llm_slo_exchange *record;

	if (!(conn->header.flags & X_OWNED))
		return;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		count_drop(LLM_SLO_EXCHANGE);
		return;
	}
	__builtin_memcpy(record, conn, sizeof(*record));
	record->header.kind = LLM_SLO_EXCHANGE;
	record->header.flags = (conn->header.flags & 0xff) | (end ? LLM_SLO_X_END : 0);
	record->header.ts_ns = now;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* LLM_SLO_GAP or LLM_SLO_UNREAD, from `start_ns` until now. */
static __always_inline void tell_pause(struct llm_slo_exchange *conn, __u16 kind, __u64 start_ns, __u64 now)
{
	struct llm_slo_gap *record;

	if (!(conn->header.flags & X_OWNED))
		return;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		count_drop(kind);
		return;
	}
	record->header = conn->header;
	record->header.kind = kind;
	record->header.flags = conn->header.flags & (LLM_SLO_X_TRACE | LLM_SLO_X_SERVER);
	record->header.ts_ns = now;
	record->tuple = conn->tuple;
	record->start_ns = start_ns;
	record->cookie = conn->cookie;
	__builtin_memcpy(record->trace_id, conn->trace_id, sizeof(record->trace_id));
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* The turns that may be told in a second come in so many portions: all of them at once would fill the ring. */
#define TURN_PERIODS 10
/* What a connection may tell in one period out of a portion that busy ones cannot use up. */
#define TURNS_RESERVED 10

enum turn_portion { FOR_ALL = 0, RESERVED = 1, TURN_PORTIONS = 2 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TURN_PORTIONS);
	__type(key, __u32);
	__type(value, struct budget);
} turn_budget SEC(".maps");

/* Whether there is room for one more turn of this connection. */
static __always_inline int may_tell_turn(struct conn *conn, __u64 now)
{
	__u32 most = TUNED(turns_per_second) / TURN_PERIODS, portion = RESERVED;
	__u64 period = now / (1000000000 / TURN_PERIODS);

	if (conn->turns_period != (__u32)period) {
		conn->turns_period = period;
		conn->turns_told = 0;
	}
	if (conn->turns_told < TURNS_RESERVED && within_budget(bpf_map_lookup_elem(&turn_budget, &portion), period, most)) {
		conn->turns_told += 1;
		return 1;
	}
	portion = FOR_ALL;
	return within_budget(bpf_map_lookup_elem(&turn_budget, &portion), period, most);
}

/* One more turn that is not told by itself. */
static __always_inline void tally_turn(struct llm_slo_exchange *conn, __u64 now, __u64 ns)
{
	struct llm_slo_tally_key of = {};
	struct llm_slo_tally *tally;

	of.process_start_ns = conn->header.process_start_ns;
	of.pid = conn->header.pid;
	of.kind = LLM_SLO_EXCHANGE;
	of.what = conn->header.flags & LLM_SLO_X_SERVER ? LLM_SLO_BY_SERVER : 0;
	tally = bpf_map_lookup_elem(&tallies, &of);
	if (!tally)
		tally = new_tally(&conn->header, &of);
	if (tally)
		count_in_tally(tally, now, ns, 0);
}

/* The first byte of an answer. A turn that finds no place among those told in this second, and was quick, is told in a tally only. */
static __always_inline void tell_first(struct conn *conn, __u64 now)
{
	struct llm_slo_exchange *record = &conn->record;
	__u64 ns = record->response_start.ns - record->request_end.ns;
	int late = record->response_start.ns > record->request_end.ns;

	if (record->header.flags & X_TOLD || !record->response_start.ns)
		return;
	record->header.flags |= X_TOLD;
	if (record->header.flags & LLM_SLO_X_SHARED || !(record->header.flags & X_OWNED) || may_tell_turn(conn, now) ||
	    (late && ns >= TUNED(turn_threshold_ns))) {
		tell_exchange(record, now, 0);
		return;
	}
	record->header.flags |= X_TALLIED;
	tally_turn(record, now, late ? ns : 0);
}

/* As tell_first, unless the connection may yet turn out to be a shared one. */
static __always_inline void tell_first_if_sure(struct conn *conn, const struct tls_conn *tls, __u64 now)
{
	if (tls && tls->shared == MAYBE_SHARED && now - conn->record.response_start.ns < HOLD_NS + tls->round_trip_ns)
		return;
	tell_first(conn, now);
}

/* What came then was a ticket after all, if tls_handshake says so. */
static __always_inline void drop_candidate(struct conn *conn, const struct tls_conn *tls)
{
	if (tls && !tls->candidate_ns)
		conn->candidate_ns = 0;
}

/* What came then was the answer after all. */
static __always_inline void settle_candidate(struct conn *conn)
{
	struct llm_slo_exchange *record = &conn->record;

	if (conn->candidate_ns && !record->response_start.ns && record->header.flags & X_STARTED) {
		stamp(&record->response_start, record->header.tid, conn->candidate_ns);
		record->response_end = record->response_start;
		record->chunks += 1;
	}
	conn->candidate_ns = 0;
}

/* Tells the turn that ran until now, and clears what belongs to it. */
static __always_inline void next_turn(struct conn *conn, __u64 now)
{
	struct llm_slo_exchange *record = &conn->record;

	if (record->header.flags & X_STARTED) {
		tell_first(conn, now);
		if (config.wants & LLM_SLO_WANT_ENDS && !(record->header.flags & X_TALLIED))
			tell_exchange(record, now, 1);
		record->turn += 1;
	}
	record->header.flags &= ~(X_STARTED | X_TOLD | X_TALLIED | LLM_SLO_X_TRACE);
	__builtin_memset(&record->request_start, 0, 5 * sizeof(struct llm_slo_stamp));
	record->bytes_out = 0;
	record->bytes_in = 0;
	record->max_gap_ns = 0;
	record->chunks = 0;
	conn->candidate_ns = 0;
}

/* From here on the connection is one exchange. What had begun on it is told again, as shared. */
static __always_inline void share(struct conn *conn)
{
	conn->record.header.flags |= LLM_SLO_X_SHARED;
	conn->record.header.flags &= ~(X_TOLD | X_TALLIED | LLM_SLO_X_TRACE);
	conn->record.max_gap_ns = 0;
	conn->candidate_ns = 0;
}

/*
 * A packet that its sender sent before it had the other's: on a connection that carries one request at a time only an answer that
 * comes before the request is whole does that.
 */
static __always_inline void note_crossing(struct conn *conn)
{
	conn->crossed += 1;
	if (conn->crossed >= CROSSED_MOST && !(conn->record.header.flags & LLM_SLO_X_SHARED))
		share(conn);
}

static __always_inline void count_bytes(struct llm_slo_exchange *record, struct packet *p, int egress)
{
	if (egress)
		record->bytes_out += p->length;
	else
		record->bytes_in += p->length;
}

/* `slot`: which scratch memory may be used. */
static __always_inline void request_bytes(struct __sk_buff *skb, struct packet *p, struct conn *conn, __u64 now, int egress, __u32 slot)
{
	struct llm_slo_exchange *record = &conn->record;
	int shared = record->header.flags & LLM_SLO_X_SHARED;

	/* A server's client asks while the answer is still on its way to it. */
	if (!egress && !shared && record->response_start.ns && (__s32)(p->acknowledged - conn->sent_end) < 0)
		note_crossing(conn);
	if ((record->response_start.ns && !shared) || !(record->header.flags & X_STARTED)) {
		struct http_start start = {};

		next_turn(conn, now);
		record->header.flags |= X_STARTED;
		stamp(&record->request_start, record->header.tid, now);
		conn->request_sequence = p->sequence;
		read_http_start(skb, p, &start);
		if (is_http2_preface(&start) || (record->header.flags & LLM_SLO_X_PREEXISTING && is_http2_frame(&start, p->length)))
			share(conn);
		conn->head_left = is_method(&start) ? HEAD_MOST : 0;
	}
	count_bytes(record, p, egress);
	if (record->request_start.ns == now)
		record->request_end = record->request_start;
	else
		stamp(&record->request_end, record->header.tid, now);
#ifndef LLM_SLO_PLAIN /* scan_block() is checked apart from its callers, for which the kernel must have BTF */
	if (conn->head_left && !(record->header.flags & LLM_SLO_X_SHARED) &&
	    find_traceparent(skb, p->payload, p->length, &conn->head_left, slot, record->trace_id, record->span_id))
		record->header.flags |= LLM_SLO_X_TRACE;
#endif
}

static __always_inline void response_bytes(struct __sk_buff *skb, struct packet *p, struct conn *conn, __u64 now, int egress)
{
	struct llm_slo_exchange *record = &conn->record;
	int shared = record->header.flags & LLM_SLO_X_SHARED;

	if (!(record->header.flags & X_STARTED))
		return; /* a server that speaks first, or the middle of a turn older than the probe */
	count_bytes(record, p, egress);
	conn->candidate_ns = 0;
	/* Sent before the server had any of this request: of an earlier one. */
	if (!egress && !shared && record->turn > 0 && (__s32)(p->acknowledged - conn->request_sequence) <= 0) {
		note_crossing(conn);
		return;
	}
	if (!record->response_start.ns) {
		struct http_start start = {};

		read_http_start(skb, p, &start);
		if (is_informational(&start, p->length))
			return; /* 100 Continue: the answer is still to come */
		stamp(&record->response_start, record->header.tid, now);
		if (is_switching(&start))
			share(conn); /* no HTTP any more: a WebSocket, or HTTP/2 */
	} else if (now > record->response_end.ns && !shared) {
		__u64 gap = now - record->response_end.ns;

		if (gap > record->max_gap_ns)
			record->max_gap_ns = gap;
		if (gap >= TUNED(gap_threshold_ns))
			tell_pause(record, LLM_SLO_GAP, record->response_end.ns, now);
	}
	record->chunks += 1;
	if (record->response_start.ns == now)
		record->response_end = record->response_start;
	else
		stamp(&record->response_end, record->header.tid, now);
}

#endif
