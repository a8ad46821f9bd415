package process

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/internal/wire"
)

// types remembers what is known of Go types, because finding out takes longer
// than a short call. It is bounded by the types of the program.
type types struct {
	codec tandem.Codec
	known sync.Map // reflect.Type to typeFacts
}

// typeFacts are what the wire needs to know of a type.
type typeFacts struct {
	signature string
	format    wire.Codec
}

// of returns the facts of a type.
func (t *types) of(typ reflect.Type) typeFacts {
	if facts, known := t.known.Load(typ); known {
		return facts.(typeFacts)
	}
	describe := codec.Signature
	if d, ok := t.codec.(codec.Describer); ok {
		describe = d.Signature
	}
	facts := typeFacts{describe(typ), wire.Codec(t.codec.ID(reflect.New(typ).Interface()))}
	t.known.Store(typ, facts)
	return facts
}

// taskKey is a task as it appears on the wire.
type taskKey struct{ name, in, out string }

// key returns the task of a batch.
func (t *types) key(b *tandem.Batch) taskKey {
	in, out := b.Types()
	return taskKey{b.Task(), t.of(in).signature, t.of(out).signature}
}

// result returns how the values of a batch travel.
func (t *types) result(b *tandem.Batch) wire.Codec {
	_, out := b.Types()
	return t.of(out).format
}

// names lists the names of tasks for a message.
func names(offers map[string]wire.TaskInfo) string {
	if len(offers) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(offers)), ", ")
}
