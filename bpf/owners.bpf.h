/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Whom a TCP socket belongs to, by the address of the sock: remembered when a process opens it, listens on it or reads from it, found again
 * where there is no process (timers, acknowledgements). Sockets older than the probe are found by walking over all open files.
 */
#ifndef OWNERS_BPF_H
#define OWNERS_BPF_H

#include "socket.bpf.h"

#define EPHEMERAL_FIRST 32768
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define SOCKFS_MAGIC 0x534f434b

struct tcp_owner {
	struct llm_slo_event header; /* pid 0: of a connection whose process has not shown itself yet */
	__u64 segments; /* sent by then: they are accounted for, or older than the probe */
	__u32 retransmitted; /* sent again by then: they have been told, or are older than the probe */
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct tcp_owner);
} tcp_owners SEC(".maps");

/* Who listens: an accepted connection is taken for the listener's until a process reads from it. */
struct listener_key {
	__u32 netns;
	__u32 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct listener_key);
	__type(value, struct llm_slo_event);
} tcp_listeners SEC(".maps");

/* Segments sent, by process and peer, or for a server by its own end, since each of its clients has a port; taken out once a second. */
struct sent_key {
	__u64 process_start_ns;
	__u8 address[16];
	__u32 pid;
	__u16 port;
	__u16 server;
};

struct sent {
	struct llm_slo_event header;
	__u64 segments;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, struct sent_key);
	__type(value, struct sent);
} tcp_sent SEC(".maps");

static __always_inline __u64 segments_sent(struct sock *sk)
{
	return BPF_CORE_READ((struct tcp_sock *)sk, segs_out);
}

/* The port stays in the inet part when the socket has already given it back. */
static __always_inline __u16 own_port(struct sock *sk)
{
	return __builtin_bswap16(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
}

static __always_inline void set_owner(struct sock *sk, const struct llm_slo_event *header)
{
	struct tcp_owner owner = { .header = *header };
	__u64 key = (__u64)sk;

	owner.header.netns = netns_of(sk);
	owner.segments = segments_sent(sk);
	owner.retransmitted = BPF_CORE_READ((struct tcp_sock *)sk, total_retrans);
	if (bpf_map_update_elem(&tcp_owners, &key, &owner, BPF_ANY))
		count_untracked(LLM_SLO_RETRANSMIT);
}

static __always_inline void tell_retransmit(struct sock *sk, const struct llm_slo_event *owner, __u32 segments, __u16 flags)
{
	struct llm_slo_retransmit record = { .header = *owner };

	record.header.kind = LLM_SLO_RETRANSMIT;
	record.header.flags = flags;
	record.header.ts_ns = bpf_ktime_get_ns();
	record.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	record.segments = segments;
	record.segments_sent = segments_sent(sk);
	fill_socket_tuple(&record.tuple, sk);
	record.tuple.src_port = own_port(sk);
	emit(&record, sizeof(record), LLM_SLO_RETRANSMIT);
}

/*
 * The socket counts by itself what it sends again. What it has counted and nobody has told, `now` aside, is told here: the kernel does
 * not run a program at every retransmission there is (not inside a run of the same program, for one).
 */
static __always_inline void tell_missed(struct sock *sk, struct tcp_owner *owner, __u32 now, int state)
{
	__u32 counted = BPF_CORE_READ((struct tcp_sock *)sk, total_retrans), missed = counted - now - owner->retransmitted;

	owner->retransmitted = counted;
	if ((__s32)missed > 0)
		tell_retransmit(sk, &owner->header, missed, state == TCP_SYN_SENT ? LLM_SLO_RTX_SYN : 0);
}

/* Only in the context of `task`, or for a task that is known to hold the socket. */
static __always_inline void own_socket(struct sock *sk, struct task_struct *task)
{
	struct llm_slo_event header = {};

	if (!is_target(task))
		return;
	fill_owner(&header, task);
	set_owner(sk, &header);
}

static __always_inline void listening(struct sock *sk, struct task_struct *task)
{
	struct listener_key key = { .netns = netns_of(sk), .port = own_port(sk) };
	struct llm_slo_event header = {};

	own_socket(sk, task);
	if (!is_target(task))
		return;
	fill_owner(&header, task);
	if (bpf_map_update_elem(&tcp_listeners, &key, &header, BPF_ANY))
		count_untracked(LLM_SLO_RETRANSMIT);
}

static __always_inline void accepted(struct sock *sk)
{
	struct listener_key key = { .netns = netns_of(sk), .port = own_port(sk) };
	struct llm_slo_event *listener = bpf_map_lookup_elem(&tcp_listeners, &key), header = {};

	if (listener)
		header = *listener;
	else if (config.filter)
		return;
	set_owner(sk, &header);
}

/* Adds what the socket has sent since it was last accounted for. */
static __always_inline void account(struct sock *sk, struct tcp_owner *owner)
{
	struct llm_slo_tuple tuple = {};
	struct sent_key key = {};
	struct sent *sum, fresh = {};
	__u64 now = segments_sent(sk), more = now - owner->segments;

	if (!owner->header.pid || now <= owner->segments)
		return;
	owner->segments = now;
	fill_socket_tuple(&tuple, sk);
	key.process_start_ns = owner->header.process_start_ns;
	key.pid = owner->header.pid;
	key.server = own_port(sk) < EPHEMERAL_FIRST && tuple.dst_port >= EPHEMERAL_FIRST;
	key.port = key.server ? own_port(sk) : tuple.dst_port;
	if (key.server)
		__builtin_memcpy(key.address, tuple.src, 16);
	else
		__builtin_memcpy(key.address, tuple.dst, 16);
	sum = bpf_map_lookup_elem(&tcp_sent, &key);
	if (sum) {
		__sync_fetch_and_add(&sum->segments, more);
		return;
	}
	fresh.header = owner->header;
	fresh.segments = more;
	if (bpf_map_update_elem(&tcp_sent, &key, &fresh, BPF_ANY))
		count_untracked(LLM_SLO_RETRANSMIT);
}

static __always_inline void closed(struct sock *sk, int state)
{
	__u64 key = (__u64)sk;
	struct tcp_owner *owner;

	if (state == TCP_LISTEN) {
		struct listener_key listener = { .netns = netns_of(sk), .port = own_port(sk) };

		bpf_map_delete_elem(&tcp_listeners, &listener);
	}
	owner = bpf_map_lookup_elem(&tcp_owners, &key);
	if (!owner)
		return;
	if (state != TCP_LISTEN) {
		account(sk, owner);
		tell_missed(sk, owner, 0, state);
	}
	bpf_map_delete_elem(&tcp_owners, &key);
}

#endif
