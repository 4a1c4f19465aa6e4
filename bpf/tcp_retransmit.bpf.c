// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * tcp_retransmits_total: segments sent again, owned by the process that owns the socket, beside the segments sent. The tracepoint fires
 * once per skb, which may hold several segments, in a timer's or an acknowledgement's context.
 */
#include "owners.bpf.h"

#define ICSK_TIME_LOSS_PROBE 5
#define TCP_CA_RECOVERY 3

static __always_inline __u32 segments_of(struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = (struct tcp_skb_cb *)&skb->cb[0];
	__u32 segments = BPF_CORE_READ(cb, tcp_gso_segs);

	return segments ? segments : 1;
}

/*
 * A tail loss probe: the timer for it is still marked as pending while it is sent, whereas a retransmission timeout is unmarked first; and
 * what acknowledgements make the kernel send again, they do in recovery.
 */
static __always_inline int is_loss_probe(struct sock *sk)
{
	struct inet_connection_sock *icsk = (struct inet_connection_sock *)sk;

	return BPF_CORE_READ(icsk, icsk_pending) == ICSK_TIME_LOSS_PROBE &&
	       BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state) < TCP_CA_RECOVERY;
}

/* Of a socket whose process is not known, at least its cgroup is: that of whoever made it. */
static __always_inline __u64 socket_cgroup_id(struct sock *sk)
{
	if (!bpf_core_field_exists(((struct sock_cgroup_data *)0)->cgroup))
		return 0;
	return BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id);
}

/* A socket of nobody we know. 0: then it is nobody's whom we watch. */
static __always_inline int fill_stranger(struct llm_slo_event *header, struct sock *sk)
{
	header->netns = netns_of(sk);
	header->cgroup_id = socket_cgroup_id(sk);
	return !config.filter;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_tcp_retransmit_skb, struct sock *sk, struct sk_buff *skb)
{
	__u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
	__u64 key = (__u64)sk;
	struct tcp_owner *owner = bpf_map_lookup_elem(&tcp_owners, &key);
	__u32 segments = segments_of(skb);
	struct llm_slo_event stranger = {};
	__u16 flags = 0;

	if (state == TCP_SYN_SENT)
		flags = LLM_SLO_RTX_SYN;
	else if (is_loss_probe(sk))
		flags = LLM_SLO_RTX_TLP;
	if (owner) {
		tell_missed(sk, owner, segments, state);
		if (!owner->header.pid)
			owner->header.cgroup_id = socket_cgroup_id(sk);
		tell_retransmit(sk, &owner->header, segments, flags);
	} else if (fill_stranger(&stranger, sk)) {
		tell_retransmit(sk, &stranger, segments, flags);
	}
	return 0;
}

/* A SYN-ACK sent again: the listener's, since no socket of its own exists yet. */
SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_tcp_retransmit_synack, struct sock *sk, struct request_sock *req)
{
	__u64 key = (__u64)sk;
	struct tcp_owner *owner = bpf_map_lookup_elem(&tcp_owners, &key);
	struct llm_slo_retransmit record = {};

	if (owner)
		record.header = owner->header;
	else if (!fill_stranger(&record.header, sk))
		return 0;
	record.header.kind = LLM_SLO_RETRANSMIT;
	record.header.flags = LLM_SLO_RTX_SYNACK;
	record.header.ts_ns = bpf_ktime_get_ns();
	record.segments = 1;
	fill_socket_tuple(&record.tuple, (struct sock *)req);
	emit(&record, sizeof(record), LLM_SLO_RETRANSMIT);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_owned_state, struct sock *sk, int oldstate, int newstate)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (newstate == TCP_SYN_SENT)
		own_socket(sk, task);
	else if (newstate == TCP_LISTEN)
		listening(sk, task);
	else if (oldstate == TCP_SYN_RECV && newstate == TCP_ESTABLISHED)
		accepted(sk);
	else if (newstate == TCP_CLOSE)
		closed(sk, oldstate);
	return 0;
}

/* A process has read: the socket is its own, whoever accepted or opened it. */
SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(on_tcp_rcv_space_adjust, struct sock *sk)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 key = (__u64)sk;
	struct tcp_owner *owner = bpf_map_lookup_elem(&tcp_owners, &key);

	if (owner && owner->header.pid == bpf_get_current_pid_tgid() >> 32)
		return 0;
	if (!BPF_CORE_READ(sk, sk_lock.owned) || BPF_CORE_READ(task, flags) & PF_KTHREAD)
		return 0; /* read by the kernel itself, on anybody's time */
	if (owner) {
		account(sk, owner);
		tell_missed(sk, owner, 0, 0);
	}
	own_socket(sk, task);
	return 0;
}

/* What each open file of each process is: sockets that nobody has claimed are of the process that holds them. */
SEC("iter/task_file")
int adopt_sockets(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket *socket;
	struct tcp_owner *owner;
	struct sock *sk;
	__u64 key;

	if (!task || !file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	if (BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	if (!sk || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_INET && BPF_CORE_READ(sk, __sk_common.skc_family) != AF_INET6)
		return 0;
	key = (__u64)sk;
	owner = bpf_map_lookup_elem(&tcp_owners, &key);
	if (owner && owner->header.pid)
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN)
		listening(sk, task);
	else if (BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_CLOSE)
		own_socket(sk, task);
	return 0;
}

/* Accounts for the sockets that are open now, and drops those whose end was missed. */
SEC("iter/bpf_map_elem")
int account_sockets(struct bpf_iter__bpf_map_elem *ctx)
{
	__u64 *key = ctx->key, address;
	struct tcp_owner *owner;
	struct sock *sk;
	__u8 state;

	if (!key)
		return 0;
	address = *key;
	sk = (struct sock *)address;
	owner = bpf_map_lookup_elem(&tcp_owners, &address);
	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (!owner || state == TCP_LISTEN)
		return 0;
	account(sk, owner);
	tell_missed(sk, owner, 0, state);
	if (state == TCP_CLOSE)
		bpf_map_delete_elem(&tcp_owners, &address);
	return 0;
}
