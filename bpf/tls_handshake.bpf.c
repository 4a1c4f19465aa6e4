// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * tls_handshake_ms and tls_handshake_fail_total, for every TLS library: the headers of TLS records are plaintext. A handshake runs
 * from the ClientHello to the client's last handshake record. Counted once per connection, however often the library was called.
 *
 * Attached before stream: it tells stream which packets are neither a request nor an answer. Session tickets of TLS 1.3 come
 * encrypted after the handshake, before the answer; they can only be guessed, from their size and from how soon they come.
 */
#include "packet.bpf.h"
#include "conn.bpf.h"
#include "socket.bpf.h"

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23, CLIENT_HELLO = 1 };

#define RECORD_HEADER 5
/* An encrypted alert: two bytes of alert, one of type, sixteen of authentication. */
#define ENCRYPTED_ALERT 19
#define ENCRYPTED_ALERT_FLAG 256
#define TICKETS_MAX_BYTES 1200
#define TICKETS_MAX_NS 15000000ULL
#define TICKETS_MAX_RECORDS 2 /* what OpenSSL and rustls send; Go sends one */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tls_conn);
} tls_scratch SEC(".maps");

struct tls_packet {
	__u8 type; /* of the first record; 0: not TLS */
	__u8 handshake_type; /* of a plaintext handshake record */
	__u8 alert;
	__u8 next_type; /* of the second record, when the first is a CHANGE_CIPHER_SPEC */
	__u32 record_length;
};

static __always_inline int read_tls(struct __sk_buff *skb, struct packet *p, struct tls_packet *tls)
{
	__u8 head[RECORD_HEADER + 2] = {};

	if (p->length < sizeof(head) || bpf_skb_load_bytes(skb, p->payload, head, sizeof(head)))
		return 0;
	if (head[0] < CHANGE_CIPHER_SPEC || head[0] > APPLICATION_DATA || head[1] != 3 || head[2] > 4)
		return 0;
	tls->type = head[0];
	tls->record_length = (head[3] << 8) | head[4];
	tls->handshake_type = head[5];
	tls->alert = head[6];
	if (head[0] == CHANGE_CIPHER_SPEC && p->length > RECORD_HEADER + 1)
		tls->next_type = head[6];
	return 1;
}

static __always_inline void tell_handshake(struct tls_conn *tls, __u64 now, __u16 flags)
{
	tls->done_ns = now;
	tls->record.header.flags |= flags;
	tls->record.header.kind = LLM_SLO_TLS;
	tls->record.header.ts_ns = now;
	read_clock(&tls->record.end_clock, tls->record.header.tid, now);
	if (tls->record.header.pid)
		emit(&tls->record, sizeof(tls->record), LLM_SLO_TLS);
}

/* The ClientHello of a client is sent in its own context; that of a server's peer arrives in nobody's. */
static __always_inline void begin_handshake(struct packet *p, __u64 cookie, int egress, __u64 now)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 zero = 0;
	struct tls_conn *tls = bpf_map_lookup_elem(&tls_scratch, &zero);

	if (!tls || (egress && !is_target(task)))
		return;
	__builtin_memset(tls, 0, sizeof(*tls));
	if (egress) {
		fill_owner(&tls->record.header, task);
		tls->record.tuple = p->tuple;
		tls->skip_out = 1;
	} else {
		turn_around(&tls->record.tuple, &p->tuple);
		tls->record.header.flags = LLM_SLO_TLS_SERVER;
		tls->skip_in = 1;
	}
	tls->record.cookie = cookie;
	stamp(&tls->record.start, tls->record.header.tid, now);
	bpf_map_update_elem(&tls_conns, &cookie, tls, BPF_ANY);
}

/* During the handshake every packet belongs to it. `client`: sent by the client. */
static __always_inline void handshake_packet(struct tls_conn *tls, struct tls_packet *t, int client, __u64 now)
{
	if (t->type == ALERT) {
		tls->record.alert = t->record_length == 2 ? t->alert : ENCRYPTED_ALERT_FLAG;
		tell_handshake(tls, now, LLM_SLO_TLS_FAILED);
	} else if (client && t->type == HANDSHAKE && t->handshake_type != CLIENT_HELLO) {
		tls->key_exchange = 1;
	} else if (client && (t->type == APPLICATION_DATA || t->next_type == APPLICATION_DATA)) {
		if (t->record_length == ENCRYPTED_ALERT && t->type == APPLICATION_DATA) {
			tls->record.alert = ENCRYPTED_ALERT_FLAG;
			tell_handshake(tls, now, LLM_SLO_TLS_FAILED);
		} else {
			tell_handshake(tls, now, tls->key_exchange ? 0 : LLM_SLO_TLS_V13);
		}
	}
}

/* A server sends its tickets as records of their own, together or apart: two in all are let pass for them. */
static __always_inline int is_ticket(struct tls_conn *tls, struct packet *p, struct tls_packet *t, __u64 now)
{
	if (!(tls->record.header.flags & LLM_SLO_TLS_V13) || t->type != APPLICATION_DATA)
		return 0;
	if (p->length > TICKETS_MAX_BYTES || now - tls->done_ns > TICKETS_MAX_NS || tls->tickets >= TICKETS_MAX_RECORDS)
		return 0;
	tls->tickets += p->length > t->record_length + RECORD_HEADER ? 2 : 1;
	return 1;
}

static __always_inline int tls(struct __sk_buff *skb, int egress)
{
	struct packet p = {};
	struct tls_packet t = {};
	struct tls_conn *conn;
	__u64 cookie, now;
	int client, skip;

	if (!read_packet(skb, &p) || p.tuple.protocol != IPPROTO_TCP || p.length == 0)
		return 1;
	cookie = bpf_get_socket_cookie(skb);
	conn = bpf_map_lookup_elem(&tls_conns, &cookie);
	read_tls(skb, &p, &t);
	if (!conn) {
		if (t.type == HANDSHAKE && t.handshake_type == CLIENT_HELLO)
			begin_handshake(&p, cookie, egress, bpf_ktime_get_ns());
		return 1;
	}
	now = bpf_ktime_get_ns();
	client = egress != !!(conn->record.header.flags & LLM_SLO_TLS_SERVER);
	skip = 1;
	if (!conn->done_ns) {
		handshake_packet(conn, &t, client, now);
		/* In TLS 1.2 the client's first application record is its request, and all of its handshake lies before it. */
		if (conn->done_ns && client && conn->key_exchange && t.type == APPLICATION_DATA)
			skip = 0;
	} else {
		skip = !client && is_ticket(conn, &p, &t, now);
	}
	if (egress)
		conn->skip_out = skip;
	else
		conn->skip_in = skip;
	return 1;
}

SEC("cgroup_skb/egress")
int tls_egress(struct __sk_buff *skb)
{
	return tls(skb, 1);
}

SEC("cgroup_skb/ingress")
int tls_ingress(struct __sk_buff *skb)
{
	return tls(skb, 0);
}

/* Closed in the middle of it: it failed. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tls_close, struct sock *sk, int oldstate, int newstate)
{
	struct tls_conn *tls;
	__u64 cookie;

	if (newstate != TCP_CLOSE || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	tls = bpf_map_lookup_elem(&tls_conns, &cookie);
	if (!tls)
		return 0;
	if (!tls->done_ns)
		tell_handshake(tls, bpf_ktime_get_ns(), LLM_SLO_TLS_FAILED);
	bpf_map_delete_elem(&tls_conns, &cookie);
	return 0;
}
