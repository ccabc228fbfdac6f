/* Linked to a program of the main library: two archives, each with Rust of its own, in one program. */
extern void nsexec(void);

__attribute__((constructor)) static void bootstrap(void)
{
    nsexec();
}
