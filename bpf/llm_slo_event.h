/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The wire format between the kernel and user space: what one record in the ring looks like. Plain fixed-size structs, no
 * kernel types. lib/decode/wire.gen.ts is generated from the BTF of this file; change the layout here and nowhere else.
 *
 * 64-bit fields come first and nothing is padded by the compiler (-Wpadded -Werror). Times are ktime nanoseconds.
 */
#ifndef LLM_SLO_EVENT_H
#define LLM_SLO_EVENT_H

typedef unsigned char llm_u8;
typedef unsigned short llm_u16;
typedef unsigned int llm_u32;
typedef int llm_s32;
typedef long long llm_s64;
typedef unsigned long long llm_u64;

enum llm_slo_kind {
	LLM_SLO_DNS = 1,
	LLM_SLO_CONNECT = 2,
	LLM_SLO_EXCHANGE = 3,
	LLM_SLO_GAP = 4,
	LLM_SLO_RUNQ = 5,
	LLM_SLO_THROTTLED = 6,
	LLM_SLO_WAIT_SUM = 7,
	LLM_SLO_TIMER = 8,
	LLM_SLO_TLS = 9,
	LLM_SLO_RETRANSMIT = 10,
	LLM_SLO_RECLAIM = 11,
	LLM_SLO_DISK = 12,
	LLM_SLO_SYSCALL = 13,
	LLM_SLO_TALLY = 14,
	LLM_SLO_UNREAD = 15,
	LLM_SLO_KINDS = 16,
};

/* Marks a cgroup_id of a v1 hierarchy, and of which: told where v2 puts the owner at its root. */
#define LLM_SLO_CGROUP_V1 (1ULL << 62)
#define LLM_SLO_CGROUP_PIDS (0ULL << 60)
#define LLM_SLO_CGROUP_MEMORY (1ULL << 60)
#define LLM_SLO_CGROUP_CPU (2ULL << 60)

/* Header of every record. The owner is the one remembered in process context. */
struct llm_slo_event {
	llm_u64 ts_ns; /* when the thing ended */
	llm_u64 cgroup_id; /* of the owner's cgroup v2 directory, or with LLM_SLO_CGROUP_V1 of its v1 one; 0 unknown */
	llm_u64 process_start_ns; /* when the process began, on the boot clock: with the pid it names one process for ever */
	llm_u32 pid; /* thread group */
	llm_u32 tid; /* thread */
	llm_u32 netns; /* inode of the network namespace, 0 not applicable */
	llm_u16 kind; /* enum llm_slo_kind */
	llm_u16 flags; /* meaning depends on the kind */
	char comm[16]; /* name of the process, not of the thread */
};

/* src is the owner's end. IPv4 addresses are written v4-mapped. Ports in host order. */
struct llm_slo_tuple {
	llm_u8 src[16];
	llm_u8 dst[16];
	llm_u16 src_port;
	llm_u16 dst_port;
	llm_u16 protocol; /* 6 TCP, 17 UDP */
	llm_u16 reserved;
};

/* A thread's clock: cumulative nanoseconds since the thread was first seen. run_ns = ~0 says that it was not known. */
struct llm_slo_clock {
	llm_u64 run_ns;
	llm_u64 runq_ns;
	llm_u64 throttled_ns;
	llm_u64 reclaim_ns; /* freeing memory for an allocation of its own: within the time it ran, waited and slept, not beside it */
};

/* An instant on a socket, and the owner thread's clock at that instant. ns = 0: has not happened, or cannot be seen. */
struct llm_slo_stamp {
	llm_u64 ns;
	struct llm_slo_clock clock;
};

enum { LLM_SLO_DNS_NAME_LEN = 256 };

/* A query without an answer for this long failed, as resolvers see it; an answer that comes later changes nothing. */
enum llm_slo_dns_limit { LLM_SLO_DNS_TIMEOUT_MS = 5000 };

/* header.flags of a DNS query */
enum llm_slo_dns_flag {
	LLM_SLO_DNS_TCP = 1,
	LLM_SLO_DNS_NO_ANSWER = 2, /* none came in time, or `error` came instead */
	LLM_SLO_DNS_TRUNCATED = 4, /* the answer says: ask again over TCP */
	LLM_SLO_DNS_ABANDONED = 8, /* its asker gave up before an answer came: closed its socket, or used its id for another question */
};

/* Look-ups run on pool threads: the clocks are those of the process's main thread, which waits for them. */
struct llm_slo_dns {
	struct llm_slo_event header;
	struct llm_slo_tuple tuple;
	struct llm_slo_stamp start;
	struct llm_slo_clock end_clock;
	llm_u64 cookie;
	llm_u16 query_id;
	llm_u16 query_type;
	llm_u16 rcode;
	llm_u16 name_len; /* bytes used in name */
	llm_u16 answers; /* records in the answer's first section */
	llm_u16 packets; /* times the query was sent, to however many servers */
	llm_u32 error; /* positive errno of the socket, where that is how it ended */
	llm_u8 name[LLM_SLO_DNS_NAME_LEN]; /* labels as on the wire, without the last, empty one */
};

struct llm_slo_connect {
	struct llm_slo_event header;
	struct llm_slo_tuple tuple;
	struct llm_slo_stamp start;
	struct llm_slo_clock end_clock;
	llm_u64 cookie; /* 0: the socket had none yet */
	llm_s32 error; /* 0, or a positive errno */
	llm_u32 reserved;
};

/* header.flags of an exchange */
enum llm_slo_exchange_flag {
	LLM_SLO_X_END = 1, /* the turn is over; without it: its first response byte was read or sent */
	LLM_SLO_X_SERVER = 2, /* bytes came in first */
	LLM_SLO_X_PREEXISTING = 4, /* the connection is older than the probe */
	LLM_SLO_X_TRACE = 8, /* trace_id and span_id were seen on the wire */
	LLM_SLO_X_SHARED = 16, /* several requests at a time (HTTP/2): the whole connection is one exchange, never a request */
};

struct llm_slo_exchange {
	struct llm_slo_event header;
	struct llm_slo_tuple tuple;
	llm_u64 cookie;
	struct llm_slo_stamp request_start;
	struct llm_slo_stamp request_end;
	struct llm_slo_stamp response_start;
	struct llm_slo_stamp response_end;
	struct llm_slo_stamp first_read;
	llm_u64 bytes_out;
	llm_u64 bytes_in;
	llm_u64 max_gap_ns;
	llm_u32 turn;
	llm_u32 chunks;
	llm_u8 trace_id[32]; /* hex digits, as they were written */
	llm_u8 span_id[16];
};

/* header.flags of a TLS handshake */
enum llm_slo_tls_flag {
	LLM_SLO_TLS_SERVER = 1, /* the ClientHello came in */
	LLM_SLO_TLS_V13 = 2,
	LLM_SLO_TLS_FAILED = 4, /* an alert, or the connection was closed, before it was done */
	LLM_SLO_TLS_BY_PEER = 8, /* it failed: the other end sent the alert, or closed */
};

/* From the ClientHello to the client's last handshake record, or to the failure. */
struct llm_slo_tls {
	struct llm_slo_event header;
	struct llm_slo_tuple tuple;
	struct llm_slo_stamp start;
	struct llm_slo_clock end_clock;
	llm_u64 cookie;
	llm_u32 alert; /* description of a plaintext alert, 256 for an encrypted one, 0 for none */
	llm_u32 reserved;
};

/* header.flags of a retransmission */
enum llm_slo_retransmit_flag {
	LLM_SLO_RTX_SYN = 1, /* of a SYN */
	LLM_SLO_RTX_SYNACK = 2, /* of a SYN-ACK: the owner is the listener's */
	LLM_SLO_RTX_TLP = 4, /* a tail loss probe: the last segment, sent again before any timeout, to see whether it arrived */
};

/* One segment, or several in one skb, sent again. ts_ns is when. */
struct llm_slo_retransmit {
	struct llm_slo_event header;
	struct llm_slo_tuple tuple;
	llm_u64 cookie;
	llm_u64 segments_sent; /* by this socket in all its life, the repeated ones and acknowledgements included; 0: it has none yet */
	llm_u32 segments; /* sent again now */
	llm_u32 reserved;
};

/*
 * LLM_SLO_GAP: a pause inside an answer, until ts_ns. LLM_SLO_UNREAD: bytes that arrived at start_ns (or stayed when others were
 * read then) lay unread until ts_ns. header.flags: LLM_SLO_X_SERVER, LLM_SLO_X_TRACE.
 */
struct llm_slo_gap {
	struct llm_slo_event header;
	struct llm_slo_tuple tuple;
	llm_u64 start_ns;
	llm_u64 cookie;
	llm_u8 trace_id[32];
};

/* LLM_SLO_RUNQ and LLM_SLO_THROTTLED: one wait over the threshold. */
struct llm_slo_wait {
	struct llm_slo_event header;
	llm_u64 start_ns;
};

/*
 * A thread slept until a timer of its own was due: a call such as epoll_wait came back with nothing, or it came back with something else
 * to do and the timer became due meanwhile. Told from when the timer was first waited for, though the call may have come back for
 * other reasons in between, to the end of the last sleep.
 */
struct llm_slo_timer {
	struct llm_slo_event header;
	llm_u64 start_ns;
	struct llm_slo_clock clock; /* at the end */
};

/* Buckets of what stayed under the threshold: below 1024 ns, then one to each fourfold, the last one open. */
enum { LLM_SLO_SMALL_BUCKETS = 8 };

/* What stayed under the threshold for one thread since the last such record. */
struct llm_slo_wait_sum {
	struct llm_slo_event header;
	llm_u64 runq_ns;
	llm_u64 throttled_ns;
	llm_u32 runq_count;
	llm_u32 throttled_count;
	llm_u32 runq_counts[LLM_SLO_SMALL_BUCKETS];
};

/* header.flags of a reclaim stall */
enum llm_slo_reclaim_flag {
	LLM_SLO_RECLAIM_MEMCG = 1, /* at the memory limit of its cgroup; without it: the machine was short of memory */
};

/* A thread had to free memory before it got some: the outermost begin and end, in its own context. */
struct llm_slo_reclaim {
	struct llm_slo_event header;
	llm_u64 start_ns;
	llm_u64 pages; /* freed */
};

/* header.flags of a block request */
enum llm_slo_disk_flag {
	LLM_SLO_DISK_KERNEL = 1, /* a kernel thread asked for it: writeback, a journal, swap */
};

/* One block request, told when it is complete. The owner asked for it, as far as the kernel can tell: see disk_io_latency. */
struct llm_slo_disk {
	struct llm_slo_event header;
	llm_u64 start_ns; /* queued for the device */
	llm_u64 issued_ns; /* given to the device */
	llm_u64 sector;
	llm_u32 bytes;
	llm_u32 device; /* major << 20 | minor, as the kernel writes it */
	llm_u32 op; /* REQ_OP_*: 0 read, 1 write, 2 flush, 3 discard ... */
	llm_s32 status; /* 0: good; negative: an errno; positive: BLK_STS_* */
};

/* One system call at or over the threshold that did more than wait for somebody else. */
struct llm_slo_syscall {
	struct llm_slo_event header;
	llm_u64 start_ns;
	llm_s64 result;
	llm_u32 number;
	llm_u32 machine; /* whose table the number is of: the ELF number of the machine */
};

/* Buckets of a tally: below 1024 ns, then four to each doubling up to 2^34 ns (17 s), then the rest. */
enum { LLM_SLO_TALLY_BUCKETS = 98 };

#define LLM_SLO_CALL_WAITS 0x80000000u /* of a system call: it only waited for somebody else */
#define LLM_SLO_BY_KERNEL 0x80000000u /* of a block request: as LLM_SLO_DISK_KERNEL */
#define LLM_SLO_BY_SERVER 0x80000000u /* of a turn: the end that answers */

/* What a tally is of. */
struct llm_slo_tally_key {
	llm_u64 process_start_ns;
	llm_u32 pid;
	llm_u32 kind; /* LLM_SLO_DISK, LLM_SLO_SYSCALL, or LLM_SLO_EXCHANGE for turns, by the time to the first byte of the answer */
	llm_u32 what; /* operation and LLM_SLO_BY_KERNEL, or number of the call and LLM_SLO_CALL_WAITS, or LLM_SLO_BY_SERVER */
	llm_u32 where; /* device, or machine, or 0 */
};

/*
 * Occurrences that were not told one by one. Kept in a map, cumulative; user space reads it once a second and makes a record of what
 * came since. No thread: tid is 0.
 */
struct llm_slo_tally {
	struct llm_slo_event header; /* flags: the kind of record it stands for */
	llm_u64 sum_ns;
	llm_u64 bytes; /* moved by these block requests; 0 of others */
	llm_u32 what; /* as in the key */
	llm_u32 where;
	llm_u64 counts[LLM_SLO_TALLY_BUCKETS];
};

/* The state of one target thread: kept in a map by runqueue_delay, read by whatever stamps, and by user space at the end. */
struct llm_slo_thread {
	struct llm_slo_clock clock; /* closed intervals only */
	llm_u64 cgroup_id; /* when it was first seen */
	llm_u64 process_start_ns;
	llm_u64 on_since; /* on a CPU since; 0: not on a CPU */
	llm_u64 off_since;
	llm_u64 told_delay; /* sched_info.run_delay that has been accounted for */
	llm_u64 timer_since; /* waiting for the timer due at timer_due since; 0: for none */
	llm_u64 timer_due;
	llm_u64 woke_at; /* the last sleep with that timer ended for another reason, at woke_clock; 0: it did not */
	struct llm_slo_clock woke_clock;
	llm_u64 reclaim_since; /* freeing memory since; 0: not */
	llm_u64 summed_since; /* start of the sums below */
	llm_u64 small_runq_ns;
	llm_u64 small_throttled_ns;
	llm_u32 small_runq_count;
	llm_u32 small_throttled_count;
	llm_u32 small_runq_counts[LLM_SLO_SMALL_BUCKETS];
	llm_u32 tgid;
	llm_u32 reserved;
	llm_u32 in_sleep_call; /* inside a call that may come back because that timer is due */
	llm_u32 throttled; /* it was switched out because its quota was spent */
	char comm[16];
};

/* From when on things are told one by one. User space may change it while the programs run. */
struct llm_slo_tuning {
	llm_u64 wait_threshold_ns;
	llm_u64 gap_threshold_ns; /* pauses inside an answer */
	llm_u64 unread_threshold_ns; /* bytes that lay unread */
	llm_u64 disk_threshold_ns; /* block requests from here on are told also where there are more than disk_per_second */
	llm_u64 call_threshold_ns; /* system calls from here on are told */
	llm_u64 turn_threshold_ns; /* to the first byte of an answer: told also where there are more than turns_per_second */
	llm_u32 disk_per_second; /* so many block requests are told one by one */
	llm_u32 turns_per_second; /* so many turns of connections are told one by one */
};

/* What user space tells a probe before it loads (.rodata). */
struct llm_slo_config {
	struct llm_slo_tuning tuning; /* to begin with */
	llm_u64 sum_period_ns; /* how often a thread tells what stayed under the threshold */
	llm_u32 filter; /* bit set of LLM_SLO_FILTER_*; 0: every process is a target */
	llm_u32 have_read; /* the kernel has the sock_recv_length tracepoint and it is used */
	llm_u32 wants; /* bit set of LLM_SLO_WANT_*: what the programs at every system call are for, and which groups records name */
	llm_u32 timed; /* 0: the programs do not time themselves; else 1 more than this probe's place in the `timed` map */
	char comm[16];
};

/* What the programs of a probe cost, by their own clock: of one run in LLM_SLO_TIMED_EVERY on each CPU. */
struct llm_slo_timed {
	llm_u64 runs;
	llm_u64 sampled;
	llm_u64 ns; /* of those sampled */
};

enum llm_slo_timing { LLM_SLO_TIMED_EVERY = 64 };

/* What is seen to be used, and cannot be looked into: counted in a map by process. */
enum llm_slo_unseen_what {
	LLM_SLO_UNSEEN_UNIX = 1, /* reads from UNIX stream sockets */
	LLM_SLO_UNSEEN_QUIC = 2, /* UDP packets to or from port 443 */
};

struct llm_slo_unseen_key {
	llm_u32 pid;
	llm_u32 what;
};

struct llm_slo_unseen {
	llm_u64 count;
	llm_u64 process_start_ns;
	char comm[16];
};

/* How a system call says how long it may sleep (the known_calls map). */
enum llm_slo_sleep {
	LLM_SLO_SLEEP_NO = 0,
	LLM_SLO_SLEEP_MS_ARG3 = 1, /* poll: milliseconds in its third argument, negative for ever */
	LLM_SLO_SLEEP_MS_ARG4 = 2, /* epoll_wait */
	LLM_SLO_SLEEP_POINTER = 3, /* a timespec in user memory, not read: the timer counts from this call on */
	LLM_SLO_SLEEP_MASK = 15,
};

/* Whether a system call does nothing but wait for somebody else (the same map). */
enum llm_slo_waits {
	LLM_SLO_WAITS = 16,
	LLM_SLO_WAITS_IF_NO_FILE = 32, /* when its first argument is a socket, a pipe ... and not a file */
};

enum llm_slo_want {
	LLM_SLO_WANT_TIMERS = 1,
	LLM_SLO_WANT_CALLS = 2,
	LLM_SLO_WANT_V1_PIDS = 4, /* the controller is of a v1 hierarchy here */
	LLM_SLO_WANT_V1_MEMORY = 8,
	LLM_SLO_WANT_V1_CPU = 16,
	LLM_SLO_WANT_ENDS = 32, /* the ends of turns, beside their first response bytes */
	LLM_SLO_WANT_CLOCKS = 64, /* what threads' counters say, with every stamp */
};

enum llm_slo_filter {
	LLM_SLO_FILTER_PID = 1,
	LLM_SLO_FILTER_COMM = 2,
	LLM_SLO_FILTER_CGROUP = 4,
};

_Static_assert(sizeof(struct llm_slo_event) == 56, "header is 56 bytes");
_Static_assert(sizeof(struct llm_slo_tuple) == 40, "tuple is 40 bytes");

#endif
