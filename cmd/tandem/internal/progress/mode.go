package progress

import (
	"fmt"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

// Mode says how progress is shown.
type Mode string

const (
	Auto  Mode = "auto"  // a changing line on a terminal, a line now and then elsewhere
	Bar   Mode = "bar"   // a changing line on a terminal, nothing elsewhere
	Plain Mode = "plain" // a line now and then
	JSON  Mode = "json"  // an object each second
	None  Mode = "none"
)

// Set makes m the mode with the given name. It is the method of a flag.
func (m *Mode) Set(name string) error {
	switch mode := Mode(name); mode {
	case Auto, Bar, Plain, JSON, None:
		*m = mode
		return nil
	}
	return fmt.Errorf("%q is no way to show progress: want auto, bar, plain, json or none", name)
}

func (m *Mode) String() string { return string(*m) }

func (m *Mode) Type() string { return "auto|bar|plain|json|none" }

// on returns what m means on c: Bar, Plain, JSON or None.
func (m Mode) on(c *console.Console) Mode {
	switch {
	case m == Auto && c.Terminal():
		return Bar
	case m == Auto:
		return Plain
	case m == Bar && !c.Terminal():
		return None
	}
	return m
}
