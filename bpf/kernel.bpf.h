/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The few kernel types we read, each with only the fields we read. CO-RE finds the real offsets at load time, so neither a
 * vmlinux.h nor kernel headers are needed. A field that some kernels lack is asked for with bpf_core_field_exists.
 */
#ifndef KERNEL_BPF_H
#define KERNEL_BPF_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1]; /* as many as the kernel has controllers */
	struct cgroup *dfl_cgrp;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct net *net_ns;
};

struct rq {
	__u64 clock;
};

struct cfs_rq {
	struct rq *rq;
};

struct sched_entity {
	struct cfs_rq *cfs_rq;
};

struct sched_info {
	unsigned long long run_delay;
	unsigned long long last_queued;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	unsigned short i_mode;
	struct super_block *i_sb;
};

struct qstr {
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	void *private_data;
	struct path f_path;
};

struct mm_struct {
	struct file *exe_file;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	unsigned int flags; /* PF_* */
	struct files_struct *files;
	struct mm_struct *mm;
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *group_leader;
	__u64 start_boottime;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
	struct sched_entity se;
	struct sched_info sched_info;
	_Bool throttled; /* since 6.18: the task waits for its cgroup's next period */
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

typedef struct {
	long long counter;
} atomic64_t;

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport; /* network order */
	__u16 skc_num; /* host order */
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};

typedef struct {
	int owned; /* a process holds the lock */
} socket_lock_t;

struct sock;

typedef enum { SS_FREE = 0, SS_UNCONNECTED, SS_CONNECTING, SS_CONNECTED, SS_DISCONNECTING } socket_state;

struct socket {
	socket_state state;
	struct sock *sk;
};


struct sock_cgroup_data {
	struct cgroup *cgroup;
};

struct sock {
	struct sock_common __sk_common;
	struct sock_cgroup_data sk_cgrp_data;
	socket_lock_t sk_lock;
	struct socket *sk_socket;
	__u16 sk_protocol;
	__u16 sk_type;
	int sk_err;
};

struct inet_sock {
	__u16 inet_sport; /* network order; kept when skc_num is already given back */
};

struct inet_connection_sock {
	__u8 icsk_ca_state : 5;
	__u8 icsk_pending;
};

struct tcp_sock {
	__u32 segs_out; /* sent, in all its life */
	__u32 total_retrans; /* sent again */
	__u32 rcv_nxt; /* everything before it has come, in order */
	__u32 copied_seq; /* everything before it has been read */
};

struct request_sock;

struct sk_buff {
	struct sock *sk;
	char cb[48];
};

struct tcp_skb_cb {
	__u16 tcp_gso_segs;
};

struct gendisk {
	int major;
	int first_minor;
};

struct request_queue {
	struct gendisk *disk; /* since 5.15 */
};

struct request {
	struct request_queue *q;
	unsigned int cmd_flags;
	unsigned int __data_len;
	__u64 __sector;
	struct gendisk *rq_disk; /* until 5.16 */
	__u64 start_time_ns;
};

/* Arguments of a system call, where its entry keeps them. `regs` is the tracepoint's own argument and can be loaded from directly. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di;
	unsigned long dx;
	unsigned long r10;
	unsigned long orig_ax;
};
/* connect of 64-bit programs; socketcall and connect of 32-bit ones, whose numbers are harmless in the others. */
#define IS_CONNECT_CALL(regs) ((regs)->orig_ax == 42 || (regs)->orig_ax == 102 || (regs)->orig_ax == 362)
#define SYSCALL_ARG1(regs) ((regs)->di)
#define SYSCALL_ARG3(regs) ((regs)->dx)
#define SYSCALL_ARG4(regs) ((regs)->r10)
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
};
struct pt_regs {
	struct user_pt_regs user_regs;
	int syscallno;
};
/* connect of 64-bit programs and of 32-bit ones. */
#define IS_CONNECT_CALL(regs) ((regs)->syscallno == 203 || (regs)->syscallno == 283)
#define SYSCALL_ARG1(regs) BPF_CORE_READ(regs, user_regs.regs[0])
#define SYSCALL_ARG3(regs) BPF_CORE_READ(regs, user_regs.regs[2])
#define SYSCALL_ARG4(regs) BPF_CORE_READ(regs, user_regs.regs[3])
#endif

#pragma clang attribute pop

/* What an iterator's program is called with. */
struct bpf_iter_meta;
struct bpf_map;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

/* Only the names count: CO-RE finds the running kernel's numbers. */
enum cgroup_subsys_id { cpu_cgrp_id = 1, memory_cgrp_id = 4, pids_cgrp_id = 11 };

enum { PF_EXITING = 0x4, PF_KTHREAD = 0x200000 };
enum { TCP_ESTABLISHED = 1, TCP_SYN_SENT = 2, TCP_SYN_RECV = 3, TCP_FIN_WAIT1 = 4, TCP_CLOSE = 7, TCP_CLOSE_WAIT = 8, TCP_LISTEN = 10, TCP_NEW_SYN_RECV = 12 };
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, IPPROTO_TCP = 6, IPPROTO_UDP = 17 };

#endif
