//go:build unix && !aix && !solaris

package osproc

// CreateUnnamed is how files are made where they must have a name at first.
var CreateUnnamed = createUnnamed

// ForgetPidfd makes s behave as on a kernel without pidfd.
func (s *Spawner) ForgetPidfd() { s.noPidfd = true }

// ForgetPidfd makes t behave as on a kernel without pidfd.
func (t *Thread) ForgetPidfd() { t.noPidfd = true }
