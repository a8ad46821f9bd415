//go:build !linux

package osproc

import (
	"errors"
	"fmt"
)

// LimitMemory is not supported here: it returns "" and an error that wraps
// [errors.ErrUnsupported].
func LimitMemory(int64) (mechanism string, err error) {
	return "", fmt.Errorf("memory limit: %w", errors.ErrUnsupported)
}
