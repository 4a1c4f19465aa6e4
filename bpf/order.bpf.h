/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which packets of a connection bring something new, and which of them its reader can read at once. */
#ifndef ORDER_BPF_H
#define ORDER_BPF_H

#include "conn.bpf.h"

/* 1 when all of the payload was there before: it is sent again. Otherwise moves the end. */
static __always_inline int is_repeated(__u32 *end, struct packet *p)
{
	__u32 payload_end = p->sequence + p->length;

	if (*end && (__s32)(payload_end - *end) <= 0)
		return 1;
	*end = payload_end ? payload_end : 1;
	return 0;
}

enum order { REPEATED, IN_ORDER, AHEAD };

/*
 * A packet that begins where what was received in order ends gives the application something to read; one ahead of it does so when
 * the packets before it have come. `received`: what the socket has received; it lags behind while packets wait for a process that
 * holds the lock.
 */
static __always_inline enum order order_of(struct conn *conn, struct packet *p, __u32 received)
{
	__u32 end = p->sequence + p->length;

	if (!conn->received_end || (__s32)(received - conn->received_end) > 0)
		conn->received_end = received;
	if ((__s32)(end - conn->received_end) <= 0)
		return REPEATED;
	if ((__s32)(p->sequence - conn->received_end) > 0)
		return AHEAD;
	conn->received_end = end ? end : 1;
	return IN_ORDER;
}

/* What lay ahead, and was a request or an answer, can be read from now on: so this packet is where it begins. */
static __always_inline __u32 with_ahead(struct conn *conn, __u32 verdict)
{
	if (!conn->ahead || (__s32)(conn->received_end - conn->ahead) < 0)
		return verdict;
	conn->ahead = 0;
	return verdict == SKIP || verdict == MAYBE ? TAKE : verdict;
}

#endif
