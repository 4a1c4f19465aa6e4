/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The table of TCP connections: kept by stream, read by whoever needs to know whom a socket belongs to. */
#ifndef CONN_BPF_H
#define CONN_BPF_H

#include "probe.bpf.h"

#define MAX_CONNS 8192

/* Bits of record.header.flags that never leave the kernel. */
#define X_STARTED 0x100 /* the turn has its first byte */
#define X_TOLD 0x200 /* its first response byte was told */
#define X_OWNED 0x400 /* the owner is certain */
#define X_CLIENT 0x800 /* we saw this end open the connection, or send first */

struct conn {
	struct llm_slo_exchange record; /* of the current turn */
	__u64 segments_sent;
	/* Ends of what was sent and received so far, as sequence numbers: bytes below are repeats. 0: nothing yet. */
	__u32 sent_end;
	__u32 received_end;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_CONNS);
	__type(key, __u64); /* socket cookie */
	__type(value, struct conn);
} conns SEC(".maps");

/* What tls_handshake tells stream, which runs after it on every packet. */
struct tls_conn {
	struct llm_slo_tls record;
	__u64 done_ns;
	__u32 key_exchange; /* the client sent a handshake record after its hello: TLS 1.2 */
	__u32 tickets; /* records taken for session tickets so far */
	__u32 skip_out; /* the packet now going out belongs to the handshake */
	__u32 skip_in; /* the packet now coming in does */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_CONNS);
	__type(key, __u64); /* socket cookie */
	__type(value, struct tls_conn);
} tls_conns SEC(".maps");

#endif
