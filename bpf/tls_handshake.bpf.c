// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * tls_handshake_ms and tls_handshake_fail_total, for every TLS library: the headers of TLS records are plaintext. A handshake runs
 * from the ClientHello, wherever in the connection it comes, to its last handshake record: the client's Finished in TLS 1.3, the
 * later of both Finished before. Counted once per connection, however often the library was called.
 *
 * Attached before stream: it tells stream which packets are neither a request nor an answer, and which connections are shared.
 */
#include "conn.bpf.h"
#include "socket.bpf.h"
#include "tls_hello.bpf.h"

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 };
enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, CLOSE_NOTIFY = 0, FATAL = 2 };
enum { FROM_CLIENT = 0, FROM_SERVER = 1 };
/* Beside the verdicts: no record begins here. */
#define NO_RECORD 8

#define RECORD_HEADER 5
#define RECORD_MOST (16384 + 2048)
#define MOST_RECORDS 16 /* looked at in one packet */
/* Encrypted in TLS 1.3: content, one byte of type, sixteen of authentication. */
#define OVERHEAD 17
#define ENCRYPTED_ALERT (2 + OVERHEAD)
#define END_OF_EARLY_DATA (4 + OVERHEAD)
#define SETTINGS_ACKNOWLEDGED (9 + OVERHEAD) /* what every HTTP/2 client sends soon, and no HTTP/1.1 client in a record of its own */
#define ENCRYPTED_ALERT_FLAG 256
/* Java makes each record longer by this. */
#define PADDING 16
/* Packets with nothing but alerts: Java closes with two. */
#define ALERT_PACKET_MOST 96

/* A session ticket comes this soon after the client's Finished, or after that was sent again, and a round trip. See server_record(). */
#define TICKET_NS 50000000ULL
#define TICKET_LEAST (50)
#define TICKET_MOST 4096
#define TICKETS_MOST 8
/* A server that refuses a client's certificate says so after the client's Finished. */
#define LATE_REFUSAL_NS 1000000000ULL
/* Who was answered reads for longer than this before it asks again; a request in several writes goes on sooner. */
#define NEXT_REQUEST_NS 500000ULL

/* Never written: what a new entry begins as. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tls_conn);
} tls_blank SEC(".maps");

static __always_inline void tell_handshake(struct tls_conn *tls, __u64 end_ns)
{
	struct llm_slo_tls *record;

	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		count_drop(LLM_SLO_TLS);
		return;
	}
	__builtin_memcpy(record, &tls->record, sizeof(*record));
	record->header.flags = (tls->record.header.flags & 0xff) | (tls->state & T_V13 ? LLM_SLO_TLS_V13 : 0);
	record->header.kind = LLM_SLO_TLS;
	record->header.ts_ns = end_ns;
	read_clock(&record->end_clock, record->header.tid, end_ns);
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* Tells it when it is known whose it was, or when nobody can be left out; else leaves it for the end of the connection. */
static __always_inline void tell_owned(struct tls_conn *tls)
{
	if (tls->record.header.flags & X_OWNED) {
		tls->state &= ~(T_UNTOLD | T_PENDING);
		tell_handshake(tls, tls->done_ns);
	} else {
		tls->state |= T_UNTOLD;
	}
}

/*
 * Some servers (Go, BoringSSL) do not wait for the client's Finished to send their tickets: after several encrypted records the last
 * one is not their Finished then. None will come later.
 */
static __always_inline int had_early_tickets(const struct tls_conn *tls)
{
	return tls->state & T_SERVER_MORE && tls->ticket_length != tls->finished_length && !(tls->state & T_PADS_SERVER);
}

/* What the records of one end are longer by than others'. */
static __always_inline __u32 padding(const struct tls_conn *tls, int from)
{
	return tls->state & (from == FROM_CLIENT ? T_PADS_CLIENT : T_PADS_SERVER) ? PADDING : 0;
}

static __always_inline void succeed(struct tls_conn *tls, __u64 end_ns)
{
	tls->done_ns = end_ns;
	if (tls->ticket_length == tls->finished_length + PADDING)
		tls->state |= T_PADS_SERVER;
	if (had_early_tickets(tls))
		tls->tickets = TICKETS_MOST;
	tls->ticket_length = 0;
	tls->shared = !(tls->state & T_OFFERS_HTTP2) ? tls->shared : tls->state & T_OFFERS_OTHER ? MAYBE_SHARED : SHARED;
	if (tls->record.header.flags & LLM_SLO_TLS_SERVER && tls->state & T_V13 && tls->almost_ns)
		tls->state |= T_PENDING;
	else
		tell_owned(tls);
}

static __always_inline void fail(struct tls_conn *tls, int by_peer, __u32 alert, __u64 now)
{
	if (tls->state & T_REFUSED)
		return;
	tls->state |= T_REFUSED;
	tls->state &= ~T_PENDING;
	tls->record.alert = alert;
	tls->record.header.flags |= LLM_SLO_TLS_FAILED | (by_peer ? LLM_SLO_TLS_BY_PEER : 0);
	tls->done_ns = now;
	tell_owned(tls);
}

/*
 * EncryptedExtensions in a record of its own (OpenSSL, Go): its length tells whether "h2" was chosen, "http/1.1", or nothing. Beside
 * the name there may be an empty server_name. Other lengths tell nothing.
 */
static __always_inline void read_choice(struct tls_conn *tls, __u32 length)
{
	if (!(tls->state & T_OFFERS_HTTP2))
		return;
	switch (length - OVERHEAD - 6) {
	case 9:
	case 9 + 4:
		tls->state &= ~T_OFFERS_OTHER; /* as if it had been the only one */
		break;
	case 15:
	case 15 + 4:
	case 0:
	case 4:
		tls->state &= ~T_OFFERS_HTTP2;
	}
}

static __always_inline __u32 handshake_record(struct __sk_buff *skb, struct tls_conn *tls, struct tls_work *r, __u64 key, int from, __u32 egress)
{
	__u32 state = tls->state;
	int by_peer = !egress;
	__u64 now = r->now;

	switch (r->type) {
	case ALERT: {
		__u32 level = read_u8(skb, r->record_at + RECORD_HEADER), description = read_u8(skb, r->record_at + RECORD_HEADER + 1);

		if (r->record_length != 2)
			fail(tls, by_peer, ENCRYPTED_ALERT_FLAG, now);
		else if (level == FATAL || description == CLOSE_NOTIFY) /* others are warnings */
			fail(tls, by_peer, description, now);
		return SKIP;
	}
	case CHANGE_CIPHER_SPEC:
		tls->state |= from == FROM_CLIENT ? T_CCS_CLIENT : T_CCS_SERVER;
		return SKIP;
	case HANDSHAKE:
		if (state & T_V13) {
			if (r->handshake_type == CLIENT_HELLO && from == FROM_CLIENT)
				tls->state &= ~(T_SERVER_HELLO | T_V13 | T_EARLY); /* a HelloRetryRequest was that */
		} else if (from == FROM_CLIENT) {
			if (r->handshake_type != CLIENT_HELLO)
				tls->state |= T_KEY_EXCHANGE;
			if (state & T_CCS_CLIENT) {
				tls->state |= T_FINISHED_CLIENT;
				tls->almost_ns = now;
			}
		} else if (r->handshake_type == SERVER_HELLO && !(state & T_SERVER_HELLO)) {
			read_server_hello(skb, key, egress);
		} else if (state & T_CCS_SERVER) {
			tls->state |= T_FINISHED_SERVER;
		}
		if ((tls->state & (T_FINISHED_CLIENT | T_FINISHED_SERVER)) == (T_FINISHED_CLIENT | T_FINISHED_SERVER))
			succeed(tls, now);
		return SKIP;
	default: /* APPLICATION_DATA */
		if (from == FROM_SERVER) {
			if (r->record_length == ENCRYPTED_ALERT || r->record_length == ENCRYPTED_ALERT + PADDING) {
				fail(tls, by_peer, ENCRYPTED_ALERT_FLAG, now);
			} else if (tls->almost_ns) {
				succeed(tls, tls->almost_ns);
			} else if (!(state & T_SERVER_ENCRYPTED)) {
				tls->state |= T_SERVER_ENCRYPTED;
				read_choice(tls, r->record_length);
			} else {
				tls->state |= T_SERVER_MORE;
			}
			tls->ticket_length = r->record_length;
			return SKIP;
		}
		if (!(state & T_SERVER_HELLO)) {
			if (!(state & T_REQUEST))
				tls->request_sequence = r->record_sequence;
			tls->state |= T_EARLY | T_REQUEST;
			return TAKE;
		}
		if (!(state & T_V13) || state & T_KEY_EXCHANGE) { /* TLS 1.2: the client is done and does not wait for the server's Finished */
			succeed(tls, tls->almost_ns ? tls->almost_ns : now);
			return TAKE;
		}
		if (r->record_length == ENCRYPTED_ALERT || r->record_length == ENCRYPTED_ALERT + PADDING) {
			fail(tls, by_peer, ENCRYPTED_ALERT_FLAG, now);
		} else if (r->record_length == tls->finished_length || r->record_length == tls->finished_length + PADDING) {
			if (r->record_length != tls->finished_length)
				tls->state |= T_PADS_CLIENT;
			succeed(tls, now);
		} else if (state & T_EARLY) {
			return r->record_length == END_OF_EARLY_DATA ? SKIP : TAKE;
		} else if (tls->almost_ns && tls->almost_ns != now) {
			succeed(tls, tls->almost_ns); /* no Finished of the usual size: it was in the packet before */
			return TAKE;
		} else {
			tls->almost_ns = now; /* a client's certificate: its Finished follows, or is in this record too */
		}
		return SKIP;
	}
}

/*
 * What the server sends after the handshake is its answer, or a session ticket of TLS 1.3, and both look alike. It is a ticket for
 * certain when the server had not got any of the request: `reached` is how far it had. Otherwise a record is taken
 * for a ticket when it is as long as the one before it that was. The first of its kind, soon after the handshake and of a ticket's
 * size, is left open (MAYBE): if the server says no more before the next request, or the end, it was the answer.
 */
static __always_inline __u32 server_record(struct tls_conn *tls, struct tls_work *r)
{
	int before_request = !(tls->state & T_REQUEST) || (__s32)(r->reached - tls->request_sequence) <= 0;
	__u64 since = tls->again_ns > tls->done_ns ? tls->again_ns : tls->done_ns;

	tls->state |= T_SERVER_SPOKE;
	if (tls->state & T_PENDING) {
		tls->state &= ~T_PENDING;
		tell_owned(tls);
	}
	if (tls->state & T_ANSWERED || !(tls->state & T_V13))
		return TAKE;
	if (tls->tickets < TICKETS_MOST && (before_request || r->record_length == tls->ticket_length)) {
		tls->tickets += 1;
		tls->ticket_length = r->record_length;
		tls->candidate_ns = 0;
		return SKIP;
	}
	if (tls->tickets == 0 && r->record_length >= TICKET_LEAST && r->record_length <= TICKET_MOST &&
	    r->now - since < TICKET_NS + tls->round_trip_ns) {
		tls->tickets = 1;
		tls->ticket_length = r->record_length;
		tls->candidate_ns = r->now;
		return MAYBE;
	}
	tls->state |= T_ANSWERED;
	return TAKE;
}

static __always_inline __u32 client_record(struct tls_conn *tls, struct tls_work *r)
{
	__u32 verdict = TAKE;

	if (tls->shared == MAYBE_SHARED && r->record_length == SETTINGS_ACKNOWLEDGED + padding(tls, FROM_CLIENT))
		tls->shared = SHARED;
	if (tls->candidate_ns) {
		if (r->now - tls->candidate_ns >= NEXT_REQUEST_NS) {
			tls->state |= T_ANSWERED;
			verdict = TAKE_AFTER_MAYBE;
		}
		tls->candidate_ns = 0;
	}
	if (!(tls->state & T_REQUEST)) {
		tls->state |= T_REQUEST;
		tls->request_sequence = r->record_sequence;
	}
	return verdict;
}

/* A record after the handshake. */
static __always_inline __u32 later_record(struct tls_conn *tls, struct tls_work *r, int from, __u32 egress)
{
	int v13 = tls->state & T_V13, alert = r->type == ALERT || (v13 && r->record_length == ENCRYPTED_ALERT + padding(tls, from));

	if (tls->state & T_REFUSED)
		return SKIP;
	if (alert) {
		if (from == FROM_SERVER && v13 && !(tls->state & T_SERVER_SPOKE) && r->now - tls->done_ns < LATE_REFUSAL_NS)
			fail(tls, !egress, ENCRYPTED_ALERT_FLAG, r->now);
		if (from == FROM_CLIENT)
			tls->state |= T_SERVER_SPOKE;
		return SKIP;
	}
	if (r->type != APPLICATION_DATA)
		return SKIP; /* TLS 1.2: a ticket, or a new handshake inside the old one */
	return from == FROM_SERVER ? server_record(tls, r) : client_record(tls, r);
}

/* The most telling verdict on the records of a packet. */
static __always_inline __u32 sum_up(__u32 a, __u32 b)
{
	if (a == TAKE_AFTER_MAYBE || b == TAKE_AFTER_MAYBE)
		return TAKE_AFTER_MAYBE;
	if (a == TAKE || b == TAKE)
		return TAKE;
	return a == MAYBE || b == MAYBE ? MAYBE : SKIP;
}

static __always_inline int is_client(const struct tls_conn *tls, __u32 egress)
{
	return egress != !!(tls->record.header.flags & LLM_SLO_TLS_SERVER);
}

/* Takes the next record that begins in the packet in hand: the verdict on it, or NO_RECORD. */
__attribute__((noinline)) int next_record(struct __sk_buff *skb, __u64 key, __u32 egress)
{
	struct tls_conn *tls = find_tls(key);
	__u8 head[RECORD_HEADER + 1] = {};
	struct tls_work *work;
	__u32 *next, at;
	int from;

	if (!tls)
		return NO_RECORD;
	work = &tls->work[egress & 1];
	from = is_client(tls, egress & 1) ? FROM_CLIENT : FROM_SERVER;
	next = work->ahead ? &work->ahead : &tls->next[from];
	at = *(volatile __u32 *)next - *(volatile __u32 *)&work->sequence;
	if (at >= work->length || at > 0xffff)
		return NO_RECORD;
	at += work->payload;
	if (bpf_skb_load_bytes(skb, at, head, sizeof(head)))
		head[0] = 0;
	work->type = head[0];
	work->record_length = head[3] << 8 | head[4];
	work->handshake_type = head[5];
	work->record_at = at;
	work->record_sequence = *next;
	if (head[0] < CHANGE_CIPHER_SPEC || head[0] > APPLICATION_DATA || head[1] != 3 || head[2] > 4 || work->record_length > RECORD_MOST) {
		*next = work->sequence + work->length;
		return NO_RECORD;
	}
	*next += RECORD_HEADER + work->record_length;
	return tls->done_ns ? later_record(tls, work, from, egress & 1) : handshake_record(skb, tls, work, key, from, egress & 1);
}

/*
 * Goes through the records that begin in this packet and yields the verdict on it. A packet inside of one record is judged as the one
 * before it in its direction.
 */
static __always_inline __u32 packet_records(struct __sk_buff *skb, struct tls_conn *tls, __u64 key, __u32 egress, __u32 before)
{
	int from = is_client(tls, egress) ? FROM_CLIENT : FROM_SERVER;
	__u32 *next = &tls->next[from], *ahead_end = &tls->ahead_end[from], verdict = NO_RECORD;
	struct tls_work *work = &tls->work[egress];

	work->ahead = 0;
	if (!*next) {
		*next = work->sequence;
	} else if ((__s32)(work->sequence - *next) > 0) {
		*ahead_end = work->sequence + work->length;
		if (!tls->done_ns)
			return SKIP; /* what it is, what was missed will tell */
		work->ahead = work->sequence; /* looked at for itself; what was missed may still come */
	}
	for (int i = 0; i < MOST_RECORDS; i++) {
		__u32 one = next_record(skb, key, egress);

		if (one == NO_RECORD)
			break;
		verdict = verdict == NO_RECORD ? one : sum_up(verdict, one);
	}
	if (verdict == NO_RECORD) {
		verdict = before;
		if (egress && from == FROM_CLIENT && (__s32)(work->sequence + work->length - *next) <= 0)
			tls->again_ns = work->now;
	}
	/* The end of the handshake was what was missed: a request had come before it. */
	if (tls->done_ns && from == FROM_CLIENT && !(tls->state & (T_REQUEST | T_REFUSED)) && *ahead_end && (__s32)(*ahead_end - *next) > 0) {
		tls->state |= T_REQUEST;
		tls->request_sequence = *next;
		verdict = TAKE;
	}
	return verdict == MAYBE && !tls->candidate_ns ? SKIP : verdict;
}

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
