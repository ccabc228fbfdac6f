/* The system calls that have names here. Not every architecture has all of them. */
#ifdef SYS_read
CALL(read)
#endif
#ifdef SYS_write
CALL(write)
#endif
#ifdef SYS_open
CALL(open)
#endif
#ifdef SYS_close
CALL(close)
#endif
#ifdef SYS_fstat
CALL(fstat)
#endif
#ifdef SYS_lseek
CALL(lseek)
#endif
#ifdef SYS_mmap
CALL(mmap)
#endif
#ifdef SYS_mprotect
CALL(mprotect)
#endif
#ifdef SYS_munmap
CALL(munmap)
#endif
#ifdef SYS_brk
CALL(brk)
#endif
#ifdef SYS_rt_sigaction
CALL(rt_sigaction)
#endif
#ifdef SYS_rt_sigprocmask
CALL(rt_sigprocmask)
#endif
#ifdef SYS_rt_sigpending
CALL(rt_sigpending)
#endif
#ifdef SYS_rt_sigtimedwait
CALL(rt_sigtimedwait)
#endif
#ifdef SYS_rt_sigqueueinfo
CALL(rt_sigqueueinfo)
#endif
#ifdef SYS_ioctl
CALL(ioctl)
#endif
#ifdef SYS_pread64
CALL(pread64)
#endif
#ifdef SYS_pwrite64
CALL(pwrite64)
#endif
#ifdef SYS_access
CALL(access)
#endif
#ifdef SYS_pipe
CALL(pipe)
#endif
#ifdef SYS_pipe2
CALL(pipe2)
#endif
#ifdef SYS_sched_yield
CALL(sched_yield)
#endif
#ifdef SYS_mremap
CALL(mremap)
#endif
#ifdef SYS_madvise
CALL(madvise)
#endif
#ifdef SYS_dup
CALL(dup)
#endif
#ifdef SYS_dup2
CALL(dup2)
#endif
#ifdef SYS_dup3
CALL(dup3)
#endif
#ifdef SYS_nanosleep
CALL(nanosleep)
#endif
#ifdef SYS_clock_nanosleep
CALL(clock_nanosleep)
#endif
#ifdef SYS_getpid
CALL(getpid)
#endif
#ifdef SYS_gettid
CALL(gettid)
#endif
#ifdef SYS_getppid
CALL(getppid)
#endif
#ifdef SYS_socket
CALL(socket)
#endif
#ifdef SYS_socketpair
CALL(socketpair)
#endif
#ifdef SYS_connect
CALL(connect)
#endif
#ifdef SYS_sendto
CALL(sendto)
#endif
#ifdef SYS_recvfrom
CALL(recvfrom)
#endif
#ifdef SYS_sendmsg
CALL(sendmsg)
#endif
#ifdef SYS_recvmsg
CALL(recvmsg)
#endif
#ifdef SYS_bind
CALL(bind)
#endif
#ifdef SYS_clone
CALL(clone)
#endif
#ifdef SYS_clone3
CALL(clone3)
#endif
#ifdef SYS_fork
CALL(fork)
#endif
#ifdef SYS_vfork
CALL(vfork)
#endif
#ifdef SYS_execve
CALL(execve)
#endif
#ifdef SYS_execveat
CALL(execveat)
#endif
#ifdef SYS_exit
CALL(exit)
#endif
#ifdef SYS_exit_group
CALL(exit_group)
#endif
#ifdef SYS_wait4
CALL(wait4)
#endif
#ifdef SYS_waitid
CALL(waitid)
#endif
#ifdef SYS_kill
CALL(kill)
#endif
#ifdef SYS_tkill
CALL(tkill)
#endif
#ifdef SYS_tgkill
CALL(tgkill)
#endif
#ifdef SYS_uname
CALL(uname)
#endif
#ifdef SYS_fcntl
CALL(fcntl)
#endif
#ifdef SYS_ftruncate
CALL(ftruncate)
#endif
#ifdef SYS_getdents64
CALL(getdents64)
#endif
#ifdef SYS_getcwd
CALL(getcwd)
#endif
#ifdef SYS_chdir
CALL(chdir)
#endif
#ifdef SYS_fchdir
CALL(fchdir)
#endif
#ifdef SYS_mkdir
CALL(mkdir)
#endif
#ifdef SYS_mkdirat
CALL(mkdirat)
#endif
#ifdef SYS_mknodat
CALL(mknodat)
#endif
#ifdef SYS_symlinkat
CALL(symlinkat)
#endif
#ifdef SYS_unlinkat
CALL(unlinkat)
#endif
#ifdef SYS_linkat
CALL(linkat)
#endif
#ifdef SYS_renameat2
CALL(renameat2)
#endif
#ifdef SYS_readlink
CALL(readlink)
#endif
#ifdef SYS_readlinkat
CALL(readlinkat)
#endif
#ifdef SYS_chmod
CALL(chmod)
#endif
#ifdef SYS_fchmod
CALL(fchmod)
#endif
#ifdef SYS_fchmodat
CALL(fchmodat)
#endif
#ifdef SYS_fchownat
CALL(fchownat)
#endif
#ifdef SYS_umask
CALL(umask)
#endif
#ifdef SYS_getuid
CALL(getuid)
#endif
#ifdef SYS_geteuid
CALL(geteuid)
#endif
#ifdef SYS_getgid
CALL(getgid)
#endif
#ifdef SYS_getegid
CALL(getegid)
#endif
#ifdef SYS_setuid
CALL(setuid)
#endif
#ifdef SYS_setgid
CALL(setgid)
#endif
#ifdef SYS_setpgid
CALL(setpgid)
#endif
#ifdef SYS_getpgid
CALL(getpgid)
#endif
#ifdef SYS_setsid
CALL(setsid)
#endif
#ifdef SYS_getsid
CALL(getsid)
#endif
#ifdef SYS_setgroups
CALL(setgroups)
#endif
#ifdef SYS_getgroups
CALL(getgroups)
#endif
#ifdef SYS_setresuid
CALL(setresuid)
#endif
#ifdef SYS_getresuid
CALL(getresuid)
#endif
#ifdef SYS_setresgid
CALL(setresgid)
#endif
#ifdef SYS_getresgid
CALL(getresgid)
#endif
#ifdef SYS_setfsuid
CALL(setfsuid)
#endif
#ifdef SYS_setfsgid
CALL(setfsgid)
#endif
#ifdef SYS_capget
CALL(capget)
#endif
#ifdef SYS_capset
CALL(capset)
#endif
#ifdef SYS_sigaltstack
CALL(sigaltstack)
#endif
#ifdef SYS_personality
CALL(personality)
#endif
#ifdef SYS_statfs
CALL(statfs)
#endif
#ifdef SYS_fstatfs
CALL(fstatfs)
#endif
#ifdef SYS_getpriority
CALL(getpriority)
#endif
#ifdef SYS_setpriority
CALL(setpriority)
#endif
#ifdef SYS_sched_setparam
CALL(sched_setparam)
#endif
#ifdef SYS_sched_getparam
CALL(sched_getparam)
#endif
#ifdef SYS_sched_setscheduler
CALL(sched_setscheduler)
#endif
#ifdef SYS_sched_getscheduler
CALL(sched_getscheduler)
#endif
#ifdef SYS_sched_setaffinity
CALL(sched_setaffinity)
#endif
#ifdef SYS_sched_getaffinity
CALL(sched_getaffinity)
#endif
#ifdef SYS_sched_setattr
CALL(sched_setattr)
#endif
#ifdef SYS_mlock
CALL(mlock)
#endif
#ifdef SYS_prctl
CALL(prctl)
#endif
#ifdef SYS_arch_prctl
CALL(arch_prctl)
#endif
#ifdef SYS_getrlimit
CALL(getrlimit)
#endif
#ifdef SYS_setrlimit
CALL(setrlimit)
#endif
#ifdef SYS_prlimit64
CALL(prlimit64)
#endif
#ifdef SYS_getrusage
CALL(getrusage)
#endif
#ifdef SYS_chroot
CALL(chroot)
#endif
#ifdef SYS_sync
CALL(sync)
#endif
#ifdef SYS_mount
CALL(mount)
#endif
#ifdef SYS_umount2
CALL(umount2)
#endif
#ifdef SYS_pivot_root
CALL(pivot_root)
#endif
#ifdef SYS_sethostname
CALL(sethostname)
#endif
#ifdef SYS_setdomainname
CALL(setdomainname)
#endif
#ifdef SYS_keyctl
CALL(keyctl)
#endif
#ifdef SYS_add_key
CALL(add_key)
#endif
#ifdef SYS_ioprio_set
CALL(ioprio_set)
#endif
#ifdef SYS_ioprio_get
CALL(ioprio_get)
#endif
#ifdef SYS_futex
CALL(futex)
#endif
#ifdef SYS_futex_wait
CALL(futex_wait)
#endif
#ifdef SYS_futex_waitv
CALL(futex_waitv)
#endif
#ifdef SYS_set_tid_address
CALL(set_tid_address)
#endif
#ifdef SYS_set_robust_list
CALL(set_robust_list)
#endif
#ifdef SYS_get_robust_list
CALL(get_robust_list)
#endif
#ifdef SYS_timer_create
CALL(timer_create)
#endif
#ifdef SYS_epoll_create1
CALL(epoll_create1)
#endif
#ifdef SYS_epoll_ctl
CALL(epoll_ctl)
#endif
#ifdef SYS_epoll_wait
CALL(epoll_wait)
#endif
#ifdef SYS_openat
CALL(openat)
#endif
#ifdef SYS_openat2
CALL(openat2)
#endif
#ifdef SYS_newfstatat
CALL(newfstatat)
#endif
#ifdef SYS_statx
CALL(statx)
#endif
#ifdef SYS_ppoll
CALL(ppoll)
#endif
#ifdef SYS_poll
CALL(poll)
#endif
#ifdef SYS_pselect6
CALL(pselect6)
#endif
#ifdef SYS_unshare
CALL(unshare)
#endif
#ifdef SYS_setns
CALL(setns)
#endif
#ifdef SYS_eventfd2
CALL(eventfd2)
#endif
#ifdef SYS_timerfd_create
CALL(timerfd_create)
#endif
#ifdef SYS_signalfd4
CALL(signalfd4)
#endif
#ifdef SYS_memfd_create
CALL(memfd_create)
#endif
#ifdef SYS_seccomp
CALL(seccomp)
#endif
#ifdef SYS_bpf
CALL(bpf)
#endif
#ifdef SYS_getrandom
CALL(getrandom)
#endif
#ifdef SYS_close_range
CALL(close_range)
#endif
#ifdef SYS_pidfd_open
CALL(pidfd_open)
#endif
#ifdef SYS_pidfd_send_signal
CALL(pidfd_send_signal)
#endif
#ifdef SYS_pidfd_getfd
CALL(pidfd_getfd)
#endif
#ifdef SYS_open_tree
CALL(open_tree)
#endif
#ifdef SYS_move_mount
CALL(move_mount)
#endif
#ifdef SYS_fsopen
CALL(fsopen)
#endif
#ifdef SYS_fsconfig
CALL(fsconfig)
#endif
#ifdef SYS_fsmount
CALL(fsmount)
#endif
#ifdef SYS_fspick
CALL(fspick)
#endif
#ifdef SYS_mount_setattr
CALL(mount_setattr)
#endif
#ifdef SYS_landlock_create_ruleset
CALL(landlock_create_ruleset)
#endif
#ifdef SYS_landlock_add_rule
CALL(landlock_add_rule)
#endif
#ifdef SYS_landlock_restrict_self
CALL(landlock_restrict_self)
#endif
#ifdef SYS_faccessat
CALL(faccessat)
#endif
#ifdef SYS_faccessat2
CALL(faccessat2)
#endif
#ifdef SYS_rseq
CALL(rseq)
#endif
#ifdef SYS_clock_gettime
CALL(clock_gettime)
#endif
#ifdef SYS_ptrace
CALL(ptrace)
#endif
#ifdef SYS_process_vm_readv
CALL(process_vm_readv)
#endif
#ifdef SYS_process_vm_writev
CALL(process_vm_writev)
#endif
#ifdef SYS_kcmp
CALL(kcmp)
#endif
#ifdef SYS_restart_syscall
CALL(restart_syscall)
#endif
#ifdef SYS_name_to_handle_at
CALL(name_to_handle_at)
#endif
#ifdef SYS_statmount
CALL(statmount)
#endif
#ifdef SYS_listmount
CALL(listmount)
#endif
#ifdef SYS_shmat
CALL(shmat)
#endif
#ifdef SYS_shmget
CALL(shmget)
#endif
#ifdef SYS_shmdt
CALL(shmdt)
#endif
#ifdef SYS_shmctl
CALL(shmctl)
#endif
#ifdef SYS_sysinfo
CALL(sysinfo)
#endif
#ifdef SYS_tee
CALL(tee)
#endif
#ifdef SYS_splice
CALL(splice)
#endif
#ifdef SYS_copy_file_range
CALL(copy_file_range)
#endif
#ifdef SYS_sendfile
CALL(sendfile)
#endif
#ifdef SYS_fallocate
CALL(fallocate)
#endif
#ifdef SYS_setitimer
CALL(setitimer)
#endif
#ifdef SYS_alarm
CALL(alarm)
#endif
#ifdef SYS_pause
CALL(pause)
#endif
#ifdef SYS_set_mempolicy
CALL(set_mempolicy)
#endif
