// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * connect_latency_ms and connect_errors_total: one record per TCP connect, from the first SYN to established or given up.
 * The caller is remembered at SYN_SENT, which is the caller's own context; the end arrives in whatever context the kernel has.
 */
#include "socket.bpf.h"

#define ECANCELED 125

struct pending_connect {
	struct llm_slo_event owner;
	struct llm_slo_stamp start;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64); /* the address of the sock: it has neither port nor cookie yet */
	__type(value, struct pending_connect);
} connecting SEC(".maps");

static __always_inline void begin_connect(struct sock *sk, __u64 key)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pending_connect pending = {};

	if (!is_target(task))
		return;
	fill_owner(&pending.owner, task);
	stamp(&pending.start, pending.owner.tid, bpf_ktime_get_ns());
	bpf_map_update_elem(&connecting, &key, &pending, BPF_ANY);
}

static __always_inline void end_connect(struct sock *sk, __u64 key, int established)
{
	struct pending_connect *pending = bpf_map_lookup_elem(&connecting, &key);
	struct llm_slo_connect record = {};

	if (!pending)
		return;
	record.header = pending->owner;
	record.header.kind = LLM_SLO_CONNECT;
	record.header.ts_ns = bpf_ktime_get_ns();
	record.start = pending->start;
	read_clock(&record.end_clock, record.header.tid, record.header.ts_ns);
	record.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	fill_socket_tuple(&record.tuple, sk);
	if (!established) {
		record.error = BPF_CORE_READ(sk, sk_err);
		if (record.error == 0)
			record.error = ECANCELED; /* the caller closed it before an answer came */
	}
	bpf_map_delete_elem(&connecting, &key);
	emit(&record, sizeof(record), LLM_SLO_CONNECT);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_inet_sock_set_state, struct sock *sk, int oldstate, int newstate)
{
	__u64 key = (__u64)sk;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (newstate == TCP_SYN_SENT)
		begin_connect(sk, key);
	else if (oldstate == TCP_SYN_SENT && (newstate == TCP_ESTABLISHED || newstate == TCP_CLOSE))
		end_connect(sk, key, newstate == TCP_ESTABLISHED);
	return 0;
}
