package runlog

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// Task says what a run runs. Two runs have the same task when Kind and Name are
// equal.
type Task struct {
	Kind string // "python", "command" or "shell"
	Name string // as a user would write it, with the options that change what an input means

	File       string // that holds the task; "" when there is none
	FileDigest string // changes when what the task does may have changed; "" when not known

	// ByName says that the task sees the fields of an input by their names only:
	// then their order is not part of an input's key.
	ByName bool

	// Whole says that the task sees an input whose fields have names also as it was
	// written: then that is part of its key. It is so for commands, where {} stands
	// for it.
	Whole bool
}

// Digest tells tasks apart.
func (t Task) Digest() [sha256.Size]byte {
	return sha256.Sum256(appendPart(appendPart(nil, t.Kind), t.Name))
}

// A Keyer makes the keys of a task's inputs. It serves one goroutine.
type Keyer struct {
	task   [sha256.Size]byte
	byName bool
	whole  bool
	buffer []byte
	order  []int
}

// NewKeyer returns a Keyer for the inputs of t.
func NewKeyer(t Task) *Keyer {
	return &Keyer{task: t.Digest(), byName: t.ByName, whole: t.Whole}
}

// Key returns the key of in: the first 16 bytes of the SHA-256 of the task's
// digest and of what the task sees of in. Each part has its length in front, so
// that different inputs never look alike.
func (k *Keyer) Key(in inputs.Record) outcome.Key {
	b := append(k.buffer[:0], k.task[:]...)
	switch {
	case in.Names != nil && len(in.Names) == len(in.Fields):
		b = k.appendNamed(append(b, 'n'), in)
	case len(in.Fields) > 1:
		b = binary.AppendUvarint(append(b, 'f'), uint64(len(in.Fields)))
		for _, field := range in.Fields {
			b = appendPart(b, field)
		}
	case len(in.Fields) == 1:
		b = append(append(b, 'w'), in.Fields[0]...)
	default:
		b = append(append(b, 'w'), in.Whole...)
	}
	sum := sha256.Sum256(b)
	if k.buffer = b; cap(b) > keptBuffer {
		k.buffer = nil
	}
	return outcome.Key(sum[:len(outcome.Key{})])
}

// keptBuffer is how much memory stays between keys. More holds on to what one
// huge input needed, less allocates anew for common ones.
const keptBuffer = 64 << 10

// appendNamed appends names and fields, by name where order does not matter.
func (k *Keyer) appendNamed(b []byte, in inputs.Record) []byte {
	k.order = k.order[:0]
	for i := range in.Names {
		k.order = append(k.order, i)
	}
	if k.byName {
		slices.SortStableFunc(k.order, func(i, j int) int { return cmp.Compare(in.Names[i], in.Names[j]) })
	}
	b = binary.AppendUvarint(b, uint64(len(in.Fields)))
	for _, i := range k.order {
		b = appendPart(appendPart(b, in.Names[i]), in.Fields[i])
	}
	if k.whole {
		b = appendPart(b, in.Whole)
	}
	return b
}

func appendPart[T string | []byte](b []byte, part T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}
