// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * stream_ttft_ms, stream_gap_ms, socket_wait_ms: the request-response turns of every TCP socket, without looking at what is said.
 * Packets in and out give the stamps on every kernel; where sock_recv_length exists it tells when the application read.
 *
 * A socket belongs to the process that last sent or read on it, or opened it: forked servers and passed descriptors included. Packets
 * that arrive, and those that leave on a timer or because room was made, have no process and change nothing.
 */
#include "conn.bpf.h"
#include "order.bpf.h"
#include "turn.bpf.h"
#include "unread.bpf.h"
#include "unseen.bpf.h"
#include "socket.bpf.h"

#define SOCK_STREAM 1
#define MSG_PEEK 2
#define MSG_ERRQUEUE 0x2000
#define EPHEMERAL_FIRST 32768

/* Never written: what a new entry begins as. Too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conn);
} conn_blank SEC(".maps");

static __always_inline struct conn *new_conn(__u64 key, const struct llm_slo_tuple *own, __u16 flags)
{
	__u32 zero = 0;
	struct conn *conn = bpf_map_lookup_elem(&conn_blank, &zero);

	if (!conn)
		return 0;
	if (bpf_map_update_elem(&conns, &key, conn, BPF_ANY)) {
		count_untracked(LLM_SLO_EXCHANGE);
		return 0;
	}
	conn = bpf_map_lookup_elem(&conns, &key);
	if (!conn)
		return 0;
	conn->record.tuple = *own;
	conn->record.cookie = key;
	conn->record.header.flags = flags;
	return conn;
}

/* The connection of a packet of an established socket. One that was just accepted gets its cookie here. */
static __always_inline struct conn *find_conn(struct sock *sk, __u64 cookie, const struct llm_slo_tuple *own)
{
	struct conn *conn = bpf_map_lookup_elem(&conns, &cookie);
	__u64 key;

	if (conn)
		return conn;
	key = tuple_key(own, netns_of(sk));
	conn = bpf_map_lookup_elem(&conns, &key);
	if (!conn)
		return 0;
	if (bpf_map_update_elem(&conns, &cookie, conn, BPF_ANY))
		count_untracked(LLM_SLO_EXCHANGE);
	bpf_map_delete_elem(&conns, &key);
	conn = bpf_map_lookup_elem(&conns, &cookie);
	if (conn)
		conn->record.cookie = cookie;
	return conn;
}

/* On a connection older than the probe: the end with the ephemeral port is the client; if neither says, who speaks first. */
static __always_inline __u16 guess_role(const struct llm_slo_tuple *own, int egress)
{
	int local = own->src_port >= EPHEMERAL_FIRST, remote = own->dst_port >= EPHEMERAL_FIRST;

	if (local != remote)
		return local ? X_CLIENT : LLM_SLO_X_SERVER;
	return egress ? X_CLIENT : LLM_SLO_X_SERVER;
}

static __always_inline void connecting(struct __sk_buff *skb, struct packet *p, struct task_struct *task)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct conn *conn;

	if (bpf_map_lookup_elem(&conns, &cookie) || !is_target(task) || !in_process(sock_of(skb)))
		return; /* a SYN sent again comes from a timer */
	conn = new_conn(cookie, &p->tuple, X_CLIENT);
	if (conn) {
		claim(&conn->record.header, task);
		conn->segments_sent = 1;
	}
}

SEC("cgroup_skb/egress")
int CONTEXT_PROG(stream_egress, struct __sk_buff, skb)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct packet p = {};
	struct tls_conn *tls;
	struct conn *conn;
	struct sock *sk;
	__u64 cookie, now;
	__u32 verdict, slot;
	int process;

	if (!read_packet(skb, &p))
		return 1;
	if (p.tuple.protocol == IPPROTO_UDP && (p.tuple.dst_port == QUIC_PORT || p.tuple.src_port == QUIC_PORT))
		note_unseen(task, LLM_SLO_UNSEEN_QUIC); /* UDP is sent by its caller */
	if (p.tuple.protocol != IPPROTO_TCP)
		return 1;
	if (p.tcp_flags & TCP_FLAG_SYN) {
		if (!(p.tcp_flags & TCP_FLAG_ACK)) /* that one is the listener's */
			connecting(skb, &p, task);
		return 1;
	}
	if (p.length == 0)
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	now = bpf_ktime_get_ns();
	sk = sock_of(skb);
	process = in_process(sk);
	conn = find_conn(sk, cookie, &p.tuple);
	if (!conn) {
		if (!process || !is_target(task))
			return 1;
		conn = new_conn(cookie, &p.tuple, LLM_SLO_X_PREEXISTING | guess_role(&p.tuple, 1));
		if (!conn)
			return 1;
	}
	conn->segments_sent += skb->gso_segs ? skb->gso_segs : 1;
	if (is_repeated(&conn->sent_end, &p))
		return 1; /* from a timer or an acknowledgement: neither a new stamp nor a process */
	if (process && !claim(&conn->record.header, task))
		return 1;
	tls = find_tls(cookie);
	verdict = tls ? tls->egress : TAKE;
	if (tls && tls->shared == SHARED && !(conn->record.header.flags & LLM_SLO_X_SHARED))
		share(conn);
	if (verdict == SKIP) {
		drop_candidate(conn, tls);
	} else if (conn->record.header.flags & X_CLIENT) {
		if (verdict == TAKE_AFTER_MAYBE)
			settle_candidate(conn);
		slot = process ? 1 + (conn->record.header.tid & 1) : 0;
		request_bytes(skb, &p, conn, now, 1, slot);
	} else if (verdict == MAYBE) {
		conn->candidate_ns = now;
	} else {
		response_bytes(skb, &p, conn, now, 1);
		tell_first_if_sure(conn, tls, now);
	}
	return 1;
}

SEC("cgroup_skb/ingress")
int CONTEXT_PROG(stream_ingress, struct __sk_buff, skb)
{
	struct llm_slo_tuple own = {};
	struct packet p = {};
	struct tls_conn *tls;
	struct conn *conn;
	struct sock *sk;
	__u64 key, now;
	__u32 start, verdict;
	enum order order;
	int listening;

	if (!read_packet(skb, &p) || p.tuple.protocol != IPPROTO_TCP || p.length == 0 || p.tcp_flags & TCP_FLAG_SYN)
		return 1;
	now = bpf_ktime_get_ns();
	sk = sock_of(skb);
	turn_around(&own, &p.tuple);
	listening = is_listening(skb);
	if (listening) { /* with the last packet of the handshake: the socket that will be accepted does not exist yet */
		key = tuple_key(&own, netns_of(sk));
		conn = bpf_map_lookup_elem(&conns, &key);
		if (!conn)
			conn = new_conn(key, &own, LLM_SLO_X_SERVER);
	} else {
		key = bpf_get_socket_cookie(skb);
		if (!key)
			return 1;
		conn = find_conn(sk, key, &own);
		if (!conn)
			conn = new_conn(key, &own, LLM_SLO_X_PREEXISTING | guess_role(&own, 0));
	}
	if (!conn)
		return 1;
	tls = find_tls(key);
	verdict = tls ? tls->ingress : TAKE;
	start = listening ? p.sequence : BPF_CORE_READ((struct tcp_sock *)sk, rcv_nxt);
	order = order_of(conn, &p, start);
	if (order == AHEAD) {
		if (verdict == MAYBE)
			conn->candidate_ns = now;
		else if (verdict != SKIP && (!conn->ahead || (__s32)(p.sequence - conn->ahead) < 0))
			conn->ahead = p.sequence ? p.sequence : 1;
	}
	if (order != IN_ORDER)
		return 1;
	verdict = with_ahead(conn, verdict);
	if (config.have_read)
		note_arrival(conn, p.sequence, conn->received_end, now);
	if (tls && tls->shared == SHARED && !(conn->record.header.flags & LLM_SLO_X_SHARED))
		share(conn);
	if (verdict == SKIP) {
		drop_candidate(conn, tls);
	} else if (!(conn->record.header.flags & X_CLIENT)) {
		if (verdict == TAKE_AFTER_MAYBE)
			settle_candidate(conn);
		request_bytes(skb, &p, conn, now, 0, 0);
	} else if (verdict == MAYBE) {
		conn->candidate_ns = now;
	} else {
		response_bytes(skb, &p, conn, now, 0);
		if (!config.have_read)
			tell_first_if_sure(conn, tls, now);
	}
	return 1;
}

/* The application has read from a TCP socket. */
static __always_inline void has_read(struct sock *sk, struct task_struct *task)
{
	struct llm_slo_exchange *record;
	struct tls_conn *tls;
	struct conn *conn;
	__u64 cookie, now, since;

	cookie = sk->__sk_common.skc_cookie.counter;
	conn = cookie ? bpf_map_lookup_elem(&conns, &cookie) : 0;
	if (!conn)
		return;
	now = bpf_ktime_get_ns();
	since = take_read(conn, BPF_CORE_READ((struct tcp_sock *)sk, copied_seq), now);
	record = &conn->record;
	if (!claim_as(&record->header, task, bpf_get_current_pid_tgid() >> 32))
		return;
	if (since && now - since >= TUNED(unread_threshold_ns))
		tell_pause(record, LLM_SLO_UNREAD, since, now);
	if (record->header.flags & X_CLIENT) {
		if (!record->response_start.ns)
			return;
		if (!record->first_read.ns)
			stamp(&record->first_read, record->header.tid, now);
		tls = find_tls(cookie);
		tell_first_if_sure(conn, tls, now);
	} else if (record->header.flags & X_STARTED && !record->first_read.ns) {
		stamp(&record->first_read, record->header.tid, now);
	}
}

/* Since 6.3. */
SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_sock_recv_length, struct sock *sk, int ret, int flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (ret <= 0 || flags & (MSG_PEEK | MSG_ERRQUEUE))
		return 0;
	if (sk->__sk_common.skc_family == AF_UNIX && sk->sk_type == SOCK_STREAM)
		note_unseen(task, LLM_SLO_UNSEEN_UNIX);
	if (sk->sk_protocol == IPPROTO_TCP)
		has_read(sk, task);
	return 0;
}

/* Before that, the function that reads, where functions may be traced: TCP over IPv4 and IPv6 alike. */
SEC("fexit/tcp_recvmsg")
int BPF_PROG(on_tcp_recvmsg, struct sock *sk, void *msg, unsigned long size, int flags, int *address_length, int result)
{
	if (result > 0 && !(flags & (MSG_PEEK | MSG_ERRQUEUE)))
		has_read(sk, (struct task_struct *)bpf_get_current_task());
	return 0;
}

/* Until 5.18 whether it may wait was an argument of its own. */
SEC("fexit/tcp_recvmsg")
int BPF_PROG(on_tcp_recvmsg_nonblock, struct sock *sk, void *msg, unsigned long size, int nonblock, int flags, int *address_length, int result)
{
	if (result > 0 && !(flags & (MSG_PEEK | MSG_ERRQUEUE)))
		has_read(sk, (struct task_struct *)bpf_get_current_task());
	return 0;
}

/* A connection was accepted, or is gone: so is its turn. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_stream_state, struct sock *sk, int oldstate, int newstate)
{
	int accepted = oldstate == TCP_SYN_RECV && newstate == TCP_ESTABLISHED;
	struct llm_slo_tuple own = {};
	struct conn *conn;
	__u64 key, cookie;

	if ((!accepted && newstate != TCP_CLOSE) || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	fill_socket_tuple(&own, sk);
	own.src_port = __builtin_bswap16(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	key = tuple_key(&own, netns_of(sk));
	if (accepted) {
		if (!bpf_map_lookup_elem(&conns, &key))
			new_conn(key, &own, LLM_SLO_X_SERVER);
		return 0;
	}
	bpf_map_delete_elem(&conns, &key); /* it never had a packet of its own */
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	conn = cookie ? bpf_map_lookup_elem(&conns, &cookie) : 0;
	if (!conn)
		return 0;
	settle_candidate(conn);
	next_turn(conn, bpf_ktime_get_ns());
	bpf_map_delete_elem(&conns, &cookie);
	return 0;
}
