//go:build unix && !linux && !aix && !solaris

package osproc_test

func memoryRole([]string) {}
