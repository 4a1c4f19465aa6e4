// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * tcp_retransmits_total: segments sent again, owned by the process that owns the socket. The tracepoint fires once per skb, which may
 * hold several segments, in a timer's or an acknowledgement's context: whom the socket belongs to was remembered by stream.
 */
#include "conn.bpf.h"
#include "socket.bpf.h"

static __always_inline __u32 segments_of(struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = (struct tcp_skb_cb *)&skb->cb[0];
	__u32 segments = BPF_CORE_READ(cb, tcp_gso_segs);

	return segments ? segments : 1;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_tcp_retransmit_skb, struct sock *sk, struct sk_buff *skb)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	struct conn *conn = bpf_map_lookup_elem(&conns, &cookie);
	struct llm_slo_retransmit record = {};

	if (conn && conn->record.header.flags & X_OWNED)
		record.header = conn->record.header;
	else if (config.filter)
		return 0; /* not a target's, as far as anyone knows */
	record.header.kind = LLM_SLO_RETRANSMIT;
	record.header.flags = BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_SYN_SENT ? LLM_SLO_RTX_SYN : 0;
	record.header.ts_ns = bpf_ktime_get_ns();
	record.cookie = cookie;
	record.segments = segments_of(skb);
	record.segments_sent = conn ? conn->segments_sent : 0;
	fill_socket_tuple(&record.tuple, sk);
	emit(&record, sizeof(record), LLM_SLO_RETRANSMIT);
	return 0;
}

/* A SYN-ACK sent again: it belongs to a listener, and no socket of its own exists yet. */
SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_tcp_retransmit_synack, struct sock *sk, struct request_sock *req)
{
	struct llm_slo_retransmit record = {};

	if (config.filter)
		return 0;
	record.header.kind = LLM_SLO_RETRANSMIT;
	record.header.flags = LLM_SLO_RTX_SYNACK;
	record.header.ts_ns = bpf_ktime_get_ns();
	record.segments = 1;
	fill_socket_tuple(&record.tuple, (struct sock *)req);
	emit(&record, sizeof(record), LLM_SLO_RETRANSMIT);
	return 0;
}
