//go:build linux && (amd64 || arm64)

extern void nsexec(void);

__attribute__((constructor)) static void before_go(void)
{
    nsexec();
}
