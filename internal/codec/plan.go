package codec

import (
	"encoding"
	"fmt"
	"math/big"
	"reflect"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// form is how values of one type travel.
type form uint8

const (
	formCBOR form = iota
	formEmpty
	formRaw
	formBinary
)

// plan is what was found out about a type, once.
type plan struct {
	form  form
	base  reflect.Type // formRaw: the predeclared type, or slice of one, that it is defined as
	open  bool         // formCBOR: a value may nest without bound
	fault error        // why no value of the type can travel
}

// rebase returns p as pointer to base. It refers to the same variable; the two
// types have the same memory, as one is defined as the other. This is faster
// than [reflect.Value.Convert], which compares the types each time.
func (pl *plan) rebase(p any) any {
	return reflect.NewAt(pl.base, reflect.ValueOf(p).UnsafePointer()).Interface()
}

// plans maps a pointer type to its *plan. It is bounded by the program's types.
var plans sync.Map

func planOf(p any) (*plan, error) {
	t := reflect.TypeOf(p)
	known, ok := plans.Load(t)
	if !ok {
		if t == nil || t.Kind() != reflect.Pointer {
			return nil, fmt.Errorf("codec: got %T, want a pointer to the value", p)
		}
		known, _ = plans.LoadOrStore(t, newPlan(t.Elem()))
	}
	pl := known.(*plan)
	return pl, pl.fault
}

func newPlan(t reflect.Type) *plan {
	if hasBinary(t) {
		return &plan{form: formBinary}
	}
	if base := rawBase(t); base != nil && !implements(t, cborMarshaler) && !implements(t, binaryMarshaler) {
		return &plan{form: formRaw, base: base}
	}
	if t.Kind() == reflect.Struct && t.NumField() == 0 && !isLeaf(t) {
		return &plan{form: formEmpty}
	}
	s := survey{open: map[reflect.Type]bool{}, seen: map[reflect.Type]bool{}}
	fault := s.visit(t)
	return &plan{form: formCBOR, open: s.unbounded, fault: fault}
}

// rawBase returns the predeclared type, or slice of one, that t is defined as.
func rawBase(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice {
		if elem := t.Elem(); elem.PkgPath() == "" && scalars[elem.Kind()] == elem &&
			elem.Kind() != reflect.Bool && elem.Kind() != reflect.String {
			return reflect.SliceOf(elem)
		}
		return nil
	}
	return scalars[t.Kind()]
}

var scalars = map[reflect.Kind]reflect.Type{
	reflect.Bool: reflect.TypeFor[bool](), reflect.String: reflect.TypeFor[string](),
	reflect.Int: reflect.TypeFor[int](), reflect.Int8: reflect.TypeFor[int8](),
	reflect.Int16: reflect.TypeFor[int16](), reflect.Int32: reflect.TypeFor[int32](),
	reflect.Int64: reflect.TypeFor[int64](), reflect.Uint: reflect.TypeFor[uint](),
	reflect.Uint8: reflect.TypeFor[uint8](), reflect.Uint16: reflect.TypeFor[uint16](),
	reflect.Uint32: reflect.TypeFor[uint32](), reflect.Uint64: reflect.TypeFor[uint64](),
	reflect.Float32: reflect.TypeFor[float32](), reflect.Float64: reflect.TypeFor[float64](),
}

var (
	binaryMarshaler   = reflect.TypeFor[encoding.BinaryMarshaler]()
	binaryUnmarshaler = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	textMarshaler     = reflect.TypeFor[encoding.TextMarshaler]()
	cborMarshaler     = reflect.TypeFor[cbor.Marshaler]()
	timeType          = reflect.TypeFor[time.Time]()
	bigIntType        = reflect.TypeFor[big.Int]()
)

func implements(t, iface reflect.Type) bool {
	return reflect.PointerTo(t).Implements(iface)
}

func hasBinary(t reflect.Type) bool {
	return implements(t, binaryMarshaler) && implements(t, binaryUnmarshaler)
}

// isLeaf reports whether CBOR does not look inside values of type t.
func isLeaf(t reflect.Type) bool {
	return t == timeType || t == bigIntType || implements(t, cborMarshaler) ||
		implements(t, binaryMarshaler) || implements(t, textMarshaler)
}

// survey walks over a type to find what a plan needs to know.
type survey struct {
	open      map[reflect.Type]bool // on the way from the root
	seen      map[reflect.Type]bool
	unbounded bool
}

func (s *survey) visit(t reflect.Type) error {
	if s.open[t] {
		s.unbounded = true
	}
	if s.seen[t] {
		return nil
	}
	s.seen[t], s.open[t] = true, true
	defer delete(s.open, t)
	if isLeaf(t) {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return s.visit(t.Elem())
	case reflect.Map:
		if err := s.visit(t.Key()); err != nil {
			return err
		}
		return s.visit(t.Elem())
	case reflect.Interface:
		s.unbounded = true
	case reflect.Struct:
		return s.visitStruct(t)
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("codec: %s has no binary form", t)
	}
	return nil
}

func (s *survey) visitStruct(t reflect.Type) error {
	indexes := cborFields(t)
	for _, i := range indexes {
		f := t.Field(i)
		if err := s.visit(f.Type); err != nil && !f.Anonymous { // an embedded type may have nothing to give
			return fmt.Errorf("%w (field %s of %s)", err, f.Name, t)
		}
	}
	if t.NumField() > 0 && len(indexes) == 0 {
		return fmt.Errorf("codec: %s has no exported field and no MarshalBinary or MarshalText: it would arrive empty", t)
	}
	return nil
}

// fieldIndexes maps a struct type to what cborFields found. It is bounded by
// the program's types.
var fieldIndexes sync.Map

// cborFields returns the indexes of the fields of struct t that travel, or,
// when embedded, may have fields that do.
func cborFields(t reflect.Type) []int {
	if known, ok := fieldIndexes.Load(t); ok {
		return known.([]int)
	}
	var indexes []int
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("cbor")
		if tag == "" {
			tag = f.Tag.Get("json")
		}
		if tag != "-" && (f.IsExported() || f.Anonymous) {
			indexes = append(indexes, i)
		}
	}
	fieldIndexes.Store(t, indexes)
	return indexes
}
