/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How a TLS handshake ended, and telling of it. */
#ifndef TLS_OUTCOME_BPF_H
#define TLS_OUTCOME_BPF_H

#include "conn.bpf.h"
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

#endif
