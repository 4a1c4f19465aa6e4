/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* One request-response turn of a connection: how bytes that pass move its stamps, and when it is told. */
#ifndef TURN_BPF_H
#define TURN_BPF_H

#include "packet.bpf.h"
#include "conn.bpf.h"
#include "traceparent.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conn);
} conn_scratch SEC(".maps");

static __always_inline void tell_exchange(struct llm_slo_exchange *conn, __u64 now, int end)
{
	__u32 zero = 0;
	struct llm_slo_exchange *record = bpf_map_lookup_elem(&conn_scratch, &zero); /* its first member */

	if (!record || !(conn->header.flags & X_OWNED))
		return;
	__builtin_memcpy(record, conn, sizeof(*record));
	record->header.kind = LLM_SLO_EXCHANGE;
	record->header.flags = (conn->header.flags & 0xff) | (end ? LLM_SLO_X_END : 0);
	record->header.ts_ns = now;
	emit(record, sizeof(*record), LLM_SLO_EXCHANGE);
}

static __always_inline struct llm_slo_exchange *find_conn(__u64 cookie)
{
	struct conn *conn = cookie ? bpf_map_lookup_elem(&conns, &cookie) : 0;

	return conn ? &conn->record : 0;
}

static __always_inline void own(struct llm_slo_exchange *conn, struct task_struct *task)
{
	fill_owner(&conn->header, task);
	conn->header.flags |= X_OWNED;
}

static __always_inline struct conn *new_conn(__u64 cookie, const struct llm_slo_tuple *tuple, __u16 flags)
{
	__u32 zero = 0;
	struct conn *conn = bpf_map_lookup_elem(&conn_scratch, &zero);

	if (!conn)
		return 0;
	__builtin_memset(conn, 0, sizeof(*conn));
	conn->record.tuple = *tuple;
	conn->record.cookie = cookie;
	conn->record.header.flags = flags;
	bpf_map_update_elem(&conns, &cookie, conn, BPF_ANY);
	return bpf_map_lookup_elem(&conns, &cookie);
}

/* 1 when all of the payload was there before: it is sent again. Otherwise moves the end. */
static __always_inline int repeated(__u32 *end, struct packet *p)
{
	__u32 payload_end = p->sequence + p->length;

	if (*end && (__s32)(payload_end - *end) <= 0)
		return 1;
	*end = payload_end ? payload_end : 1;
	return 0;
}

/* 1 when tls_handshake, which ran before us, says that this packet is no request and no answer. */
static __always_inline int of_handshake(__u64 cookie, int egress)
{
	struct tls_conn *tls = bpf_map_lookup_elem(&tls_conns, &cookie);

	return tls && (egress ? tls->skip_out : tls->skip_in);
}

/* Ends the turn that ran until now and clears what belongs to it. */
static __always_inline void next_turn(struct llm_slo_exchange *conn, __u64 now)
{
	if (conn->header.flags & X_STARTED) {
		tell_exchange(conn, now, 1);
		conn->turn += 1;
	}
	conn->header.flags &= ~(X_STARTED | X_TOLD | LLM_SLO_X_TRACE);
	__builtin_memset(&conn->request_start, 0, 5 * sizeof(struct llm_slo_stamp));
	conn->bytes_out = 0;
	conn->bytes_in = 0;
	conn->max_gap_ns = 0;
	conn->chunks = 0;
}

static __always_inline void count_bytes(struct llm_slo_exchange *conn, struct packet *p, int egress)
{
	if (egress)
		conn->bytes_out += p->length;
	else
		conn->bytes_in += p->length;
}

/* What an HTTP/2 client sends first, in the clear (RFC 9113, 3.4); gRPC is HTTP/2. */
static __always_inline int is_http2_preface(struct __sk_buff *skb, struct packet *p)
{
	__u64 head[2] = {};

	if (p->length < sizeof(head) || bpf_skb_load_bytes(skb, p->payload, head, sizeof(head)))
		return 0;
	return head[0] == 0x5448202a20495250ULL /* "PRI * HT" */ && head[1] == 0x0a0d302e322f5054ULL /* "TP/2.0\r\n" */;
}

static __always_inline void request_bytes(struct __sk_buff *skb, struct packet *p, struct llm_slo_exchange *conn, __u64 now, int egress)
{
	int shared = conn->header.flags & LLM_SLO_X_SHARED;

	if ((conn->response_start.ns && !shared) || !(conn->header.flags & X_STARTED)) {
		next_turn(conn, now);
		conn->header.flags |= X_STARTED;
		stamp(&conn->request_start, conn->header.tid, now);
		if (is_http2_preface(skb, p))
			conn->header.flags |= LLM_SLO_X_SHARED;
	}
	count_bytes(conn, p, egress);
	stamp(&conn->request_end, conn->header.tid, now);
	if (!(conn->header.flags & (LLM_SLO_X_TRACE | LLM_SLO_X_SHARED)) && find_traceparent(skb, p->payload, p->length, conn->trace_id, conn->span_id))
		conn->header.flags |= LLM_SLO_X_TRACE;
}

static __always_inline void response_bytes(struct packet *p, struct llm_slo_exchange *conn, __u64 now, int egress)
{
	if (!(conn->header.flags & X_STARTED))
		return; /* a server that speaks first, or the middle of a turn older than the probe */
	count_bytes(conn, p, egress);
	conn->chunks += 1;
	if (!conn->response_start.ns) {
		stamp(&conn->response_start, conn->header.tid, now);
	} else if (now > conn->response_end.ns) {
		__u64 gap = now - conn->response_end.ns;

		if (conn->header.flags & LLM_SLO_X_SHARED)
			gap = 0; /* between requests, as far as anyone can tell */
		if (gap > conn->max_gap_ns)
			conn->max_gap_ns = gap;
		if (gap >= config.gap_threshold_ns && (conn->header.flags & (X_OWNED | X_CLIENT)) == (X_OWNED | X_CLIENT)) {
			struct llm_slo_gap record = {};

			record.header = conn->header;
			record.header.kind = LLM_SLO_GAP;
			record.header.flags = conn->header.flags & LLM_SLO_X_TRACE;
			record.header.ts_ns = now;
			record.tuple = conn->tuple;
			record.start_ns = conn->response_end.ns;
			record.cookie = conn->cookie;
			__builtin_memcpy(record.trace_id, conn->trace_id, sizeof(record.trace_id));
			emit(&record, sizeof(record), LLM_SLO_GAP);
		}
	}
	stamp(&conn->response_end, conn->header.tid, now);
}

static __always_inline void tell_first(struct llm_slo_exchange *conn, __u64 now)
{
	if (conn->header.flags & X_TOLD)
		return;
	conn->header.flags |= X_TOLD;
	tell_exchange(conn, now, 0);
}

#endif
