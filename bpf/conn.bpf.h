/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The tables of TCP connections: kept by stream and tls_handshake, read by whoever needs to know whom a socket belongs to. */
#ifndef CONN_BPF_H
#define CONN_BPF_H

#include "packet.bpf.h"
#include "socket.bpf.h"

#define MAX_CONNS 32768

/* Bits of record.header.flags that never leave the kernel. */
#define X_STARTED 0x100 /* the turn has its first byte */
#define X_TOLD 0x200 /* its first response byte was told */
#define X_OWNED 0x400 /* the owner is certain */
#define X_TALLIED 0x1000 /* this turn is one of a tally, and is not told by itself */
#define X_CLIENT 0x800 /* we saw this end open the connection, or it is taken for the one that asks */

/* Bytes that arrived together and are not read yet, as sequence numbers. */
struct unread {
	__u64 ns; /* when they came, or when what came with them was read */
	__u32 start;
	__u32 end;
};

#define UNREAD_MARKS 8

struct conn {
	struct llm_slo_exchange record; /* of the current turn */
	__u64 segments_sent;
	__u64 candidate_ns; /* what the server sent then is its answer, unless it was a session ticket; 0: there is no doubt */
	struct unread unread[UNREAD_MARKS];
	__u32 unread_in; /* marks made so far, by arrivals alone */
	__u32 unread_out; /* marks read so far, by reads alone */
	/* Ends of what was sent, and received in order, so far, as sequence numbers: bytes below are repeats. 0: nothing yet. */
	__u32 sent_end;
	__u32 received_end;
	__u32 request_sequence; /* of the first byte of the request, in its sender's count */
	__u32 crossed; /* packets that crossed with one of the other direction, as no answer crosses its request */
	__u32 head_left; /* bytes of the request in which its head may still go on */
	__u32 turns_period; /* the last one in which a turn was told by itself */
	__u32 turns_told; /* in that period, out of what is reserved */
	__u32 ahead; /* where bytes begin that came too early and are no handshake's; 0: none have */
};

/*
 * Plain hashes: entries go when their socket closes, and one that finds no room is counted. An accepted connection is filed under
 * tuple_key() until the first packet of its own, which has its cookie.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_CONNS);
	__type(key, __u64); /* socket cookie, or tuple_key() */
	__type(value, struct conn);
} conns SEC(".maps");

/* How a packet of a TLS connection is to be taken by stream. */
enum verdict {
	TAKE = 0, /* a request, or an answer */
	SKIP = 1, /* the handshake's, an alert, a session ticket */
	MAYBE = 2, /* an answer, or a ticket: what follows will tell */
	TAKE_AFTER_MAYBE = 3, /* a request, and what the server sent before was an answer */
};

/* What the ends agreed to speak, as far as the wire shows. */
enum shared {
	NOT_SHARED = 0,
	SHARED = 1,
	MAYBE_SHARED = 2, /* HTTP/2 was offered, and the choice is encrypted: the first packets will tell */
};

/* The packet, and the record in it, that is being looked at. In memory, so that functions checked on their own can share it. */
struct tls_work {
	__u64 now;
	__u32 payload; /* offset from the IP header on */
	__u32 length;
	__u32 sequence;
	__u32 reached; /* how far its receiver, or the process that sends it, had read or received the other direction */
	__u32 type; /* of the record */
	__u32 record_length;
	__u32 handshake_type; /* of a plaintext handshake record: its first byte */
	__u32 record_at; /* offset from the IP header on */
	__u32 record_sequence;
	__u32 ahead; /* where to go on in a packet that came too early, else 0 */
};

/* What tls_handshake tells stream, which runs after it on every packet. */
struct tls_conn {
	struct llm_slo_tls record;
	__u64 done_ns;
	__u64 round_trip_ns; /* from the ClientHello to the server's first packet: no less than a round trip */
	__u64 almost_ns; /* the client sent what may have been its last handshake record */
	__u64 candidate_ns; /* see MAYBE */
	__u64 again_ns; /* the client last sent something again */
	/* Sequence numbers of the next record's header: sent by the client, by the server. 0: not known. */
	__u32 next[2];
	__u32 ahead_end[2]; /* ends of what came too early, alike; 0: nothing did */
	__u32 hello_next; /* of the next extension of the ClientHello */
	__u32 hello_end;
	__u32 request_sequence; /* of the client's first application record; 0: none yet */
	__u32 finished_length; /* of the record with the client's Finished; 0: not known */
	__u32 ticket_length; /* of the last record taken for a ticket */
	__u32 tickets;
	__u32 state; /* enum tls_state of tls_handshake.bpf.c */
	__u32 shared; /* enum shared */
	__u32 egress; /* verdict on the packet now going out */
	__u32 ingress; /* verdict on the packet now coming in */
	struct tls_work work[2]; /* on a packet coming in, going out */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_CONNS);
	__type(key, __u64); /* as in conns */
	__type(value, struct tls_conn);
} tls_conns SEC(".maps");

/*
 * How many TLS connections there may be among those whose keys end alike. Of nearly every packet it says, without a helper's call, that
 * it is none's: so the table is not looked into twice for it. Where user space empties the table it says too many, never too few.
 */
#define TLS_PLACES 16384

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TLS_PLACES);
	__type(key, __u32);
	__type(value, __u64);
} tls_places SEC(".maps");

static __always_inline struct tls_conn *find_tls(__u64 key)
{
	__u32 place = key % TLS_PLACES;
	__u64 *some = bpf_map_lookup_elem(&tls_places, &place);

	return some && *some ? bpf_map_lookup_elem(&tls_conns, &key) : 0;
}

static __always_inline struct tls_conn *file_tls(__u64 key, const struct tls_conn *tls)
{
	__u32 place = key % TLS_PLACES;
	__u64 *some = bpf_map_lookup_elem(&tls_places, &place);

	if (!some || bpf_map_update_elem(&tls_conns, &key, tls, BPF_ANY)) {
		count_untracked(LLM_SLO_TLS);
		return 0;
	}
	__sync_fetch_and_add(some, 1);
	return bpf_map_lookup_elem(&tls_conns, &key);
}

static __always_inline void forget_tls(__u64 key)
{
	__u32 place = key % TLS_PLACES;
	__u64 *some = bpf_map_lookup_elem(&tls_places, &place);

	if (!bpf_map_delete_elem(&tls_conns, &key) && some)
		__sync_fetch_and_add(some, -1);
}

/*
 * The socket a packet belongs to. A cgroup_skb program's context is the kernel's own sk_buff, read here like any other kernel
 * memory.
 */
static __always_inline struct sock *sock_of(struct __sk_buff *skb)
{
	return BPF_CORE_READ((struct sk_buff *)(void *)skb, sk);
}

/*
 * 1 when the code now running is the owner's: TCP sends nothing while a process holds the socket's lock, unless it is that process.
 * Whatever runs in softirq or from a timer finds it unlocked, or leaves its work to the holder.
 */
static __always_inline int in_process(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_lock.owned) != 0;
}

/* Of the packet's socket, without a helper's call. */
static __always_inline int is_listening(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return sk && (sk->state == TCP_LISTEN || sk->state == TCP_NEW_SYN_RECV);
}

/* Key of a connection whose socket has no cookie yet; `own`: src is its own end. No cookie has the top bit. */
static __always_inline __u64 tuple_key(const struct llm_slo_tuple *own, __u32 netns)
{
	const __u64 *words = (const __u64 *)own;
	__u64 hash = netns;

	for (int i = 0; i < 5; i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash | 1ULL << 63;
}

/* 1 and the owner in the header, when the process now running is a target; else 0, and the header is nobody's. */
static __always_inline int claim_as(struct llm_slo_event *header, struct task_struct *task, __u32 pid)
{
	if (header->flags & X_OWNED && header->pid == pid)
		return 1;
	if (!is_target(task)) {
		header->flags &= ~X_OWNED;
		return 0;
	}
	fill_owner(header, task);
	header->flags |= X_OWNED;
	return 1;
}

static __always_inline int claim(struct llm_slo_event *header, struct task_struct *task)
{
	return claim_as(header, task, BPF_CORE_READ(task, tgid));
}

#endif
