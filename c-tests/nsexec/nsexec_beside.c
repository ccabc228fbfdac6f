/* One program with both archives, each of which contains Rust code of its own. */
extern void nsexec(void);

__attribute__((constructor)) static void bootstrap(void)
{
    nsexec();
}
