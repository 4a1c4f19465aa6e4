// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stream_ttft_ms, stream_gap_ms, socket_wait_ms: the request-response turns of every TCP socket, without looking at what is said.
 * Packets in and out give the stamps on every kernel; where sock_recv_length exists it tells when the application read.
 *
 * A socket belongs to whoever opened it (seen at the SYN), or whoever first read from it; packets that arrive have no process.
 */
#include "packet.bpf.h"
#include "conn.bpf.h"
#include "turn.bpf.h"

#define MSG_PEEK 2
#define EPHEMERAL_FIRST 32768

/* On a connection older than the probe: the end with the ephemeral port is the client; if neither says, who speaks first. */
static __always_inline __u16 guess_role(const struct llm_slo_tuple *tuple, int egress)
{
	int local = tuple->src_port >= EPHEMERAL_FIRST, remote = tuple->dst_port >= EPHEMERAL_FIRST;

	if (local != remote)
		return local ? X_CLIENT : LLM_SLO_X_SERVER;
	return egress ? X_CLIENT : LLM_SLO_X_SERVER;
}

SEC("cgroup_skb/egress")
int stream_egress(struct __sk_buff *skb)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct packet p = {};
	struct conn *conn;
	__u64 cookie, now;

	if (!read_packet(skb, &p) || p.tuple.protocol != IPPROTO_TCP)
		return 1;
	if (p.tcp_flags & TCP_FLAG_SYN) {
		if (p.tcp_flags & TCP_FLAG_ACK)
			return 1; /* sent by the listener, in no process's context */
		cookie = bpf_get_socket_cookie(skb);
		if (bpf_map_lookup_elem(&conns, &cookie) || !is_target(task))
			return 1; /* a SYN sent again comes from a timer */
		conn = new_conn(cookie, &p.tuple, X_CLIENT);
		if (conn) {
			own(&conn->record, task);
			conn->segments_sent = 1;
		}
		return 1;
	}
	if (p.length == 0)
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	now = bpf_ktime_get_ns();
	conn = bpf_map_lookup_elem(&conns, &cookie);
	if (!conn) {
		if (!is_target(task))
			return 1;
		conn = new_conn(cookie, &p.tuple, LLM_SLO_X_PREEXISTING | guess_role(&p.tuple, 1));
		if (!conn)
			return 1;
	}
	conn->segments_sent += skb->gso_segs ? skb->gso_segs : 1;
	if (repeated(&conn->sent_end, &p))
		return 1; /* from a timer or an acknowledgement: neither a new stamp nor a process */
	if (!(conn->record.header.flags & X_OWNED)) {
		if (!is_target(task))
			return 1;
		own(&conn->record, task);
	}
	if (of_handshake(cookie, 1))
		return 1;
	if (conn->record.header.flags & X_CLIENT) {
		request_bytes(skb, &p, &conn->record, now, 1);
	} else {
		response_bytes(&p, &conn->record, now, 1);
		if (conn->record.response_start.ns)
			tell_first(&conn->record, now);
	}
	return 1;
}

SEC("cgroup_skb/ingress")
int stream_ingress(struct __sk_buff *skb)
{
	struct packet p = {};
	struct llm_slo_tuple local = {};
	struct conn *conn;
	__u64 cookie, now;

	if (!read_packet(skb, &p) || p.tuple.protocol != IPPROTO_TCP || p.length == 0 || p.tcp_flags & TCP_FLAG_SYN)
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	if (!cookie)
		return 1;
	now = bpf_ktime_get_ns();
	conn = bpf_map_lookup_elem(&conns, &cookie);
	if (!conn) {
		/* Accepted, or older than the probe: which of the two, the kernel does not tell here. */
		turn_around(&local, &p.tuple);
		conn = new_conn(cookie, &local, guess_role(&local, 0));
		if (!conn)
			return 1;
		if (conn->record.header.flags & X_CLIENT)
			conn->record.header.flags |= LLM_SLO_X_PREEXISTING;
	}
	if (repeated(&conn->received_end, &p) || of_handshake(cookie, 0))
		return 1;
	if (conn->record.header.flags & X_CLIENT) {
		response_bytes(&p, &conn->record, now, 0);
		if (!config.have_read && conn->record.response_start.ns)
			tell_first(&conn->record, now);
	} else {
		request_bytes(skb, &p, &conn->record, now, 0);
	}
	return 1;
}

/* The application has read. Since 6.3; optional. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_sock_recv_length, struct sock *sk, int ret, int flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct llm_slo_exchange *conn;
	__u64 cookie, now;

	if (ret <= 0 || flags & MSG_PEEK || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	conn = find_conn(cookie);
	if (!conn)
		return 0;
	if (!(conn->header.flags & X_OWNED)) {
		if (!is_target(task))
			return 0;
		own(conn, task);
	}
	if (conn->first_read.ns)
		return 0;
	now = bpf_ktime_get_ns();
	if (conn->header.flags & X_CLIENT) {
		if (!conn->response_start.ns)
			return 0;
		stamp(&conn->first_read, conn->header.tid, now);
		tell_first(conn, now);
	} else if (conn->header.flags & X_STARTED) {
		stamp(&conn->first_read, conn->header.tid, now);
	}
	return 0;
}

/* The connection is gone: so is its turn. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_stream_close, struct sock *sk, int oldstate, int newstate)
{
	struct llm_slo_exchange *conn;
	__u64 cookie;

	if (newstate != TCP_CLOSE || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	conn = find_conn(cookie);
	if (!conn)
		return 0;
	if (conn->header.flags & X_STARTED) {
		if (conn->response_start.ns)
			tell_first(conn, bpf_ktime_get_ns());
		tell_exchange(conn, bpf_ktime_get_ns(), 1);
	}
	bpf_map_delete_elem(&conns, &cookie);
	return 0;
}
