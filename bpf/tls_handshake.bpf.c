// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * tls_handshake_ms and tls_handshake_fail_total, for every TLS library: the headers of TLS records are plaintext. A handshake runs
 * from the ClientHello, wherever in the connection it comes, to its last handshake record: the client's Finished in TLS 1.3, the
 * later of both Finished before. Counted once per connection, however often the library was called.
 *
 * Attached before stream: it tells stream which packets are neither a request nor an answer, and which connections are shared.
 */
#include "socket.bpf.h"
#include "tls_records.bpf.h"

/* Never written: what a new entry begins as. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tls_conn);
} tls_blank SEC(".maps");

/* The packet begins with a ClientHello (RFC 8446, 4.1.2): 1 and a new entry. */
static __always_inline struct tls_conn *begin_handshake(struct __sk_buff *skb, struct packet *p, const struct llm_slo_tuple *own, __u64 key,
							int egress, __u64 now)
{
	__u32 zero = 0, record_length, message_length;
	struct tls_conn *tls;
	__u8 head[11] = {};

	if (p->length < HELLO_FIXED || bpf_skb_load_bytes(skb, p->payload, head, sizeof(head)))
		return 0;
	record_length = head[3] << 8 | head[4];
	message_length = head[6] << 16 | head[7] << 8 | head[8];
	if (head[0] != HANDSHAKE || head[1] != 3 || head[2] > 4 || head[5] != CLIENT_HELLO || head[9] != 3 || head[10] > 4)
		return 0;
	if (record_length < HELLO_FIXED || message_length + 4 < record_length)
		return 0;
	tls = bpf_map_lookup_elem(&tls_blank, &zero);
	if (!tls)
		return 0;
	tls = file_tls(key, tls);
	if (!tls)
		return 0;
	tls->record.tuple = *own;
	tls->record.cookie = key;
	if (!egress)
		tls->record.header.flags = LLM_SLO_TLS_SERVER;
	tls->next[FROM_CLIENT] = p->sequence;
	tls->next[FROM_SERVER] = p->acknowledged;
	begin_client_hello(skb, p, tls);
	return tls;
}

/* The handshake of an accepted connection, whose ClientHello came before its socket was there: files it under the socket's cookie. */
static __always_inline struct tls_conn *adopt(struct __sk_buff *skb, struct packet *p, struct sock *sk, __u64 cookie)
{
	struct tls_conn *tls;
	__u64 key;

	key = tuple_key(&p->tuple, netns_of(sk));
	tls = find_tls(key);
	if (!tls)
		return 0;
	tls = file_tls(cookie, tls);
	forget_tls(key);
	if (tls)
		tls->record.cookie = cookie;
	return tls;
}

static __always_inline void set_verdict(struct tls_conn *tls, int egress, __u32 verdict)
{
	if (egress)
		tls->egress = verdict;
	else
		tls->ingress = verdict;
}

static __always_inline void packet(struct __sk_buff *skb, int egress)
{
	struct llm_slo_tuple own = {};
	struct packet p = {};
	struct tls_conn *tls;
	struct tls_work *work;
	struct sock *sk;
	__u64 key, now;
	__u32 before, type;
	int process;

	if (!read_packet(skb, &p) || p.tuple.protocol != IPPROTO_TCP || p.length == 0)
		return;
	key = bpf_get_socket_cookie(skb);
	tls = find_tls(key);
	if (!tls) {
		type = read_u8(skb, p.payload);
		if (type != HANDSHAKE && type != ALERT)
			return; /* most packets of the machine */
	}
	sk = sock_of(skb);
	if (egress) {
		own = p.tuple;
		if (!tls)
			tls = adopt(skb, &p, sk, key);
	} else {
		turn_around(&own, &p.tuple);
		if (is_listening(skb)) {
			key = tuple_key(&own, netns_of(sk));
			tls = find_tls(key);
		}
	}
	now = bpf_ktime_get_ns();
	if (tls && tls->state & T_ANSWERED && tls->shared != MAYBE_SHARED && p.length > ALERT_PACKET_MOST) {
		set_verdict(tls, egress, TAKE);
		return; /* nothing more to learn but the closing alert */
	}
	process = egress && in_process(sk);
	if (!tls) {
		tls = begin_handshake(skb, &p, &own, key, egress, now);
		if (!tls)
			return;
		if (process)
			claim(&tls->record.header, (struct task_struct *)bpf_get_current_task());
		stamp(&tls->record.start, tls->record.header.tid, now);
	} else if (process && !(tls->record.header.flags & X_OWNED)) {
		claim(&tls->record.header, (struct task_struct *)bpf_get_current_task());
	}
	work = &tls->work[egress];
	work->now = now;
	work->payload = p.payload;
	work->length = p.length;
	work->sequence = p.sequence;
	/* How far the server had got: what it acknowledges, or, where it runs here, what it has read. */
	work->reached = egress ? BPF_CORE_READ((struct tcp_sock *)sk, copied_seq) : p.acknowledged;
	if (is_client(tls, egress)) {
		if (!tls->done_ns && (__s32)(tls->hello_end - tls->hello_next) >= 4)
			read_client_hello(skb, key, egress);
	} else if (!tls->round_trip_ns) {
		tls->round_trip_ns = now - tls->record.start.ns;
	}
	before = egress ? tls->egress : tls->ingress;
	set_verdict(tls, egress, packet_records(skb, tls, key, egress, before));
}

SEC("cgroup_skb/egress")
int CONTEXT_PROG(tls_egress, struct __sk_buff, skb)
{
	packet(skb, 1);
	return 1;
}

SEC("cgroup_skb/ingress")
int CONTEXT_PROG(tls_ingress, struct __sk_buff, skb)
{
	packet(skb, 0);
	return 1;
}

/* Whom the socket belongs to, when no packet has told: who closes it now, or as stream remembers. */
static __always_inline int find_owner(struct tls_conn *tls, struct sock *sk, __u64 cookie)
{
	struct conn *conn;

	if (tls->record.header.flags & X_OWNED)
		return 1;
	if (in_process(sk))
		return claim(&tls->record.header, (struct task_struct *)bpf_get_current_task());
	conn = bpf_map_lookup_elem(&conns, &cookie);
	if (conn && conn->record.header.flags & X_OWNED) {
		__u16 flags = tls->record.header.flags;

		tls->record.header = conn->record.header;
		tls->record.header.flags = flags | X_OWNED;
		return 1;
	}
	return 0;
}

/* Closed in the middle of it, by either end: it failed. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tls_state, struct sock *sk, int oldstate, int newstate)
{
	struct llm_slo_tuple own = {};
	struct tls_conn *tls;
	__u64 key;

	if ((newstate != TCP_CLOSE && newstate != TCP_CLOSE_WAIT && newstate != TCP_FIN_WAIT1) || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	key = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	tls = find_tls(key);
	if (!tls) {
		fill_socket_tuple(&own, sk);
		own.src_port = __builtin_bswap16(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
		key = tuple_key(&own, netns_of(sk));
		tls = find_tls(key);
		if (!tls)
			return 0;
	}
	find_owner(tls, sk, key);
	if (!tls->done_ns)
		fail(tls, newstate == TCP_CLOSE_WAIT || (newstate == TCP_CLOSE && BPF_CORE_READ(sk, sk_err)), 0, bpf_ktime_get_ns());
	else if (tls->state & (T_UNTOLD | T_PENDING))
		tell_owned(tls);
	if (newstate == TCP_CLOSE) {
		if (tls->state & T_UNTOLD && config.filter == 0)
			tell_handshake(tls, tls->done_ns); /* nobody ever touched it */
		forget_tls(key);
	}
	return 0;
}
