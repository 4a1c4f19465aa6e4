/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * socket_wait_ms: how long bytes that had arrived in order lay unread. Arrivals make marks, reads take them away; the socket itself
 * says how far it was read, so it does not matter by which call. What is read in pieces waits from piece to piece, so a library that
 * reads a record's header and then its body at once waited once.
 */
#ifndef UNREAD_BPF_H
#define UNREAD_BPF_H

#include "turn.bpf.h"

/* Arrivals this close together are one. */
#define UNREAD_TOGETHER_NS 250000ULL

/* Bytes from `start` to `end` have arrived. Only packets of one socket come here one after the other. */
static __always_inline void note_arrival(struct conn *conn, __u32 start, __u32 end, __u64 now)
{
	__u32 marks = conn->unread_in - conn->unread_out;
	struct unread *last = &conn->unread[(conn->unread_in - 1) % UNREAD_MARKS], *mark;

	if (marks > 0 && (marks >= UNREAD_MARKS || now - last->ns < UNREAD_TOGETHER_NS)) {
		last->end = end;
		return;
	}
	mark = &conn->unread[conn->unread_in % UNREAD_MARKS];
	mark->ns = now;
	mark->start = start;
	mark->end = end;
	conn->unread_in += 1;
}

/* The socket has been read up to `copied`: since when had the oldest of what was read now lain there? 0: nothing was. */
static __always_inline __u64 take_read(struct conn *conn, __u32 copied, __u64 now)
{
	__u64 oldest = 0;

	for (int i = 0; i < UNREAD_MARKS; i++) {
		struct unread *mark = &conn->unread[conn->unread_out % UNREAD_MARKS];

		if (conn->unread_out == conn->unread_in || (__s32)(copied - mark->start) <= 0)
			break;
		if (!oldest)
			oldest = mark->ns;
		if ((__s32)(copied - mark->end) < 0) {
			mark->start = copied;
			mark->ns = now;
			break;
		}
		conn->unread_out += 1;
	}
	return oldest;
}

#endif
