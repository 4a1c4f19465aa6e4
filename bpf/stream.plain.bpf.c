// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stream_ttft_ms and stream_gap_ms without BTF: turns of connections that were opened while the probe was attached. They belong to
 * whoever opened them or, on the server's side, to whoever made the listener: who reads and sends is not to be known.
 */
#define LLM_SLO_PLAIN
#include "order.bpf.h"
#include "plain.bpf.h"
#include "turn.bpf.h"

/* What is known of a connection before its socket exists, from the last packet of its handshake. */
struct accepting {
	struct llm_slo_event owner;
	__u64 request_ns; /* that packet brought the first bytes of a request; 0: it did not */
	__u32 request_bytes;
	__u32 received_end;
};

/* By tuple_key() of the server's end. Taken out by the first packet of its own; what never has one makes room for others. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct accepting);
} accepting SEC(".maps");

/* Never written: what a new entry begins as. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conn);
} conn_blank SEC(".maps");

static __always_inline struct conn *begin_conn(__u64 cookie, const struct llm_slo_tuple *own, const struct llm_slo_event *owner, __u16 flags)
{
	__u32 zero = 0;
	struct conn *conn = bpf_map_lookup_elem(&conn_blank, &zero);

	if (!conn || bpf_map_update_elem(&conns, &cookie, conn, BPF_ANY)) {
		count_untracked(LLM_SLO_EXCHANGE);
		return 0;
	}
	conn = bpf_map_lookup_elem(&conns, &cookie);
	if (!conn)
		return 0;
	conn->record.header = *owner;
	conn->record.header.flags = flags | X_OWNED;
	conn->record.tuple = *own;
	conn->record.cookie = cookie;
	return conn;
}

/* The connection of a packet; one that was just accepted begins here. 0: it is not followed. */
static __always_inline struct conn *conn_of(__u64 cookie, const struct llm_slo_tuple *own)
{
	struct conn *conn = bpf_map_lookup_elem(&conns, &cookie);
	struct accepting *known, accepted;
	__u64 key;

	if (conn)
		return conn;
	key = tuple_key(own, 0); /* the network namespace is not to be known: two alike at once would have to meet in a handshake */
	known = bpf_map_lookup_elem(&accepting, &key);
	if (!known)
		return 0;
	accepted = *known;
	bpf_map_delete_elem(&accepting, &key);
	conn = begin_conn(cookie, own, &accepted.owner, LLM_SLO_X_SERVER);
	if (!conn || !accepted.request_ns)
		return conn;
	conn->record.header.flags |= X_STARTED;
	conn->received_end = accepted.received_end;
	conn->record.bytes_in = accepted.request_bytes;
	stamp(&conn->record.request_start, 0, accepted.request_ns);
	stamp(&conn->record.request_end, 0, accepted.request_ns);
	return conn;
}

SEC("cgroup_skb/egress")
int CONTEXT_PROG(stream_egress, struct __sk_buff, skb)
{
	struct llm_slo_event owner = {};
	struct packet p = {};
	struct conn *conn;
	__u64 cookie, now;

	if (!read_packet(skb, &p) || p.tuple.protocol != IPPROTO_TCP)
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	if (p.tcp_flags & TCP_FLAG_SYN) {
		if (!(p.tcp_flags & TCP_FLAG_ACK) && !bpf_map_lookup_elem(&conns, &cookie) && find_plain_owner(skb, &owner))
			begin_conn(cookie, &p.tuple, &owner, X_CLIENT);
		return 1;
	}
	conn = conn_of(cookie, &p.tuple);
	if (!conn || p.length == 0)
		return 1;
	conn->segments_sent += skb->gso_segs ? skb->gso_segs : 1;
	if (is_repeated(&conn->sent_end, &p))
		return 1;
	now = bpf_ktime_get_ns();
	if (conn->record.header.flags & X_CLIENT) {
		request_bytes(skb, &p, conn, now, 1, 0);
	} else {
		response_bytes(skb, &p, conn, now, 1);
		tell_first(conn, now);
	}
	return 1;
}

/* The last packet of a handshake still belongs to the listener. */
static __always_inline void accept_conn(struct __sk_buff *skb, struct packet *p, const struct llm_slo_tuple *own, __u64 now)
{
	struct accepting fresh = {};
	__u64 key = tuple_key(own, 0);

	if (p->tcp_flags & (TCP_FLAG_SYN | TCP_FLAG_RST) || !find_plain_owner(skb, &fresh.owner))
		return;
	if (p->length) {
		fresh.request_ns = now;
		fresh.request_bytes = p->length;
		fresh.received_end = p->sequence + p->length;
	}
	bpf_map_update_elem(&accepting, &key, &fresh, BPF_NOEXIST);
}

SEC("cgroup_skb/ingress")
int CONTEXT_PROG(stream_ingress, struct __sk_buff, skb)
{
	struct bpf_sock *sk = skb->sk;
	struct llm_slo_tuple own = {};
	struct bpf_tcp_sock *tcp;
	struct packet p = {};
	struct conn *conn;
	__u32 received;
	__u64 now;

	if (!sk || !read_packet(skb, &p) || p.tuple.protocol != IPPROTO_TCP)
		return 1;
	now = bpf_ktime_get_ns();
	turn_around(&own, &p.tuple);
	if (sk->state == TCP_LISTEN || sk->state == TCP_NEW_SYN_RECV) {
		accept_conn(skb, &p, &own, now);
		return 1;
	}
	if (p.length == 0 || p.tcp_flags & TCP_FLAG_SYN)
		return 1;
	tcp = bpf_tcp_sock(sk);
	if (!tcp)
		return 1;
	received = tcp->rcv_nxt;
	conn = conn_of(bpf_get_socket_cookie(skb), &own);
	if (!conn || order_of(conn, &p, received) != IN_ORDER)
		return 1;
	if (conn->record.header.flags & X_CLIENT) {
		response_bytes(skb, &p, conn, now, 0);
		tell_first(conn, now);
	} else {
		request_bytes(skb, &p, conn, now, 0, 0);
	}
	return 1;
}

/* Its last holder has closed it: the turn is over. */
SEC("cgroup/sock_release")
int CONTEXT_PROG(stream_release, struct bpf_sock, ctx)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct conn *conn = bpf_map_lookup_elem(&conns, &cookie);

	if (!conn)
		return 1;
	next_turn(conn, bpf_ktime_get_ns());
	bpf_map_delete_elem(&conns, &cookie);
	return 1;
}
