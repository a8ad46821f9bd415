//go:build unix && !aix && !solaris

package osproc

// CreateUnnamed is how files are made where they must have a name at first.
var CreateUnnamed = createUnnamed

// NewSpawnerByGroup is NewSpawner as on a system where threads have no niceness.
func NewSpawnerByGroup(nice Nice) (*Spawner, error) { return newSpawner(nice, false) }

// NiceAs is a niceness that is not looked at before it is set.
func NiceAs(value int) Nice { return Nice{value: value, set: true} }

// ForgetPidfd makes s behave as on a kernel without pidfd.
func (s *Spawner) ForgetPidfd() { s.noPidfd = true }

// ForgetPidfd makes t behave as on a kernel without pidfd.
func (t *Thread) ForgetPidfd() { t.noPidfd = true }
