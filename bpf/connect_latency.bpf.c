// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * connect_latency_ms and connect_errors_total: one record per TCP connect, from the first SYN to established or given up.
 *
 * A connect is seen where it is called (with the address the caller gave), where its socket changes state, and, only because some never
 * get that far (no route, no port left, forbidden), where the call returns. The caller is remembered in its own context; the end
 * arrives in whatever context the kernel has.
 */
#include "socket.bpf.h"

#define ECANCELED 125
#define MAX_ERRNO 4095
#define ERESTARTSYS 512 /* from here on: the call begins again, nobody sees these */

struct connect {
	struct llm_slo_event owner;
	struct llm_slo_stamp start;
	struct llm_slo_tuple tuple;
	__u64 cookie;
};

/* From the first SYN on, by the address of the sock: it has neither port nor cookie yet. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct connect);
} connecting SEC(".maps");

/* Called, and no SYN sent, or not any more: by thread. What stays here failed inside the call. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64); /* as bpf_get_current_pid_tgid gives it */
	__type(value, struct connect);
} connect_calls SEC(".maps");

static __always_inline void tell_connect(const struct connect *connect, __u64 now, int error)
{
	struct llm_slo_connect record = {};

	record.header = connect->owner;
	record.header.kind = LLM_SLO_CONNECT;
	record.header.ts_ns = now;
	record.tuple = connect->tuple;
	record.start = connect->start;
	read_clock(&record.end_clock, record.header.tid, now);
	record.cookie = connect->cookie;
	record.error = error;
	emit(&record, sizeof(record), LLM_SLO_CONNECT);
}

static __always_inline int begin_call(struct bpf_sock_addr *ctx, const __u32 *address)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 key = bpf_get_current_pid_tgid();
	struct connect *before = bpf_map_lookup_elem(&connect_calls, &key);
	struct connect connect = {};

	if (before) { /* nobody saw that one return */
		connect = *before;
		if (!bpf_map_delete_elem(&connect_calls, &key))
			tell_connect(&connect, connect.start.ns, MAX_ERRNO);
		__builtin_memset(&connect, 0, sizeof(connect));
	}
	if (ctx->protocol != IPPROTO_TCP || !is_target(task))
		return 1;
	fill_owner(&connect.owner, task);
	stamp(&connect.start, connect.owner.tid, bpf_ktime_get_ns());
	connect.cookie = bpf_get_socket_cookie(ctx);
	connect.tuple.protocol = IPPROTO_TCP;
	connect.tuple.dst_port = __builtin_bswap16(ctx->user_port);
	__builtin_memcpy(connect.tuple.dst, address, 16);
	connect.tuple.src[10] = connect.tuple.src[11] = address[2] == __builtin_bswap32(0xffff) && !(address[0] | address[1]) ? 0xff : 0;
	if (bpf_map_update_elem(&connect_calls, &key, &connect, BPF_ANY))
		count_untracked(LLM_SLO_CONNECT);
	return 1;
}

SEC("cgroup/connect4")
int CONTEXT_PROG(on_connect4, struct bpf_sock_addr, ctx)
{
	__u32 address[4] = {};

	address[2] = __builtin_bswap32(0xffff);
	address[3] = ctx->user_ip4;
	return begin_call(ctx, address);
}

SEC("cgroup/connect6")
int CONTEXT_PROG(on_connect6, struct bpf_sock_addr, ctx)
{
	__u32 address[4];

	address[0] = ctx->user_ip6[0];
	address[1] = ctx->user_ip6[1];
	address[2] = ctx->user_ip6[2];
	address[3] = ctx->user_ip6[3];
	return begin_call(ctx, address);
}

/* The call returned an error. Whatever is known of it from elsewhere is not among the calls any more. */
static __always_inline void call_failed(__u64 error)
{
	__u64 key = bpf_get_current_pid_tgid();
	struct connect *held = bpf_map_lookup_elem(&connect_calls, &key), connect;

	if (!held)
		return;
	connect = *held;
	if (!bpf_map_delete_elem(&connect_calls, &key) && error < ERESTARTSYS)
		tell_connect(&connect, bpf_ktime_get_ns(), error);
}

/* The call's return, where the kernel lets its functions be traced; io_uring comes this way too. */
SEC("fexit/inet_stream_connect")
int BPF_PROG(on_inet_stream_connect, struct socket *socket, void *address, int length, int flags, int result)
{
	if (result < 0)
		call_failed(-result);
	return 0;
}

/* As the kernel hands over the return of a system call that has a tracepoint of its own. */
struct syscall_return {
	__u64 unused[2];
	long result;
};

/* The call's return, where it does not: not of 32-bit programs, whose calls these tracepoints leave out. */
SEC("tracepoint/syscalls/sys_exit_connect")
int on_connect_return(struct syscall_return *ctx)
{
	if (ctx->result < 0 && ctx->result >= -MAX_ERRNO)
		call_failed(-ctx->result);
	return 0;
}

/* The call's return, where system calls have none (or nobody says which it is: tracefs): every system call of the machine comes by. */
SEC("tp_btf/sys_exit")
int BPF_PROG(on_connect_exit, struct pt_regs *regs, long result)
{
	if (result >= 0 || result < -MAX_ERRNO || !IS_CONNECT_CALL(regs))
		return 0;
	call_failed(-result);
	return 0;
}

static __always_inline void begin_connect(struct sock *sk, __u64 key)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 call = bpf_get_current_pid_tgid();
	struct connect connect = {};

	bpf_map_delete_elem(&connect_calls, &call);
	if (!is_target(task))
		return;
	fill_owner(&connect.owner, task);
	connect.owner.netns = netns_of(sk);
	stamp(&connect.start, connect.owner.tid, bpf_ktime_get_ns());
	fill_socket_tuple(&connect.tuple, sk);
	if (bpf_map_update_elem(&connecting, &key, &connect, BPF_ANY))
		count_untracked(LLM_SLO_CONNECT);
}

/* 1 while connect() is still on its way through the kernel: it gave up by itself, and will say why when it returns. */
static __always_inline int inside_call(struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	return socket && BPF_CORE_READ(socket, state) == SS_UNCONNECTED && BPF_CORE_READ(sk, sk_lock.owned);
}

static __always_inline void end_connect(struct sock *sk, __u64 key, int established)
{
	struct connect *held = bpf_map_lookup_elem(&connecting, &key), connect;
	__u64 call = bpf_get_current_pid_tgid();
	int error = 0;

	if (!held)
		return;
	connect = *held;
	bpf_map_delete_elem(&connecting, &key);
	connect.cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (established) {
		fill_socket_tuple(&connect.tuple, sk);
	} else {
		/* What the socket holds of the other end may be cleared by now, and its port given back. */
		connect.tuple.src_port = __builtin_bswap16(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
		error = BPF_CORE_READ(sk, sk_err);
		if (error == 0 && inside_call(sk)) {
			if (bpf_map_update_elem(&connect_calls, &call, &connect, BPF_ANY))
				count_untracked(LLM_SLO_CONNECT);
			return;
		}
		if (error == 0)
			error = ECANCELED; /* the caller closed it before an answer came */
	}
	tell_connect(&connect, bpf_ktime_get_ns(), error);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_inet_sock_set_state, struct sock *sk, int oldstate, int newstate)
{
	__u64 key = (__u64)sk;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (newstate == TCP_SYN_SENT)
		begin_connect(sk, key);
	/* A connect that met another one half way goes through SYN_RECV. */
	else if ((oldstate == TCP_SYN_SENT || oldstate == TCP_SYN_RECV) && (newstate == TCP_ESTABLISHED || newstate == TCP_CLOSE))
		end_connect(sk, key, newstate == TCP_ESTABLISHED);
	return 0;
}
