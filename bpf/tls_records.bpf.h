/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* TLS records, one after the other: what each says of the handshake, and whether it holds a request, an answer or neither. */
#ifndef TLS_RECORDS_BPF_H
#define TLS_RECORDS_BPF_H

#include "tls_outcome.bpf.h"

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

#endif
