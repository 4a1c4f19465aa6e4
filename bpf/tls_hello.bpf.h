/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the hellos of a TLS handshake say in the clear (RFC 8446, 4.1): whether the client offers HTTP/2, and alone; which version,
 * cipher suite and, before 1.3, which protocol the server chose. Extensions are walked by sequence numbers, so a ClientHello may come
 * in several packets.
 */
#ifndef TLS_HELLO_BPF_H
#define TLS_HELLO_BPF_H

#include "conn.bpf.h"

enum tls_state {
	T_SERVER_HELLO = 1, /* the server chose; not set again by a HelloRetryRequest's second ClientHello */
	T_V13 = 2,
	T_KEY_EXCHANGE = 4, /* the client sent another plaintext handshake message: TLS 1.2 or older */
	T_CCS_CLIENT = 8,
	T_CCS_SERVER = 16,
	T_FINISHED_CLIENT = 32, /* TLS 1.2: its encrypted Finished went out */
	T_FINISHED_SERVER = 64,
	T_EARLY = 128, /* the client sent data before the server's hello: 0-RTT */
	T_REQUEST = 256, /* request_sequence is set */
	T_ANSWERED = 512,
	T_OFFERS_HTTP2 = 1024,
	T_OFFERS_OTHER = 2048,
	T_SERVER_ENCRYPTED = 4096, /* the server's first encrypted record was seen */
	T_SERVER_MORE = 8192, /* a second one too */
	T_SERVER_SPOKE = 65536, /* a record of the server's after the handshake; or the client said goodbye, which the server then answers */
	T_PADS_CLIENT = 262144, /* its records are longer than they need be, see PADDING */
	T_PADS_SERVER = 524288,
	T_PENDING = 131072, /* the client showed a certificate: its server will say what it thinks of it */
	T_UNTOLD = 16384, /* over, but whose it is will be known when its owner closes it */
	T_REFUSED = 32768, /* told as failed */
};

enum { EXT_ALPN = 16, EXT_SUPPORTED_VERSIONS = 43 };
enum { TLS_AES_256_GCM_SHA384 = 0x1302 };

#define HELLO_FIXED 43 /* record header, message header, version, random: up to the session id's length */
/* Cut by the end of a packet: HTTP/2 may be offered. */
#define OFFER_UNKNOWN (T_OFFERS_HTTP2 | T_OFFERS_OTHER)
#define MOST_EXTENSIONS 24 /* per packet */
#define MOST_PROTOCOLS 5
/* Finished of TLS 1.3: header, hash, content type, authentication tag. */
#define FINISHED_SHA256 (4 + 32 + 1 + 16)
#define FINISHED_SHA384 (4 + 48 + 1 + 16)

static __always_inline __u32 read_u16(struct __sk_buff *skb, __u32 at)
{
	__u8 b[2] = {};

	bpf_skb_load_bytes(skb, at, b, sizeof(b));
	return b[0] << 8 | b[1];
}

static __always_inline __u32 read_u8(struct __sk_buff *skb, __u32 at)
{
	__u8 b = 0;

	bpf_skb_load_bytes(skb, at, &b, sizeof(b));
	return b;
}

/* One protocol name at `at`: a length and a name. Yields where the next one begins. */
static __always_inline __u32 read_protocol(struct __sk_buff *skb, __u32 at, __u32 *state)
{
	__u8 name[3] = {};

	if (bpf_skb_load_bytes(skb, at, name, sizeof(name)))
		return 0;
	if (name[0] == 2 && name[1] == 'h' && name[2] == '2')
		*state |= T_OFFERS_HTTP2;
	else if (!(name[1] == 'g' && name[2] == 'r')) /* grpc-exp is gRPC's own name for it */
		*state |= T_OFFERS_OTHER;
	return at + 1 + name[0];
}

static __always_inline void read_protocols(struct __sk_buff *skb, __u32 at, struct tls_conn *tls)
{
	__u32 end = at + 2 + read_u16(skb, at), state = 0;

	at += 2;
	for (int i = 0; i < MOST_PROTOCOLS; i++) {
		if (at == 0 || at >= end)
			break;
		at = read_protocol(skb, *(volatile __u32 *)&at, &state);
	}
	tls->state |= state;
}

/* The packet begins with a ClientHello: finds where its extensions begin. */
static __always_inline void begin_client_hello(struct __sk_buff *skb, const struct packet *p, struct tls_conn *tls)
{
	__u32 at = HELLO_FIXED;

	at += 1 + read_u8(skb, p->payload + at);
	at += 2 + read_u16(skb, p->payload + at); /* cipher suites */
	at += 1 + read_u8(skb, p->payload + at); /* compression */
	if (at + 2 > p->length) {
		tls->state |= OFFER_UNKNOWN;
		return;
	}
	tls->hello_next = p->sequence + at + 2;
	tls->hello_end = tls->hello_next + read_u16(skb, p->payload + at);
}

/*
 * Goes on with the ClientHello's extensions, as far as this packet has them. Not static, like others here: the verifier checks such a
 * function once, apart from its callers.
 */
__attribute__((noinline)) int read_client_hello(struct __sk_buff *skb, __u64 key, __u32 egress)
{
	struct tls_conn *tls = bpf_map_lookup_elem(&tls_conns, &key);
	struct tls_work *work;

	if (!tls)
		return 0;
	work = &tls->work[egress & 1];
	for (int i = 0; i < MOST_EXTENSIONS; i++) {
		__u32 at = *(volatile __u32 *)&tls->hello_next - *(volatile __u32 *)&work->sequence, type, length;
		int cut;

		if ((__s32)(tls->hello_end - tls->hello_next) < 4 || (at < 65536 && at >= work->length))
			break;
		cut = at >= 65536 || at + 4 > work->length;
		at += work->payload;
		type = read_u16(skb, at);
		length = read_u16(skb, at + 2);
		tls->hello_next += 4 + length;
		if (cut || (type == EXT_ALPN && (__s32)(tls->hello_next - work->sequence - work->length) > 0))
			tls->state |= OFFER_UNKNOWN;
		else if (type == EXT_ALPN)
			read_protocols(skb, at + 4, tls);
		else
			continue;
		tls->hello_next = tls->hello_end;
	}
	return 0;
}

/* The record in hand is a ServerHello. */
__attribute__((noinline)) int read_server_hello(struct __sk_buff *skb, __u64 key, __u32 egress)
{
	struct tls_conn *tls = bpf_map_lookup_elem(&tls_conns, &key);
	__u32 at, end, cipher, version = 0;

	if (!tls)
		return 0;
	at = *(volatile __u32 *)&tls->work[egress & 1].record_at + HELLO_FIXED;
	at += 1 + read_u8(skb, at);
	cipher = read_u16(skb, at);
	at += 3;
	end = at + 2 + read_u16(skb, at);
	at += 2;
	for (int i = 0; i < 12; i++) {
		__u32 type, length;

		if (at + 4 > end)
			break;
		type = read_u16(skb, at);
		length = read_u16(skb, at + 2);
		if (type == EXT_SUPPORTED_VERSIONS)
			version = read_u16(skb, at + 4);
		if (type == EXT_ALPN) {
			__u32 chosen = 0;

			read_protocol(skb, at + 6, &chosen);
			tls->shared = chosen & T_OFFERS_HTTP2 ? SHARED : NOT_SHARED;
			tls->state &= ~T_OFFERS_HTTP2; /* settled */
		}
		at += 4 + length;
	}
	tls->state |= T_SERVER_HELLO;
	if (version == 0x0304) {
		tls->state |= T_V13;
		tls->finished_length = cipher == TLS_AES_256_GCM_SHA384 ? FINISHED_SHA384 : FINISHED_SHA256;
	} else if (tls->state & T_OFFERS_HTTP2) {
		tls->shared = NOT_SHARED; /* before 1.3 the choice is here, or there is none */
		tls->state &= ~T_OFFERS_HTTP2;
	}
	return 0;
}

#endif
