package codec

import "reflect"

// What a codec can do beyond [tandem.Codec], for executors that have shared
// memory. Each interface is optional.

// A Sizer knows how long some values are before it encodes them.
type Sizer interface {
	// Size returns how many bytes Append will append for what p points to. It
	// reports false when that is known only afterwards.
	Size(p any) (n int, known bool)
}

// An Owner decodes without a copy.
type Owner interface {
	// DecodeOwned is Decode for a src that the codec may keep: nobody else uses
	// it from then on.
	DecodeOwned(src []byte, p any) error
}

// A Buffered codec has values with parts that travel beside the payload.
type Buffered interface {
	// Buffers returns these parts of what p points to, which are still its own.
	Buffers(p any) [][]byte

	// DecodeBuffers is DecodeOwned for a value that came with buffers, which the
	// codec may keep too.
	DecodeBuffers(src []byte, buffers [][]byte, p any) error
}

// A Describer has its own names for types.
type Describer interface {
	// Signature returns what [Signature] is for: the name by which a worker in
	// another language knows how values of t travel.
	Signature(t reflect.Type) string
}
