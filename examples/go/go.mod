module examples

go 1.22

require forkexec v0.0.0

replace forkexec => ../../bindings/go
