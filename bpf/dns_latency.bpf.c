// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * dns_latency_ms and dns_errors_total: a query leaves for port 53, its answer comes back to the same socket with the same id.
 * Seen as packets, so every resolver library counts. A query without an answer stays in the map; user space sweeps it out.
 */
#include "dns_message.bpf.h"
#ifndef LLM_SLO_PLAIN
#include "dns_stream.bpf.h"
#else
/* Of a TCP segment the one message it begins with: to look at all of them takes a function that is checked apart from its callers. */
static __always_inline void dns_tcp(struct __sk_buff *skb, struct packet *p, int how)
{
	__u32 length, room = p->length - 2;
	__u8 prefix[2] = {};

	if (p->length < 2 + DNS_HEADER || bpf_skb_load_bytes(skb, p->payload, prefix, sizeof(prefix)))
		return;
	length = prefix[0] << 8 | prefix[1];
	if (length < DNS_HEADER || (how & DNS_EGRESS && length != room))
		return;
	dns_message(skb, p->payload + 2, length < room ? length : room, how);
}
#endif

/* The port the socket itself sends to; 0: it is not connected, or has no say. */
static __always_inline __u16 connected_port(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return sk ? bpf_ntohs(sk->dst_port) : 0;
}

static __always_inline int of_unconnected_query(struct __sk_buff *skb)
{
	struct dns_sending_key key = { .cookie = bpf_get_socket_cookie(skb), .tid = this_thread() };

	return bpf_map_lookup_elem(&dns_sending, &key) != 0;
}

SEC("cgroup_skb/egress")
int CONTEXT_PROG(dns_egress, struct __sk_buff, skb)
{
	__u16 port = connected_port(skb);
	struct packet p = {};

	if (port != 0 && port != DNS_PORT)
		return 1;
	if (!read_packet(skb, &p))
		return 1;
	if (p.tuple.protocol == IPPROTO_TCP) {
		if (port == DNS_PORT)
			dns_tcp(skb, &p, DNS_EGRESS);
	} else if (port == DNS_PORT || p.tuple.dst_port == DNS_PORT || of_unconnected_query(skb)) {
		dns_message(skb, p.payload, p.length, DNS_EGRESS);
	}
	return 1;
}

SEC("cgroup_skb/ingress")
int CONTEXT_PROG(dns_ingress, struct __sk_buff, skb)
{
	__u16 port = connected_port(skb);
	struct packet p = {};

	if (port != 0 && port != DNS_PORT)
		return 1;
	if (!read_packet(skb, &p) || p.tuple.src_port != DNS_PORT)
		return 1;
	if (p.tuple.protocol == IPPROTO_TCP) {
		if (port == DNS_PORT)
			dns_tcp(skb, &p, 0);
	} else {
		dns_message(skb, p.payload, p.length, 0);
	}
	return 1;
}

static __always_inline void sending_to(struct bpf_sock_addr *ctx, const __u8 *server)
{
	struct dns_sending_key key = {};
	struct dns_sending sending = {};

	key.cookie = bpf_get_socket_cookie(ctx);
#ifndef LLM_SLO_PLAIN
	key.tid = (__u32)bpf_get_current_pid_tgid(); /* as this_thread() finds it on the packet */
#endif
	__builtin_memcpy(sending.server, server, 16);
	sending.ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&dns_sending, &key, &sending, BPF_ANY); /* where it is full, the packet's own address is taken */
}

/* An unconnected socket is told where to send to, before anything is translated. 0.0.0.0 and :: mean this machine. */
SEC("cgroup/sendmsg4")
int CONTEXT_PROG(dns_sendmsg4, struct bpf_sock_addr, ctx)
{
	__u32 server[4] = {};

	server[2] = bpf_htonl(0xffff);
	server[3] = ctx->user_ip4;
	if (ctx->user_port == bpf_htons(DNS_PORT) && server[3])
		sending_to(ctx, (__u8 *)server);
	return 1;
}

SEC("cgroup/sendmsg6")
int CONTEXT_PROG(dns_sendmsg6, struct bpf_sock_addr, ctx)
{
	__u32 server[4];

	if (ctx->user_port != bpf_htons(DNS_PORT))
		return 1;
	server[0] = ctx->user_ip6[0];
	server[1] = ctx->user_ip6[1];
	server[2] = ctx->user_ip6[2];
	server[3] = ctx->user_ip6[3];
	if (server[0] | server[1] | server[2] | server[3])
		sending_to(ctx, (__u8 *)server);
	return 1;
}

/* What ended a socket's queries: nobody listens at the other end, or the asker closed it. User space finds whose they were. */
struct dns_failure {
	__u64 ns;
	__u64 error; /* 0: closed */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64); /* socket cookie */
	__type(value, struct dns_failure);
} dns_failures SEC(".maps");

/* The last descriptor of a socket is gone, in its owner's context. */
SEC("cgroup/sock_release")
int CONTEXT_PROG(dns_release, struct bpf_sock, ctx)
{
	__u16 port = bpf_ntohs(ctx->dst_port);
	struct dns_failure closed = {};
	struct dns_asker *asker;
	__u64 cookie;

	if ((ctx->protocol != IPPROTO_UDP && ctx->protocol != IPPROTO_TCP) || (port != 0 && port != DNS_PORT))
		return 1;
	cookie = bpf_get_socket_cookie(ctx);
	asker = bpf_map_lookup_elem(&dns_askers, &cookie);
	if (!asker)
		return 1;
	closed.ns = bpf_ktime_get_ns();
	if (asker->open)
		bpf_map_update_elem(&dns_failures, &cookie, &closed, BPF_NOEXIST); /* not over an error, which came before */
	bpf_map_delete_elem(&dns_askers, &cookie);
	return 1;
}

#ifndef LLM_SLO_PLAIN
SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(on_inet_sk_error_report, struct sock *sk)
{
	__u64 cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	struct dns_failure failure = {};

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_UDP || BPF_CORE_READ(sk, __sk_common.skc_dport) != bpf_htons(DNS_PORT))
		return 0;
	failure.ns = bpf_ktime_get_ns();
	failure.error = BPF_CORE_READ(sk, sk_err);
	if (cookie && failure.error)
		bpf_map_update_elem(&dns_failures, &cookie, &failure, BPF_ANY);
	return 0;
}
#endif
