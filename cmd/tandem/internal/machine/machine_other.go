//go:build !linux

package machine

// readSystem reads nothing: this system is not asked.
func (f *Facts) readSystem() {}
