module forkexec

go 1.22
