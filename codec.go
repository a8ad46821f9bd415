package tandem

// A Codec turns values into bytes and back for executors that do not share
// memory with the caller. Values are given as pointers, so that no type is
// named here. Implementations may be used concurrently.
type Codec interface {
	// Append appends the value that p points to.
	Append(dst []byte, p any) ([]byte, error)

	// Decode stores the value in src into what p points to. It keeps nothing
	// of src.
	Decode(src []byte, p any) error

	// ID is the number of the format that Append uses for p's type, as listed
	// in docs/wire.md.
	ID(p any) uint8
}
